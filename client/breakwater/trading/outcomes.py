"""What outcomes are called: by number everywhere, by name where a market has two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.errors import InvalidInput

from .amounts import show_price

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["label", "parse_outcome"]

BINARY = {"no": 0, "below": 0, "down": 0, "yes": 1, "above": 1, "up": 1}


def label(strikes: Sequence[int], exponent: int, outcome: int) -> str:
    """An outcome in words; outcome k wins when exactly k strikes are at or below the price."""
    shown = [show_price(each, exponent) for each in strikes]
    if outcome == 0:
        return f"below {shown[0]}"
    if outcome == len(shown):
        return f"at or above {shown[-1]}"
    return f"{shown[outcome - 1]} to {shown[outcome]}"


def parse_outcome(text: str, outcomes: int) -> int:
    """An outcome's number, or in a market with two yes/no, up/down, above/below.

    Raises:
        InvalidInput: the market has no such outcome.
    """
    wanted = text.strip().lower()
    if wanted.isascii() and wanted.isdigit() and int(wanted) < outcomes:
        return int(wanted)
    if outcomes == 2:
        if wanted in BINARY:
            return BINARY[wanted]
        raise InvalidInput(f"Choose outcome 0 (no, below) or 1 (yes, above), not {text!r}.")
    raise InvalidInput(f"Choose an outcome from 0 to {outcomes - 1}, not {text!r}.")
