"""Text people type <-> the integers the programs take: exact, in both directions, never through a float."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from breakwater.errors import InvalidInput

__all__ = [
    "DECIMALS",
    "UNIT",
    "parse_amount",
    "parse_leverage",
    "parse_percent",
    "parse_price",
    "parse_time_ms",
    "show_amount",
    "show_leverage",
    "show_price",
    "show_time",
]

DECIMALS: Final = 6
UNIT: Final = 10**DECIMALS
"""Micro-units in a unit of collateral, micro-shares in a share."""

U64_MAX = 2**64 - 1
U16_MAX = 2**16 - 1
WHOLE_PPM = 1_000_000
DIGITS = 30
"""Digits before or behind the point beyond which a number is not even looked at."""

SPAN = re.compile(r"(\d{1,9})([smhd])")
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _scaled(text: str, places: int, what: str, example: str) -> int:
    """The number in `text` times `10 ** places`, exactly."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidInput(f"Give {what} as a number such as {example}, not {text!r}.") from None
    if not value.is_finite():
        raise InvalidInput(f"Give {what} as a number such as {example}, not {text!r}.")
    if value < 0:
        raise InvalidInput(f"Give {what} without a sign: {text} is below zero.")
    if value == 0:
        return 0
    if value.adjusted() > DIGITS:
        raise InvalidInput(f"Give a smaller number: {text} is too large for {what}.")
    scaled = Fraction(value) * Fraction(10) ** places if value.adjusted() >= -DIGITS else Fraction(1, 2)
    if scaled.denominator != 1:
        raise InvalidInput(f"Give {what} with at most {max(places, 0)} decimals: {text} has more.")
    if scaled > U64_MAX:
        raise InvalidInput(f"Give a smaller number: {text} is too large for {what}.")
    return scaled.numerator


def parse_amount(text: str, what: str = "the amount", *, least: int = 1) -> int:
    """Units with up to 6 decimals -> micro-units, of which `least`, 0 or 1, has to be there.

    Raises:
        InvalidInput: no number, below zero or less than that, too large, or more than 6 decimals.
    """
    amount = _scaled(text, DECIMALS, what, "12.5")
    if amount < least:
        raise InvalidInput(f"Give a number above zero for {what}.")
    return amount


def parse_price(text: str, exponent: int, what: str = "the price") -> int:
    """A price -> an integer in units of its feed, `10 ** exponent`.

    Raises:
        InvalidInput: no number, below zero, too large, or finer than the feed's unit.
    """
    return _scaled(text, -exponent, what, "100000")


def parse_leverage(text: str) -> int:
    """Leverage such as "3", "2.5" or "3x" -> hundredths.

    Raises:
        InvalidInput: no number, or more than two decimals.
    """
    hundredths = _scaled(text.strip().lower().removesuffix("x"), 2, "the leverage", "2.5")
    if hundredths > U16_MAX:
        raise InvalidInput(f"Give a smaller leverage: {text} is far above any cap.")
    return hundredths


def parse_percent(text: str, what: str) -> int:
    """A percentage from 0 to 100 with up to 4 decimals -> parts per million.

    Raises:
        InvalidInput: no number, above 100, or more than 4 decimals.
    """
    ppm = _scaled(text.strip().removesuffix("%"), 4, what, "30")
    if ppm > WHOLE_PPM:
        raise InvalidInput(f"Give at most 100 percent for {what}.")
    return ppm


def parse_time_ms(text: str, now_ms: int) -> int:
    """A moment -> Unix milliseconds: a span from now ("90s", "5m", "2h", "1d"), or ISO 8601 with its zone.

    Raises:
        InvalidInput: neither.
    """
    span = SPAN.fullmatch(text.strip().lower())
    if span:
        return now_ms + int(span.group(1)) * SECONDS[span.group(2)] * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"Give a time as a span (90s, 5m, 2h, 1d) or as 2026-12-01T12:00Z, not {text!r}."
        ) from None
    if moment.tzinfo is None:
        raise InvalidInput(f"Give a time with its zone, such as {text}Z for UTC.")
    return int(moment.timestamp() * 1000)


def show_amount(micro: int) -> str:
    """Micro-units -> units with exactly 6 decimals, the form that `parse_amount` takes."""
    whole, part = divmod(abs(micro), UNIT)
    return f"{'-' if micro < 0 else ''}{whole}.{part:0{DECIMALS}d}"


def show_leverage(hundredths: int) -> str:
    """Hundredths -> "2.50x"."""
    return f"{hundredths // 100}.{hundredths % 100:02d}x"


def show_price(value: int, exponent: int) -> str:
    """An integer in units of `10 ** exponent` -> a number without needless zeros."""
    if exponent >= 0:
        return str(value * 10**exponent)
    whole, part = divmod(value, 10**-exponent)
    return f"{whole}.{part:0{-exponent}d}".rstrip("0").rstrip(".")


def show_time(unix_ms: int) -> str:
    """Unix milliseconds -> "2026-12-01 12:00:00Z"."""
    try:
        moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{unix_ms} ms"
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
