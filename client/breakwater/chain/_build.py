"""Instructions -> signed transactions, with a compute budget, and no signature twice by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.address_lookup_table_account import AddressLookupTableAccount
    from solders.hash import Hash
    from solders.instruction import Instruction
    from solders.keypair import Keypair

__all__ = ["DEFAULT_COMPUTE", "MAX_COMPUTE", "Builder", "address_of", "shape_of"]

MAX_COMPUTE = 1_400_000
"""Compute units a transaction can ask for."""

PACKET = 1_232
"""Bytes a transaction can have."""

DEFAULT_COMPUTE = 200_000
"""Compute units the runtime allows an instruction that asks for nothing."""

REMEMBERED_BLOCKHASHES = 4


def shape_of(instructions: Sequence[Instruction]) -> tuple[object, ...]:
    """What transactions of equal cost have in common: programs, discriminators, numbers of accounts."""
    return tuple((each.program_id, bytes(each.data[:8]), len(each.accounts)) for each in instructions)


def address_of(key: Keypair) -> Pubkey:
    """A key pair's address, read instead of derived: `pubkey()` takes 30 µs."""
    return Pubkey.from_bytes(bytes(key)[32:])


class Builder:
    """Builds and signs.

    Args:
        payer: who pays the fees; None lets the first signer of each transaction pay.
        tables: address lookup tables to compress messages with.
    """

    def __init__(self, payer: Keypair | None, tables: Sequence[AddressLookupTableAccount] = ()) -> None:
        self._payer = payer
        self._tables = list(tables)
        self._made: dict[Hash, dict[bytes, int]] = {}

    def keys(self, signers: Sequence[Keypair]) -> list[Keypair]:
        """The payer and the signers, each once.

        Raises:
            InvalidInput: nobody signs.
        """
        everyone = [self._payer, *signers] if self._payer is not None else list(signers)
        if not everyone:
            raise InvalidInput("Name a signer: a transaction needs a fee payer.")
        if len(everyone) == 1:
            return everyone
        return list({address_of(each): each for each in everyone}.values())

    def build(
        self,
        instructions: Sequence[Instruction],
        signers: Sequence[Keypair],
        blockhash: Hash,
        *,
        limit: int | None,
        price: int,
    ) -> VersionedTransaction:
        """A signed transaction.

        Two equal requests under one blockhash would be one and the same transaction; the second gets a
        compute limit of one more, so that both can land.

        Args:
            instructions: what to do.
            signers: who signs besides the payer.
            blockhash: a recent one.
            limit: compute units, None for the runtime's default.
            price: micro-lamports per compute unit.

        Raises:
            InvalidInput: a signer is missing or too many, or the transaction exceeds 1,232 bytes.
        """
        keys = self.keys(signers)
        made = self._remember(blockhash)
        message = self._message(instructions, keys, blockhash, limit, price)
        first = packed = bytes(message)
        while packed in made:
            made[first] += 1
            units = DEFAULT_COMPUTE * len(instructions) if limit is None else limit
            units = units + made[first] if units + made[first] <= MAX_COMPUTE else MAX_COMPUTE - made[first]
            message = self._message(instructions, keys, blockhash, units, price)
            packed = bytes(message)
        made[packed] = 0
        # `VersionedTransaction(message, keys)` derives every public key anew, which takes as long as signing.
        by_key = {address_of(each): each for each in keys}
        try:
            signing = [
                by_key.pop(each) for each in message.account_keys[: message.header.num_required_signatures]
            ]
        except KeyError as missing:
            raise InvalidInput(f"Add the key pair of {missing.args[0]} to the signers.") from None
        if by_key:
            raise InvalidInput(f"Leave out {next(iter(by_key))}: no instruction asks it to sign.")
        to_sign = to_bytes_versioned(message)
        transaction = VersionedTransaction.populate(message, [each.sign_message(to_sign) for each in signing])
        if len(bytes(transaction)) > PACKET:
            raise InvalidInput(
                f"Split the transaction: {len(bytes(transaction))} bytes are more than {PACKET}."
            )
        return transaction

    def unsigned(
        self, instructions: Sequence[Instruction], signers: Sequence[Keypair], blockhash: Hash
    ) -> VersionedTransaction:
        """The same with the largest limit and empty signatures, to be simulated."""
        message = self._message(instructions, self.keys(signers), blockhash, MAX_COMPUTE, 0)
        count = message.header.num_required_signatures
        return VersionedTransaction.populate(message, [Signature.default()] * count)

    def _message(
        self,
        instructions: Sequence[Instruction],
        keys: Sequence[Keypair],
        blockhash: Hash,
        limit: int | None,
        price: int,
    ) -> Message | MessageV0:
        budget: list[Instruction] = []
        if not any(each.program_id == COMPUTE_BUDGET for each in instructions):
            if limit is not None:
                budget.append(set_compute_unit_limit(limit))
            if price:
                budget.append(set_compute_unit_price(price))
        payer = address_of(keys[0])
        if self._tables:
            return MessageV0.try_compile(payer, [*budget, *instructions], self._tables, blockhash)
        return Message.new_with_blockhash([*budget, *instructions], payer, blockhash)

    def _remember(self, blockhash: Hash) -> dict[bytes, int]:
        made = self._made.get(blockhash)
        if made is None:
            made = self._made[blockhash] = {}
            if len(self._made) > REMEMBERED_BLOCKHASHES:
                del self._made[next(iter(self._made))]
        return made
