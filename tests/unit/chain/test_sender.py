"""The sender on the embedded engine: order of results, uniqueness, errors by name."""

from __future__ import annotations

import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.sender import Sender
from breakwater.errors import InsufficientFunds, InvalidInput, ProgramError

SOL = 10**9


def pay(source: Keypair, target: Pubkey, lamports: int = SOL) -> Instruction:
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=lamports))


async def test_results_keep_their_places(engine: EmbeddedEngine, sender: Sender, payer: Keypair) -> None:
    targets = [Pubkey.new_unique() for _ in range(300)]
    amounts = [10**18 if i % 7 == 3 else SOL + i for i in range(300)]
    engine.fund(payer.pubkey(), 1_000 * SOL)

    results = await sender.send_many(
        [([pay(payer, target, amount)], []) for target, amount in zip(targets, amounts, strict=True)]
    )

    for target, amount, result in zip(targets, amounts, results, strict=True):
        if amount == 10**18:
            assert isinstance(result, ProgramError)
            assert (result.name, result.code) == ("ResultWithNegativeLamports", 1)
        else:
            assert isinstance(result, Receipt)
            assert engine.svm.get_balance(target) == amount


async def test_equal_requests_are_as_many_transactions(engine: EmbeddedEngine, sender: Sender) -> None:
    target = Pubkey.new_unique()
    payer = Keypair()
    engine.fund(payer.pubkey(), 1_000 * SOL)
    results = await sender.send_many([([pay(payer, target)], [payer])] * 20)
    assert len({each.signature for each in results if isinstance(each, Receipt)}) == 20
    assert engine.svm.get_balance(target) == 20 * SOL


async def test_the_first_signer_pays_where_no_payer_is_set(engine: EmbeddedEngine) -> None:
    key, target = Keypair(), Pubkey.new_unique()
    engine.fund(key.pubkey(), 2 * SOL)
    await Sender(engine).send([pay(key, target)], [key])
    assert engine.svm.get_balance(key.pubkey()) == SOL - 5_000


async def test_budget_instructions_lead(engine: EmbeddedEngine, payer: Keypair) -> None:
    sender = Sender(engine, payer, priority_fee=7, compute_limit=1_000)
    receipt = await sender.send([pay(payer, Pubkey.new_unique())])
    landed = engine.landed(receipt.signature)
    assert landed is not None
    data = [bytes(each.data) for each in landed.transaction.message.instructions]
    assert data[:2] == [bytes(set_compute_unit_limit(1_000).data), bytes(set_compute_unit_price(7).data)]


async def test_a_budget_of_the_callers_own_is_left_alone(sender: Sender, payer: Keypair) -> None:
    receipt = await sender.send([set_compute_unit_limit(5_000), pay(payer, Pubkey.new_unique())])
    assert receipt.compute_units == 300


async def test_too_small_a_limit_is_named(sender: Sender, payer: Keypair) -> None:
    with pytest.raises(ProgramError) as caught:
        await sender.send([pay(payer, Pubkey.new_unique())], compute_limit=200)
    assert caught.value.name == "ComputationalBudgetExceeded"


async def test_a_poor_payer_is_told_so(engine: EmbeddedEngine) -> None:
    key = Keypair()
    with pytest.raises(InsufficientFunds, match="Fund the fee payer"):
        await Sender(engine, key).send([pay(key, Pubkey.new_unique())])


async def test_signers_must_fit(engine: EmbeddedEngine, sender: Sender, payer: Keypair) -> None:
    other = Keypair()
    with pytest.raises(InvalidInput, match="Add the key pair"):
        await sender.send([pay(other, payer.pubkey())])
    with pytest.raises(InvalidInput, match="Leave out"):
        await sender.send([pay(payer, other.pubkey())], [other])
    with pytest.raises(InvalidInput, match="Name a signer"):
        await Sender(engine).send([pay(payer, other.pubkey())])


async def test_a_transaction_must_fit_a_packet(sender: Sender) -> None:
    accounts = [AccountMeta(Pubkey.new_unique(), is_signer=False, is_writable=False) for _ in range(33)]
    with pytest.raises(InvalidInput, match="Split the transaction"):
        await sender.send([Instruction(Pubkey.new_unique(), b"x" * 100, accounts)])


async def test_preflight_saves_the_fee(engine: EmbeddedEngine, payer: Keypair) -> None:
    before = engine.svm.get_balance(payer.pubkey()) or 0
    for preflight, fee in ((True, 0), (False, 5_000)):
        with pytest.raises(ProgramError):
            await Sender(engine, payer, preflight=preflight).send([pay(payer, Pubkey.new_unique(), 10**18)])
        assert engine.svm.get_balance(payer.pubkey()) == before - fee
