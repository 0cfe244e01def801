"""The sandbox: a validator on this machine with a complete exchange, to try everything on.

`start` leaves a supervisor running that owns the validator, publishes a price every few seconds and folds
the vault; `stop` and `status` find it from anywhere by its lock.
"""

from ._state import Sandbox, current, key_pairs
from .service import DEFAULT_INTERVAL, start, stop

__all__ = ["DEFAULT_INTERVAL", "Sandbox", "current", "key_pairs", "start", "stop"]
