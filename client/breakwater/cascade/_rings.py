"""Counting events: constant time each, and the same totals in whatever order they come.

Totals are integers, so that addition commutes to the last unit. A ring holds running totals; what happened in
any window is the difference of two of its entries.
"""

from __future__ import annotations

from typing import Any

from ._jit import kernel
from ._layout import (
    BEGUN,
    BOOK,
    CLOSED,
    COUNT,
    COUNTED,
    DROPPED,
    DUPLICATES,
    EVALUATED,
    EXCHANGES,
    FIRST,
    IDS,
    LATE,
    LIQUIDATION,
    LONG,
    LONG_RING,
    NEWEST,
    NEWEST_MS,
    OPEN,
    OPEN_FIELDS,
    OPEN_INTEREST,
    PREVIOUS,
    RING,
    SELL,
    SETS,
    SLOTS,
    TICK_MS,
    TRADE,
    TRADED,
    TRADED_RING,
    USD,
    V_FUNDING,
    V_INTEREST,
    V_PRICE,
    V_SPREAD,
    VENUE,
    VENUE_RING,
    VENUES_SEEN,
    WAY,
    WAYS,
)

__all__ = ["count", "extend", "window"]

HORIZON = 200
"""Ticks (20 s) after which an event is too old to count: no shorter than the longest window of a short
ring."""


@kernel
def window(row: Any, ring: int, length: int, tick: int, ticks: int) -> Any:
    """The total of the `ticks` ticks that end with `tick`."""
    return row[ring + (tick & (length - 1))] - row[ring + ((tick - ticks) & (length - 1))]


@kernel
def _stretch(row: Any, ring: int, length: int, newest: int, tick: int) -> None:
    total = row[ring + (newest & (length - 1))]
    steps = min(tick - newest, length)
    for i in range(tick - steps + 1, tick + 1):
        row[ring + (i & (length - 1))] = total


@kernel
def extend(row: Any, tick: int) -> None:
    """Open every tick up to `tick`, which is newer than the newest."""
    newest = row[NEWEST]
    _stretch(row, COUNT, RING, newest, tick)
    _stretch(row, USD, RING, newest, tick)
    _stretch(row, TRADED, TRADED_RING, newest, tick)
    _stretch(row, LONG, LONG_RING, newest, tick)
    for venue in range(EXCHANGES):
        _stretch(row, VENUE + venue * VENUE_RING, VENUE_RING, newest, tick)
    row[PREVIOUS] = newest
    row[NEWEST] = tick


@kernel
def _known(row: Any, identity: int) -> bool:
    mixed = (identity ^ (identity >> 29)) * -4658895280553007687
    bucket = (mixed ^ (mixed >> 32)) & (SETS - 1)
    first = IDS + bucket * WAYS
    for i in range(WAYS):
        if row[first + i] == identity:
            return True
    oldest = row[WAY + bucket]
    row[first + oldest] = identity
    row[WAY + bucket] = (oldest + 1) & (WAYS - 1)
    return False


@kernel
def _add(row: Any, ring: int, length: int, tick: int, amount: int) -> None:
    for i in range(tick, row[NEWEST] + 1):
        row[ring + (i & (length - 1))] += amount


@kernel
def _newest_value(
    row: Any, floats: Any, value: int, tick: int, time_ms: int, identity: int, x: float
) -> None:
    at = OPEN + (value * SLOTS + (tick & (SLOTS - 1))) * OPEN_FIELDS
    same = row[at] == tick
    # the later counts; of two at one time, the one of the greater identity, so that their order does not
    # count
    if same and (row[at + 1] > time_ms or (row[at + 1] == time_ms and row[at + 2] >= identity)):
        return
    row[at] = tick
    row[at + 1] = time_ms
    row[at + 2] = identity
    floats[at + 3] = x


@kernel
def _total(row: Any, exchange: int, kind: int, side: int, tick: int, micro_usd: int) -> None:
    if kind == LIQUIDATION:
        _add(row, COUNT, RING, tick, 1)
        _add(row, USD, RING, tick, micro_usd)
        _add(row, VENUE + exchange * VENUE_RING, VENUE_RING, tick, 1)
        if side == SELL:
            _add(row, LONG, LONG_RING, tick, micro_usd)
        row[VENUES_SEEN] |= 1 << exchange
    elif kind == TRADE:
        _add(row, TRADED, TRADED_RING, tick, micro_usd)


@kernel
def count(
    row: Any,
    floats: Any,
    exchange: int,
    kind: int,
    side: int,
    time_ms: int,
    micro_usd: int,
    x: float,
    identity: int,
) -> bool:
    """Take an event over into a symbol's row; whether it counts.

    An `identity` of 0 says that the source has none: such an event is never taken for a duplicate.
    `micro_usd` is the notional of a liquidation or a trade; `x` the price, of a book top its middle with the
    spread in `micro_usd` as parts per million, of open interest and funding the value itself.
    """
    tick = time_ms // TICK_MS
    if row[BEGUN] == 0:
        row[BEGUN] = 1
        row[NEWEST] = tick
        row[PREVIOUS] = tick
        row[NEWEST_MS] = time_ms
        row[CLOSED] = tick - SLOTS
        row[FIRST] = tick
        row[EVALUATED] = -1
    newest = row[NEWEST]
    if tick <= newest - HORIZON or micro_usd < 0 or exchange < 0 or exchange >= EXCHANGES:
        row[DROPPED] += 1
        return False
    if identity != 0 and _known(row, identity):
        row[DUPLICATES] += 1
        return False
    if tick > newest:
        extend(row, tick)
    row[NEWEST_MS] = max(row[NEWEST_MS], time_ms)
    row[COUNTED] += 1
    row[FIRST] = min(row[FIRST], tick)
    on_time = tick > row[CLOSED]
    if not on_time:
        row[LATE] += 1
    _total(row, exchange, kind, side, tick, micro_usd)
    if on_time and x == x:  # noqa: PLR0124 - not a number is no value
        if kind <= BOOK:
            _newest_value(row, floats, V_PRICE, tick, time_ms, identity, x)
            if kind == BOOK:
                _newest_value(row, floats, V_SPREAD, tick, time_ms, identity, micro_usd * 1e-6)
        elif kind == OPEN_INTEREST:
            _newest_value(row, floats, V_INTEREST, tick, time_ms, identity, x)
        else:
            _newest_value(row, floats, V_FUNDING, tick, time_ms, identity, x)
    return True
