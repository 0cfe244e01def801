"""Reading and simulating through any engine, with the node's silence turned into our errors.

For values that no transaction is sent for; what is sent goes through `sender`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from solana.exceptions import SolanaRpcException
from solana.rpc.core import RPCException
from solana.rpc.types import MemcmpOpts
from solders.account import Account
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from breakwater.errors import Fatal, NodeBehind, RateLimited, Unreachable

from . import programs
from ._build import MAX_COMPUTE, PACKET
from ._embedded import EmbeddedEngine
from ._program_errors import error_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solders.instruction import Instruction

    from ._rpc import RpcEngine
    from .engine import Engine
    from .events import Event

__all__ = [
    "PACKET",
    "account_of",
    "answers",
    "genesis_hash",
    "owned",
    "read",
    "read_accounts",
    "simulate",
    "size",
]

PER_CALL = 100
SLOT_S = 0.2
"""Between two looks at the slot; it lasts 0.4 s."""
SLOT_WAITS = 100


@contextmanager
def answers() -> Iterator[None]:
    """Turn what solana-py raises into this package's errors."""
    try:
        yield
    except SolanaRpcException as error:
        cause = error.__cause__
        if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code == 429:
            raise RateLimited("Slow down: the node limits requests.") from error
        raise Unreachable(f"Check the connection to the node: {type(cause).__name__}.") from error
    except RPCException as error:
        raise Fatal(f"Look at the node: it answers {error}.") from error


async def read(engine: Engine, addresses: Sequence[Pubkey]) -> list[bytes | None]:
    """The data of accounts, in order; None where there is none."""
    found: list[bytes | None] = []
    for i in range(0, len(addresses), PER_CALL):
        with answers():
            part = await engine.client.get_multiple_accounts(list(addresses[i : i + PER_CALL]))
        found += [None if each is None else bytes(each.data) for each in part.value]
    return found


async def read_accounts(
    engine: EmbeddedEngine | RpcEngine, addresses: Sequence[Pubkey]
) -> list[Account | None]:
    """Whole accounts, in order, None where there is none; up to 100 of them are of the same slot.

    Raises:
        NodeBehind: whoever answers has not come to the engine's `floor` for a while.
    """
    if isinstance(engine, EmbeddedEngine):
        return [engine.get_account(each) for each in addresses]
    found: list[Account | None] = []
    for i in range(0, len(addresses), PER_CALL):
        part = [str(each) for each in addresses[i : i + PER_CALL]]
        found += [None if each is None else account_of(each) for each in await _accounts(engine, part)]
    return found


async def _accounts(engine: RpcEngine, addresses: Sequence[str]) -> list[Any]:
    """As of the engine's floor or later, also where a node, or what is before it, takes no notice of that."""
    config: dict[str, Any] = {"encoding": "base64", "commitment": engine.commitment}
    if engine.floor:
        config["minContextSlot"] = engine.floor
    for _ in range(SLOT_WAITS):
        answer = await engine.rpc.call("getMultipleAccounts", addresses, config)
        if answer["context"]["slot"] >= engine.floor:
            return list(answer["value"])
        await asyncio.sleep(SLOT_S)
    raise NodeBehind(f"Run it again in a moment: the node has not come to slot {engine.floor} yet.")


def account_of(value: dict[str, Any]) -> Account:
    """An account as a node encodes it, in base64."""
    return Account(
        value["lamports"],
        base64.b64decode(value["data"][0]),
        Pubkey.from_string(value["owner"]),
        value["executable"],
        value.get("rentEpoch") or 0,
    )


async def owned(engine: Engine, program: Pubkey, *filters: tuple[int, str]) -> list[tuple[Pubkey, bytes]]:
    """A program's accounts that hold the given base58 bytes at the given offsets."""
    with answers():
        found = await engine.client.get_program_accounts(
            program, encoding="base64", filters=[MemcmpOpts(offset, text) for offset, text in filters]
        )
    return [(each.pubkey, bytes(each.account.data)) for each in found.value]


async def genesis_hash(engine: EmbeddedEngine | RpcEngine) -> str:
    """What tells clusters apart, whatever their addresses are called."""
    return engine.name if isinstance(engine, EmbeddedEngine) else str(await engine.rpc.call("getGenesisHash"))


async def simulate(
    engine: Engine, instructions: Sequence[Instruction], payer: Pubkey, *, after_slot: int = 0
) -> list[Event]:
    """The events of what the instructions would do now; nobody signs and nothing is sent.

    Args:
        engine: where.
        instructions: what to do.
        payer: pays the fees.
        after_slot: simulate in a later slot than this one, as a transaction would land: a node simulates in
            its newest one, which may still be that of a purchase. A chain without a clock of its own is not
            waited for.

    Raises:
        ProgramError, TransactionRejected, InsufficientFunds: it would be refused.
        Retryable: the node does not answer.
    """
    await _passed(engine, after_slot)
    unsigned = _unsigned(instructions, payer, (await engine.latest_blockhash()).hash)
    with answers():
        answer = await engine.client.simulate_transaction(unsigned)
    value = json.loads(answer.to_json())["result"]["value"]
    logs = value["logs"] or ()
    if value["err"] is not None:
        raise error_from(value["err"], logs=logs, programs=programs.error_names())
    return programs.event_decoder().decode(logs)


async def _passed(engine: Engine, slot: int) -> None:
    if slot and not isinstance(engine, EmbeddedEngine):
        for _ in range(SLOT_WAITS):
            if await engine.slot() > slot:
                break
            await asyncio.sleep(SLOT_S)


def size(instructions: Sequence[Instruction], payer: Pubkey) -> int:
    """Bytes of the transaction that does this, compute budget included; at most `PACKET` can be sent."""
    budget = [set_compute_unit_limit(MAX_COMPUTE), set_compute_unit_price(1)]
    return len(bytes(_unsigned([*budget, *instructions], payer, Hash.default())))


def _unsigned(instructions: Sequence[Instruction], payer: Pubkey, blockhash: Hash) -> VersionedTransaction:
    message = Message.new_with_blockhash(list(instructions), payer, blockhash)
    empty = [Signature.default()] * message.header.num_required_signatures
    return VersionedTransaction.populate(message, empty)
