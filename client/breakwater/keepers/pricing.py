"""Estimates of prices, to choose what is worth a simulation. The program's own integers decide afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.accounts import Market

__all__ = ["fill_estimate", "liquidity_now", "mark_estimate", "price"]

LMSR: Final = 0
DECAYING: Final = 2
REFERENCE_S: Final = 64


def liquidity_now(market: Market, now_s: int) -> float:
    """b or L; that of a decaying pool falls with the root of the time left."""
    if market.curve != DECAYING:
        return float(market.liquidity)
    life = max(1, market.close_ms - market.opened_ms)
    left = max(0, market.close_ms - now_s * 1000)
    return max(1.0, min(float(market.liquidity), market.full_liquidity * math.sqrt(left / life)))


def price(market: Market, shares: Sequence[float], outcome: int, liquidity: float) -> float:
    """Price of an outcome at these outstanding shares, in [0, 1]."""
    if market.curve == LMSR:
        top = max(shares)
        terms = [math.exp((each - top) / liquidity) for each in shares]
        return terms[outcome] / math.fsum(terms)
    delta = shares[0] - shares[1]
    if market.curve == DECAYING:
        # the price does not move by decay: delta shrinks in proportion to the liquidity
        delta = (delta + market.delta_offset) * liquidity / market.liquidity
    z = delta / liquidity * (1 if outcome == 0 else -1)
    return math.erfc(-z / math.sqrt(2)) / 2


def fill_estimate(market: Market, outcome: int, sold: int, now_s: int) -> float:
    """About the average price of selling so many shares: the middle of the prices before and after."""
    liquidity = liquidity_now(market, now_s)
    before = [float(each) for each in market.shares]
    after = [each - sold if i == outcome else each for i, each in enumerate(before)]
    return (price(market, before, outcome, liquidity) + price(market, after, outcome, liquidity)) / 2


def mark_estimate(market: Market, outcome: int, now_s: int) -> float:
    """About the price of the last minute: at shares that follow the outstanding ones over 64 s."""
    followed: list[float] = []
    for now, before, traded in zip(market.shares, market.reference, market.traded_s, strict=True):
        elapsed = min(max(0, now_s - traded), REFERENCE_S)
        followed.append(before + (now - before) * elapsed / REFERENCE_S)
    return price(market, followed, outcome, liquidity_now(market, now_s))
