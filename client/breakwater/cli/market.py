"""`breakwater market`: open, look at, settle and remove markets."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from ._options import Common, MarketArgument, asking, common

app = typer.Typer(no_args_is_help=True, help="Open, look at, settle and remove markets.")


class MarketMaker(StrEnum):
    """What prices a market, in the program's order."""

    LMSR = "lmsr"
    PM_AMM = "pm-amm"
    PM_AMM_DECAYING = "pm-amm-decaying"


GUARDS = "When it halts"


@app.command("list")
@common
def list_(o: Common) -> None:
    """List every market with its outcomes' prices, halts and groups."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_markets(opened.engine)
        if o.as_json:
            session.print_json([view.market_dict(each) for each in found])
        elif found:
            session.show(view.markets_table(found))
        else:
            session.say("There is no market yet: breakwater market create opens one.")

    asyncio.run(run())


@app.command()
@common
def show(o: Common, market: MarketArgument) -> None:
    """Show one market in full."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_market(opened.engine, market)
        if o.as_json:
            session.print_json(view.market_dict(found))
        else:
            session.show(view.market_table(found))

    asyncio.run(run())


@app.command()
@asking
def create(
    o: Common,
    strikes: Annotated[
        list[str],
        typer.Argument(metavar="STRIKE...", help="Prices that part the outcomes, ascending, above zero."),
    ],
    closes: Annotated[str, typer.Option(help="When trading ends: 90s, 5m, 2h, 1d or 2026-12-01T12:00Z.")],
    feed: Annotated[str, typer.Option(help="The feed whose price settles it.")] = "BTC/USD",
    liquidity: Annotated[
        str,
        typer.Option(
            help="b of the LMSR or L of the pm-AMM, in units; the vault pays b ln(outcomes) or 0.4 L."
        ),
    ] = "1000",
    curve: Annotated[
        MarketMaker,
        typer.Option(help="What prices it; a pm-AMM takes one strike, a decaying one thins out."),
    ] = MarketMaker.LMSR,
    number: Annotated[
        int | None, typer.Option("--id", min=0, help="Its number.", show_default="the next one")
    ] = None,
    group: Annotated[
        int,
        typer.Option(
            min=0,
            max=63,
            help="Markets of one group, 1 to 63, halt together; 0: none.",
            rich_help_panel=GUARDS,
        ),
    ] = 0,
    breaker: Annotated[
        bool, typer.Option("--breaker/--no-breaker", help="Whether it ever halts.", rich_help_panel=GUARDS)
    ] = True,
    breaker_move: Annotated[
        str,
        typer.Option(
            metavar="POINTS",
            help="It halts when an outcome's fill price moves by more than this within a window, of 100.",
            rich_help_panel=GUARDS,
        ),
    ] = "30",
    breaker_volume: Annotated[
        str | None,
        typer.Option(
            metavar="UNITS",
            help="It halts when a window's volume is larger.",
            show_default="100 times the liquidity",
            rich_help_panel=GUARDS,
        ),
    ] = None,
    breaker_liquidations: Annotated[
        str,
        typer.Option(
            metavar="PERCENT",
            help="It halts when a larger part of a window's volume is liquidations.",
            rich_help_panel=GUARDS,
        ),
    ] = "50",
    breaker_window: Annotated[
        int,
        typer.Option(
            min=1,
            max=216_000,
            metavar="SLOTS",
            help="A window; a slot is about 0.4 s.",
            rich_help_panel=GUARDS,
        ),
    ] = 150,
    breaker_cooldown: Annotated[
        int,
        typer.Option(
            min=1, max=216_000, metavar="SLOTS", help="How long a halt lasts.", rich_help_panel=GUARDS
        ),
    ] = 150,
    max_divergence: Annotated[
        str,
        typer.Option(
            metavar="POINTS",
            help="For a feed of probabilities: no leveraged fill is further from it, of 100; 0: it is none.",
            rich_help_panel=GUARDS,
        ),
    ] = "0",
) -> None:
    """Open a market with one more outcome than strikes; the operator signs."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    b = trading.parse_amount(liquidity, "the liquidity")
    guards = trading.Guards(
        breaker,
        trading.parse_percent(breaker_move, "the move"),
        None if breaker_volume is None else trading.parse_amount(breaker_volume, "the volume"),
        trading.parse_percent(breaker_liquidations, "the liquidations"),
        breaker_window,
        breaker_cooldown,
        group,
        trading.parse_percent(max_divergence, "the divergence"),
    )

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            key = opened.key(o.keypair, "operator")
            session.confirm(f"Open a market on {feed} at {', '.join(strikes)}, closing {closes}?", yes=o.yes)
            made, signature = await trading.create_market(
                opened.sender,
                key,
                feed=feed,
                strikes=strikes,
                closes=closes,
                liquidity=b,
                curve=list(MarketMaker).index(curve),
                market_id=number,
                guards=guards,
            )
        if o.as_json:
            session.print_json(view.market_dict(made) | {"signature": signature})
        else:
            session.show(view.market_table(made))

    asyncio.run(run())


@app.command()
@common
def resolve(o: Common, market: MarketArgument) -> None:
    """Settle a closed market by its feed, or void it when the feed has failed for a week; anybody may."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            done = await trading.resolve_market(opened.sender, opened.key(o.keypair), market)
        if o.as_json:
            session.print_json(view.settlement_dict(done))
        else:
            session.say(view.settlement_text(done))

    asyncio.run(run())


@app.command()
@asking
def close(o: Common, market: MarketArgument) -> None:
    """Remove a settled market without positions; the rent goes back to who paid it. Anybody may."""
    from .. import trading
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            key = opened.key(o.keypair)
            session.confirm(f"Remove market {market}?", yes=o.yes)
            signature = await trading.close_market(opened.sender, key, market)
        if o.as_json:
            session.print_json({"market": market, "closed": True, "signature": signature})
        else:
            session.say(f"Market {market} is removed.")

    asyncio.run(run())


@app.command("propagate-halt")
@common
def propagate_halt(
    o: Common, group: Annotated[int, typer.Argument(min=1, max=63, metavar="GROUP", help="1 to 63.")]
) -> None:
    """Make a group's halt, known to one shard, known to all four; anybody may."""
    from .. import trading
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            until, slot, signature = await trading.propagate_halt(opened.sender, opened.key(o.keypair), group)
        if o.as_json:
            halt = {"group": group, "halted": until > slot, "until_slot": until, "slot": slot}
            session.print_json(halt | {"signature": signature})
        elif until > slot:
            session.say(
                f"Group {group} is halted in every shard until slot {until}, {until - slot} from now."
            )
        else:
            session.say(f"Group {group} is not halted.")

    asyncio.run(run())
