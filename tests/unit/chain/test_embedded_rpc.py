"""solana-py's client on the embedded engine: every method, its options and its errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from solana.rpc.commitment import Confirmed
from solana.rpc.core import RPCException
from solana.rpc.types import DataSliceOpts, MemcmpOpts, TxOpts
from solders.account import Account
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction, VersionedTransaction

if TYPE_CHECKING:
    from breakwater.chain._embedded_rpc import EmbeddedProvider
    from breakwater.chain.engine import EmbeddedEngine

SOL = 10**9
OWNER = Pubkey.from_string("ownerEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEq")


def signed(engine: EmbeddedEngine, source: Keypair, target: Pubkey, lamports: int = SOL) -> Transaction:
    pay = transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=lamports))
    return Transaction([source], Message([pay], source.pubkey()), engine.clock.blockhash.hash)


def provider(engine: EmbeddedEngine) -> EmbeddedProvider:
    return engine.client._provider  # type: ignore[return-value]


def raw(engine: EmbeddedEngine, method: str, *params: Any) -> Any:
    request = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
    return json.loads(provider(engine).answer(request))


@pytest.mark.parametrize("encoding", ["base64", "base64+zstd", "base58"])
async def test_accounts_in_every_encoding(engine: EmbeddedEngine, encoding: str) -> None:
    key = Pubkey.new_unique()
    engine.set_account(key, Account(SOL, bytes(range(100)), OWNER))
    value = (await engine.client.get_account_info(key, encoding=encoding)).value
    assert value is not None
    assert (value.lamports, value.data, value.owner) == (SOL, bytes(range(100)), OWNER)


async def test_absent_accounts_are_none(engine: EmbeddedEngine) -> None:
    key = Pubkey.new_unique()
    assert (await engine.client.get_account_info(key)).value is None
    assert (await engine.client.get_balance(key)).value == 0
    assert (await engine.client.get_multiple_accounts([key])).value == [None]


async def test_program_accounts_are_filtered(engine: EmbeddedEngine) -> None:
    keys = [Pubkey.new_unique() for _ in range(4)]
    for key, data in zip(keys, [b"\1aaaa", b"\1bbbb", b"\2aaaa", b"\1aaaaaa"], strict=True):
        engine.set_account(key, Account(SOL, data, OWNER))
    engine.set_account(Pubkey.new_unique(), Account(SOL, b"\1aaaa", Pubkey.new_unique()))

    async def found(*filters: int | MemcmpOpts) -> set[Pubkey]:
        answer = await engine.client.get_program_accounts(OWNER, encoding="base64", filters=list(filters))
        return {each.pubkey for each in answer.value}

    assert await found() == set(keys)
    assert await found(5) == set(keys[:3])
    assert await found(MemcmpOpts(offset=0, bytes="2")) == {keys[0], keys[1], keys[3]}
    assert await found(5, MemcmpOpts(offset=0, bytes="2")) == {keys[0], keys[1]}
    assert await found(MemcmpOpts(offset=9, bytes="2")) == set()

    engine.set_account(keys[0], Account(0, b"", OWNER))
    engine.set_account(keys[1], Account(SOL, b"", Pubkey.new_unique()))
    assert await found() == set(keys[2:])


async def test_slices_of_data(engine: EmbeddedEngine) -> None:
    key = Pubkey.new_unique()
    engine.set_account(key, Account(SOL, b"0123456789", OWNER))
    answer = await engine.client.get_program_accounts(
        OWNER, encoding="base64", data_slice=DataSliceOpts(offset=2, length=3)
    )
    assert answer.value[0].account.data == b"234"


async def test_transactions_from_sending_to_history(engine: EmbeddedEngine, payer: Keypair) -> None:
    client, target = engine.client, Pubkey.new_unique()
    tx = signed(engine, payer, target)

    signature = (await client.send_transaction(tx, TxOpts(skip_confirmation=False))).value

    assert (await client.get_balance(target)).value == SOL
    status = (await client.get_signature_statuses([signature])).value[0]
    assert status is not None
    assert status.err is None
    listed = (await client.get_signatures_for_address(target)).value
    assert [each.signature for each in listed] == [signature]
    for encoding in ("json", "base64"):
        found = (await client.get_transaction(signature, encoding=encoding)).value
        assert found is not None
        meta = found.transaction.meta
        assert meta is not None
        assert meta.compute_units_consumed == 150
        assert meta.log_messages is not None
        assert found.block_time == engine.clock.unix_timestamp


async def test_history_pages(engine: EmbeddedEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    signatures = [engine.execute(signed(engine, payer, target, SOL + i)).signature for i in range(5)]
    newest = (await engine.client.get_signatures_for_address(target, limit=2)).value
    assert [each.signature for each in newest] == [signatures[4], signatures[3]]
    older = (
        await engine.client.get_signatures_for_address(target, before=signatures[3], until=signatures[0])
    ).value
    assert [each.signature for each in older] == [signatures[2], signatures[1]]


async def test_preflight_fails_like_a_nodes(engine: EmbeddedEngine, payer: Keypair) -> None:
    tx = signed(engine, payer, Pubkey.new_unique(), 10**18)
    with pytest.raises(RPCException) as caught:
        await engine.client.send_transaction(tx)
    failure = caught.value.args[0]
    assert isinstance(failure, SendTransactionPreflightFailureMessage)
    assert failure.data.logs is not None
    assert "insufficient lamports" in failure.data.logs[1]

    skipped = await engine.client.send_transaction(tx, TxOpts(skip_preflight=True))
    status = (await engine.client.get_signature_statuses([skipped.value])).value[0]
    assert status is not None
    assert status.err is not None


async def test_simulation_needs_no_signature(engine: EmbeddedEngine, payer: Keypair) -> None:
    tx = signed(engine, payer, Pubkey.new_unique())
    unsigned = VersionedTransaction.populate(tx.message, [Keypair().sign_message(b"")])
    done = (await engine.client.simulate_transaction(unsigned)).value
    assert (done.err, done.units_consumed) == (None, 150)
    assert (await engine.client.simulate_transaction(unsigned, sig_verify=True)).value.err is not None
    assert engine.landed(unsigned.signatures[0]) is None
    # verification is back on afterwards
    assert engine.execute(unsigned).err == "SignatureFailure"


async def test_the_clusters_particulars(engine: EmbeddedEngine, payer: Keypair) -> None:
    client = engine.client
    newest = (await client.get_latest_blockhash(Confirmed)).value
    assert newest.last_valid_block_height == 151
    message = Message.new_with_blockhash([], payer.pubkey(), newest.blockhash)
    assert (await client.get_fee_for_message(message)).value == 5_000
    assert (await client.get_slot()).value == (await client.get_block_height()).value == 1
    assert (await client.get_block_time(1)).value == engine.clock.unix_timestamp
    assert (await client.get_epoch_info()).value.slots_in_epoch == 432_000
    # SIMD-0194's rent: no threshold of two years
    assert (await client.get_minimum_balance_for_rent_exemption(100)).value == (100 + 128) * 6_960
    assert (await client.get_genesis_hash()).value == engine.clock.genesis_hash
    assert await client.is_connected()
    assert (await client.get_version()).value.solana_core
    assert raw(engine, "isBlockhashValid", str(newest.blockhash))["result"]["value"] is True
    assert raw(engine, "getRecentPrioritizationFees")["result"][-1] == {"slot": 1, "prioritizationFee": 0}
    engine.advance_slots(151)
    assert raw(engine, "isBlockhashValid", str(newest.blockhash))["result"]["value"] is False


async def test_airdrops(engine: EmbeddedEngine) -> None:
    key = Pubkey.new_unique()
    signature = (await engine.client.request_airdrop(key, 3 * SOL)).value
    await engine.client.confirm_transaction(signature)
    assert (await engine.client.get_balance(key)).value == 3 * SOL


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"method": "getMoon"}, -32601),
        ({"method": "getBalance", "params": ["not a key"]}, -32602),
        ({"method": "getBalance"}, -32602),
        ({"method": "sendTransaction", "params": ["AAAA", {"encoding": "base64"}]}, -32602),
        ({"method": "getProgramAccounts", "params": [str(OWNER), {"filters": [{"moon": 1}]}]}, -32600),
    ],
)
def test_bad_requests(engine: EmbeddedEngine, request_: dict[str, Any], code: int) -> None:
    engine.set_account(Pubkey.new_unique(), Account(SOL, b"", OWNER))
    answer = json.loads(provider(engine).answer(json.dumps({"jsonrpc": "2.0", "id": 1, **request_})))
    assert answer["error"]["code"] == code
    assert answer["id"] == 1


def test_arrays_and_garbage(engine: EmbeddedEngine) -> None:
    calls = [{"jsonrpc": "2.0", "id": i, "method": "getSlot"} for i in range(3)]
    answers = json.loads(provider(engine).answer(json.dumps(calls)))
    assert [(each["id"], each["result"]) for each in answers] == [(0, 1), (1, 1), (2, 1)]
    assert json.loads(provider(engine).answer("{"))["error"]["code"] == -32700
