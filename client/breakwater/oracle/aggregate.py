"""Ticks of several sources -> one `PriceEvent`, or the reason why there is none. Pure: time is an argument.

The price is the median of the sources' newest ticks. The confidence is the larger of the median absolute
deviation around it and the median of what the sources themselves are unsure about. All arithmetic is on
integers in the feed's unit; what does not divide is rounded down, a confidence up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from breakwater.errors import InvalidInput
from breakwater.model import PriceEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwater.model import Tick

__all__ = ["Refusal", "Refused", "Rules", "aggregate", "rescale"]

U64 = 2**64
MILLION = 1_000_000


class Refusal(StrEnum):
    """Why nothing is published."""

    NO_SOURCES = "no sources"
    TOO_FEW = "too few sources"
    SPREAD = "spread"
    NO_PRICE = "no price"
    OVERFLOW = "overflow"


@dataclass(frozen=True, slots=True)
class Refused:
    """No price, with the reason and a sentence for people."""

    reason: Refusal
    detail: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What makes a price publishable.

    Args:
        max_age_ms: a tick older than this is dropped.
        max_skew_ms: a tick from further in the future than this is dropped; a lesser lead counts as now.
        max_spread_ppm: width at which a price is refused, in parts per million of the median.
        probability: the width counts in parts of 1 instead: a price between 0 and 1 may be near 0.
        min_sources: how many sources must be left.
    """

    max_age_ms: int = 30_000
    max_skew_ms: int = 2_000
    max_spread_ppm: int = 100_000
    probability: bool = False
    min_sources: int = 1


def rescale(value: int, exponent: int, target: int, *, up: bool = False) -> int:
    """`value * 10 ** exponent` in units of `10 ** target`."""
    if exponent >= target:
        return value * int(10 ** (exponent - target))
    unit = int(10 ** (target - exponent))
    return -(-value // unit) if up else value // unit


def aggregate(
    ticks: Iterable[Tick], *, feed: str, exponent: int, now_ms: int, rules: Rules
) -> PriceEvent | Refused:
    """One price out of the newest tick of each source.

    `sequence` and `slot` of the event are 0: its publisher numbers it.

    Args:
        ticks: of one symbol; of several ticks of one source the newest counts.
        feed: the feed's name.
        exponent: the feed's unit is `10 ** exponent`.
        now_ms: our Unix time.
        rules: what is acceptable.

    Raises:
        InvalidInput: the ticks are of different symbols.
    """
    live = _live(ticks, now_ms, rules)
    if not live:
        return Refused(Refusal.NO_SOURCES, "no source has a price young enough")
    one = 10**-exponent if exponent <= 0 else 0
    prices = [rescale(tick.price, tick.exponent, exponent) for tick in live]
    unsure = [rescale(tick.confidence, tick.exponent, exponent, up=True) for tick in live]
    kept = [i for i in range(len(live)) if _narrow(2 * unsure[i], prices[i], one, rules)]
    if len(kept) < rules.min_sources or not kept:
        wide = len(live) - len(kept)
        reason = Refusal.SPREAD if wide else Refusal.TOO_FEW
        return Refused(reason, f"{len(kept)} usable sources, {wide} too wide, {rules.min_sources} needed")
    prices, unsure = [prices[i] for i in kept], [unsure[i] for i in kept]
    price = _median(prices)
    if price <= 0:
        return Refused(Refusal.NO_PRICE, "the median is zero in the feed's unit")
    confidence = max(_median([abs(each - price) for each in prices], up=True), _median(unsure, up=True))
    width = max(max(prices) - min(prices), 2 * confidence)
    if not _narrow(width, price, one, rules):
        return Refused(Refusal.SPREAD, f"the sources are {width} units apart around {price}")
    if price >= U64 or confidence >= U64:
        return Refused(Refusal.OVERFLOW, f"the price does not fit into 64 bits of 10^{exponent}")
    newest = max(live[i].timestamp_ms for i in kept)
    return PriceEvent(feed, price, exponent, confidence, 0, 0, min(newest, now_ms))


def _live(ticks: Iterable[Tick], now_ms: int, rules: Rules) -> list[Tick]:
    newest: dict[str, Tick] = {}
    symbols = set()
    for tick in ticks:
        symbols.add(tick.symbol)
        age = now_ms - tick.timestamp_ms
        if -rules.max_skew_ms <= age <= rules.max_age_ms and tick.price > 0 and tick.confidence >= 0:
            known = newest.get(tick.source)
            if known is None or tick.timestamp_ms >= known.timestamp_ms:
                newest[tick.source] = tick
    if len(symbols) > 1:
        raise InvalidInput(f"Aggregate one symbol at a time, not {', '.join(sorted(symbols))}.")
    return list(newest.values())


def _narrow(width: int, price: int, one: int, rules: Rules) -> bool:
    return width * MILLION < (one if rules.probability else price) * rules.max_spread_ppm


def _median(values: Sequence[int], *, up: bool = False) -> int:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    total = ordered[middle - 1] + ordered[middle]
    return -(-total // 2) if up else total // 2
