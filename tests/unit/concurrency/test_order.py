"""Locks are taken in one order, quorums never go back in time, and the urgent is not held up by the rest."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.pubkey import Pubkey

from breakwater.faults.concurrency import locks, quorum
from breakwater.keepers import KIND_URGENCY, Ledger, Work, rank
from breakwater.simulate import Plan, simulate_seed
from breakwater.simulate.loop import run_seeded

HOLDERS = [f"holder-{i}" for i in range(5)]


def test_no_two_tasks_ever_take_locks_in_opposite_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a whole simulation: who holds a lock and waits for another makes an edge; there is no cycle."""
    held: dict[Any, list[int]] = defaultdict(list)
    edges: dict[int, set[int]] = defaultdict(set)
    acquire, release, taken = asyncio.Lock.acquire, asyncio.Lock.release, []

    async def watched(self: asyncio.Lock) -> bool:
        task = asyncio.current_task()
        for other in held[task]:
            edges[other].add(id(self))
        kept.append(self)
        done = await acquire(self)
        held[task].append(id(self))
        taken.append(1)
        return bool(done)

    def let_go(self: asyncio.Lock) -> None:
        for mine in held.values():
            if id(self) in mine:
                mine.remove(id(self))
                break
        release(self)

    kept: list[asyncio.Lock] = []  # so that no identity is used twice
    monkeypatch.setattr(asyncio.Lock, "acquire", watched)
    monkeypatch.setattr(asyncio.Lock, "release", let_go)
    assert simulate_seed(2, Plan(chaos_s=40.0, traders=3)).violations == []
    assert len(taken) > 50
    assert not cyclic(edges)


def cyclic(edges: dict[int, set[int]]) -> bool:
    done: set[int] = set()

    def visit(node: int, above: frozenset[int]) -> bool:
        if node in above:
            return True
        if node in done:
            return False
        found = any(visit(each, above | {node}) for each in edges.get(node, ()))
        done.add(node)
        return found

    return any(visit(each, frozenset()) for each in list(edges))


def test_opposite_orders_would_be_seen() -> None:
    assert cyclic({1: {2}, 2: {3}, 3: {1}})
    assert not cyclic({1: {2, 3}, 2: {3}})


@given(st.lists(st.lists(st.sampled_from(HOLDERS), min_size=1, max_size=4), max_size=20), st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_moves_over_any_holders_all_end_and_never_share_one(moves: list[list[str]], seed: int) -> None:
    """Whoever needs several holders takes them in one order: no deadlock, and nobody inside twice."""
    assert run_seeded(locks(moves, seed)) == len(moves)


@given(st.integers(0, 2**32), st.sampled_from([(3, 2), (4, 3), (5, 3)]))
@settings(max_examples=25, deadline=None)
def test_reads_by_a_majority_never_go_back_to_an_older_slot(seed: int, size: tuple[int, int]) -> None:
    assert not asyncio.run(quorum(*size, seed))[0]


@pytest.mark.parametrize("size", [(3, 2), (4, 3), (5, 3)])
def test_most_seeds_let_a_majority_answer(size: tuple[int, int]) -> None:
    assert sum(asyncio.run(quorum(*size, seed))[1] > 0 for seed in range(20)) > 15


def test_reads_of_less_than_a_majority_do() -> None:
    assert any(asyncio.run(quorum(4, 2, seed))[0] for seed in range(50))


KINDS = sorted(KIND_URGENCY)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 10**9)), min_size=1, max_size=40))
def test_nothing_less_urgent_comes_first_however_much_of_it_there_is(works: list[tuple[str, int]]) -> None:
    made = [Work(kind, Pubkey(bytes([i]) * 32), value, ()) for i, (kind, value) in enumerate(works)]
    urgencies = [KIND_URGENCY[each.kind] for each in rank(made, 0)]
    assert urgencies == sorted(urgencies, reverse=True)


@given(st.integers(0, 2**32), st.integers(2, 6))
@settings(max_examples=50)
def test_keepers_that_spoil_each_others_attempts_end_all_the_same(seed: int, keepers: int) -> None:
    """Two attempts in one slot spoil each other: pauses that double and differ part them soon."""
    subject = ("liquidation", Pubkey(bytes([7]) * 32))
    chances = [random.Random(seed + i) for i in range(keepers)]
    ledgers, waiting = [Ledger() for _ in range(keepers)], set(range(keepers))
    for slot in range(2_000):
        trying = [i for i in waiting if ledgers[i].is_free(subject, slot)]
        if len(trying) == 1:
            waiting.discard(trying[0])
        for i in trying if len(trying) > 1 else ():
            ledgers[i].pause(subject, slot, 128, chances[i])
        if not waiting:
            break
    assert not waiting
