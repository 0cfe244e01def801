"""`breakwater archive` as a person types it, against an embedded chain behind a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import archive, config
from breakwater.archive import service
from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine
from breakwater.cli import main

from .archive_ground import Ground
from .conftest import refused
from .monitor_node import Node

Run = Callable[..., Any]


class Town:
    """A chain behind a socket, a store of its archive, and claims in it."""

    def __init__(self, ground: Ground, node: Node, place: Path, picked: archive.Picked) -> None:
        self.ground, self.node, self.place, self.picked = ground, node, place, picked
        self.keys: dict[Pubkey, Path] = {}

    def keypair(self, key: Keypair) -> Path:
        """A key pair's file."""
        file = self.place / f"{key.pubkey()}.json"
        file.write_text(json.dumps(list(bytes(key))))
        return file

    def live(self) -> archive.Candidate:
        """A claim that is archived."""
        return next(each for each in self.picked.positions if each.leaf == archive.LIVE)

    def balance(self, owner: Pubkey) -> int:
        """What an owner could withdraw."""
        account = self.ground.engine.get_account(at.trader(owner))
        assert account is not None
        return accounts.trader(account.data).balance


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("BREAKWATER_RPC_URL", raising=False)
    config.settings.cache_clear()
    ground = await Ground.make(tmp_path / "unused", settled=0.3)
    node, picked = Node(ground.engine), await ground.pick()
    async with node.serving():
        yield Town(ground, node, tmp_path, picked)
    config.settings.cache_clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`breakwater archive` with arguments, in a thread of its own: the chain lives in this one."""

    def typed(arguments: tuple[object, ...]) -> int:
        with pytest.raises(SystemExit) as stopped:
            main(["archive", *map(str, arguments)])
        assert isinstance(stopped.value.code, int)
        return stopped.value.code

    async def started(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = await asyncio.to_thread(typed, arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return started


async def succeeds(run: Run, *arguments: object) -> Any:
    """The JSON that a command prints, which has to succeed."""
    status, out, err = await run(*arguments, "--json")
    assert (status, out.count("\n")) == (0, 1), err
    return json.loads(out)


def named(each: archive.Candidate) -> tuple[object, ...]:
    """The options that name a position."""
    kind = ("--leveraged",) if each.kind else ()
    return ("--market", each.market, "--outcome", each.outcome, *kind)


async def test_an_archived_claim_is_paid_out_once_its_market_is_settled(town: Town, run: Run) -> None:
    ground, wanted = town.ground, town.live()
    chain = ("--engine", town.node.url, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(ground.key), "--yes")
    done = await succeeds(run, "prune", "--all", *chain, *keeper)
    assert done["positions"] == len(town.picked.positions)

    redeem = ("redeem", *named(wanted), "--owner", wanted.owner, *chain, *keeper)
    assert refused(await run(*redeem)).startswith("MarketNotSettled")
    assert "is not archived" in refused(await run("redeem", *named(wanted), *chain, *keeper))
    ground.engine.advance_time(8 * 24 * 3_600)
    await ground.sender.send([ix.void(wanted.market)], [ground.key])
    before = town.balance(wanted.owner)
    paid = await succeeds(run, *redeem)
    shares = int.from_bytes(wanted.content[64:72], "little")
    outcomes = {number: count for number, count, _ in ground.population.markets}
    assert town.balance(wanted.owner) - before == shares // outcomes[wanted.market]

    document = await succeeds(run, "prove", "--leaf", paid["leaf"], *chain)
    assert (document["kind"], document["content"]) == ("done", wanted.content.hex())
    assert (await succeeds(run, "verify", "--leaf", paid["leaf"], *chain))["verified"] is True
    assert refused(await run(*redeem)).startswith("LeafSpent")
    owner = ("--keypair", town.keypair(ground.owner_of(wanted)), "--yes")
    assert refused(await run("restore", *named(wanted), *chain, *owner)).startswith("LeafSpent")
    held = await succeeds(run, "list", "--owner", wanted.owner, *chain)
    assert {each["leaf"]: each["kind"] for each in held}[paid["leaf"]] == "done"


async def test_a_proof_that_was_made_before_the_settlement_pays_too(town: Town, run: Run) -> None:
    ground, wanted = town.ground, town.live()
    chain = ("--engine", town.node.url, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(ground.key), "--yes")
    await succeeds(run, "prune", "--all", *chain, *keeper)
    _, proof, _ = await run("prove", *named(wanted), "--owner", wanted.owner, *chain, "--json")
    file = town.place / "proof.json"
    file.write_text(proof)
    ground.engine.advance_time(8 * 24 * 3_600)
    await ground.sender.send([ix.void(wanted.market)], [ground.key])
    before = town.balance(wanted.owner)
    status, out, err = await run("redeem", "--proof", file, *chain, *keeper)
    assert (status, out.startswith("Paid leaf ")) == (0, True), err
    assert town.balance(wanted.owner) > before


async def moved(ground: Ground) -> EmbeddedEngine:
    """Another cluster, which begins with this exchange."""
    state = archive.unpack(archive.pack(await archive.read_state(ground.engine)))
    elsewhere = EmbeddedEngine(programs.embedded_programs(), start_slot=state.slot, start_time=state.time)
    for each in state.accounts:
        held = Account(each.lamports, each.data, Pubkey.from_bytes(each.owner))
        elsewhere.set_account(Pubkey.from_bytes(each.address), held)
    return elsewhere


async def test_another_clusters_store_is_adopted_if_it_is_this_archives_and_nothing_else_is_touched(
    town: Town, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SYNC_TRIES", 2)
    ground, old, new = town.ground, town.place / "old", town.place / "new"
    chain = ("--engine", town.node.url, "--store", old)
    keeper = ("--keypair", town.keypair(ground.key), "--yes")
    half = archive.Picked(town.picked.positions[:20])
    with archive.Store(town.place / "half", cluster="half") as store:
        await ground.service(store).prune(ground.sender, ground.key, half)
    await succeeds(run, "prune", "--all", *chain, *keeper)
    figures = await succeeds(run, "stats", *chain)
    elsewhere = await moved(ground)
    wanted = next(each for each in town.picked.positions if each.leaf == archive.LIVE)
    key = ground.owner_of(wanted)
    await elsewhere.airdrop(key.pubkey(), 10**9)
    second = Node(elsewhere)
    async with second.serving():
        there = ("--engine", second.url, "--store", new)
        empty = town.place / "nothing"
        assert "holds no archive" in refused(await run("adopt", empty, *there))
        assert not new.exists()
        # the store of the first twenty alone: the rest is in another cluster's history
        assert "does not tell all" in refused(await run("adopt", town.place / "half", *there))
        assert not new.exists()
        taken = await succeeds(run, "adopt", old, *there)
        assert taken["leaves"] == figures["leaves"]
        assert "has contents already" in refused(await run("adopt", old, *there))
        assert "is this one's" in refused(await run("adopt", new, *there))
        owner = ("--keypair", town.keypair(key), "--yes")
        await succeeds(run, "restore", *named(wanted), *there, *owner)
        assert (await succeeds(run, "stats", *there))["kinds"]["spent"] == 1
    assert (await succeeds(run, "stats", *chain))["kinds"]["spent"] == 0
    back = elsewhere.get_account(wanted.address)
    assert back is not None
    assert back.data[8:] == wanted.content


async def test_a_store_is_made_from_the_chain_before_the_old_one_goes(town: Town, run: Run) -> None:
    ground, directory = town.ground, town.place / "store"
    chain = ("--engine", town.node.url, "--store", directory)
    keeper = ("--keypair", town.keypair(ground.key), "--yes")
    await succeeds(run, "prune", "--all", *chain, *keeper)
    before = (directory / "journal").read_bytes()
    made = await succeeds(run, "rebuild", "--from-chain", *chain)
    (aside,) = town.place.glob("store.*")
    assert (aside / "journal").read_bytes() == before
    assert made["leaves"] == (await succeeds(run, "stats", *chain))["leaves"]
    again = (directory / "journal").read_bytes()
    decoder, told = programs.event_decoder(), ground.engine.history
    while not any(each.name == "PositionArchived" for each in decoder.decode(told.popleft().receipt.logs)):
        pass  # what a node forgets first is the oldest
    forgotten = await run("rebuild", "--from-chain", *chain)
    assert refused(forgotten) == "Read the chain again: change 1 of the archive is missing."
    assert (directory / "journal").read_bytes() == again
    with archive.Store(directory, cluster=None):
        assert "End the other command first" in refused(await run("rebuild", *chain))
        assert "End the other command first" in refused(await run("rebuild", "--from-chain", *chain))


async def test_what_people_read_of_an_archive_is_what_machines_read(town: Town, run: Run) -> None:
    ground, wanted = town.ground, town.live()
    where = ("--engine", town.node.url)
    chain = (*where, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(ground.key), "--yes")

    async def says(*arguments: object) -> str:
        status, out, err = await run(*arguments)
        assert status == 0, err
        return " ".join((out + err).split())

    empty = await says("list", "--owner", wanted.owner, *chain)
    assert "In the archive" in empty
    count, markets = len(town.picked.positions), len(town.picked.markets)
    said = await says("prune", "--all", *chain, *keeper)
    assert f"positions │ {count} │ │ markets │ {markets} │" in said
    assert f"Archived {count} positions and {markets} markets in " in said
    for reason, number in town.picked.refused.items():
        assert f"not: {reason} │ {number} │" in said
    assert "Archived 0 positions and 0 markets in 0 transactions." in await says(
        "prune", "--all", *chain, *keeper
    )

    owner = ("--owner", wanted.owner, *chain)
    shares = int.from_bytes(wanted.content[64:72], "little")
    amount = f"{shares // 10**6}.{shares % 10**6:06d}"
    mine = {each["leaf"]: each for each in await succeeds(run, "list", *owner)}
    table = await says("list", *owner)
    for each in mine.values():
        kind = each["kind"] + (", leveraged" if each["leveraged"] else "")
        market = "gone" if each["market"] is None else each["market"]
        assert f"│ {each['leaf']} │ {market} │ {each['outcome']} │ {each['shares']} │ {kind} │" in table
    proven = await says("prove", *named(wanted), *owner)
    assert proven.startswith(f"A position of {amount} shares of outcome {wanted.outcome} (live) is leaf ")
    leaf = int(proven.partition(" is leaf ")[2].split()[0])
    assert mine[leaf]["shares"] == amount
    figures, shown = await succeeds(run, "stats", *chain), await says("stats", *chain)
    for name, value in (
        ("leaves", figures["leaves"]),
        ("positions that can come back", figures["kinds"]["live"]),
        ("claims on the chain", figures["claims"]),
        ("stored here, index and dictionaries included", figures["stored"]),
    ):
        assert f"{name} │ {value:,} │" in shown
    again = await says("rebuild", *chain)
    assert again.startswith(f"Rebuilt {figures['leaves']:,} leaves; their root is the chain's, ")
    settled = next((each for each in town.picked.markets), None)
    assert settled is not None
    told = await says("prove", "--market", settled.market, *chain)
    assert f"Market {settled.market}, outcome " in told or f"Market {settled.market}, void, " in told

    key = ("--keypair", town.keypair(ground.owner_of(wanted)), "--yes")
    kept = await run("restore", "--market", settled.market, *chain, *key)
    assert refused(kept) == "Name a position: a market's record stays in the archive."
    assert await says("restore", *named(wanted), *chain, *key) == (
        f"Restored leaf {leaf}: the position is on the chain again, as it was."
    )
    back = ground.engine.get_account(wanted.address)
    assert back is not None
    assert back.data[8:] == wanted.content


async def test_a_file_of_the_exchange_is_checked_written_out_and_told_from_another_chain(
    town: Town, run: Run
) -> None:
    where, file = ("--engine", town.node.url), town.place / "exchange"
    status, out, err = await run("export", file, *where)
    root = out.strip().rpartition("root ")[2].rstrip(".")
    state = archive.unpack(file.read_bytes())
    assert (status, root) == (0, state.root), err
    assert out.startswith(f"{len(state.accounts):,} accounts as of slot {state.slot:,} in {file.stat().st_size:,}")
    status, out, _ = await run("import", file, "--check", *where)
    assert (status, out) == (
        0, f"The chain holds exactly these {len(state.accounts):,} accounts; root {root}.\n",
    )  # fmt: skip
    status, out, err = await run("import", file, "--to", town.place / "genesis")
    assert (status, root in out) == (0, True), err
    start = f"solana-test-validator --reset --account-dir {town.place / 'genesis'} --warp-slot {state.slot}\n"
    assert start in err, "a command to copy is one line"
    assert f"{len(list((town.place / 'genesis').iterdir())):,} files." in err
    live = await succeeds(run, "snapshot", town.place / "live", *where)
    assert 0 < live["accounts"] < len(state.accounts)

    other = await run("import", town.place / "live", "--check", *where)
    assert (other[0], other[1]) == (
        1, f"The chain holds something else: its root is {root}, the file's {live['root']}.\n",
    )  # fmt: skip
    assert (await run("import", town.place / "live", "--check", *where, "--json"))[0] == 1
    for options in ((), ("--check", "--to", town.place / "x")):
        assert refused(await run("import", file, *options)).startswith("Say either --to DIR")
    file.write_bytes(file.read_bytes()[:-1])
    assert refused(await run("import", file, "--check", *where)).startswith("Name another file: this is no")
    assert refused(await run("import", town.place / "none", "--check")).endswith(
        "none: no such file, directory or program."
    )


async def test_whoever_names_no_leaf_or_not_their_own_archive_is_told_what_to_name(
    town: Town, run: Run
) -> None:
    chain = ("--engine", town.node.url, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(town.ground.key), "--yes")
    for arguments, sentence in (
        (("prove",), "Name a leaf: --leaf, --proof, or --market and for a position --outcome."),
        (("prove", "--market", 1, "--outcome", 0), "Name the position's owner with --owner, or your key"),
        (("list",), "Name the positions' owner with --owner, or your key with --keypair."),
        (("list", "--owner", "me"), "Give an address in base58, not 'me'."),
        (("list", "--archive", 7), ""),
    ):
        assert refused(await run(*arguments, *chain)).startswith(sentence)
    await succeeds(run, "prune", "--all", *chain, *keeper)
    file = town.place / "proof.json"
    document = await succeeds(run, "prove", *named(town.live()), "--owner", town.live().owner, *chain)
    file.write_text(json.dumps(document))
    assert refused(await run("open", "--archive", 0, "--engine", town.node.url, *keeper))
    opened = await run("open", "--archive", 1, "--engine", town.node.url, *keeper)
    assert (opened[0], opened[1]) == (0, "Archive 1 is open.\n"), opened[2]
    other = ("--archive", 1, "--engine", town.node.url, "--store", town.place / "other")
    assert refused(await run("verify", "--proof", file, *other)) == (
        "Say --archive 0: the proof is of a leaf of that one."
    )
