"""The JSON-RPC methods of the embedded engine, each a function of the engine and the request's parameters."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solders.hash import Hash
from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata

from ._meta import err_of, return_data_of
from ._slots import MAX_AGE, SLOTS_PER_EPOCH
from ._ui import LAMPORTS_PER_SIGNATURE, account_json, decode_wire, matches, transaction_json

if TYPE_CHECKING:
    from solders.account import Account

    from ._embedded import EmbeddedEngine
    from ._types import Receipt

__all__ = ["METHODS", "RpcFault", "preflight_fault"]

Config = Mapping[str, Any]
NO_CONFIG: Config = {}
MAX_ACCOUNTS = 100
MAX_STATUSES = 256
PACKET = 1_232


class RpcFault(Exception):  # noqa: N818 - a message, not a failure of ours
    """A JSON-RPC error on its way out."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def preflight_fault(receipt: Receipt) -> RpcFault:
    """What a node says when the preflight simulation fails."""
    data = {
        "err": receipt.err,
        "logs": list(receipt.logs),
        "accounts": None,
        "unitsConsumed": receipt.compute_units,
        "returnData": None,
        "innerInstructions": None,
        "replacementBlockhash": None,
    }
    return RpcFault(-32002, f"Transaction simulation failed: {receipt.err}", data)


def _in_context(engine: EmbeddedEngine, value: Any) -> dict[str, Any]:
    return {"context": {"slot": engine.clock.slot, "apiVersion": VERSION}, "value": value}


VERSION = "2.2.0"


def _account(engine: EmbeddedEngine, key: str, config: Config | None) -> Any:
    account = engine.get_account(Pubkey.from_string(key))
    return None if account is None else account_json(account, config or NO_CONFIG)


def _get_account_info(engine: EmbeddedEngine, key: str, config: Config | None = None) -> Any:
    return _in_context(engine, _account(engine, key, config))


def _get_multiple_accounts(engine: EmbeddedEngine, keys: list[str], config: Config | None = None) -> Any:
    if len(keys) > MAX_ACCOUNTS:
        raise RpcFault(-32602, f"Too many inputs provided; max {MAX_ACCOUNTS}")
    # Unlike getAccountInfo, a node's default here is base64.
    wanted = {"encoding": "base64", **{k: v for k, v in (config or NO_CONFIG).items() if v is not None}}
    return _in_context(engine, [_account(engine, key, wanted) for key in keys])


def _get_program_accounts(engine: EmbeddedEngine, program: str, config: Config | None = None) -> Any:
    config = config or NO_CONFIG
    filters = config.get("filters") or ()
    found = [
        {"pubkey": str(key), "account": account_json(account, config)}
        for key, account in engine.index.owned_by(Pubkey.from_string(program))
        if matches(account.data, filters)
    ]
    return _in_context(engine, found) if config.get("withContext") else found


def _get_balance(engine: EmbeddedEngine, key: str, _: Config | None = None) -> Any:
    account = engine.get_account(Pubkey.from_string(key))
    return _in_context(engine, 0 if account is None else account.lamports)


def _get_latest_blockhash(engine: EmbeddedEngine, _: Config | None = None) -> Any:
    newest = engine.clock.blockhash
    value = {"blockhash": str(newest.hash), "lastValidBlockHeight": newest.last_valid_block_height}
    return _in_context(engine, value)


def _is_blockhash_valid(engine: EmbeddedEngine, blockhash: str, _: Config | None = None) -> Any:
    return _in_context(engine, engine.clock.is_valid(Hash.from_string(blockhash)))


def _send_transaction(engine: EmbeddedEngine, wire: str, config: Config | None = None) -> Any:
    config = config or NO_CONFIG
    raw = _wire(wire, config)
    skip = bool(config.get("skipPreflight"))
    receipt = engine.execute(VersionedTransaction.from_bytes(raw), preflight=not skip)
    if receipt.err is not None and not skip:
        raise preflight_fault(receipt)
    return str(receipt.signature)


