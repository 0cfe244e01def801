"""Where compute units and time go: a scenario on the real programs, measured transaction by transaction.

::

    result = await profile("trade", "embedded", repeat=20)
    for row in result.rows:
        print(row.title, row.cu, row.latency)
"""

from __future__ import annotations

from .calls import Call, Logged, read_logs
from .figures import Account, Inner, Row, Spread, percentile
from .report import render_report
from .result import Profile
from .scene import Scene, registry
from .service import ROUNDS_EMBEDDED, profile

__all__ = [
    "ROUNDS_EMBEDDED",
    "Account",
    "Call",
    "Inner",
    "Logged",
    "Profile",
    "Row",
    "Scene",
    "Spread",
    "percentile",
    "profile",
    "read_logs",
    "registry",
    "render_report",
]
