"""Rows of the table of reliability: what was asked, how our figure reads, and when it is met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .model import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Met = Callable[[Mapping[str, Any]], bool]
    Row = tuple[str, str, str] | tuple[str, str, str, Met]

__all__ = ["above", "asked", "at_least", "at_most", "below"]


def asked(source: str, *rows: Row) -> tuple[Asked, ...]:
    """The items of one source.

    Args:
        source: where they stand, as "000 2.1".
        rows: of each the item, the figure there, ours with the figures' names in braces, and, where the
            figure there is a bound, whether our figures keep it.
    """
    return tuple(Asked(source, item, figure, _of(ours), *met) for item, figure, ours, *met in rows)


def _of(text: str) -> Callable[[Mapping[str, Any]], str]:
    return text.format_map


def below(name: str, bound: float) -> Met:
    """Whether the figure of that name is less than the bound."""
    return lambda figures: bool(figures[name] < bound)


def above(name: str, bound: float) -> Met:
    """Whether it is more."""
    return lambda figures: bool(figures[name] > bound)


def at_most(name: str, bound: float) -> Met:
    """Whether it is not more."""
    return lambda figures: bool(figures[name] <= bound)


def at_least(name: str, bound: float) -> Met:
    """Whether it is not less."""
    return lambda figures: bool(figures[name] >= bound)
