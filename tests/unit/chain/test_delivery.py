"""Delivery over a network that misbehaves: a real chain answers, through a transport that injects faults."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from breakwater.chain import _delivery
from breakwater.chain.engine import EmbeddedEngine, Receipt, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    Fatal,
    InvalidInput,
    ProgramError,
    RateLimited,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from solders.instruction import Instruction

    from breakwater.chain._embedded_rpc import EmbeddedProvider

SOL = 10**9


class Network(httpx.AsyncBaseTransport):
    """Carries requests to an embedded chain, or doesn't.

    `refuse` and `cut` count requests to answer with 429, and to carry out without an answer; `lose` counts
    transactions that are acknowledged and dropped, `age` slots that pass with each request.
    """

    def __init__(self, chain: EmbeddedEngine) -> None:
        self.chain = chain
        self.provider = cast("EmbeddedProvider", chain.client._provider)
        self.refuse = self.cut = self.lose = self.age = 0
        self.sent: list[str] = []
        self.largest = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        self.largest = max(self.largest, len(body))
        if len(body) > 50 * 1024:
            return httpx.Response(413)
        if self.refuse:
            self.refuse -= 1
            return httpx.Response(429, headers={"retry-after": "0.01"})
        self.chain.advance_slots(self.age)
        calls = json.loads(body)
        if isinstance(calls, list):
            answer: Any = [self._answer(each) for each in calls]
        else:
            answer = self._answer(calls)
        if self.cut:
            self.cut -= 1
            raise httpx.ReadError("cut", request=request)
        return httpx.Response(200, json=answer)

    def _answer(self, call: dict[str, Any]) -> Any:
        if call["method"] == "sendTransaction":
            self.sent.append(call["params"][0])
            if self.lose:
                self.lose -= 1
                return {"jsonrpc": "2.0", "id": call["id"], "result": "1" * 64}
        return json.loads(self.provider.answer(json.dumps(call)))


@pytest.fixture
def network(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> Network:
    for name, seconds in {"POLL_SECONDS": 0.01, "REPEAT_SECONDS": 0.05, "HEIGHT_SECONDS": 0.02}.items():
        monkeypatch.setattr(_delivery, name, seconds)
    return Network(engine)


@pytest.fixture
async def cluster(network: Network) -> AsyncIterator[RpcEngine]:
    opened = RpcEngine("http://cluster.invalid", transport=network)
    yield opened
    await opened.close()


def pay(source: Keypair, target: Pubkey, lamports: int = SOL) -> Instruction:
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=lamports))


async def test_receipts_are_whole(cluster: RpcEngine, engine: EmbeddedEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    receipt = await Sender(cluster, payer).send([pay(payer, target)])
    assert receipt.err is None
    assert receipt.compute_units == 300
    assert receipt.logs[-1].endswith("success")
    assert engine.svm.get_balance(target) == SOL
    # measured by simulation: 150 of the transfer and 150 of the limit itself, a tenth more, slack, and 450
    # for each account
    landed = engine.landed(receipt.signature)
    assert landed is not None
    assert landed.transaction.message.instructions[0].data[1:] == (1_530).to_bytes(4, "little")


async def test_the_engines_answers_agree(cluster: RpcEngine, engine: EmbeddedEngine) -> None:
    assert await cluster.slot() == engine.clock.slot
    assert await cluster.now() == engine.clock.unix_timestamp
    assert await cluster.latest_blockhash() == engine.clock.blockhash
    key = Pubkey.new_unique()
    await cluster.airdrop(key, SOL)
    assert engine.svm.get_balance(key) == SOL


async def test_many_arrive_in_order_and_in_small_enough_arrays(
    cluster: RpcEngine, network: Network, payer: Keypair
) -> None:
    requests: list[tuple[list[Instruction], list[Keypair]]] = [
        ([pay(payer, payer.pubkey(), 10**18 if i == 500 else i)], []) for i in range(1_000)
    ]
    results = await Sender(cluster, payer, window=300).send_many(requests)
    assert isinstance(results[500], ProgramError)
    assert results[500].name == "ResultWithNegativeLamports"
    assert sum(isinstance(each, Receipt) for each in results) == 999
    assert network.largest <= 48_100


async def test_whoever_is_told_results_is_told_of_those_that_could_not_be_signed_as_well(
    cluster: RpcEngine, payer: Keypair
) -> None:
    other = Keypair()  # its transfer needs its signature
    requests = [([pay(payer, other.pubkey())], [payer]), ([pay(other, payer.pubkey())], [payer])]
    told: dict[int, Receipt | BreakwaterError] = {}
    results = await Sender(cluster, compute_limit=1_000).send_many(
        requests, settled=lambda index, result: told.update({index: result})
    )
    assert [told[index] for index in range(2)] == results
    assert isinstance(results[0], Receipt)
    assert isinstance(results[1], InvalidInput)


async def test_limits_are_waited_out(
    cluster: RpcEngine, network: Network, engine: EmbeddedEngine, payer: Keypair
) -> None:
    network.refuse = 3
    target = Pubkey.new_unique()
    await Sender(cluster, payer, compute_limit=1_000).send([pay(payer, target)])
    assert engine.svm.get_balance(target) == SOL


async def test_lost_transactions_are_repeated_byte_for_byte(
    cluster: RpcEngine, network: Network, engine: EmbeddedEngine, payer: Keypair
) -> None:
    network.lose = 2
    target = Pubkey.new_unique()
    await Sender(cluster, payer, compute_limit=1_000).send([pay(payer, target)])
    assert len(network.sent) >= 3
    assert len(set(network.sent)) == 1
    assert engine.svm.get_balance(target) == SOL


async def test_a_cut_connection_does_not_pay_twice(
    cluster: RpcEngine, network: Network, engine: EmbeddedEngine, payer: Keypair
) -> None:
    sender = Sender(cluster, payer, compute_limit=1_000)
    await sender.blockhash()
    network.cut = 1  # the transaction lands, its acknowledgement is lost
    target = Pubkey.new_unique()
    receipt = await sender.send([pay(payer, target)])
    assert receipt.err is None
    assert len(set(network.sent)) == 1
    assert engine.svm.get_balance(target) == SOL


async def test_expired_transactions_are_only_then_signed_anew(
    cluster: RpcEngine, network: Network, engine: EmbeddedEngine, payer: Keypair
) -> None:
    network.lose, network.age = 10**6, 100
    target = Pubkey.new_unique()
    with pytest.raises(BlockhashExpired, match="Sign again"):
        await Sender(cluster, payer, compute_limit=1_000).send([pay(payer, target)], rebuilds=0)
    assert len(set(network.sent)) == 1

    network.sent.clear()
    network.age = 60
    sending = asyncio.create_task(
        Sender(cluster, payer, compute_limit=1_000).send([pay(payer, target)], rebuilds=1)
    )
    while len(set(network.sent)) < 2:  # noqa: ASYNC110 - until the second signature shows up
        await asyncio.sleep(0.005)
    network.lose = network.age = 0
    assert (await sending).err is None
    assert len(set(network.sent)) == 2
    assert engine.svm.get_balance(target) == SOL


async def test_a_refused_preflight_is_final(cluster: RpcEngine, network: Network, payer: Keypair) -> None:
    for limit in (None, 1_000):  # by simulation, and by the node
        with pytest.raises(ProgramError) as caught:
            await Sender(cluster, payer, compute_limit=limit).send([pay(payer, Pubkey.new_unique(), 10**18)])
        assert caught.value.name == "ResultWithNegativeLamports"
        assert caught.value.logs
    assert len(network.sent) == 1


async def test_a_silent_node_leaves_the_outcome_open(
    cluster: RpcEngine, network: Network, payer: Keypair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_delivery, "SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(cluster.rpc, "_attempts", 1)
    sender = Sender(cluster, payer, compute_limit=1_000)
    await sender.blockhash()
    network.cut = 10**6
    with pytest.raises(Unreachable, match="Look up"):
        await sender.send([pay(payer, Pubkey.new_unique())])


async def test_errors_of_the_node_are_classed(cluster: RpcEngine, network: Network) -> None:
    with pytest.raises(BreakwaterError, match="-32601"):
        await cluster.rpc.call("getMoon")
    network.refuse = 10**6
    cluster.rpc._attempts = 2
    with pytest.raises(RateLimited):
        await cluster.slot()


async def test_something_else_than_a_node_is_fatal(payer: Keypair) -> None:
    page = httpx.MockTransport(lambda _: httpx.Response(404, text="<html>"))
    other = RpcEngine("http://page.invalid", transport=page)
    with pytest.raises(Fatal, match="not JSON-RPC"):
        await other.slot()
    await other.close()


@pytest.mark.parametrize("text", ["", '{"jsonrpc":"2.0","resu', "<html>"])
async def test_half_an_answer_says_nothing_about_what_was_done(text: str) -> None:
    cut = RpcEngine(
        "http://cut.invalid", transport=httpx.MockTransport(lambda _: httpx.Response(200, text=text))
    )
    cut.rpc._attempts = 1
    with pytest.raises(Unreachable, match="cut short"):
        await cut.slot()
    await cut.close()
