"""Concurrency to be looked at: locks, quorums, gossip and urgency, each with what has to hold.

Every check draws from a seed, runs real components in simulated time, and counts.
"""

from __future__ import annotations

import asyncio
import json
import random
from functools import reduce
from itertools import pairwise
from typing import Any, Final

import httpx
from solders.pubkey import Pubkey

from breakwater.chain._http import JsonRpc
from breakwater.crdt import Tally
from breakwater.errors import BreakwaterError
from breakwater.keepers import KIND_URGENCY, Work, rank
from breakwater.pools.books import Books
from breakwater.pools.cluster import Cluster

__all__ = ["gossip", "inverted", "locks", "quorum"]

STEPS: Final = 60


async def locks(moves: list[list[str]], seed: int) -> int:
    """Moves over several holders each, at random times; how many ended.

    Raises:
        AssertionError: two were inside with the same holder.
        TimeoutError: some wait for each other for ever.
    """
    chance, inside, ended = random.Random(seed), set[str](), 0
    books: Any = object.__new__(Books)  # its locks alone: neither a chain nor a store
    books._locks = {}

    async def move(holders: list[str]) -> None:
        nonlocal ended
        await asyncio.sleep(chance.random())
        async with books.locked(holders):
            if inside & set(holders):
                raise AssertionError("two moves have the same holder")
            inside.update(holders)
            await asyncio.sleep(chance.random())
            inside.difference_update(holders)
        ended += 1

    async with asyncio.timeout(len(moves) * 2 + 2), asyncio.TaskGroup() as group:
        for each in moves:
            group.create_task(move(each))
    return ended


class _Replicas:
    """Nodes that follow a counter, each at its own pace; some are away at times."""

    def __init__(self, count: int, agree: int, chance: random.Random) -> None:
        self.truth, self.at, self.away, self._chance = 0, [0] * count, set[int](), chance
        urls = [f"http://node:{index}" for index in range(count)]
        transport = Cluster(urls, quorum=agree, make=self._node, clock=lambda: 0.0)
        self.rpc = JsonRpc(urls[0], attempts=1, transport=transport)

    def _node(self, url: str) -> httpx.AsyncBaseTransport:
        index = int(url.rpartition(":")[2])

        async def handle(request: httpx.Request) -> httpx.Response:
            if index in self.away:
                raise httpx.ConnectError("away")
            ident = json.loads(await request.aread())["id"]
            result = {"context": {"slot": self.at[index]}, "value": self.at[index]}
            return httpx.Response(200, json={"jsonrpc": "2.0", "id": ident, "result": result})

        return httpx.MockTransport(handle)

    def step(self) -> None:
        """Time passes."""
        chance = self._chance
        self.truth += chance.randint(0, 1)
        for index, at in enumerate(self.at):
            if chance.random() < 0.5:
                self.at[index] = chance.randint(at, self.truth)
        self.away = {index for index in range(len(self.at)) if chance.random() < 0.2}

    async def read(self) -> int | None:
        """What a quorum says, if there is one."""
        try:
            return int((await self.rpc.call("getAccountInfo", "x"))["value"])
        except BreakwaterError:
            return None


async def quorum(nodes: int, agree: int, seed: int) -> tuple[int, int]:
    """Reads over nodes that lag and fail: how many were older than one before, how many were answered."""
    replicas = _Replicas(nodes, agree, random.Random(seed))
    newest = answered = back = 0
    for _ in range(STEPS):
        replicas.step()
        value = await replicas.read()
        if value is not None:
            answered += 1
            back += value < newest
            newest = max(newest, value)
    return back, answered


def gossip(workers: int, seed: int) -> tuple[int, set[int]]:
    """Workers count and tell each other, some cut off; then all hear of all: the count, and theirs."""
    chance = random.Random(seed)
    names = [f"w{i}" for i in range(workers)]
    known = {name: Tally() for name in names}
    counted, cut = 0, set(chance.sample(names, chance.randint(0, workers - 1)))
    for _ in range(STEPS):
        name = chance.choice(names)
        if chance.random() < 0.6:
            count = chance.randint(0, 5)
            known[name].add(name, "trades", count)
            known[name].took(name, "trade", chance.expovariate(100))
            counted += count
        else:
            other = chance.choice(names)
            if not {name, other} & cut:
                known[other] = known[other].merge(known[name])
    for name in chance.sample(names, workers):
        known[name] = reduce(Tally.merge, chance.sample(list(known.values()), workers), known[name])
    return counted, {each.total("trades") for each in known.values()}


def inverted(count: int, seed: int) -> tuple[int, int]:
    """Work of all kinds, ranked as keepers do: how much, and how much comes before what is more urgent."""
    chance, kinds = random.Random(seed), sorted(KIND_URGENCY)
    made = [
        Work(chance.choice(kinds), Pubkey(chance.randbytes(32)), chance.randint(0, 10**9), ())
        for _ in range(count)
    ]
    urgency = [KIND_URGENCY[each.kind] for each in rank(made, 0)]
    return len(urgency), sum(a < b for a, b in pairwise(urgency))
