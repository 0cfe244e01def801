"""MMT: what its schedule pays now, and what a key has staked, waits for and has earned.

Start with `status`. Bonds of keepers are apart: see `breakwater.keepers`.
"""

from .service import Claim, Moved, Status, claim, parse_mmt, stake, status, unstake, withdraw

__all__ = ["Claim", "Moved", "Status", "claim", "parse_mmt", "stake", "status", "unstake", "withdraw"]
