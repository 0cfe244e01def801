"""JSON-RPC's encodings of accounts and transactions, and its account filters."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import based58
import zstandard
from solders.message import MessageV0

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from solders.account import Account

    from ._state import Landed

__all__ = ["account_json", "decode_wire", "matches", "transaction_json"]

BASE58_LIMIT = 128
LAMPORTS_PER_SIGNATURE = 5_000


def account_json(account: Account, config: Mapping[str, Any]) -> dict[str, Any]:
    """An account as `config` ("encoding", "dataSlice") asks for it.

    Raises:
        InvalidInput: more than 128 bytes in base58, or an unknown encoding.
    """
    data = account.data
    piece = config.get("dataSlice")
    if piece is not None:
        data = data[piece["offset"] : piece["offset"] + piece["length"]]
    return {
        "lamports": account.lamports,
        "data": _encode(data, config.get("encoding") or "binary"),
        "owner": str(account.owner),
        "executable": account.executable,
        "rentEpoch": account.rent_epoch,
        "space": len(account.data),
    }


def _encode(data: bytes, encoding: str) -> str | list[str]:
    # Without a parser for the owner a node answers jsonParsed with base64, too.
    if encoding in ("base64", "jsonParsed"):
        return [base64.b64encode(data).decode(), "base64"]
    if encoding == "base64+zstd":
        packed = zstandard.ZstdCompressor().compress(data)
        return [base64.b64encode(packed).decode(), "base64+zstd"]
    if encoding not in ("base58", "binary"):
        raise InvalidInput(f"Ask for base64 or base64+zstd instead of {encoding!r}.")
    if len(data) > BASE58_LIMIT:
        raise InvalidInput("Ask for base64: base58 holds at most 128 bytes.")
    text = based58.b58encode(data).decode()
    return text if encoding == "binary" else [text, "base58"]


def decode_wire(text: str, encoding: str | None) -> bytes:
    """A transaction or a filter's bytes."""
    if encoding == "base64":
        return base64.b64decode(text)
    return based58.b58decode(text.encode())


def matches(data: bytes, filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether account data passes every filter of getProgramAccounts.

    Raises:
        InvalidInput: a filter this engine does not know.
    """
    for each in filters:
        if "dataSize" in each:
            if len(data) != each["dataSize"]:
                return False
        elif "memcmp" in each:
            compare = each["memcmp"]
            wanted = compare["bytes"]
            if isinstance(wanted, str):
                wanted = decode_wire(wanted, compare.get("encoding"))
            if not data.startswith(bytes(wanted), compare["offset"]):
                return False
        else:
            raise InvalidInput(f"Filter by dataSize or memcmp instead of {', '.join(each)}.")
    return True


def transaction_json(landed: Landed, encoding: str) -> dict[str, Any]:
    """A landed transaction as getTransaction returns it.

    Balances before and after are not recorded and come back as empty lists.
    """
    receipt, transaction = landed.receipt, landed.transaction
    body: Any
    if encoding == "json":
        body = _plain(landed)
    elif encoding == "base58":
        body = [based58.b58encode(bytes(transaction)).decode(), "base58"]
    else:
        body = [base64.b64encode(bytes(transaction)).decode(), "base64"]
    fee = LAMPORTS_PER_SIGNATURE * len(transaction.signatures)
    return {
        "slot": receipt.slot,
        "blockTime": landed.time,
        "transaction": body,
        "version": 0 if isinstance(transaction.message, MessageV0) else "legacy",
        "meta": {
            "err": receipt.err,
            "status": {"Ok": None} if receipt.err is None else {"Err": receipt.err},
            "fee": fee,
            "preBalances": [],
            "postBalances": [],
            "preTokenBalances": [],
            "postTokenBalances": [],
            "innerInstructions": None,
            "logMessages": list(receipt.logs),
            "computeUnitsConsumed": receipt.compute_units,
            "rewards": [],
            "loadedAddresses": {"writable": [], "readonly": []},
        },
    }


def _plain(landed: Landed) -> dict[str, Any]:
    message = landed.transaction.message
    header = message.header
    return {
        "signatures": [str(each) for each in landed.transaction.signatures],
        "message": {
            "header": {
                "numRequiredSignatures": header.num_required_signatures,
                "numReadonlySignedAccounts": header.num_readonly_signed_accounts,
                "numReadonlyUnsignedAccounts": header.num_readonly_unsigned_accounts,
            },
            "accountKeys": [str(key) for key in message.account_keys],
            "recentBlockhash": str(message.recent_blockhash),
            "instructions": [
                {
                    "programIdIndex": each.program_id_index,
                    "accounts": list(each.accounts),
                    "data": based58.b58encode(bytes(each.data)).decode(),
                    "stackHeight": None,
                }
                for each in message.instructions
            ],
        },
    }
