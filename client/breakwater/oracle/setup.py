"""What an operator asks for -> sources that are ready to run."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import stamina

from breakwater.errors import InvalidInput
from breakwater.limits import back_off, market_limiter

from .settings import OracleSettings, oracle_settings
from .sources import CaptureSource, ClobSource, Gamma, GammaSource, Rest, StreamSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from .sources import Source

__all__ = ["KINDS", "Wanted", "open_sources"]

KINDS = ("gamma", "clob", "stream")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which prices.

    Args:
        symbol: of the ticks, and the feed's name.
        market: Gamma's name (slug) of a market.
        outcome: one of its outcomes; None is the first.
        token: an outcome's token, where the market need not be looked up.
        kinds: which of Polymarket's interfaces to use.
        capture: a file of ticks instead.
        speed: of the capture.
        limit: so many ticks of the capture.
    """

    symbol: str
    market: str | None = None
    outcome: str | None = None
    token: str | None = None
    kinds: tuple[str, ...] = KINDS
    capture: Path | None = None
    speed: float = 1.0
    limit: int | None = None


@asynccontextmanager
async def open_sources(wanted: Wanted, config: OracleSettings | None = None) -> AsyncIterator[list[Source]]:
    """The sources; their connections are closed with the block.

    Looking a market up waits for Gamma as long as it takes.

    Raises:
        InvalidInput: neither market, token nor capture is named, or there is no such thing.
    """
    if wanted.capture is not None:
        if wanted.market or wanted.token:
            raise InvalidInput("Name a capture or a market, not both.")
        yield [CaptureSource(wanted.capture, wanted.symbol, speed=wanted.speed, limit=wanted.limit)]
        return
    kinds = [kind for kind in KINDS if kind in wanted.kinds and (wanted.market or kind != "gamma")]
    if not (wanted.market or wanted.token) or not kinds:
        raise InvalidInput(f"Name a capture, a market or a token, and sources out of {', '.join(KINDS)}.")
    chosen = config or oracle_settings()
    # a limit each: one host that asks for a pause must not silence the other
    rests = {
        "gamma": Rest("gamma", chosen.gamma_url, market_limiter(), chosen),
        "clob": Rest("clob", chosen.clob_url, market_limiter(), chosen),
    }
    try:
        token = wanted.token or await _token(rests["gamma"], wanted, chosen)
        made: list[Source] = []
        if "gamma" in kinds and wanted.market:
            source = GammaSource(rests["gamma"], wanted.symbol, wanted.market, wanted.outcome, chosen)
            made.append(source)
        if "clob" in kinds:
            made.append(ClobSource(rests["clob"], wanted.symbol, token, chosen))
        if "stream" in kinds:
            made.append(StreamSource(chosen.stream_url, wanted.symbol, token, chosen))
        yield made
    finally:
        for rest in rests.values():
            await rest.close()


async def _token(rest: Rest, wanted: Wanted, config: OracleSettings) -> str:
    gamma = Gamma(rest)
    async for attempt in stamina.retry_context(
        on=back_off,
        attempts=None,
        timeout=None,
        wait_initial=config.wait_initial_s,
        wait_max=config.wait_max_s,
    ):
        with attempt:
            market, _ = await gamma.known(wanted.market or "")
    tokens, index = market.tokens(), market.index(wanted.outcome)
    if index >= len(tokens):
        raise InvalidInput(f"Choose another market: {market.slug} has no order book.")
    return tokens[index]
