"""Launch: deploy the programs so that nobody can change them, and prove from the chain alone that nobody can.

`make_plan` says what is left to do and what it costs, `deploy` does it and can be cut short at any point,
`verify` looks at a cluster without any key.
"""

from breakwater.chain.queries import genesis_hash

from ._chain import owned
from .artefacts import Artefact, Reference, Target, reference, targets
from .costs import Costs, Options, Standing
from .plan import MAINNET, Plan, make_plan
from .powers import Power
from .record import Record, memo_instructions, sign
from .rules import RULES, Finding
from .service import Outcome, deploy, recorded
from .verify import Report, judge, verify

__all__ = [
    "MAINNET",
    "RULES",
    "Artefact",
    "Costs",
    "Finding",
    "Options",
    "Outcome",
    "Plan",
    "Power",
    "Record",
    "Reference",
    "Report",
    "Standing",
    "Target",
    "deploy",
    "genesis_hash",
    "judge",
    "make_plan",
    "memo_instructions",
    "owned",
    "recorded",
    "reference",
    "sign",
    "targets",
    "verify",
]
