"""What the commands of `breakwater archive` do, between the options and the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from solders.pubkey import Pubkey

from .. import archive as service
from ..chain import addresses
from ..config import settings
from ..errors import InvalidInput
from ..trading import explained, parse_outcome
from . import _archive_view as view
from ._options import Common
from ._session import Session, confirm, connect, note, print_json, say, show

__all__ = [
    "Place",
    "Which",
    "adopt",
    "import_state",
    "list_",
    "open_archive",
    "prove",
    "prune",
    "rebuild",
    "redeem",
    "restore",
    "stats",
    "verify",
    "write_state",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Which archive, and where its contents are."""

    number: int
    store: Path | None


@dataclass(frozen=True, slots=True)
class Which:
    """Which leaf somebody means."""

    market: int | None
    outcome: str | None
    leveraged: bool
    owner: str | None
    leaf: int | None
    proof: Path | None


@asynccontextmanager
async def _opened(place: Place, o: Common) -> AsyncIterator[tuple[Session, service.Archive]]:
    async with connect(o.engine) as session:
        await service.read_archive(session.engine, place.number)
        directory, cluster = await _store_of(session, place)
        store = service.Store(directory, cluster=cluster, number=place.number)
        with store, explained():
            yield session, service.Archive(session.engine, store, note)


async def _store_of(session: Session, place: Place) -> tuple[Path, str]:
    """Where the store is, and what it calls the cluster."""
    directory, cluster = await service.place_of(session.engine, settings().cache, place.number)
    return place.store or directory, cluster


async def open_archive(number: int, o: Common) -> None:
    """Ask, and make an archive."""
    async with connect(o.engine) as session:
        key = session.key(o.keypair)
        confirm(f"Open archive {number} for about 0.63 SOL, for good?", yes=o.yes)
        with explained():
            steps = await service.open_chain_archive(session.sender, key, number)
    if o.as_json:
        print_json({"archive": number, "steps": steps})
    else:
        say(f"Archive {number} is open.")


async def prune(everybodys: bool, market: int | None, place: Place, o: Common) -> None:
    """Look what may be archived, ask, and archive it."""
    async with _opened(place, o) as (session, archive):
        key = session.key(o.keypair)
        owner = None if everybodys else key.pubkey()
        books = await service.read_exchange(session.engine, owner)
        picked = service.pick(books, key.pubkey(), market=market)
        if not everybodys:
            picked = service.Picked(picked.positions, (), picked.refused, picked.numbers)
        if not (o.yes and o.as_json):
            note(view.picked_table(picked))
        if picked.positions or picked.markets:
            confirm("Archive these?", yes=o.yes)
        done = await archive.prune(session.sender, key, picked)
    if o.as_json:
        print_json(view.pruned_dict(done, picked))
    else:
        say(view.pruned_text(done))


async def restore(which: Which, place: Place, o: Common) -> None:
    """Prove a position, or take a proof, and restore it."""
    async with _opened(place, o) as (session, archive):
        key = session.key(o.keypair)
        document = await _document(archive, which, key.pubkey())
        _require_position(document)
        confirm(f"{view.document_text(document)} Restore it?", yes=o.yes)
        done = await archive.restore(session.sender, key, document.leaf.content, document.proof)
    if o.as_json:
        print_json({"leaf": document.proof.index, "signature": str(done.signature)})
    else:
        say(f"Restored leaf {document.proof.index}: the position is on the chain again, as it was.")


async def redeem(which: Which, place: Place, o: Common) -> None:
    """Prove a position, or take a proof, and have it paid out."""
    async with _opened(place, o) as (session, archive):
        key = session.key(o.keypair)
        document = await _document(archive, which, _owner(which, session, o))
        _require_position(document)
        confirm(f"{view.document_text(document)} Pay it out to its owner?", yes=o.yes)
        market = await service.market_of(session.engine, document.leaf.content)
        content, proof = document.leaf.content, document.proof
        done = await archive.redeem(session.sender, key, market, content, proof)
    if o.as_json:
        print_json({"leaf": document.proof.index, "signature": str(done.signature)})
    else:
        say(f"Paid leaf {document.proof.index} out to its owner.")


async def list_(owner: str | None, place: Place, o: Common) -> None:
    """Catch up with the chain and show an owner's positions."""
    async with _opened(place, o) as (session, archive):
        whose = _owner(Which(None, None, False, owner, None, None), session, o)
        if whose is None:
            raise InvalidInput("Name the positions' owner with --owner, or your key with --keypair.")
        await archive.sync()
        found = sorted(archive.store.find(bytes(addresses.trader(whose))), key=lambda each: each[0])
        numbers = await service.numbers_of(session.engine, [leaf.content for _, leaf in found])
    if o.as_json:
        print_json(view.held_dicts(found, numbers))
    else:
        show(view.held_table(found, numbers))


async def prove(which: Which, place: Place, o: Common) -> None:
    """Make a proof and print it."""
    async with _opened(place, o) as (session, archive):
        document = await _document(archive, which, _owner(which, session, o))
    if o.as_json:
        print_json(document.as_dict())
    else:
        say(view.document_text(document))


