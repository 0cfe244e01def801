"""Aggregation: median, confidence, and everything that is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.errors import InvalidInput
from breakwater.model import PriceEvent, Tick
from breakwater.oracle import Refused, Rules, aggregate
from breakwater.oracle.aggregate import rescale

NOW = 1_800_000_000_000


def tick(source: str, price: int, *, age_ms: int = 0, confidence: int = 0, symbol: str = "A") -> Tick:
    return Tick(source, symbol, price, -6, confidence, NOW - age_ms, NOW)


def made(*ticks: Tick, exponent: int = -6, **rules: object) -> PriceEvent | Refused:
    return aggregate(ticks, feed="A", exponent=exponent, now_ms=NOW, rules=Rules(**rules))  # type: ignore[arg-type]


def priced(*ticks: Tick, exponent: int = -6, **rules: object) -> PriceEvent:
    found = made(*ticks, exponent=exponent, **rules)
    assert isinstance(found, PriceEvent), found
    return found


def test_the_median_of_three_with_its_deviation() -> None:
    found = priced(tick("a", 1_000_000), tick("b", 1_002_000, age_ms=500), tick("c", 1_040_000, age_ms=900))
    assert (found.price, found.confidence, found.timestamp_ms) == (1_002_000, 2_000, NOW)
    assert (found.sequence, found.slot) == (0, 0)


def test_two_sources_meet_in_the_middle() -> None:
    found = priced(tick("a", 1_000_001), tick("b", 1_010_000))
    assert (found.price, found.confidence) == (1_005_000, 5_000)


def test_sources_that_are_unsure_make_the_price_unsure() -> None:
    found = priced(tick("a", 500_000, confidence=5_000), tick("b", 500_000, confidence=7_000))
    assert found.confidence == 6_000


def test_the_feeds_unit_rules() -> None:
    assert priced(tick("a", 1_234_567), exponent=-8).price == 123_456_700
    found = priced(tick("a", 1_234_567, confidence=1), exponent=-2)
    assert (found.price, found.confidence) == (123, 1)
    assert rescale(15, -1, 0) == 1
    assert rescale(11, -1, 0, up=True) == 2


@pytest.mark.parametrize(("other", "refused"), [(1_104_000, False), (1_105_264, True), (1_500_000, True)])
def test_ten_percent_apart_is_refused(other: int, refused: bool) -> None:
    found = made(tick("a", 1_000_000), tick("b", other))
    assert isinstance(found, Refused) is refused
    assert not isinstance(found, Refused) or found.reason == "spread"


def test_exactly_ten_percent_is_too_much() -> None:
    assert isinstance(made(tick("a", 950_000), tick("b", 1_050_000)), Refused)
    assert isinstance(made(tick("a", 950_002), tick("b", 1_050_000)), PriceEvent)


def test_a_probability_near_zero_is_measured_in_points() -> None:
    cheap = (tick("a", 20_000, confidence=5_000), tick("b", 30_000, confidence=5_000))
    assert isinstance(made(*cheap), Refused)
    assert priced(*cheap, probability=True).price == 25_000
    assert isinstance(made(tick("a", 300_000), tick("b", 400_000), probability=True), Refused)


def test_a_source_that_is_wide_itself_is_left_out() -> None:
    found = priced(tick("a", 500_000), tick("b", 400_000, confidence=300_000), probability=True)
    assert found.price == 500_000
    assert isinstance(made(tick("b", 400_000, confidence=300_000), probability=True), Refused)


def test_stale_and_future_ticks_are_dropped() -> None:
    good = tick("a", 1_000_000)
    assert priced(good, tick("b", 5_000_000, age_ms=30_001)).price == 1_000_000
    assert priced(good, tick("b", 5_000_000, age_ms=-2_001)).price == 1_000_000
    found = made(tick("a", 1, age_ms=30_001), tick("b", 1, age_ms=-60_000))
    assert isinstance(found, Refused)
    assert found.reason == "no sources"


def test_a_slightly_fast_clock_counts_as_now() -> None:
    assert priced(tick("a", 1_000_000, age_ms=-1_999)).timestamp_ms == NOW


def test_of_one_source_the_newest_counts() -> None:
    ticks = (tick("a", 1_000_000, age_ms=5), tick("a", 2_000_000), tick("a", 3_000_000, age_ms=9))
    assert priced(*ticks).price == 2_000_000


def test_too_few_no_price_and_overflow_are_named() -> None:
    few = made(tick("a", 1_000_000), min_sources=2)
    assert isinstance(few, Refused)
    assert few.reason == "too few sources"
    none = made(tick("a", 3), exponent=-2, probability=True)
    assert isinstance(none, Refused)
    assert none.reason == "no price"
    much = made(tick("a", 2**63), exponent=-8)
    assert isinstance(much, Refused)
    assert much.reason == "overflow"


def test_symbols_are_not_mixed() -> None:
    with pytest.raises(InvalidInput, match="one symbol"):
        made(tick("a", 1), tick("b", 1, symbol="B"))


SOURCES = st.lists(
    st.tuples(
        st.integers(1, 10**12),
        st.integers(0, 10**9),
        st.integers(-5_000, 60_000),
        st.sampled_from("abcde"),
    ),
    max_size=8,
)


@given(SOURCES, st.integers(-12, 0))
def test_whatever_is_published_is_publishable(drawn: list[tuple[int, int, int, str]], exponent: int) -> None:
    ticks = [tick(source, price, age_ms=age, confidence=unsure) for price, unsure, age, source in drawn]
    found = made(*ticks, exponent=exponent)
    if isinstance(found, Refused):
        return
    scaled = [rescale(each.price, -6, exponent) for each in ticks]
    assert min(scaled) <= found.price <= max(scaled)
    assert 0 < found.price < 2**64
    assert 2 * found.confidence * 10 < found.price
    assert NOW - 30_000 <= found.timestamp_ms <= NOW
