"""Several endpoints as one: what is sent goes everywhere, what is read is agreed on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from breakwater.chain._http import JsonRpc
from breakwater.errors import InvalidInput, Unreachable
from breakwater.pools.cluster import Cluster, open_cluster

Answer = Callable[[str], httpx.Response]


def answers(value: Any, slot: int = 1) -> Answer:
    def answer(body: str) -> httpx.Response:
        ident = json.loads(body)["id"]
        result = {"context": {"slot": slot}, "value": value}
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": ident, "result": result})

    return answer


def refuses(status: int) -> Answer:
    return lambda _: httpx.Response(status)


def breaks(_: str) -> httpx.Response:
    raise httpx.ConnectError("down")


def cluster(*nodes: Answer, quorum: int = 1) -> tuple[JsonRpc, Cluster, list[int]]:
    """A client over nodes, and how often each was asked."""
    asked = [0] * len(nodes)

    def make(url: str) -> httpx.AsyncBaseTransport:
        index = int(url.rpartition(":")[2]) - 1_000

        async def handle(request: httpx.Request) -> httpx.Response:
            asked[index] += 1
            assert request.headers["host"] == f"node:{1_000 + index}"
            return nodes[index]((await request.aread()).decode())

        return httpx.MockTransport(handle)

    urls = [f"http://node:{1_000 + index}" for index in range(len(nodes))]
    transport = Cluster(urls, quorum=quorum, make=make, clock=lambda: 0.0)
    return JsonRpc(urls[0], attempts=1, transport=transport), transport, asked


async def test_what_is_read_counts_when_a_quorum_agrees_whatever_their_slots() -> None:
    rpc, transport, _ = cluster(answers(["x"], 5), answers(["y"], 6), answers(["x"], 7), quorum=2)
    assert (await rpc.call("getMultipleAccounts", []))["value"] == ["x"]
    assert transport.disagreements == 0


async def test_without_a_quorum_the_caller_has_to_ask_again() -> None:
    rpc, transport, _ = cluster(answers(["x"]), answers(["y"]), breaks, quorum=2)
    with pytest.raises(Unreachable):
        await rpc.call("getMultipleAccounts", [])
    assert transport.disagreements == 1


async def test_a_quorum_is_had_with_one_endpoint_down() -> None:
    rpc, transport, _ = cluster(breaks, answers(["x"]), answers(["x"]), quorum=2)
    assert (await rpc.call("getAccountInfo", []))["value"] == ["x"]
    assert transport.failures == [1, 0, 0]


async def test_statuses_agree_though_their_confirmations_differ() -> None:
    def status(count: int) -> list[Any]:
        return [{"slot": 9, "err": None, "confirmations": count, "confirmationStatus": "confirmed"}]

    rpc, _, _ = cluster(answers(status(3)), answers(status(4)), quorum=2)
    assert (await rpc.call("getSignatureStatuses", ["s"]))["value"][0]["slot"] == 9


async def test_what_is_sent_goes_everywhere_and_one_that_takes_it_is_enough() -> None:
    rpc, _, asked = cluster(breaks, refuses(500), answers("signature"))
    assert (await rpc.call("sendTransaction", "wire"))["value"] == "signature"
    assert asked == [1, 1, 1]


async def test_everything_else_asks_one_and_passes_over_those_that_failed() -> None:
    rpc, _, asked = cluster(breaks, refuses(429), answers(7))
    for _ in range(3):
        assert (await rpc.call("getSlot"))["value"] == 7
    assert asked == [1, 1, 3], "those that failed rest"


async def test_when_all_fail_the_failure_is_told() -> None:
    rpc, _, _ = cluster(breaks, breaks)
    with pytest.raises(Unreachable):
        await rpc.call("getSlot")
    with pytest.raises(Unreachable):
        await rpc.call("sendTransaction", "wire")


def test_a_quorum_of_more_than_there_are_and_what_is_no_address_are_refused() -> None:
    with pytest.raises(InvalidInput, match="a quorum of 1 to 1"):
        open_cluster(["http://node"], quorum=2)
    with pytest.raises(InvalidInput, match="http addresses"):
        open_cluster(["ftp://node"])
