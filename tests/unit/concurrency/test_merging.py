"""Statistics of workers: the same figures in whatever order, and however often, reports arrive."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.crdt import GCounter, Histogram, Tally, VectorClock
from breakwater.faults.concurrency import gossip

WORKERS = ("a", "b", "c")
COUNTS = st.dictionaries(st.sampled_from(WORKERS), st.integers(0, 10**9))
COUNTERS = COUNTS.map(lambda parts: GCounter(dict(parts)))
TIMES = st.lists(st.tuples(st.sampled_from(WORKERS), st.floats(1e-8, 1e4)), max_size=20)


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    made = Tally()
    for worker, name, count in draw(
        st.lists(st.tuples(st.sampled_from(WORKERS), st.sampled_from("xy"), st.integers(0, 9)), max_size=12)
    ):
        made.add(worker, name, count)
    for worker, seconds in draw(TIMES):
        made.took(worker, "t", seconds)
    return made


@given(COUNTERS, COUNTERS, COUNTERS)
def test_counters_merge_in_any_order_and_as_often_as_they_like(a: GCounter, b: GCounter, c: GCounter) -> None:
    assert a.merge(b) == b.merge(a)
    assert a.merge(b).merge(c) == a.merge(b.merge(c))
    assert a.merge(a).total == a.total
    assert a.merge(b).merge(b) == a.merge(b)
    assert a.merge(b).total >= max(a.total, b.total)


@given(tallies(), tallies(), tallies())
@settings(max_examples=60, deadline=None)
def test_tallies_merge_in_any_order_and_survive_the_way(a: Tally, b: Tally, c: Tally) -> None:
    assert a.merge(b).as_dict() == b.merge(a).as_dict()
    assert a.merge(b).merge(c).as_dict() == a.merge(b.merge(c)).as_dict()
    assert a.merge(b).merge(a).as_dict() == a.merge(b).as_dict()
    assert Tally.from_dict(a.as_dict()) == a


@given(st.integers(0, 2**32), st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_after_a_partition_everybody_comes_to_the_sum(seed: int, workers: int) -> None:
    """Workers count and gossip at random, some cut off for a while; then each hears of all."""
    counted, told = gossip(workers, seed)
    assert told == {counted}


@given(TIMES.filter(bool), st.floats(1, 100))
def test_a_percentile_is_at_most_a_bucket_too_high(times: list[tuple[str, float]], percent: float) -> None:
    made = Histogram()
    for worker, seconds in times:
        made.add(worker, seconds)
    ordered = sorted(seconds for _, seconds in times)
    exact = ordered[max(1, -int(-len(ordered) * percent // 100)) - 1]
    assert made.count == len(times)
    assert exact * 0.999 <= made.percentile(percent) <= max(exact * 1.012, 1.01e-7)


def test_a_counter_never_becomes_less() -> None:
    with pytest.raises(ValueError, match="only grows"):
        GCounter().add("a", -1)


@given(st.lists(st.tuples(st.sampled_from(WORKERS), st.sampled_from(WORKERS)), max_size=30))
def test_what_was_heard_of_happened_before(messages: list[tuple[str, str]]) -> None:
    clocks = {name: VectorClock() for name in WORKERS}
    caused: list[tuple[VectorClock, VectorClock]] = []
    for source, to in messages:
        sent = clocks[source] = clocks[source].tick(source)
        heard = clocks[to] = clocks[to].merge(sent).tick(to)
        caused.append((sent, heard))
    for sent, heard in caused:
        assert sent.before(heard)
        assert not heard.before(sent)


def test_what_nobody_heard_of_is_concurrent() -> None:
    a, b = VectorClock().tick("a"), VectorClock().tick("b")
    assert not a.before(b)
    assert not b.before(a)
