"""Steps that are done once, however often they are begun: a journal on the disk, and the chain is asked.

For services that pay for what they do: a deployment, a genesis.
"""

from .journal import Journal, State
from .once import Runner, Step
from .signed import Signed, canonical

__all__ = ["Journal", "Runner", "Signed", "State", "Step", "canonical"]
