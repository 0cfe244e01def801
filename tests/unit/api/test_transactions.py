"""What is relayed: whole transactions, signed by everybody, that call nothing but our programs."""

from __future__ import annotations

import base64
from http import HTTPStatus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

from breakwater.api.faults import Refusal
from breakwater.api.transactions import signed
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix

KEY = Keypair.from_seed(b"k" * 32)
OWNER = KEY.pubkey()
BUY = ix.buy(OWNER, 1, 0, 5, 9)


def wire(*instructions: Instruction) -> bytes:
    message = Message.new_with_blockhash(list(instructions), OWNER, Hash.default())
    return bytes(VersionedTransaction(message, [KEY]))


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_an_order_with_its_compute_budget_passes() -> None:
    found = signed(text(wire(set_compute_unit_limit(9), ix.create_position(OWNER, 1, 0, 0), BUY)))
    assert found.signature == found.transaction.signatures[0]
    assert at.market(1) in found.accounts


def test_a_versioned_message_passes() -> None:
    message = MessageV0.try_compile(OWNER, [BUY], [], Hash.default())
    assert signed(text(bytes(VersionedTransaction(message, [KEY])))).accounts[0] == OWNER


def unsigned() -> bytes:
    message = Message.new_with_blockhash([BUY], OWNER, Hash.default())
    return bytes(VersionedTransaction.populate(message, [Signature.default()]))


def without_signatures() -> bytes:
    message = Message.new_with_blockhash([BUY], OWNER, Hash.default())
    return bytes(VersionedTransaction.populate(message, []))


def changed() -> bytes:
    raw = bytearray(wire(BUY))
    raw[-1] ^= 1
    return bytes(raw)


def with_a_table() -> bytes:
    table = AddressLookupTableAccount(Pubkey.new_unique(), [at.market(1)])
    message = MessageV0.try_compile(OWNER, [BUY], [table], Hash.default())
    return bytes(VersionedTransaction(message, [KEY]))


def too_long() -> bytes:
    accounts = [AccountMeta(Pubkey.new_unique(), False, False) for _ in range(40)]
    return wire(Instruction(at.EXCHANGE, b"", accounts))


PAY = transfer(TransferParams(from_pubkey=OWNER, to_pubkey=Pubkey.new_unique(), lamports=1))


@pytest.mark.parametrize(
    ("given", "status", "name"),
    [
        ("", 400, "InvalidTransaction"),
        ("%%%%", 400, "InvalidBase64"),
        ("AAA", 400, "InvalidBase64"),
        ("ÄÖÜ=", 400, "InvalidBase64"),
        (text(b"\xff" * 100), 400, "InvalidTransaction"),
        (text(wire(BUY)[:-1]), 400, "InvalidTransaction"),
        (text(wire(BUY) + b"\0"), 400, "InvalidTransaction"),
        (text(without_signatures()), 400, "InvalidTransaction"),
        (text(too_long()), 400, "TransactionTooLarge"),
        (text(unsigned()), 400, "SignatureFailure"),
        (text(changed()), 400, "SignatureFailure"),
        (text(with_a_table()), 400, "LookupTableUsed"),
        (text(wire(set_compute_unit_limit(9))), 400, "EmptyTransaction"),
        (text(wire()), 400, "EmptyTransaction"),
        (text(wire(BUY, PAY)), 403, "ForeignProgram"),
        (text(wire(PAY)), 403, "ForeignProgram"),
    ],
)
def test_anything_else_is_refused_by_name(given: str, status: int, name: str) -> None:
    with pytest.raises(Refusal) as caught:
        signed(given)
    assert (caught.value.name, caught.value.status) == (name, HTTPStatus(status))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_bytes_do_anything_but_be_refused(data: st.DataObject) -> None:
    """A valid order with bytes changed anywhere, or any bytes at all, is a refusal and nothing worse."""
    if data.draw(st.booleans()):
        raw = bytearray(wire(set_compute_unit_limit(9), BUY))
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] ^= data.draw(st.integers(1, 255))
    else:
        raw = bytearray(data.draw(st.binary(max_size=300)))
    with pytest.raises(Refusal):
        signed(text(bytes(raw)))
