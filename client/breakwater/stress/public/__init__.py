"""A stress run on a public cluster: within a budget, at the endpoint's pace, and with nothing left behind.

The exchange is there already, and the payer holds some of its collateral. The run makes users, trades with
them, and takes everything back: shares, balances, token accounts, rent. What it needs for that is in a file
before the first lamport leaves, so that a run which was cut short is cleaned up by the next one.
"""

from .books import Purse, PurseFile
from .model import PublicResult, PublicRun
from .patience import Patience, patient_engine
from .run import stress_public

__all__ = ["Patience", "PublicResult", "PublicRun", "Purse", "PurseFile", "patient_engine", "stress_public"]
