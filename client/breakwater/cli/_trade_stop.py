"""`breakwater trade stop`: standing orders that sell a position at a trigger."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from ._options import Common, MarketArgument, OutcomeArgument, asking, common

app = typer.Typer(no_args_is_help=True, help="Stop losses and take profits that keepers execute.")


class Side(StrEnum):
    """Which way the price has to go."""

    LOSS = "loss"
    PROFIT = "profit"


SideOption = Annotated[Side, typer.Option("--side", help="Sell when the price has fallen, or risen, so far.")]
LeveragedOption = Annotated[
    bool, typer.Option("--leveraged", help="The leveraged position, not the spot one.")
]


@app.command()
@asking
def place(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    trigger: Annotated[str, typer.Argument(metavar="PRICE", help="Price of a share, between 0 and 1.")],
    side: SideOption = Side.LOSS,
    leveraged: LeveragedOption = False,
    shares: Annotated[str, typer.Option(metavar="SHARES|all", help="How many shares to sell.")] = "all",
    limit: Annotated[
        str | None,
        typer.Option(metavar="PRICE", help="Least average price of the sale.", show_default="none"),
    ] = None,
    tip: Annotated[
        str, typer.Option(metavar="UNITS", help="What the keeper gets, from your balance.")
    ] = "0.1",
) -> None:
    """Order that a position is sold at a trigger; one loss and one profit order a position.

    A loss is stopped when both the last minute's price and the sale's own are at or below the trigger, a
    profit is taken when the sale's own is at or above it.
    """
    from .. import trading
    from . import _session as session
    from . import _stop_view as view

    async def run() -> None:
        at_least = 0 if limit is None else trading.parse_trigger(limit, "the limit")
        wanted = None if shares == "all" else trading.parse_amount(shares, "the shares")
        paid = trading.parse_amount(tip, "the tip", least=0)
        price = trading.parse_trigger(trigger)
        async with session.connect(o.engine) as opened:
            found = await trading.read_market(opened.engine, market)
            chosen = trading.parse_outcome(outcome, found.outcomes)
            session.confirm(view.question(side.value, trigger, shares, tip), yes=o.yes)
            request = trading.StopRequest(
                market, chosen, leveraged, int(side is Side.PROFIT), price, at_least, wanted, paid
            )
            placed = await trading.place_stop(opened.sender, opened.key(o.keypair), request)
        if o.as_json:
            session.print_json(view.stop_dict(placed))
        else:
            session.say(view.placed_text(placed))

    asyncio.run(run())


@app.command("list")
@common
def list_(o: Common) -> None:
    """List your orders; one is dead when the shares are gone for which it was given."""
    from .. import trading
    from . import _session as session
    from . import _stop_view as view

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_stops(opened.engine, opened.key(o.keypair).pubkey())
        if o.as_json:
            session.print_json([view.stop_dict(each) for each in found])
        elif found:
            session.show(view.stops_table(found))
        else:
            session.say("There is no stop: breakwater trade stop place places one.")

    asyncio.run(run())


@app.command()
@common
def clear(o: Common) -> None:
    """Remove your dead orders; their rent comes back."""
    from .. import trading
    from . import _session as session
    from . import _stop_view as view

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            dead, signatures = await trading.clear_stops(opened.sender, opened.key(o.keypair))
        if o.as_json:
            session.print_json({"cleared": [view.stop_dict(each) for each in dead], "signatures": signatures})
        else:
            session.say(f"Cleared {len(dead)} of your orders." if dead else "There is no dead order.")

    asyncio.run(run())


@app.command()
@asking
def cancel(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    side: SideOption = Side.LOSS,
    leveraged: LeveragedOption = False,
) -> None:
    """Take a standing order back; its rent comes back."""
    from .. import trading
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_market(opened.engine, market)
            chosen = trading.parse_outcome(outcome, found.outcomes)
            session.confirm(f"Cancel the {side.value} order?", yes=o.yes)
            key, number = opened.key(o.keypair), int(side is Side.PROFIT)
            signature = await trading.cancel_stop(
                opened.sender, key, market, chosen, number, leveraged=leveraged
            )
        if o.as_json:
            session.print_json(
                {"market": market, "outcome": chosen, "side": side.value, "signature": signature}
            )
        else:
            session.say("The stop is cancelled.")

    asyncio.run(run())
