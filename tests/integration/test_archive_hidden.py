"""Who fills a transaction's log keeps its events out of it: others go on archiving, proving and restoring."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from breakwater import archive
from breakwater.chain import accounts, archive_accounts
from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain import instructions as ix
from breakwater.errors import Fatal, InvalidInput

from .archive_ground import CLUSTER, Ground

FILLED = 32
"""Calls whose log lines leave no room for an event."""


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> Ground:
    return await Ground.make(tmp_path / "store", settled=0.3)


def noise(ground: Ground) -> list[Instruction]:
    """What anybody may put into a transaction to fill its log: questions to the token program."""
    config = ground.engine.get_account(at.config())
    assert config is not None
    mint = Pubkey.from_bytes(accounts.config(config.data).mint)
    ask = Instruction(at.TOKEN_PROGRAM, bytes([21]), [AccountMeta(mint, False, False)])
    return [ask] * FILLED


async def hide(ground: Ground, *calls: Instruction) -> None:
    """Do something with a log that is full already."""
    ground.engine.advance_slots(1)
    receipt = await ground.sender.send([*noise(ground), *calls], [ground.key])
    assert "Log truncated" in receipt.logs


def archived(ground: Ground, *candidates: archive.Candidate) -> Instruction:
    """The instruction that archives positions of one market."""
    places = [(each.owner, each.outcome, each.kind) for each in candidates]
    return ax.archive_positions(ground.key.pubkey(), 0, candidates[0].market, places)


def two_of_one_market(picked: archive.Picked) -> list[archive.Candidate]:
    """The first two positions that share a market."""
    first, second = next(
        (a, b) for a, b in zip(picked.positions, picked.positions[1:], strict=False) if a.market == b.market
    )
    return [first, second]


async def proven(ground: Ground, service: archive.Archive, each: archive.Candidate) -> None:
    """A position is found, proven by the store and verified by the program."""
    index, leaf = service.find(each.owner, each.market, each.outcome, each.kind)
    assert leaf.content == each.content
    _, proof = await service.prove(index)
    await service.verify(proof, ground.key.pubkey())


async def test_a_hidden_leaf_keeps_nobody_from_archiving_proving_and_restoring(ground: Ground) -> None:
    picked = await ground.pick()
    victims = two_of_one_market(picked)
    rest = [each for each in picked.positions if each not in victims]
    with ground.store() as store:
        service = ground.service(store)
        await ground.writers(service, rest[:3])
        await hide(ground, archived(ground, victims[0]))
        await ground.writers(service, rest[3:6])
        assert (store.length, store.hidden) == (7, 1)
        await hide(ground, archived(ground, victims[1]))
        now = await service.sync()
        assert (store.sequence, store.length, store.hidden) == (now.sequence, 8, 2)
        assert store.tree.root == now.root
        assert store.leaf(3) == archive.Leaf(archive.HIDDEN, b"")
        for each in rest[:6]:
            await proven(ground, service, each)
        with pytest.raises(InvalidInput, match="content of leaf 3 was kept out of the logs"):
            await service.prove(3)
        wanted = next(each for each in rest[:6] if each.leaf == archive.LIVE)
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        await service.restore(ground.sender, ground.owner_of(wanted), leaf.content, proof)
    with ground.store() as again:  # what the account told is in the journal
        service = ground.service(again)
        assert again.hidden == 2
        for each in rest[:6]:
            if each != wanted:
                await proven(ground, service, each)
        figures = archive.figures_of(again, await service.sync())
        assert (figures.kinds["hidden"], figures.leaves) == (2, 8)


async def test_a_batch_of_which_the_log_told_a_part_is_known_in_part(ground: Ground) -> None:
    picked = await ground.pick()
    market = max(
        {each.market for each in picked.positions},
        key=lambda m: sum(each.market == m for each in picked.positions),
    )
    victims = [each for each in picked.positions if each.market == market][:6]
    rest = [each for each in picked.positions if each not in victims]
    ask = noise(ground)[0]
    with ground.store() as store:
        service = ground.service(store)
        await ground.writers(service, rest[:1])
        for fewer in range(FILLED):  # as much as leaves room for some of the events
            ground.engine.advance_slots(1)
            snapshot = ground.engine.snapshot()
            calls = [ask] * (FILLED - fewer), archived(ground, *victims)
            receipt = await ground.sender.send([*calls[0], calls[1]], [ground.key])
            events = sum(line.startswith("Program data: ") for line in receipt.logs)
            if "Log truncated" in receipt.logs and events >= 2:
                break
            ground.engine.restore(snapshot)
        await ground.writers(service, rest[1:3])
        now = await service.sync()
        assert store.tree.root == now.root
        assert 0 < store.hidden < len(victims)
        for each in rest[:3]:
            await proven(ground, service, each)


async def test_a_store_that_comes_late_archives_on_and_says_what_it_can_not_prove(tmp_path: Path) -> None:
    ground = await Ground.make(tmp_path / "store", orders=260)
    picked = await ground.pick()
    victims = two_of_one_market(picked)
    rest = [each for each in picked.positions if each not in victims]
    with ground.store() as store, archive.Store(tmp_path / "late", cluster=CLUSTER) as late:
        service, other = ground.service(store), ground.service(late)
        await ground.writers(service, rest[:2])
        await hide(ground, archived(ground, *victims))
        await ground.writers(service, rest[2:68])
        now = await other.sync()
        assert (late.sequence, late.length, late.hidden) == (now.sequence, store.length, 2)
        assert now.sequence - 3 >= archive_accounts.BUFFER  # the account has forgotten what it was
        assert late.tree.root == now.root
        for each in rest[:68]:
            await proven(ground, service, each)
        await proven(ground, other, rest[67])  # what is left of it the frontier tells
        index, _ = other.find(rest[0].owner, rest[0].market, rest[0].outcome, rest[0].kind)
        with pytest.raises(Fatal, match="Ask somebody who has followed the archive"):
            await other.prove(index)
        await ground.writers(other, rest[68:69])
        await proven(ground, other, rest[68])


async def test_a_payment_that_was_kept_out_of_the_log_is_known_by_the_account(ground: Ground) -> None:
    picked = await ground.pick()
    wanted = next(each for each in picked.positions if each.leaf == archive.LIVE)
    others = [each for each in picked.positions if each.market != wanted.market]
    with ground.store() as store:
        service = ground.service(store)
        await ground.writers(service, [wanted, *others[:2]])
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        ground.engine.advance_time(8 * 24 * 3_600)
        await ground.sender.send([ix.void(wanted.market)], [ground.key])
        given = (proof.index, proof.sequence, proof.siblings)
        ground.engine.advance_slots(1)
        fill = noise(ground)
        call = ax.redeem_archived(wanted.market, 0, leaf.content, given)
        receipt = await ground.sender.send([*fill, call], [ground.key])
        assert "Log truncated" in receipt.logs
        now = await service.sync()
        assert store.leaf(index) == archive.Leaf(archive.DONE, wanted.content)
        assert store.tree.root == now.root
        for each in (wanted, *others[:2]):
            await proven(ground, service, each)
