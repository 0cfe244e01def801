"""Numbers as people type them: exact, or refused in one sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.errors import InvalidInput
from breakwater.trading import (
    label,
    parse_amount,
    parse_leverage,
    parse_outcome,
    parse_price,
    parse_time_ms,
    show_amount,
    show_leverage,
    show_price,
    show_time,
)

NOW = 1_700_000_000_000


@given(st.integers(1, 2**64 - 1))
def test_what_is_shown_is_read_back_exactly(micro: int) -> None:
    assert parse_amount(show_amount(micro)) == micro


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("1", 1_000_000),
        ("0.1", 100_000),
        (" 12.5 ", 12_500_000),
        ("0.000001", 1),
        ("1.1000000", 1_100_000),  # the seventh decimal says nothing
        ("1e3", 10**9),
        ("18446744073709.551615", 2**64 - 1),
    ],
)
def test_amounts_are_exact(text: str, micro: int) -> None:
    assert parse_amount(text) == micro


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.1234567", "at most 6 decimals"),
        ("1e-7", "at most 6 decimals"),
        ("1e-999999999", "at most 6 decimals"),
        ("1e999999999", "too large"),
        ("18446744073709.551616", "too large"),
        ("-1", "without a sign"),
        ("0", "above zero"),
        ("0e-99999", "above zero"),
        ("nan", "such as 12.5"),
        ("inf", "such as 12.5"),
        ("ten", "such as 12.5"),
        ("", "such as 12.5"),
        ("1,5", "such as 12.5"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_amount(text)


def test_prices_are_exact_in_the_feeds_unit() -> None:
    assert parse_price("100000.25", -2) == 10_000_025
    assert parse_price("1200", 2) == 12
    assert show_price(10_000_025, -2) == "100000.25"
    assert show_price(10_000_000, -2) == "100000"
    assert show_price(12, 2) == "1200"
    for text, exponent in (("0.001", -2), ("1250", 2)):
        with pytest.raises(InvalidInput, match="decimals"):
            parse_price(text, exponent)


def test_leverage_has_two_decimals() -> None:
    assert [parse_leverage(each) for each in ("3", "2.5", "2.55x", "50X")] == [300, 250, 255, 5_000]
    assert show_leverage(255) == "2.55x"
    for text in ("2.555", "1000", "lots"):
        with pytest.raises(InvalidInput):
            parse_leverage(text)


def test_times_are_spans_or_moments_with_a_zone() -> None:
    spans = {"90s": 90, "5m": 300, "2h": 7_200, "1d": 86_400}
    assert {text: (parse_time_ms(text, NOW) - NOW) // 1000 for text in spans} == spans
    assert parse_time_ms("2023-11-14T22:13:20Z", 0) == NOW
    assert parse_time_ms("2023-11-14T23:13:20+01:00", 0) == NOW
    assert show_time(NOW) == "2023-11-14 22:13:20Z"
    assert show_time(2**64 - 1) == f"{2**64 - 1} ms"
    with pytest.raises(InvalidInput, match="with its zone"):
        parse_time_ms("2023-11-14T22:13:20", 0)
    with pytest.raises(InvalidInput, match="as a span"):
        parse_time_ms("tomorrow", 0)


def test_outcomes_have_numbers_and_two_have_names() -> None:
    assert [parse_outcome(each, 2) for each in ("0", "no", "Below", "1", "YES", "up")] == [0, 0, 0, 1, 1, 1]
    assert parse_outcome("15", 16) == 15
    for text, count in (("2", 2), ("maybe", 2), ("yes", 3), ("-1", 3), ("²", 3)):
        with pytest.raises(InvalidInput, match="Choose"):
            parse_outcome(text, count)


def test_labels_say_when_an_outcome_wins() -> None:
    assert [label((10_000, 10_050), -2, i) for i in range(3)] == [
        "below 100",
        "100 to 100.5",
        "at or above 100.5",
    ]
