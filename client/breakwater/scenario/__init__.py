"""Lives of an exchange, to measure things in: one of every plain instruction, one of what has legs."""

from ._legs import Legs
from ._life import FEED, KINDS, Kind, Scenario, shares_of
from ._pool import PoolLife

__all__ = ["FEED", "KINDS", "Kind", "Legs", "PoolLife", "Scenario", "shares_of"]
