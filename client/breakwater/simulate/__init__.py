"""A whole exchange with everybody in it, in one process, in simulated time, with everything going wrong.

The real programs run on the embedded engine; above it everything between a client and the chain is simulated
and seeded: slots, a leader that loses and reorders transactions, nodes that lag, a network, a price source.
What is above that is the real thing again: senders, keepers, the API's relay and its store. A checker of its
own holds every transaction against the rules of docs/economics.md, and in the end everybody's word against
the chain.

The same seed does the same, down to the trace's fingerprint.
"""

from .broken import BREAKS, build_broken
from .run import Plan, SeedResult, simulate_seed
from .service import Report, quiet, simulate, simulating

__all__ = [
    "BREAKS",
    "Plan",
    "Report",
    "SeedResult",
    "build_broken",
    "quiet",
    "simulate",
    "simulate_seed",
    "simulating",
]
