"""The keepers' arithmetic about loans is the program's, to the unit."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.chain.accounts import Market, Shard
from breakwater.keepers import health

U64 = st.integers(0, 2**64 - 1)
PPM = st.integers(0, 1_000_000)
VECTORS = Path(__file__).parents[2] / "vectors"

SHARD = Shard(
    cash=0,
    debt=0,
    debt_at_risk=0,
    claim_floor=0,
    claim_ceiling=0,
    coverage_q32=1 << 32,
    min_coverage_q32=0,
    fees=0,
    volume=0,
    bad_debt=0,
    fee_ppm=300,
    index=0,
    insurance=0,
    partial_ppm=300_000,
    keeper_ppm=10_000,
    insurance_ppm=5_000,
    slot_ppm=100_000,
    halts=(0,) * 64,
    reserve=0,
)


def vectors(name: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


@pytest.mark.parametrize(
    ("cap", "ppm"), [(5_000, 15_000), (2_500, 30_000), (1_767, 42_445), (1_000, 75_000), (100, 75_000)]
)
def test_maintenance_is_three_quarters_of_the_margin_at_the_cap(cap: int, ppm: int) -> None:
    assert health.maintenance(cap) == ppm


def test_a_loan_is_unhealthy_from_one_unit_above_what_maintenance_leaves() -> None:
    assert not health.is_unhealthy(1_000, 950, 50_000)
    assert health.is_unhealthy(1_000, 951, 50_000)
    assert not health.is_unhealthy(0, 0, 50_000)
    assert health.is_unhealthy(0, 1, 50_000)


@given(U64, U64, PPM)
def test_unhealthy_is_exact(value: int, debt: int, part: int) -> None:
    exact = debt > value * (1 - Fraction(part, 10**6))
    assert health.is_unhealthy(value, debt, part) == exact


@given(U64, PPM)
def test_a_part_is_rounded_up(whole: int, part: int) -> None:
    exact = Fraction(whole * part, 10**6)
    assert 0 <= health.part_of(whole, part) - exact < 1


@given(U64, st.integers(0, 10**6), U64, st.fractions(0, 1))
def test_a_split_adds_up_and_serves_keeper_loan_insurance_and_owner_in_this_order(
    proceeds: int, extra: int, debt: int, sold: Fraction
) -> None:
    notional, due = proceeds + extra, int(debt * sold)
    s = health.split(proceeds, notional, due, debt, SHARD)
    assert s.keeper + s.repaid + s.insurance + s.owner == proceeds
    assert s.keeper == min(notional // 100, max(0, proceeds - due))
    assert s.repaid == min(debt, proceeds - s.keeper)
    assert s.insurance == min(notional // 200, proceeds - s.keeper - s.repaid)


def test_the_cap_by_outcomes_is_the_programs() -> None:
    known = [row for row in vectors("tier_cap") if str(row[1]).isdigit()]
    assert len(known) == 15
    for outcomes, cap in known:
        assert health.tier_cap(outcomes) == int(cap)


def test_the_cap_by_coverage_is_the_exact_one_rounded_down() -> None:
    known = [row for row in vectors("leverage_cap") if str(row[2])[0].isdigit()]
    assert len(known) > 500
    for outcomes, coverage, exact in known:
        # the program's table of 1 / sqrt N is rounded down too: just below a whole hundredth it is one lower
        below = Fraction(exact) - health.leverage_cap(outcomes, coverage)
        assert 0 <= below < 1 + Fraction(1, 10**4), (outcomes, coverage)


def market(**fields: Any) -> Market:
    every: dict[str, Any] = dict.fromkeys(Market.__dataclass_fields__, 0)
    return Market(**{**every, "liquidity": 1_000_000, **fields})


def test_the_cap_of_a_slot_doubles_three_times_at_most() -> None:
    caps = [health.cap_of_slot(1_000_000, 100_000, level) for level in (0, 1, 2, 3, 4, 99)]
    assert caps == [100_000, 200_000, 400_000, 800_000, 800_000, 800_000]
    assert health.cap_of_slot(1, 1, 0) == 1


def test_room_is_what_the_slot_has_left_and_widens_while_it_binds() -> None:
    bound = market(slot=10, sold=100_000, level=0, bound=1)
    assert health.room(bound, SHARD, 10) == 0
    assert health.room(bound, SHARD, 11) == 200_000
    assert health.room(bound, SHARD, 12) == 100_000
    assert health.room(replace(bound, level=3, bound=0), SHARD, 26) == 400_000
    assert health.room(replace(bound, level=3, bound=0), SHARD, 10 + 48) == 100_000


def test_a_part_heals_a_loan_that_is_just_unhealthy_and_not_one_far_gone() -> None:
    half = 1 << 27
    assert health.heals(100_000_000, 48_600_000, half, 30_000, SHARD)
    assert not health.heals(100_000_000, 49_900_000, half, 75_000, SHARD)
