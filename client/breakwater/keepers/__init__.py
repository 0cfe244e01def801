"""Keepers: find unhealthy loans, due orders and everything else that wants doing, and do it once.

Start with `run`; `drill` shows a whole crew at work, `race` rivals at one
loan, `cascade` a hundred chains after a gap.
"""

from .cascade import CascadeResult, cascade
from .crew import derived, fund
from .drill import DrillResult, MemberResult, drill
from .duty import Registered, Status, heartbeat, register, status, unregister
from .eyes import Eyes, Pace
from .hands import Hands, Ledger, Outcome
from .keeper import Duties, Keeper
from .race import RaceResult, RivalResult, race
from .service import KeeperConfig, Summary, run
from .work import KIND_URGENCY, Work, rank

__all__ = [
    "KIND_URGENCY",
    "CascadeResult",
    "DrillResult",
    "Duties",
    "Eyes",
    "Hands",
    "Keeper",
    "KeeperConfig",
    "Ledger",
    "MemberResult",
    "Outcome",
    "Pace",
    "RaceResult",
    "Registered",
    "RivalResult",
    "Status",
    "Summary",
    "Work",
    "cascade",
    "derived",
    "drill",
    "fund",
    "heartbeat",
    "race",
    "rank",
    "register",
    "run",
    "status",
    "unregister",
]
