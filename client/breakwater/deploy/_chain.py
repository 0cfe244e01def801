"""Reading a cluster's histories and balances, with the node's failures as our errors."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from breakwater.chain.loader import LOADER
from breakwater.chain.queries import account_of
from breakwater.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.account import Account

    from breakwater.chain.engine import RpcEngine

__all__ = ["balance", "deployer", "owned", "signatures"]

LISTED = 1_000
PAGES = 20
OLDEST = 3
"""Lamports may have been sent to the address before; nothing else can come before the deployment."""

DEPLOY = b"\x02\0\0\0"
AUTHORITY = 7
"""Where the loader's deployment names the program's authority."""


async def owned(
    engine: RpcEngine, owner: Pubkey, *filters: tuple[int, bytes], only: int | None = None
) -> list[tuple[Pubkey, Account]]:
    """A program's accounts that hold the given bytes at the given offsets; `only` cuts their data short."""
    wanted = [
        {"memcmp": {"offset": offset, "bytes": base64.b64encode(held).decode(), "encoding": "base64"}}
        for offset, held in filters
    ]
    config: dict[str, Any] = {"encoding": "base64", "commitment": engine.commitment, "filters": wanted}
    if only is not None:
        config["dataSlice"] = {"offset": 0, "length": only}
    value = await engine.rpc.call("getProgramAccounts", str(owner), config)
    return [(Pubkey.from_string(each["pubkey"]), account_of(each["account"])) for each in value]


async def signatures(engine: RpcEngine, address: Pubkey) -> list[dict[str, Any]]:
    """The transactions that name an address, newest first, as far back as the node remembers.

    Raises:
        Fatal: there are far more than anybody needs, so the oldest are not reached.
    """
    config: dict[str, Any] = {"limit": LISTED, "commitment": _level(engine)}
    if engine.floor:
        config["minContextSlot"] = engine.floor
    found: list[dict[str, Any]] = []
    for _ in range(PAGES):
        part = await engine.rpc.call("getSignaturesForAddress", str(address), config)
        found += part
        if len(part) < LISTED:
            return found
        config["before"] = part[-1]["signature"]
    raise Fatal(f"Ask another way: more than {PAGES * LISTED} transactions name {address}.")


async def deployer(engine: RpcEngine, program: Pubkey, listed: Sequence[dict[str, Any]]) -> Pubkey | None:
    """The authority that deployed a program; None where the node has forgotten the transaction.

    `listed` is `signatures` of its programdata. What anybody else does with the address comes after it.
    """
    config = {"encoding": "base64", "commitment": _level(engine), "maxSupportedTransactionVersion": 0}
    for each in reversed([each for each in listed if each.get("err") is None][-OLDEST:]):
        found = await engine.rpc.call("getTransaction", each["signature"], config)
        if found is not None:
            wire = base64.b64decode(found["transaction"][0])
            authority = _deploying(VersionedTransaction.from_bytes(wire), program)
            if authority is not None:
                return authority
    return None


def _deploying(transaction: VersionedTransaction, program: Pubkey) -> Pubkey | None:
    keys = transaction.message.account_keys
    for each in transaction.message.instructions:
        places = bytes(each.accounts)
        ours = keys[each.program_id_index] == LOADER and bytes(each.data)[:4] == DEPLOY
        if ours and len(places) > AUTHORITY and max(places) < len(keys) and keys[places[2]] == program:
            return keys[places[AUTHORITY]]
    return None


def _level(engine: RpcEngine) -> str:
    return "finalized" if engine.commitment == "finalized" else "confirmed"


async def balance(engine: RpcEngine, address: Pubkey) -> int:
    """Lamports."""
    config = {"commitment": engine.commitment}
    return int((await engine.rpc.call("getBalance", str(address), config))["value"])