def _wire(wire: str, config: Config) -> bytes:
    raw = decode_wire(wire, config.get("encoding"))
    if len(raw) > PACKET:
        raise RpcFault(-32602, f"transaction too large: {len(raw)} bytes (max: {PACKET} bytes)")
    return raw


def _simulate_transaction(engine: EmbeddedEngine, wire: str, config: Config | None = None) -> Any:
    config = config or NO_CONFIG
    tx = VersionedTransaction.from_bytes(_wire(wire, config))
    if not config.get("replaceRecentBlockhash") and not engine.clock.is_valid(tx.message.recent_blockhash):
        refused: Any = {"err": "BlockhashNotFound", "logs": [], "accounts": None, "unitsConsumed": 0}
        return _in_context(engine, refused)
    svm = engine.svm
    svm.with_sigverify(bool(config.get("sigVerify")))
    try:
        result = svm.simulate_transaction(tx)
    finally:
        svm.with_sigverify(True)
    failed = isinstance(result, FailedTransactionMetadata)
    meta = result.meta()
    after = {} if isinstance(result, FailedTransactionMetadata) else dict(result.post_accounts())
    program, data = return_data_of(meta)
    value: dict[str, Any] = {
        "err": err_of(result) if isinstance(result, FailedTransactionMetadata) else None,
        "logs": meta.logs(),
        "accounts": None if failed else _simulated(engine, after, config.get("accounts")),
        "unitsConsumed": meta.compute_units_consumed(),
        "returnData": None,
        "innerInstructions": None,
    }
    if data:
        value["returnData"] = {"programId": program, "data": [base64.b64encode(data).decode(), "base64"]}
    return _in_context(engine, value)


def _simulated(engine: EmbeddedEngine, after: Mapping[Pubkey, Account], wanted: Config | None) -> Any:
    if not wanted:
        return None
    encoding = {"encoding": wanted.get("encoding") or "base64"}
    keys = map(Pubkey.from_string, wanted["addresses"])
    accounts = (after.get(key) or engine.get_account(key) for key in keys)
    return [None if account is None else account_json(account, encoding) for account in accounts]


def _get_signature_statuses(engine: EmbeddedEngine, signatures: list[str], _: Config | None = None) -> Any:
    if len(signatures) > MAX_STATUSES:
        raise RpcFault(-32602, f"Too many inputs provided; max {MAX_STATUSES}")
    return _in_context(engine, [_status(engine, each) for each in signatures])


def _status(engine: EmbeddedEngine, signature: str) -> dict[str, Any] | None:
    landed = engine.landed(Signature.from_string(signature))
    if landed is None:
        return None
    err = landed.receipt.err
    return {
        "slot": landed.receipt.slot,
        "confirmations": None,
        "err": err,
        "status": {"Ok": None} if err is None else {"Err": err},
        "confirmationStatus": "finalized",
    }


def _get_signatures_for_address(engine: EmbeddedEngine, address: str, config: Config | None = None) -> Any:
    config = config or NO_CONFIG
    key = Pubkey.from_string(address)
    before, until = config.get("before"), config.get("until")
    limit = config.get("limit") or 1000
    found: list[dict[str, Any]] = []
    for landed in reversed(engine.history):
        name = str(landed.receipt.signature)
        if before is not None:
            before = None if name == before else before
            continue
        if name == until or len(found) == limit:
            break
        if key in landed.transaction.message.account_keys:
            receipt = landed.receipt
            found.append(
                {"signature": name, "slot": receipt.slot, "err": receipt.err, "memo": None}
                | {"blockTime": landed.time, "confirmationStatus": "finalized"}
            )
    return found


def _get_transaction(engine: EmbeddedEngine, signature: str, config: Config | str | None = None) -> Any:
    landed = engine.landed(Signature.from_string(signature))
    if landed is None:
        return None
    encoding = config if isinstance(config, str) else (config or NO_CONFIG).get("encoding")
    return transaction_json(landed, encoding or "json")


