"""`breakwater archive`: closed and old positions and settled markets off the chain, and back again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ._options import Common, EngineOption, JsonOption, asking, common

app = typer.Typer(
    no_args_is_help=True, help="Take old positions and settled markets off the chain, provably."
)

NumberOption = Annotated[int, typer.Option("--archive", min=0, metavar="N", help="Which archive.")]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store", metavar="DIR", help="Where contents are kept; by default in the cache, one a cluster."
    ),
]
MarketOption = Annotated[int | None, typer.Option("--market", min=0, metavar="MARKET", help="Its number.")]
OutcomeOption = Annotated[
    str | None, typer.Option("--outcome", metavar="OUTCOME", help="Its number, or yes or no.")
]
LeveragedOption = Annotated[bool, typer.Option("--leveraged", help="The position that was bought on credit.")]
OwnerOption = Annotated[
    str | None, typer.Option("--owner", metavar="ADDRESS", help="Whose position; by default the key's.")
]
LeafOption = Annotated[int | None, typer.Option("--leaf", min=0, metavar="N", help="A leaf by its index.")]
ProofOption = Annotated[
    Path | None, typer.Option("--proof", metavar="FILE", help="What prove --json printed, here or elsewhere.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The file.")]


@app.command("open")
@asking
def open_(o: Common, number: NumberOption = 0) -> None:
    """Make an archive of a million leaves; its rent of about 0.63 SOL is never returned."""
    from . import _archive_run as run

    asyncio.run(run.open_archive(number, o))


@app.command()
@asking
def prune(
    o: Common,
    everybodys: Annotated[
        bool, typer.Option("--all", help="Everybody's old positions in closed markets, and settled markets.")
    ] = False,
    market: MarketOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Archive positions: your own that are empty, settled or old; the rent goes to their owners."""
    from . import _archive_run as run

    asyncio.run(run.prune(everybodys, market, run.Place(number, store), o))


@app.command()
@asking
def restore(
    o: Common,
    market: MarketOption = None,
    outcome: OutcomeOption = None,
    leveraged: LeveragedOption = False,
    leaf: LeafOption = None,
    proof: ProofOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Make a position's account again, exactly as it was; you pay its rent."""
    from . import _archive_run as run

    which = run.Which(market, outcome, leveraged, None, leaf, proof)
    asyncio.run(run.restore(which, run.Place(number, store), o))


@app.command()
@asking
def redeem(
    o: Common,
    market: MarketOption = None,
    outcome: OutcomeOption = None,
    leveraged: LeveragedOption = False,
    owner: OwnerOption = None,
    leaf: LeafOption = None,
    proof: ProofOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Pay an archived position of a settled market out to its owner, without making its account again."""
    from . import _archive_run as run

    which = run.Which(market, outcome, leveraged, owner, leaf, proof)
    asyncio.run(run.redeem(which, run.Place(number, store), o))


@app.command("list")
@common
def list_(
    o: Common,
    owner: OwnerOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Show what positions of yours, or of --owner, the archive has or had."""
    from . import _archive_run as run

    asyncio.run(run.list_(owner, run.Place(number, store), o))


@app.command()
@common
def prove(
    o: Common,
    market: MarketOption = None,
    outcome: OutcomeOption = None,
    leveraged: LeveragedOption = False,
    owner: OwnerOption = None,
    leaf: LeafOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Prove that a position, or without --outcome a market, is in the archive; --json prints the proof."""
    from . import _archive_run as run

    which = run.Which(market, outcome, leveraged, owner, leaf, None)
    asyncio.run(run.prove(which, run.Place(number, store), o))


@app.command()
@common
def verify(
    o: Common,
    market: MarketOption = None,
    outcome: OutcomeOption = None,
    leveraged: LeveragedOption = False,
    owner: OwnerOption = None,
    leaf: LeafOption = None,
    proof: ProofOption = None,
    number: NumberOption = 0,
    store: StoreOption = None,
) -> None:
    """Have the program itself verify a proof, from a file or made now; nothing is sent."""
    from . import _archive_run as run

    which = run.Which(market, outcome, leveraged, owner, leaf, proof)
    asyncio.run(run.verify(which, run.Place(number, store), o))


@app.command()
def stats(
    number: NumberOption = 0,
    store: StoreOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the archive holds, here and on the chain, and how small it is."""
    from . import _archive_run as run

    asyncio.run(run.stats(run.Place(number, store), Common(engine, None, False, as_json)))


@app.command()
def rebuild(
    from_chain: Annotated[
        bool, typer.Option("--from-chain", help="Put the store aside and read everything from the chain.")
    ] = False,
    number: NumberOption = 0,
    store: StoreOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the index again from the store's journal, or the whole store from the chain's history."""
    from . import _archive_run as run

    told = Common(engine, None, False, as_json)
    asyncio.run(run.rebuild(from_chain, run.Place(number, store), told))


@app.command()
def adopt(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The other cluster's store.")],
    number: NumberOption = 0,
    store: StoreOption = None,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with the store of the cluster that this exchange came from; its root has to be the chain's."""
    from . import _archive_run as run

    told = Common(engine, None, False, as_json)
    asyncio.run(run.adopt(directory, run.Place(number, store), told))


@app.command()
def snapshot(file: FileArgument, engine: EngineOption = None, as_json: JsonOption = False) -> None:
    """Write all live markets and positions into one compact file, for indexers."""
    from . import _archive_run as run

    asyncio.run(run.write_state(file, whole=False, o=Common(engine, None, False, as_json)))


@app.command()
def export(file: FileArgument, engine: EngineOption = None, as_json: JsonOption = False) -> None:
    """Write the whole exchange into one file, with the root of all its accounts."""
    from . import _archive_run as run

    asyncio.run(run.write_state(file, whole=True, o=Common(engine, None, False, as_json)))


@app.command("import")
def import_(
    file: FileArgument,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write account files for a validator's start.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Read a chain instead, and say whether it holds the same; or exit 1."),
    ] = False,
    engine: EngineOption = None,
    as_json: JsonOption = False,
) -> None:
    """Begin another cluster with an exported exchange: account files for its first block, then --check."""
    from . import _archive_run as run

    asyncio.run(run.import_state(file, to, check=check, o=Common(engine, None, False, as_json)))
