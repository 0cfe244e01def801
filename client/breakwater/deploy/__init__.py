"""Launch: deploy the programs so that nobody can change them, and prove from the chain alone that nobody can.

`make_plan` says what is left to do and what it costs, `deploy` does it and can be cut short at any point,
`verify` looks at a cluster without any key.
"""

from ._chain import genesis_hash
from .artefacts import Artefact, Reference, Target, reference, targets
from .costs import Costs, Options, Standing
from .journal import Journal
from .plan import MAINNET, Plan, make_plan
from .record import Record
from .service import Outcome, deploy, recorded

__all__ = [
    "MAINNET",
    "Artefact",
    "Costs",
    "Journal",
    "Options",
    "Outcome",
    "Plan",
    "Record",
    "Reference",
    "Standing",
    "Target",
    "deploy",
    "genesis_hash",
    "make_plan",
    "recorded",
    "reference",
    "targets",
]
