"""The made-up Polymarket is understood by the oracle's own sources, and fails as it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from breakwater.errors import Retryable
from breakwater.limits import market_limiter
from breakwater.oracle import OracleSettings
from breakwater.oracle.sources import ClobSource, GammaSource, Rest
from breakwater.stress._polymarket import SLUG, TOKEN, Polymarket


@pytest.fixture
async def venue() -> AsyncIterator[tuple[Polymarket, str]]:
    made = Polymarket(1)
    async with made.serving() as url:
        yield made, url


def _rest(url: str) -> tuple[Rest, OracleSettings]:
    settings = OracleSettings(gamma_url=url, clob_url=url, breaker_threshold=1_000)
    return Rest("venue", url, market_limiter(), settings), settings


async def test_both_interfaces_tell_the_same_price(venue: tuple[Polymarket, str]) -> None:
    made, url = venue
    made.price = 37
    rest, settings = _rest(url)
    gamma = await GammaSource(rest, "X", SLUG, None, settings).poll()
    clob = await ClobSource(rest, "X", TOKEN, settings).poll()
    assert (gamma.price, clob.price, gamma.exponent) == (370_000, 370_000, -6)
    assert gamma.confidence == clob.confidence == 10_000
    await rest.close()


async def test_half_of_the_answers_fail_and_each_failure_may_be_tried_again(
    venue: tuple[Polymarket, str],
) -> None:
    made, url = venue
    made.failing = 0.5
    rest, settings = _rest(url)
    source = GammaSource(rest, "X", SLUG, None, settings)
    failed = 0
    for _ in range(40):
        try:
            await source.poll()
        except Retryable:
            failed += 1
    assert failed == made.requests["failed"]
    assert 10 <= failed <= 30
    await rest.close()