async def verify(which: Which, place: Place, o: Common) -> None:
    """Have the program look at a proof."""
    async with _opened(place, o) as (session, archive):
        document = await _document(archive, which, _owner(which, session, o))
        payer = await service.somebody(session.engine)
        await archive.verify(document.proof, payer)
    if o.as_json:
        print_json({"leaf": document.proof.index, "verified": True})
    else:
        say(f"The program agrees. {view.document_text(document)}")


async def stats(place: Place, o: Common) -> None:
    """Catch up with the chain and count."""
    async with _opened(place, o) as (_, archive):
        now = await archive.sync()
        found = service.figures_of(archive.store, now)
        directory = archive.store.directory
    if o.as_json:
        print_json(found.as_dict() | {"store": str(directory)})
    else:
        show(view.figures_table(found))


async def rebuild(from_chain: bool, place: Place, o: Common) -> None:
    """Make the index, or the whole store, again."""
    if from_chain:
        async with connect(o.engine) as session:
            directory, cluster = await _store_of(session, place)
            now, aside = await service.rebuild(
                session.engine, directory, cluster=cluster, number=place.number, progress=note
            )
        if aside is not None:
            note(f"The old store is {aside}.")
        leaves = now.length
    else:
        async with connect(o.engine) as session:
            directory, _ = await _store_of(session, place)
        service.forget_index(directory)
        async with _opened(place, o) as (_, archive):
            now = await archive.sync()
            leaves = archive.store.length
    if o.as_json:
        print_json({"leaves": leaves, "changes": now.sequence, "root": now.root.hex()})
    else:
        say(f"Rebuilt {leaves:,} leaves; their root is the chain's, {now.root.hex()}.")


async def adopt(directory: Path, place: Place, o: Common) -> None:
    """Copy another cluster's contents, if they are this chain's."""
    async with connect(o.engine) as session:
        own, cluster = await _store_of(session, place)
        now, leaves = await service.adopt(
            session.engine, own, directory, cluster=cluster, number=place.number, progress=note
        )
    if o.as_json:
        print_json({"leaves": leaves, "changes": now.sequence, "root": now.root.hex()})
    else:
        say(f"Took {leaves:,} leaves over; their root is the chain's, {now.root.hex()}.")


async def write_state(file: Path, *, whole: bool, o: Common) -> None:
    """Read accounts and write them into a file."""
    async with connect(o.engine) as session:
        engine = session.engine
        state = await (service.read_state(engine, note) if whole else service.read_live(engine))
    _tell(state, _write(file, service.pack(state)), o)


async def import_state(file: Path, to: Path | None, *, check: bool, o: Common) -> None:
    """Write account files, or compare a chain with a file."""
    if check == (to is not None):
        raise InvalidInput("Say either --to DIR, to write account files, or --check, to compare a chain.")
    state, size = _read(file)
    if to is not None:
        count = service.write_genesis(state, to)
        note(
            f"{count:,} files. Start a validator: solana-test-validator --reset --account-dir {to} "
            f"--warp-slot {state.slot}"
        )
        _tell(state, size, o)
        return
    async with connect(o.engine) as session:
        held = await service.read_state(session.engine, note)
    same = held.root == state.root
    if o.as_json:
        print_json({"same": same, "root": state.root, "chain_root": held.root})
    elif same:
        say(f"The chain holds exactly these {len(state.accounts):,} accounts; root {state.root}.")
    else:
        say(f"The chain holds something else: its root is {held.root}, the file's {state.root}.")
    raise typer.Exit(0 if same else 1)


def _read(file: Path) -> tuple[service.State, int]:
    raw = file.read_bytes()
    return service.unpack(raw), len(raw)


def _write(file: Path, raw: bytes) -> int:
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(raw)
    new.replace(file)
    return len(raw)


def _tell(state: service.State, size: int, o: Common) -> None:
    if o.as_json:
        print_json(view.state_dict(state, size))
    else:
        say(view.state_text(state, size))


async def _document(archive: service.Archive, which: Which, owner: Pubkey | None) -> service.Document:
    """The leaf that somebody means, proven; or the proof that they have."""
    if which.proof is not None:
        document = service.read_document(which.proof)
        if document.number != archive.number:
            raise InvalidInput(f"Say --archive {document.number}: the proof is of a leaf of that one.")
        return document
    if which.leaf is not None:
        index = which.leaf
    elif which.market is None:
        raise InvalidInput("Name a leaf: --leaf, --proof, or --market and for a position --outcome.")
    elif which.outcome is None:
        await archive.sync()
        index, _ = archive.find_market(which.market)
    else:
        if owner is None:
            raise InvalidInput("Name the position's owner with --owner, or your key with --keypair.")
        text = which.outcome
        outcome = int(text) if text.isascii() and text.isdigit() else parse_outcome(text, 2)
        await archive.sync()
        index, _ = archive.find(owner, which.market, outcome, int(which.leveraged))
    return service.document_of(archive.number, *await archive.prove(index))


def _owner(which: Which, session: Session, o: Common) -> Pubkey | None:
    if which.owner is None:
        known = o.keypair is not None or session.sandbox is not None
        return session.key(o.keypair).pubkey() if known else None
    try:
        return Pubkey.from_string(which.owner)
    except ValueError:
        raise InvalidInput(f"Give an address in base58, not {which.owner!r}.") from None


def _require_position(document: service.Document) -> None:
    if document.leaf.kind == service.MARKET:
        raise InvalidInput("Name a position: a market's record stays in the archive.")
