"""Launch: deploy the programs so that nobody can change them, and prove from the chain alone that nobody can.

`make_plan` says what is left to do and what it costs, `deploy` does it and can be cut short at any point,
`verify` looks at a cluster without any key.
"""

from ._chain import genesis_hash, owned
from .artefacts import Artefact, Reference, Target, reference, targets
from .costs import Costs, Options, Standing
from .expected import Expected, ExpectedFeed, ExpectedKeys
from .journal import Journal
from .plan import MAINNET, Plan, make_plan
from .record import Record, memo_instructions, sign
from .rules import RULES, Finding, Power
from .service import Outcome, deploy, recorded
from .verify import Report, judge, verify

__all__ = [
    "MAINNET",
    "RULES",
    "Artefact",
    "Costs",
    "Expected",
    "ExpectedFeed",
    "ExpectedKeys",
    "Finding",
    "Journal",
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
