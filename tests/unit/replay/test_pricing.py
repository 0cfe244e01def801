"""Quotes and beliefs."""

from __future__ import annotations

import math

import pytest

from breakwater.replay._pricing import Volatility, buy_cost, fair_probability, price_up, sell_proceeds


@pytest.mark.parametrize("shares", [(0.0, 0.0), (5e8, 0.0), (1e7, 9e8), (4e10, 0.0), (0.0, 4e10)])
def test_a_small_purchase_costs_the_price(shares: tuple[float, float]) -> None:
    b = 1e9
    p = price_up(shares, b)
    assert 0 <= p <= 1
    assert buy_cost(shares, 1, 1e3, b) / 1e3 == pytest.approx(p, abs=1e-3)
    assert buy_cost(shares, 0, 1e3, b) / 1e3 == pytest.approx(1 - p, abs=1e-3)


def test_selling_brings_back_what_buying_cost() -> None:
    cost = buy_cost((3e8, 1e8), 1, 2e8, 1e9)
    assert sell_proceeds((3e8, 3e8), 1, 2e8, 1e9) == pytest.approx(cost)


def test_fair_probability() -> None:
    assert fair_probability(100.0, 100.0, 1e-4, 300) == pytest.approx(0.5)
    above = fair_probability(100.1, 100.0, 1e-4, 300)
    assert above == pytest.approx(0.5 * math.erfc(-math.log(1.001) / (1e-4 * math.sqrt(600))))
    assert fair_probability(100.1, 100.0, 1e-4, 30) > above
    assert fair_probability(200.0, 100.0, 1e-4, 0) == pytest.approx(0.999)
    assert fair_probability(50.0, 100.0, 1e-4, 0) == pytest.approx(0.001)


def test_volatility_follows_the_path_and_survives_silence() -> None:
    seen = Volatility()
    price = 100.0
    for second in range(3_000):
        price *= math.exp(2e-4 if second % 2 else -2e-4)
        seen.observe(second * 1000, price)
    assert seen.sigma == pytest.approx(2e-4, rel=0.05)
    seen.observe(3_400_000, price * math.exp(2e-4 * 20))
    assert seen.sigma == pytest.approx(2e-4, rel=0.1)
    for second in range(5_000):
        seen.observe(3_500_000 + second * 1000, 100.0)
    assert seen.sigma > 0
