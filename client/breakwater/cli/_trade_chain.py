"""`breakwater trade chain`: leveraged purchases in several markets, opened, valued and unwound as one."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ._options import Common, SlippageOption, asking, common

app = typer.Typer(no_args_is_help=True, help="Leveraged purchases in several markets, handled as one.")

NumberArgument = Annotated[int, typer.Argument(min=0, metavar="CHAIN", help="The chain's number.")]


@app.command("open")
@asking
def open_(
    o: Common,
    leg: Annotated[
        list[str],
        typer.Option(
            "--leg",
            metavar="MARKET:OUTCOME:SHARES:LEVERAGE",
            help="One purchase, 2 to 5 of them, each in another market; say it again for each.",
        ),
    ],
    max_payment: Annotated[
        str | None,
        typer.Option(metavar="UNITS", help="The most that margin, premiums and fees may be together."),
    ] = None,
    slippage: SlippageOption = 50,
    number: Annotated[
        int | None, typer.Option(min=0, help="The chain's number.", show_default="the lowest that is free")
    ] = None,
) -> None:
    """Buy every leg on credit; each leg's margin but the first's is lent on the leg before it."""
    from . import _chain

    asyncio.run(_chain.open_(leg, max_payment, slippage, number, o))


@app.command("list")
@common
def list_(o: Common) -> None:
    """List your chains, each valued as one."""
    from .. import trading
    from . import _chain_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.read_chains(opened.engine, opened.key(o.keypair).pubkey())
        if o.as_json:
            session.print_json([view.chain_dict(each) for each in found])
        elif found:
            session.show(view.chains_table(found))
        else:
            session.say("There is no chain: breakwater trade chain open opens one.")

    asyncio.run(run())


@app.command()
@common
def show(o: Common, number: NumberArgument) -> None:
    """Show one chain, leg by leg."""
    from .. import trading
    from . import _chain_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            found = await trading.find_chain(opened.engine, opened.key(o.keypair).pubkey(), number)
        if o.as_json:
            session.print_json(view.chain_dict(found))
        else:
            session.show(view.chain_table(found))

    asyncio.run(run())


@app.command()
@asking
def unwind(o: Common, number: NumberArgument, slippage: SlippageOption = 50) -> None:
    """Sell every leg that is left and repay all loans, from all proceeds and then from the balance."""
    from . import _chain

    asyncio.run(_chain.unwind(number, slippage, o))


@app.command()
@common
def redeem(o: Common, number: NumberArgument) -> None:
    """Have the settled legs paid into the balance, and close the chain once nothing is left."""
    from .. import trading
    from . import _funds_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            paid = await trading.redeem_chain(opened.sender, opened.key(o.keypair), number)
        if o.as_json:
            session.print_json([view.payout_dict(each) for each in paid])
        else:
            for each in paid:
                session.say(view.payout_text(each))

    asyncio.run(run())


@app.command()
@asking
def close(o: Common, number: NumberArgument) -> None:
    """Close an empty chain; its rent comes back."""
    from .. import trading
    from . import _session as session

    async def run() -> None:
        async with session.connect(o.engine) as opened:
            key = opened.key(o.keypair)
            session.confirm(f"Close chain {number}?", yes=o.yes)
            signature = await trading.close_chain(opened.sender, key, number)
        if o.as_json:
            session.print_json({"chain": number, "closed": True, "signature": signature})
        else:
            session.say(f"Chain {number} is closed.")

    asyncio.run(run())
