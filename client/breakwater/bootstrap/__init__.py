"""The launch's incentives: what is left of them, what a key has earned, and how it is claimed.

Start with `status`. Trades are credited by the exchange itself; liquidity has to be locked.
"""

from .service import Claim, Moved, Status, claim, lock, status, unlock

__all__ = ["Claim", "Moved", "Status", "claim", "lock", "status", "unlock"]
