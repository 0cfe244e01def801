"""A result -> one self-contained page: figures, a table of the markets, and charts of any one of them."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .result import MarketRow, ReplayResult

__all__ = ["render_report"]

PLACE = "/*DATA*/"


def render_report(result: ReplayResult) -> str:
    """The page; it loads nothing from anywhere.

    Args:
        result: of a replay that recorded its series.
    """
    template = files(__package__).joinpath("report.html").read_text(encoding="utf-8")
    data = json.dumps(_data(result), separators=(",", ":"))
    # inside <script> only a "<" could end the element or begin a comment
    return template.replace(PLACE, data.replace("<", "\\u003c"), 1)


def _data(result: ReplayResult) -> dict[str, Any]:
    summary = result.as_dict()
    return {
        "summary": {key: value for key, value in summary.items() if key != "skipped"},
        "skipped": summary["skipped"],
        "outages": [
            [each.begin_s, each.end_s, each.stale, each.refused, each.degraded_opens, each.recovery]
            for each in result.outages.list
        ],
        "markets": [_market(row, 10.0**result.exponent) for row in result.markets],
    }


def _market(row: MarketRow, unit: float) -> dict[str, Any]:
    """Prices in the quote currency, amounts in units of collateral, times in seconds from the start."""
    data: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "close": row.close_s,
        "strike": round(row.strike * unit, 4),
        "price": None if row.price is None else round(row.price * unit, 4),
        "scored": row.scored,
        "up": row.up,
        "really": row.really_up,
        "trades": row.trades,
        "volume": row.volume / 1e6,
        "fees": row.fees / 1e6,
        "bad": row.bad_debt / 1e6,
        "vault": row.vault / 1e6,
    }
    if row.series is not None:
        data["ticks"] = [[round(t, 1), round(price * unit, 2)] for t, price in row.series.ticks]
        data["states"] = [
            [round(t, 1), round(p, 4), round(escrow / 1e6, 2), round(cash / 1e6, 2)]
            for t, p, escrow, cash in row.series.states
        ]
        data["fills"] = [
            [round(t, 1), who, side, outcome, round(shares / 1e6, 2), round(amount / 1e6, 2), leverage / 100]
            for t, who, side, outcome, shares, amount, leverage in row.series.trades
        ]
    return data
