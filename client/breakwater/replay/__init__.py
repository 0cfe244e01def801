"""Replays a day of real markets on our own programs: opens, prices, trades, settles, reconciles each."""

from __future__ import annotations

from ._audit import Audit, Auditor
from ._books import Books
from ._stage import Stage
from .capture import Capture, CapturedMarket, read_capture
from .generate import generate_day
from .report import render_report
from .result import MarketRow, ReplayResult, Series
from .service import Options, Progress, replay

__all__ = [
    "Audit",
    "Auditor",
    "Books",
    "Capture",
    "CapturedMarket",
    "MarketRow",
    "Options",
    "Progress",
    "ReplayResult",
    "Series",
    "Stage",
    "generate_day",
    "read_capture",
    "render_report",
    "replay",
]
