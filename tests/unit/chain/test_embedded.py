"""The embedded engine's own rules: time, duplicates, expiry, snapshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from solders.account import Account
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from breakwater.chain.engine import EmbeddedEngine, Engine, open_engine
from breakwater.errors import InsufficientFunds, InvalidInput

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair

START = 1_700_000_000
SOL = 10**9


def pay(source: Keypair, target: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=lamports))


def signed(engine: EmbeddedEngine, source: Keypair, target: Pubkey, lamports: int = SOL) -> Transaction:
    message = Message([pay(source, target, lamports)], source.pubkey())
    return Transaction([source], message, engine.clock.blockhash.hash)


def test_it_is_an_engine(engine: EmbeddedEngine) -> None:
    assert isinstance(engine, Engine)


def test_a_transfer_lands_with_its_receipt(engine: EmbeddedEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    tx = signed(engine, payer, target)

    receipt = engine.execute(tx)

    assert receipt.err is None
    assert receipt.signature == tx.signatures[0]
    assert receipt.compute_units == 150
    assert receipt.logs[-1] == "Program 11111111111111111111111111111111 success"
    assert engine.svm.get_balance(target) == SOL


def test_a_transaction_lands_once(engine: EmbeddedEngine, payer: Keypair) -> None:
    tx = signed(engine, payer, Pubkey.new_unique())
    engine.execute(tx)
    assert engine.execute(tx).err == "AlreadyProcessed"
    engine.advance_slots()
    assert engine.execute(tx).err == "AlreadyProcessed"


def test_duplicates_are_known_after_thousands_of_others(engine: EmbeddedEngine, payer: Keypair) -> None:
    first = signed(engine, payer, Pubkey.new_unique())
    engine.execute(first)
    for lamports in range(100):  # LiteSVM itself remembers 32
        engine.execute(signed(engine, payer, payer.pubkey(), lamports))
    assert engine.execute(first).err == "AlreadyProcessed"


def test_a_blockhash_lasts_150_slots(engine: EmbeddedEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    last, late = signed(engine, payer, target, 1 * SOL), signed(engine, payer, target, 2 * SOL)
    engine.advance_slots(150)
    assert engine.execute(last).err is None
    engine.advance_slots()
    assert engine.execute(late).err == "BlockhashNotFound"


def test_a_wrong_signature_is_refused(engine: EmbeddedEngine, payer: Keypair) -> None:
    good = signed(engine, payer, Pubkey.new_unique())
    forged = Transaction.populate(good.message, [payer.sign_message(b"something else")])
    assert engine.execute(forged).err == "SignatureFailure"
    assert engine.execute(good).err is None


def test_a_failed_transaction_pays_unless_preflighted(engine: EmbeddedEngine, payer: Keypair) -> None:
    before = engine.svm.get_balance(payer.pubkey()) or 0
    tx = signed(engine, payer, Pubkey.new_unique(), 10**18)

    refused = engine.execute(tx, preflight=True)
    assert refused.err == {"InstructionError": [0, {"Custom": 1}]}
    assert engine.svm.get_balance(payer.pubkey()) == before
    assert engine.landed(refused.signature) is None

    landed = engine.execute(tx)
    assert landed.err == refused.err
    assert engine.svm.get_balance(payer.pubkey()) == before - 5_000
    assert engine.landed(landed.signature) is not None


def test_equal_airdrops_are_two(engine: EmbeddedEngine) -> None:
    key = Pubkey.new_unique()
    assert engine.fund(key, SOL).signature != engine.fund(key, SOL).signature
    assert engine.svm.get_balance(key) == 2 * SOL
    with pytest.raises(InsufficientFunds):
        engine.fund(key, 10**18)


async def test_slots_and_time_move_together(engine: EmbeddedEngine) -> None:
    assert (await engine.slot(), await engine.now()) == (1, START)
    engine.advance_slots(10)
    assert (await engine.slot(), await engine.now()) == (11, START + 4)
    engine.advance_time(60)
    assert (await engine.slot(), await engine.now()) == (161, START + 64)
    engine.set_time(START + 10**6)
    assert (await engine.slot(), await engine.now()) == (161, START + 10**6)
    assert engine.svm.get_clock().unix_timestamp == START + 10**6
    assert engine.svm.get_clock().slot == 161


def test_a_season_passes_at_once(engine: EmbeddedEngine) -> None:
    engine.warp(38_880_000)
    clock = engine.svm.get_clock()
    assert (clock.slot, clock.epoch) == (38_880_000, 90)
    assert len(engine.clock.slot_hashes) == 512
    with pytest.raises(ValueError, match="forward"):
        engine.warp(1)


def test_snapshots_nest_and_repeat(engine: EmbeddedEngine, payer: Keypair) -> None:
    old, new, kept = Pubkey.new_unique(), Pubkey.new_unique(), Pubkey.new_unique()
    engine.set_account(kept, Account(SOL, b"first", SYSTEM))
    engine.execute(signed(engine, payer, old, SOL))
    outer, blockhash, slot = engine.snapshot(), engine.clock.blockhash, engine.clock.slot
    engine.advance_slots(3)
    engine.execute(signed(engine, payer, new, SOL))
    inner = engine.snapshot()
    engine.set_account(kept, Account(SOL, b"second", SYSTEM))
    spend = signed(engine, payer, old, 5 * SOL)

    for _ in range(2):
        assert engine.execute(spend).err is None
        engine.restore(inner)
        assert engine.svm.get_balance(old) == SOL
        assert engine.svm.get_balance(new) == SOL

    engine.restore(outer)
    assert engine.get_account(new) is None
    assert engine.clock.blockhash == blockhash
    assert engine.svm.get_clock().slot == slot

    engine.restore(inner)  # forwards again
    account = engine.get_account(kept)
    assert account is not None
    assert account.data == b"first"
    assert engine.svm.get_balance(new) == SOL


def test_a_dropped_address_can_be_created_again(engine: EmbeddedEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    start = engine.snapshot()
    tx = signed(engine, payer, target, SOL)
    assert engine.execute(tx).err is None
    engine.restore(start)
    assert engine.execute(tx).err is None
    assert engine.svm.get_balance(target) == SOL


def test_reset_forgets_everything_but_the_programs(engine: EmbeddedEngine, payer: Keypair) -> None:
    genesis = engine.clock.genesis_hash
    engine.advance_slots(1_000)
    engine.reset()
    assert engine.get_account(payer.pubkey()) is None
    assert (engine.clock.slot, engine.clock.unix_timestamp) == (1, START)
    assert engine.clock.genesis_hash == genesis
    assert not engine.history


def test_two_engines_run_alike() -> None:
    runs = []
    for _ in range(2):
        engine = EmbeddedEngine(start_time=START)
        engine.advance_slots(7)
        runs.append((engine.clock.blockhash, engine.fund(Pubkey.from_string("1" * 31 + "2"), SOL)))
    assert runs[0] == runs[1]


def test_listeners_hear_what_landed(engine: EmbeddedEngine, payer: Keypair) -> None:
    heard = []
    engine.on_landed.append(lambda landed: heard.append(landed.receipt))
    receipt = engine.execute(signed(engine, payer, Pubkey.new_unique()))
    assert heard == [receipt]


async def test_open_engine_knows_its_names() -> None:
    async with open_engine("embedded", start_time=START) as engine:
        assert await engine.now() == START
    with pytest.raises(InvalidInput, match="Name an engine"):
        async with open_engine("moon"):
            pass
