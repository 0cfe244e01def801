"""The archive on the shipped programs: off the chain, back to the byte, every wrong proof refused by name."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import pytest_asyncio
from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import archive
from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError

from .archive_ground import CLUSTER, Ground


@pytest_asyncio.fixture
async def ground(tmp_path: Path) -> Ground:
    return await Ground.make(tmp_path / "store")


def live(picked: archive.Picked) -> list[archive.Candidate]:
    """Positions that can come back."""
    return [each for each in picked.positions if each.leaf == archive.LIVE]


async def test_everything_that_is_old_is_archived_and_the_rent_goes_to_its_owner(ground: Ground) -> None:
    picked = await ground.pick()
    first = picked.positions[0]
    before = ground.engine.get_account(first.owner)
    rents = sum(
        account.lamports
        for each in picked.positions
        if each.owner == first.owner and (account := ground.engine.get_account(each.address))
    )
    with ground.store() as store:
        done = await ground.service(store).prune(ground.sender, ground.key, picked)
        assert (done.positions, done.failed, store.pending) == (len(picked.positions), {}, 0)
        assert all(ground.engine.get_account(each.address) is None for each in picked.positions)
        now = await ground.service(store).sync()
        assert (now.length, now.claims) == (
            len(picked.positions) + len(picked.markets),
            len(live(picked)),
        )
    after = ground.engine.get_account(first.owner)
    assert before is not None
    assert after is not None
    assert after.lamports - before.lamports == rents
    assert not (await ground.pick()).positions


async def test_a_position_comes_back_to_the_byte_once(ground: Ground) -> None:
    picked = await ground.pick()
    wanted = live(picked)[0]
    old = ground.engine.get_account(wanted.address)
    assert old is not None
    with ground.store() as store:
        service = ground.service(store)
        await service.prune(ground.sender, ground.key, picked)
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        assert leaf == archive.Leaf(archive.LIVE, wanted.content)
        _, proof = await service.prove(index)
        await service.verify(proof, ground.key.pubkey())
        key = ground.owner_of(wanted)
        await service.restore(ground.sender, key, leaf.content, proof)
        back = ground.engine.get_account(wanted.address)
        assert back is not None
        assert (back.data, back.lamports, back.owner) == (old.data, old.lamports, old.owner)
        assert store.leaf(index).kind == archive.SPENT
        with pytest.raises(ProgramError) as again:
            await service.restore(ground.sender, key, leaf.content, proof)
        assert again.value.name == "AccountAlreadyInUse"
        with pytest.raises(ProgramError) as spent:
            await service.verify(proof, ground.key.pubkey())
        assert spent.value.name == "LeafSpent"
        # archived again it has another leaf, and the address is free: the first leaf is still spent
        await service.prune(ground.sender, ground.key, await ground.pick())
        assert service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)[0] > index
        _, empty = await service.prove(index)
        for late in (proof, empty):
            with pytest.raises(ProgramError) as twice:
                await service.restore(ground.sender, key, leaf.content, late)
            assert twice.value.name == "LeafSpent"


async def test_each_wrong_proof_is_refused_with_its_own_error(ground: Ground) -> None:
    picked = await ground.pick()
    with ground.store() as store:
        service = ground.service(store)
        await service.prune(ground.sender, ground.key, archive.Picked(picked.positions[:40]))
        wanted = next(each for each in live(picked) if each in picked.positions[:40])
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        key, siblings = ground.owner_of(wanted), proof.siblings
        stranger = next(each for each in ground.population.traders if each.pubkey() != wanted.owner)
        wrong = {
            "WrongProof": dataclasses.replace(proof, siblings=(bytes(32), *siblings[1:])),
            "TruncatedProof": dataclasses.replace(proof, siblings=siblings[:-1]),
            "OverlongProof": dataclasses.replace(proof, siblings=(*siblings, bytes(32))),
            "UnknownRoot": dataclasses.replace(proof, sequence=proof.sequence + 1),
            "LeafOutOfRange": dataclasses.replace(proof, index=store.length),
        }
        for name, bad in wrong.items():
            with pytest.raises(ProgramError) as refused:
                await service.restore(ground.sender, key, leaf.content, bad)
            assert refused.value.name == name
            with pytest.raises(ProgramError) as unverified:
                await service.verify(bad, ground.key.pubkey())
            assert unverified.value.name == name
        more = leaf.content[:64] + (10**15).to_bytes(8, "little") + leaf.content[72:]
        with pytest.raises(ProgramError) as refused:
            await service.restore(ground.sender, key, more, proof)
        assert refused.value.name == "WrongProof"
        with pytest.raises(ProgramError) as refused:
            await steal(ground, stranger, leaf.content, proof)
        assert refused.value.name == "PositionOfAnotherTrader"
        assert store.leaf(index).kind == archive.LIVE


async def steal(ground: Ground, thief: Keypair, content: bytes, proof: archive.Proof) -> None:
    """Restore another owner's leaf with one's own key and trader."""
    trader = at.trader(thief.pubkey())
    own = bytes(trader) + content[32:]
    given = (proof.index, proof.sequence, proof.siblings)
    right = ax.restore_position(thief.pubkey(), 0, own, given)
    theirs = ax.restore_position(thief.pubkey(), 0, content, given)
    await ground.sender.send([Instruction(right.program_id, theirs.data, right.accounts)], [thief])


async def test_a_proof_is_good_for_63_changes_of_other_writers_and_then_stale(tmp_path: Path) -> None:
    ground = await Ground.make(tmp_path / "store", orders=260)
    picked = await ground.pick()
    wanted = live(picked)[0]
    rest = [each for each in picked.positions if each != wanted]
    with ground.store() as mine, archive.Store(tmp_path / "theirs", cluster=CLUSTER) as others:
        service, theirs = ground.service(mine), ground.service(others)
        await ground.writers(service, [wanted, *rest[:3]])
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        for number, each in enumerate(rest[3:66], start=1):
            await ground.writers((service, theirs)[number % 2], [each])
            await service.verify(proof, ground.key.pubkey())
        assert (await service.sync()).sequence - proof.sequence == 63
        await theirs.sync()
        assert theirs.store.tree.root == mine.tree.root
        await ground.writers(theirs, rest[66:67])
        with pytest.raises(ProgramError) as stale:
            await service.restore(ground.sender, ground.owner_of(wanted), leaf.content, proof)
        assert stale.value.name == "StaleProof"
        _, fresh = await service.prove(index)
        await service.restore(ground.sender, ground.owner_of(wanted), leaf.content, fresh)
    assert ground.engine.get_account(wanted.address) is not None


async def test_a_store_is_made_from_the_chain_alone(ground: Ground, tmp_path: Path) -> None:
    picked = await ground.pick()
    with ground.store() as store:
        service = ground.service(store)
        await service.prune(ground.sender, ground.key, picked)
        wanted = live(picked)[0]
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        await service.restore(ground.sender, ground.owner_of(wanted), leaf.content, proof)
        with archive.Store(tmp_path / "fresh", cluster=CLUSTER) as fresh:
            now = await ground.service(fresh).sync()
            assert list(fresh) == list(store)
            assert fresh.tree.root == store.tree.root == now.root
            assert (fresh.sequence, fresh.length) == (store.sequence, store.length)
            assert fresh.size["journal"] < store.size["journal"] * 2


async def test_an_exchange_that_moved_takes_its_archive_along(ground: Ground, tmp_path: Path) -> None:
    picked = await ground.pick()
    wanted = live(picked)[0]
    with ground.store() as store:
        await ground.service(store).prune(ground.sender, ground.key, picked)
    state = archive.unpack(archive.pack(await archive.read_state(ground.engine)))
    elsewhere = EmbeddedEngine(programs.embedded_programs(), start_slot=state.slot, start_time=state.time)
    for each in state.accounts:
        held = Account(each.lamports, each.data, Pubkey.from_bytes(each.owner))
        elsewhere.set_account(Pubkey.from_bytes(each.address), held)
    assert (await archive.read_state(elsewhere)).root == state.root
    with ground.store() as old, archive.Store(tmp_path / "new", cluster="elsewhere") as new:
        new.take_over(old)
        service = archive.Archive(elsewhere, new)
        index, leaf = service.find(wanted.owner, wanted.market, wanted.outcome, wanted.kind)
        _, proof = await service.prove(index)
        key = ground.owner_of(wanted)
        await elsewhere.airdrop(key.pubkey(), 10**9)
        await service.restore(Sender(elsewhere), key, leaf.content, proof)
        assert new.leaf(index).kind == archive.SPENT
    back = elsewhere.get_account(wanted.address)
    assert back is not None
    assert back.data[8:] == wanted.content


async def test_a_market_is_archived_and_its_result_proven(ground: Ground) -> None:
    with ground.store() as store:
        service = ground.service(store)
        await service.prune(ground.sender, ground.key, await ground.pick())
        picked = await ground.pick()
        assert picked.markets
        done = await service.prune(ground.sender, ground.key, picked)
        assert done.markets == len(picked.markets)
        number, _, content = picked.markets[0]
        index, leaf = service.find_market(number)
        assert leaf == archive.Leaf(archive.MARKET, content)
        _, proof = await service.prove(index)
        await service.verify(proof, ground.key.pubkey())
    assert ground.engine.get_account(at.market(number)) is None


async def test_only_what_the_rules_allow_is_picked(ground: Ground) -> None:
    books = await archive.read_exchange(ground.engine, None)
    everything = archive.pick(books, ground.key.pubkey())
    assert set(everything.refused) <= {"secures a loan"}
    owner = everything.positions[0].owner
    mine = archive.pick(await archive.read_exchange(ground.engine, owner), owner)
    assert {each.owner for each in mine.positions} == {owner}
    assert {each.address for each in mine.positions} == {
        each.address for each in everything.positions if each.owner == owner
    }
    only = archive.pick(books, ground.key.pubkey(), market=everything.positions[0].market)
    assert {each.market for each in only.positions} == {everything.positions[0].market}


async def test_what_was_never_archived_is_not_found(ground: Ground) -> None:
    with ground.store() as store:
        service = ground.service(store)
        with pytest.raises(InvalidInput, match="is not archived"):
            service.find(ground.key.pubkey(), 1, 0, 0)
        with pytest.raises(InvalidInput, match="99 is not archived"):
            service.find_market(99)
        with pytest.raises(InvalidInput, match="has no leaf 5"):
            await service.prove(5)
