"""Genesis: what a charter says, onto the chain, for good.

`make_plan` compares the file with the chain and prices what is left, `run` does it from wherever an earlier
run has left it, and gives up the admin's power at the end, `summarise` signs what was done, and
`require_genuine` takes nothing else for a summary.
"""

from .plan import Costs, Plan, make_plan
from .service import Outcome, run
from .summary import require_genuine, summarise

__all__ = ["Costs", "Outcome", "Plan", "make_plan", "require_genuine", "run", "summarise"]