def _request_airdrop(engine: EmbeddedEngine, key: str, lamports: int, _: Config | None = None) -> Any:
    return str(engine.fund(Pubkey.from_string(key), lamports).signature)


def _get_slot(engine: EmbeddedEngine, _: Config | None = None) -> Any:
    return engine.clock.slot


def _get_block_time(engine: EmbeddedEngine, slot: int) -> Any:
    if slot > engine.clock.slot:
        raise RpcFault(-32004, f"Block not available for slot {slot}")
    return engine.clock.unix_timestamp - (engine.clock.slot - slot) * 2 // 5


def _get_epoch_info(engine: EmbeddedEngine, _: Config | None = None) -> Any:
    slot = engine.clock.slot
    return {
        "absoluteSlot": slot,
        "blockHeight": slot,
        "epoch": slot // SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": engine.transactions,
    }


def _get_minimum_balance(engine: EmbeddedEngine, size: int, _: Config | None = None) -> Any:
    return engine.svm.minimum_balance_for_rent_exemption(size)


def _get_token_account_balance(engine: EmbeddedEngine, key: str, _: Config | None = None) -> Any:
    account = engine.get_account(Pubkey.from_string(key))
    if account is None or len(account.data) < 165:
        raise RpcFault(-32602, "Invalid param: not a Token account")
    mint = engine.get_account(Pubkey.from_bytes(account.data[:32]))
    if mint is None or len(mint.data) < 82:
        raise RpcFault(-32602, "Invalid param: mint could not be unpacked")
    return _in_context(engine, _amount(int.from_bytes(account.data[64:72], "little"), mint.data[44]))


def _amount(amount: int, decimals: int) -> dict[str, Any]:
    whole, part = divmod(amount, 10**decimals)
    text = f"{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".") if decimals else str(whole)
    return {
        "amount": str(amount),
        "decimals": decimals,
        "uiAmount": amount / 10**decimals,
        "uiAmountString": text,
    }


def _get_fee_for_message(engine: EmbeddedEngine, message: str, _: Config | None = None) -> Any:
    parsed: Message | MessageV0 = from_bytes_versioned(base64.b64decode(message))
    if not engine.clock.is_valid(parsed.recent_blockhash):
        return _in_context(engine, None)
    return _in_context(engine, LAMPORTS_PER_SIGNATURE * parsed.header.num_required_signatures)


def _get_fees(engine: EmbeddedEngine, _: list[str] | None = None) -> Any:
    first = max(0, engine.clock.slot - MAX_AGE + 1)
    return [{"slot": slot, "prioritizationFee": 0} for slot in range(first, engine.clock.slot + 1)]


METHODS: Mapping[str, Callable[..., Any]] = {
    "getAccountInfo": _get_account_info,
    "getBalance": _get_balance,
    "getBlockHeight": _get_slot,
    "getBlockTime": _get_block_time,
    "getEpochInfo": _get_epoch_info,
    "getFeeForMessage": _get_fee_for_message,
    "getGenesisHash": lambda engine: str(engine.clock.genesis_hash),
    "getHealth": lambda engine: "ok",
    "getLatestBlockhash": _get_latest_blockhash,
    "getMinimumBalanceForRentExemption": _get_minimum_balance,
    "getMultipleAccounts": _get_multiple_accounts,
    "getProgramAccounts": _get_program_accounts,
    "getRecentPrioritizationFees": _get_fees,
    "getSignatureStatuses": _get_signature_statuses,
    "getSignaturesForAddress": _get_signatures_for_address,
    "getSlot": _get_slot,
    "getTokenAccountBalance": _get_token_account_balance,
    "getTransaction": _get_transaction,
    "getVersion": lambda engine: {"solana-core": VERSION, "feature-set": 0},
    "isBlockhashValid": _is_blockhash_valid,
    "requestAirdrop": _request_airdrop,
    "sendTransaction": _send_transaction,
    "simulateTransaction": _simulate_transaction,
}
