"""The generated day: the same for the same seed, with honest outcomes and real outages."""

from __future__ import annotations

from itertools import pairwise

from breakwater.replay import generate_day


def test_the_same_seed_gives_the_same_day() -> None:
    assert generate_day(7, hours=1) == generate_day(7, hours=1)
    assert generate_day(7, hours=1) != generate_day(8, hours=1)


def test_every_outcome_follows_from_strike_and_first_tick_at_or_after_the_close() -> None:
    day = generate_day(3, hours=5)
    assert len(day.markets) == 60
    assert day.exact
    for market in day.markets:
        first = next(tick for tick in day.ticks if tick.timestamp_ms >= market.close_s * 1000)
        assert market.strike is not None
        assert market.up_won == (first.price >= market.strike)
    assert {market.up_won for market in day.markets} == {True, False}


def test_ticks_grow_come_about_once_a_second_and_have_long_outages() -> None:
    day = generate_day(3, hours=5)
    gaps = [(b.timestamp_ms - a.timestamp_ms) / 1000 for a, b in pairwise(day.ticks)]
    assert min(gaps) == 1
    assert sorted(gaps)[len(gaps) // 2] == 1
    assert 300 < max(gaps) <= 425
    assert all(a.received_ms <= b.received_ms for a, b in pairwise(day.ticks))
    assert all(tick.timestamp_ms < tick.received_ms for tick in day.ticks)
