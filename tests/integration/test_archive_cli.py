"""`breakwater archive` as a person types it, against an embedded chain behind a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from solders.account import Account
from solders.pubkey import Pubkey

from breakwater import archive
from breakwater.archive import service
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine

from .archive_ground import Ground
from .archive_town import Run, Town, named, open_town, runner, succeeds
from .conftest import refused
from .monitor_node import Node


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with open_town(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


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
