"""`breakwater bootstrap`: what a launch pays for trades and liquidity, and how it is claimed."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ._options import Common, EngineOption, JsonOption, KeypairOption, asking

app = typer.Typer(no_args_is_help=True, help="What the launch pays for trades and liquidity in MMT.")

OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="ADDRESS", help="Also what this key has earned.")
]


@app.command()
def status(
    owner: OwnerOption = None,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is left of the launch's incentives, and what a key has earned."""
    from .. import bootstrap as service
    from . import _bootstrap_view as view
    from . import _session as session

    async def run() -> None:
        async with session.connect(engine) as opened:
            found = await service.status(opened.engine, session.whose(opened, owner, keypair))
        if as_json:
            session.print_json(view.status_dict(found))
        else:
            session.show(view.status_table(found))

    asyncio.run(run())


@app.command()
@asking
def claim(o: Common) -> None:
    """Have everything paid that the key has earned, into its own MMT account."""
    from .. import bootstrap as service
    from . import _bootstrap_view as view
    from . import _session as session

    session.sign(
        o,
        lambda key: f"Claim for {key.pubkey()}?",
        service.claim,
        view.claim_dict,
        view.claim_text,
    )


@app.command()
@asking
def lock(
    o: Common, shares: Annotated[str, typer.Argument(metavar="SHARES", help="Shares of the vault.")]
) -> None:
    """Lock shares of the vault: they earn MMT, and cannot be taken out until they are unlocked."""
    from .. import bootstrap as service
    from ..trading import parse_amount
    from . import _bootstrap_view as view
    from . import _session as session

    wanted = parse_amount(shares, "the shares")

    session.sign(
        o,
        lambda key: f"Lock {shares} shares of {key.pubkey()}?",
        lambda sender, key: service.lock(sender, key, wanted),
        view.moved_dict,
        lambda moved: view.moved_text(moved, "Locked"),
    )


@app.command()
@asking
def unlock(
    o: Common, shares: Annotated[str, typer.Argument(metavar="SHARES|all", help="Shares of the vault.")]
) -> None:
    """Take locked shares back, at once."""
    from .. import bootstrap as service
    from ..trading import parse_amount
    from . import _bootstrap_view as view
    from . import _session as session

    wanted = None if shares == "all" else parse_amount(shares, "the shares")

    session.sign(
        o,
        lambda key: f"Unlock {shares} shares of {key.pubkey()}?",
        lambda sender, key: service.unlock(sender, key, wanted),
        view.moved_dict,
        lambda moved: view.moved_text(moved, "Unlocked"),
    )
