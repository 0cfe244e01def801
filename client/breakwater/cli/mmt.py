"""`breakwater mmt`: stake MMT, take it back, and have paid what it has earned."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ._options import Common, EngineOption, JsonOption, KeypairOption, asking

app = typer.Typer(no_args_is_help=True, help="Stake MMT, take it back, and have paid what it has earned.")

OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="ADDRESS", help="Also what this key has staked.")
]


@app.command()
def status(
    owner: OwnerOption = None,
    engine: EngineOption = None,
    keypair: KeypairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the schedule pays now, and what a key has staked and earned."""
    from .. import mmt as service
    from . import _mmt_view as view
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
def stake(o: Common, amount: Annotated[str, typer.Argument(metavar="MMT", help="How much.")]) -> None:
    """Stake MMT out of the signer's own account; it earns at once."""
    from .. import mmt as service
    from . import _mmt_view as view
    from . import _session as session

    wanted = service.parse_mmt(amount)
    session.sign(
        o,
        lambda key: f"Stake {amount} MMT of {key.pubkey()}?",
        lambda sender, key: service.stake(sender, key, wanted),
        view.moved_dict,
        lambda moved: view.moved_text(moved, "Staked"),
    )


@app.command()
@asking
def unstake(o: Common, amount: Annotated[str, typer.Argument(metavar="MMT|all", help="How much.")]) -> None:
    """Stop staking; free after the cool-down, which starts anew for all that waits."""
    from .. import mmt as service
    from . import _mmt_view as view
    from . import _session as session

    wanted = None if amount == "all" else service.parse_mmt(amount)
    session.sign(
        o,
        lambda key: f"Unstake {amount} MMT of {key.pubkey()}?",
        lambda sender, key: service.unstake(sender, key, wanted),
        view.moved_dict,
        lambda moved: view.moved_text(moved, "Unstaked"),
    )


@app.command()
@asking
def withdraw(o: Common) -> None:
    """Take out what was unstaked, once the cool-down is over."""
    from .. import mmt as service
    from . import _mmt_view as view
    from . import _session as session

    session.sign(
        o,
        lambda key: f"Withdraw what {key.pubkey()} has unstaked?",
        service.withdraw,
        view.moved_dict,
        lambda moved: view.moved_text(moved, "Withdrew"),
    )


@app.command()
@asking
def claim(o: Common) -> None:
    """Have everything paid that the stake has earned."""
    from .. import mmt as service
    from . import _mmt_view as view
    from . import _session as session

    session.sign(
        o,
        lambda key: f"Claim for {key.pubkey()}?",
        service.claim,
        view.claim_dict,
        view.claim_text,
    )
