"""A transaction somebody else has signed, read before anything is done with it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.message import MessageV0
from solders.transaction import SanitizeError, VersionedTransaction

from breakwater.chain import addresses as at

from .faults import Refusal

if TYPE_CHECKING:
    from solders.pubkey import Pubkey
    from solders.signature import Signature

__all__ = ["PACKET", "Signed", "parse", "read_wire", "signed"]

PACKET: Final = 1_232
"""Bytes a transaction can have."""

OURS: Final = frozenset({at.EXCHANGE, at.ORACLE})
ALLOWED: Final = OURS | {COMPUTE_BUDGET}


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction whose signatures are valid and which calls only what we relay."""

    transaction: VersionedTransaction
    wire: bytes

    @property
    def signature(self) -> Signature:
        """The first signature, which names the transaction everywhere."""
        return self.transaction.signatures[0]

    @property
    def accounts(self) -> list[Pubkey]:
        """Every account it names."""
        return list(self.transaction.message.account_keys)


def parse(text: str) -> VersionedTransaction:
    """Base64 -> a well-formed transaction, whoever signed it.

    Raises:
        Refusal: it is not.
    """
    try:
        wire = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("InvalidBase64", "Encode the transaction in standard base64.") from None
    return read_wire(wire)


def read_wire(wire: bytes) -> VersionedTransaction:
    """Bytes -> a well-formed transaction.

    Raises:
        Refusal: it is not.
    """
    if len(wire) > PACKET:
        raise _bad("TransactionTooLarge", f"Split the transaction: {len(wire)} bytes are more than {PACKET}.")
    try:
        transaction = VersionedTransaction.from_bytes(wire)
        transaction.sanitize()
    except (ValueError, SanitizeError):
        raise _bad("InvalidTransaction", "Send the bytes of one whole transaction.") from None
    # the parser stops where a transaction ends: what follows would be neither checked nor signed
    if bytes(transaction) != wire:
        raise _bad("InvalidTransaction", "Send the bytes of one whole transaction and nothing after them.")
    return transaction


def signed(text: str) -> Signed:
    """Base64 -> a transaction that may be relayed.

    Raises:
        Refusal: it is malformed, not signed by everybody it names, or calls another program.
    """
    transaction = parse(text)
    message = transaction.message
    if isinstance(message, MessageV0) and message.address_table_lookups:
        raise _bad("LookupTableUsed", "Name every account in the transaction itself, without lookup tables.")
    keys = message.account_keys
    called = {keys[each.program_id_index] for each in message.instructions}
    if foreign := called - ALLOWED:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "ForeignProgram",
            f"Call only the exchange, the oracle and the compute budget: {min(map(str, foreign))} is none.",
        )
    if not called & OURS:
        raise _bad("EmptyTransaction", "Put at least one instruction of the exchange into the transaction.")
    if not transaction.signatures or not all(transaction.verify_with_results()):
        raise _bad("SignatureFailure", "Sign with every key the message asks for, after the last change.")
    return Signed(transaction, bytes(transaction))


def _bad(name: str, message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, name, message)
