"""`breakwater trade`: quote, trade, redeem, and move money in and out."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from ._options import (
    EngineOption,
    JsonOption,
    KeypairOption,
    MarketArgument,
    OutcomeArgument,
    SlippageOption,
    YesOption,
)

app = typer.Typer(no_args_is_help=True, help="Quote, trade, redeem, and move money in and out.")


class Sides(StrEnum):
    """What can be quoted."""

    BUY = "buy"
    SELL = "sell"
    OPEN = "open"
    CLOSE = "close"


SharesArgument = Annotated[
    str | None, typer.Argument(metavar="[SHARES]", help="How many shares; else give --spend.")
]
HeldArgument = Annotated[str, typer.Argument(metavar="SHARES|all", help="How many shares.")]
SpendOption = Annotated[
    str | None, typer.Option("--spend", metavar="UNITS", help="Instead of shares: what to pay, fee included.")
]
LeverageOption = Annotated[
    str, typer.Option("--leverage", metavar="X", help="1 or more, up to two decimals.")
]


@app.command()
def account(engine: EngineOption = None, keypair: KeypairOption = None, as_json: JsonOption = False) -> None:
    """Show the wallet and the balance at the exchange."""
    from .. import trading
    from . import _session as session
    from . import _trade_view as view

    async def run() -> None:
        async with session.connect(engine) as opened:
            found = await trading.read_account(opened.engine, opened.key(keypair).pubkey())
        if as_json:
            session.print_json(view.account_dict(found))
        else:
            session.show(view.account_table(found))

    asyncio.run(run())


@app.command()
def deposit(
    amount: Annotated[str, typer.Argument(metavar="UNITS", help="How much, up to 6 decimals.")],
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Move collateral from the wallet into the balance; opens the trader account if there is none."""
    from .. import trading
    from . import _session as session
    from . import _trade_view as view

    wanted = trading.parse_amount(amount)

    async def run() -> None:
        async with session.connect(engine) as opened:
            key = opened.key(keypair)
            session.confirm(f"Deposit {trading.show_amount(wanted)} from {key.pubkey()}?", yes=yes)
            done = await trading.deposit(opened.sender, key, wanted)
        if as_json:
            session.print_json(view.transfer_dict(done))
        else:
            session.say(view.transfer_text(done, "Deposited"))

    asyncio.run(run())


@app.command()
def withdraw(
    amount: Annotated[str, typer.Argument(metavar="UNITS|all", help="How much, up to 6 decimals.")],
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Move balance back into the wallet."""
    from .. import trading
    from . import _session as session
    from . import _trade_view as view

    wanted = None if amount == "all" else trading.parse_amount(amount)

    async def run() -> None:
        async with session.connect(engine) as opened:
            key = opened.key(keypair)
            session.confirm(f"Withdraw {amount} to {key.pubkey()}?", yes=yes)
            done = await trading.withdraw(opened.sender, key, wanted)
        if as_json:
            session.print_json(view.transfer_dict(done))
        else:
            session.say(view.transfer_text(done, "Withdrew"))

    asyncio.run(run())


@app.command()
def quote(
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    side: Annotated[Sides, typer.Option(help="What to quote.")] = Sides.BUY,
    spend: SpendOption = None,
    leverage: LeverageOption = "1",
    slippage: SlippageOption = 50,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a trade would do now, without trading; works without a trader account, too."""
    from . import _ticket

    wish = _ticket.Wish(market, side.value, outcome, shares, spend, leverage, slippage)
    asyncio.run(_ticket.quote(wish, engine, keypair, as_json=as_json))


@app.command()
def buy(
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    spend: SpendOption = None,
    slippage: SlippageOption = 50,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Buy shares of an outcome; each pays one unit if it wins."""
    from . import _ticket

    wish = _ticket.Wish(market, "buy", outcome, shares, spend, "1", slippage)
    asyncio.run(_ticket.trade(wish, engine, keypair, yes=yes, as_json=as_json))


@app.command()
def sell(
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: HeldArgument,
    slippage: SlippageOption = 50,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Sell shares that were bought."""
    from . import _ticket

    wish = _ticket.Wish(market, "sell", outcome, shares, None, "1", slippage)
    asyncio.run(_ticket.trade(wish, engine, keypair, yes=yes, as_json=as_json))


@app.command("open")
def open_(
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    leverage: LeverageOption = "2",
    spend: SpendOption = None,
    slippage: SlippageOption = 50,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Buy shares with a loan of the vault, which they secure."""
    from . import _ticket

    wish = _ticket.Wish(market, "open", outcome, shares, spend, leverage, slippage)
    asyncio.run(_ticket.trade(wish, engine, keypair, yes=yes, as_json=as_json))


@app.command()
def close(
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: HeldArgument,
    slippage: SlippageOption = 50,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Sell shares that were opened, and repay their part of the loan."""
    from . import _ticket

    wish = _ticket.Wish(market, "close", outcome, shares, None, "1", slippage)
    asyncio.run(_ticket.trade(wish, engine, keypair, yes=yes, as_json=as_json))


@app.command()
def redeem(
    market: Annotated[
        int | None,
        typer.Argument(min=0, metavar="[MARKET]", help="Its number; without it, all settled ones."),
    ] = None,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have settled positions paid into the balance, and close them."""
    from .. import trading
    from . import _session as session
    from . import _trade_view as view

    async def run() -> None:
        async with session.connect(engine) as opened:
            paid = await trading.redeem(opened.sender, opened.key(keypair), market)
        if as_json:
            session.print_json([view.payout_dict(each) for each in paid])
        else:
            for each in paid:
                session.say(view.payout_text(each))

    asyncio.run(run())


@app.command()
def positions(
    engine: EngineOption = None, keypair: KeypairOption = None, as_json: JsonOption = False
) -> None:
    """List positions with what closing them now would bring."""
    from .. import trading
    from . import _session as session
    from . import _trade_view as view

    async def run() -> None:
        async with session.connect(engine) as opened:
            found = await trading.read_holdings(opened.engine, opened.key(keypair).pubkey())
        if as_json:
            session.print_json([view.position_dict(each) for each in found])
        elif found:
            session.show(view.positions_table(found))
        else:
            session.say("There is no position: breakwater trade buy opens one.")

    asyncio.run(run())
