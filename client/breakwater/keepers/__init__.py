"""Keepers: find unhealthy loans, due orders and everything else that wants doing, and do it once.

Start with `run`; `drill` shows a whole crew at work, `race` rivals at one
loan, `cascade` a hundred chains after a gap.
"""

from ._books import Books, read_books
from ._genesis import Ground, endow, found, minted, wallet
from .cascade import CascadeResult, cascade
from .crew import derived, fund
from .drill import DrillResult, MemberResult, drill
from .dues import Paid, claim, withdraw
from .duty import Registered, Status, heartbeat, register, status, unregister
from .eyes import Eyes, Pace
from .hands import Hands, Ledger, Outcome
from .keeper import Duties, Keeper
from .race import RaceResult, RivalResult, race
from .service import KeeperConfig, Summary, run
from .work import KIND_URGENCY, Work, rank

__all__ = [
    "KIND_URGENCY",
    "Books",
    "CascadeResult",
    "DrillResult",
    "Duties",
    "Eyes",
    "Ground",
    "Hands",
    "Keeper",
    "KeeperConfig",
    "Ledger",
    "MemberResult",
    "Outcome",
    "Pace",
    "Paid",
    "RaceResult",
    "Registered",
    "RivalResult",
    "Status",
    "Summary",
    "Work",
    "cascade",
    "claim",
    "derived",
    "drill",
    "endow",
    "found",
    "fund",
    "heartbeat",
    "minted",
    "race",
    "rank",
    "read_books",
    "register",
    "run",
    "status",
    "unregister",
    "wallet",
    "withdraw",
]
