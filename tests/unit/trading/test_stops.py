"""Triggers of standing orders are prices between 0 and 1, in the program's unit."""

from __future__ import annotations

import pytest

from breakwater.errors import InvalidInput
from breakwater.trading import parse_trigger


@pytest.mark.parametrize(("text", "q28"), [("0.5", 1 << 27), ("0.25", 1 << 26), ("0.000001", 268)])
def test_a_trigger_is_rounded_down_to_the_programs_unit(text: str, q28: int) -> None:
    assert parse_trigger(text) == q28


@pytest.mark.parametrize("text", ["1", "1.5", "0", "-0.2", "half", "0.0000001"])
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="the trigger"):
        parse_trigger(text)
