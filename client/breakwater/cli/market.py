"""`breakwater market`: open, look at, settle and remove markets."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from ._options import EngineOption, JsonOption, KeypairOption, MarketArgument, YesOption

app = typer.Typer(no_args_is_help=True, help="Open, look at, settle and remove markets.")


class MarketMaker(StrEnum):
    """What prices a market, in the program's order."""

    LMSR = "lmsr"
    PM_AMM = "pm-amm"


@app.command("list")
def list_(engine: EngineOption = None, as_json: JsonOption = False) -> None:
    """List every market with its outcomes' prices."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(engine) as opened:
            found = await trading.read_markets(opened.engine)
        if as_json:
            session.print_json([view.market_dict(each) for each in found])
        elif found:
            session.show(view.markets_table(found))
        else:
            session.say("There is no market yet: breakwater market create opens one.")

    asyncio.run(run())


@app.command()
def show(market: MarketArgument, engine: EngineOption = None, as_json: JsonOption = False) -> None:
    """Show one market in full."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(engine) as opened:
            found = await trading.read_market(opened.engine, market)
        if as_json:
            session.print_json(view.market_dict(found))
        else:
            session.show(view.market_table(found))

    asyncio.run(run())


@app.command()
def create(
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
        MarketMaker, typer.Option(help="The market maker; the pm-AMM takes one strike.")
    ] = MarketMaker.LMSR,
    number: Annotated[
        int | None, typer.Option("--id", min=0, help="Its number.", show_default="the next one")
    ] = None,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Open a market with one more outcome than strikes; the operator signs."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    b = trading.parse_amount(liquidity, "the liquidity")

    async def run() -> None:
        async with session.connect(engine) as opened:
            key = opened.key(keypair, "operator")
            session.confirm(f"Open a market on {feed} at {', '.join(strikes)}, closing {closes}?", yes=yes)
            made, signature = await trading.create_market(
                opened.sender,
                key,
                feed=feed,
                strikes=strikes,
                closes=closes,
                liquidity=b,
                curve=list(MarketMaker).index(curve),
                market_id=number,
            )
        if as_json:
            session.print_json(view.market_dict(made) | {"signature": signature})
        else:
            session.show(view.market_table(made))

    asyncio.run(run())


@app.command()
def resolve(
    market: MarketArgument,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle a closed market by its feed, or void it when the feed has failed for a week; anybody may."""
    from .. import trading
    from . import _market_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(engine) as opened:
            done = await trading.resolve_market(opened.sender, opened.key(keypair), market)
        if as_json:
            session.print_json(view.settlement_dict(done))
        else:
            session.say(view.settlement_text(done))

    asyncio.run(run())


@app.command()
def close(
    market: MarketArgument,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Remove a settled market without positions; the rent goes back to who paid it. Anybody may."""
    from .. import trading
    from . import _session as session

    async def run() -> None:
        async with session.connect(engine) as opened:
            key = opened.key(keypair)
            session.confirm(f"Remove market {market}?", yes=yes)
            signature = await trading.close_market(opened.sender, key, market)
        if as_json:
            session.print_json({"market": market, "closed": True, "signature": signature})
        else:
            session.say(f"Market {market} is removed.")

    asyncio.run(run())
