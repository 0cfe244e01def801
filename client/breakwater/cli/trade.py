"""`breakwater trade`: quote, trade, redeem, and move money in and out."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import _trade_chain, _trade_stop
from ._options import (
    Common,
    MarketArgument,
    OutcomeArgument,
    SlippageOption,
    asking,
    common,
)

app = typer.Typer(no_args_is_help=True, help="Quote, trade, redeem, and move money in and out.")
app.add_typer(_trade_chain.app, name="chain")
app.add_typer(_trade_stop.app, name="stop")


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
@common
def account(o: Common) -> None:
    """Show the wallet and the balance at the exchange."""
    from .. import trading
    from . import _funds_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_account(opened.engine, opened.key(o.keypair).pubkey())
        if o.as_json:
            session.print_json(view.account_dict(found))
        else:
            session.show(view.account_table(found))

    asyncio.run(run())


@app.command()
@asking
def deposit(
    o: Common, amount: Annotated[str, typer.Argument(metavar="UNITS", help="How much, up to 6 decimals.")]
) -> None:
    """Move collateral from the wallet into the balance; opens the trader account if there is none."""
    from .. import trading
    from . import _funds_view as view
    from . import _session as session

    wanted = trading.parse_amount(amount)

    session.sign(
        o,
        lambda key: f"Deposit {trading.show_amount(wanted)} from {key.pubkey()}?",
        lambda sender, key: trading.deposit(sender, key, wanted),
        view.transfer_dict,
        lambda moved: view.transfer_text(moved, "Deposited"),
    )


@app.command()
@asking
def withdraw(
    o: Common, amount: Annotated[str, typer.Argument(metavar="UNITS|all", help="How much, up to 6 decimals.")]
) -> None:
    """Move balance back into the wallet."""
    from .. import trading
    from . import _funds_view as view
    from . import _session as session

    wanted = None if amount == "all" else trading.parse_amount(amount)

    session.sign(
        o,
        lambda key: f"Withdraw {amount} to {key.pubkey()}?",
        lambda sender, key: trading.withdraw(sender, key, wanted),
        view.transfer_dict,
        lambda moved: view.transfer_text(moved, "Withdrew"),
    )


@app.command()
@common
def quote(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    side: Annotated[Sides, typer.Option(help="What to quote.")] = Sides.BUY,
    spend: SpendOption = None,
    leverage: LeverageOption = "1",
    slippage: SlippageOption = 50,
) -> None:
    """Show what a trade would do now, without trading; works without a trader account, too."""
    from . import _ticket

    asyncio.run(
        _ticket.quote(_ticket.Wish(market, side.value, outcome, shares, spend, leverage, slippage), o)
    )


@app.command()
@asking
def buy(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    spend: SpendOption = None,
    slippage: SlippageOption = 50,
) -> None:
    """Buy shares of an outcome; each pays one unit if it wins."""
    from . import _ticket

    asyncio.run(_ticket.trade(_ticket.Wish(market, "buy", outcome, shares, spend, "1", slippage), o))


@app.command()
@asking
def sell(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: HeldArgument,
    slippage: SlippageOption = 50,
) -> None:
    """Sell shares that were bought."""
    from . import _ticket

    asyncio.run(_ticket.trade(_ticket.Wish(market, "sell", outcome, shares, None, "1", slippage), o))


@app.command("open")
@asking
def open_(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: SharesArgument = None,
    leverage: LeverageOption = "2",
    spend: SpendOption = None,
    slippage: SlippageOption = 50,
) -> None:
    """Buy shares with a loan of the vault, which they secure."""
    from . import _ticket

    asyncio.run(_ticket.trade(_ticket.Wish(market, "open", outcome, shares, spend, leverage, slippage), o))


@app.command()
@asking
def close(
    o: Common,
    market: MarketArgument,
    outcome: OutcomeArgument,
    shares: HeldArgument,
    slippage: SlippageOption = 50,
) -> None:
    """Sell shares that were opened, and repay their part of the loan."""
    from . import _ticket

    asyncio.run(_ticket.trade(_ticket.Wish(market, "close", outcome, shares, None, "1", slippage), o))


@app.command()
@asking
def batch(
    o: Common,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.json|-",
            help='A list of 1 to 16 such as {"market": 1, "side": "buy", "outcome": "yes", "shares": "10"}; '
            "side buy or sell, shares also all, limit in units if you want your own.",
            allow_dash=True,
        ),
    ],
    slippage: SlippageOption = 50,
) -> None:
    """Buy and sell on spot, one trade after the other in one transaction: all of them, or none."""
    from . import _batch

    asyncio.run(_batch.trade(file, slippage, o))


@app.command()
@common
def redeem(
    o: Common,
    market: Annotated[
        int | None,
        typer.Argument(min=0, metavar="[MARKET]", help="Its number; without it, all settled ones."),
    ] = None,
) -> None:
    """Have settled positions paid into the balance, and close them."""
    from .. import trading
    from . import _funds_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            paid = await trading.redeem(opened.sender, opened.key(o.keypair), market)
        if o.as_json:
            session.print_json([view.payout_dict(each) for each in paid])
        else:
            for each in paid:
                session.say(view.payout_text(each))

    asyncio.run(run())


@app.command()
@common
def positions(o: Common) -> None:
    """List positions and chains with what closing them now would bring."""
    from .. import trading
    from . import _positions_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            owner = opened.key(o.keypair).pubkey()
            found = await trading.read_holdings(opened.engine, owner)
            chains = await trading.read_chains(opened.engine, owner)
        if o.as_json:
            session.print_json(view.everything_list(found, chains))
        elif found or chains:
            session.show(*view.everything(found, chains))
        else:
            session.say("There is no position: breakwater trade buy opens one.")

    asyncio.run(run())
