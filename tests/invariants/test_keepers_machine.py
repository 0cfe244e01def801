"""No sequence of MMT's and keepers' instructions pays more than the schedule, a task twice, or loses a unit.

`BREAKWATER_INVARIANT_EXAMPLES=1000` lengthens the run.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .keepers_machine import TALLY, KeepersMachine
from .keepers_model import VERBS
from .test_exchange import EXAMPLES, PROFILE

if TYPE_CHECKING:
    import pytest


def test_any_sequence_of_duties_keeps_the_books_of_mmt(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = settings(PROFILE, max_examples=max(1, EXAMPLES // 2))
    run_state_machine_as_test(seed(1)(type("KeepersMachine", (KeepersMachine,), {})), settings=chosen)
    done = Counter({verb: count for (verb, outcome), count in TALLY.items() if outcome == "done"})
    with capsys.disabled():
        print(f"\n{sum(TALLY.values())} calls of MMT and keepers; successes: {dict(done.most_common())}")
    # `initialize_mmt` has happened on the stage
    assert done.keys() | {"initialize_mmt"} == VERBS, "these never succeeded"
