"""No sequence of instructions takes more out of the exchange than went in.

Runs the machine on the failures kept in `seeds.json`, then on its seeds.
`BREAKWATER_INVARIANT_SEEDS=7,8` adds seeds, `BREAKWATER_INVARIANT_EXAMPLES=1000` lengthens every one.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, Phase, Verbosity, reproduce_failure, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from breakwater.chain import programs

from .floor import stage
from .keepers_model import VERBS as KEEPER_VERBS
from .machine import VERBS, ExchangeMachine

if TYPE_CHECKING:
    import pytest

    from .world import World

SEEDS: Final = Path(__file__).with_name("seeds.json")
EXAMPLES: Final = int(os.environ.get("BREAKWATER_INVARIANT_EXAMPLES", "50"))
STEPS: Final = 60
LEAST_CALLS: Final = 20_000
MORE: Final = 8
LIQUIDATIONS: Final = {"partial", "full", "insured", "taken over", "taken", "drawn"}
PROFILE: Final = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    deadline=None,
    database=None,  # seeds.json is the memory: it is the same for everybody
    phases=[Phase.generate, Phase.shrink],
    print_blob=True,
    verbosity=Verbosity.normal,
    suppress_health_check=list(HealthCheck),
)


LAUNCH_VERBS: Final = frozenset(
    (
        *("open_bootstrap", "claim_trades", "create_maker", "close_maker"),
        *("lock_liquidity", "unlock_liquidity", "claim_maker"),
    )
)
"""What a launch pays is in no model here: `programs/exchange/tests` audit accounts after each of these."""
ARCHIVE_VERBS: Final = frozenset(
    (
        *("open_archive", "archive_positions", "archive_market"),
        *("restore_position", "redeem_archived", "verify_leaf"),
    )
)
"""Compared in `programs/exchange/tests/archive_property.rs` with a world that archives nothing."""


def _machine(name: str) -> Any:
    """A class of its own for each run: Hypothesis writes the seed into it."""
    return type(name, (ExchangeMachine,), {})


def _run(number: int) -> None:
    try:
        run_state_machine_as_test(seed(number)(_machine("ExchangeMachine")), settings=PROFILE)
    except BaseException as error:
        error.add_note(
            f"Replay it: BREAKWATER_INVARIANT_SEEDS={number}. "
            f'Keep it: add {number} to "seeds" in {SEEDS.name}, or the version and blob of '
            '@reproduce_failure to its "failures".'
        )
        raise


def _done(world: World) -> Counter[str]:
    """How often each verb succeeded."""
    done: Counter[str] = Counter()
    for (verbs, outcome), count in world.tally.items():
        for verb in verbs.split("+") if outcome == "done" else ():
            done[verb] += count
    return done


def test_any_sequence_of_instructions_keeps_the_books(capsys: pytest.CaptureFixture[str]) -> None:
    saved = json.loads(SEEDS.read_text())
    extra = os.environ.get("BREAKWATER_INVARIANT_SEEDS", "")
    world, _ = stage()
    for failure in saved["failures"]:
        replayed = reproduce_failure(failure["version"], failure["blob"])(_machine("ExchangeMachine"))
        run_state_machine_as_test(replayed, settings=PROFILE)
    for number in [*saved["seeds"], *map(int, filter(None, extra.split(",")))]:
        _run(number)

    # what Hypothesis draws from a seed depends on the modules that are loaded: rare deeds may need another
    for number in range(1_000, 1_000 + MORE):
        if _done(world).keys() >= VERBS and set(world.called) >= LIQUIDATIONS:
            break
        _run(number)
    done = _done(world)
    with capsys.disabled():
        refused = sum(count for (_, outcome), count in world.tally.items() if outcome != "done")
        print(f"\n{world.calls} calls, {refused} transactions refused; successes: {dict(done.most_common())}")
        print(f"liquidations: {dict(world.called)}; {_round_trips(world.gains)}")
    assert not (never := VERBS - done.keys()), f"{sorted(never)} never succeeded"
    assert world.calls >= LEAST_CALLS
    assert set(world.called) >= LIQUIDATIONS, "some kind of liquidation never happened"


def test_the_machine_knows_every_instruction() -> None:
    idls = (programs.idl(name) for name in programs.NAMES)
    elsewhere = (
        KEEPER_VERBS | LAUNCH_VERBS | ARCHIVE_VERBS
    )  # `test_keepers_machine.py` drives those of keepers
    assert not VERBS & elsewhere
    assert {each["name"] for idl in idls for each in idl["instructions"]} == VERBS | elsewhere


def _round_trips(gains: list[int]) -> str:
    """What keepers made of moving a price, calling a loan and moving back."""
    if not gains:
        return "no keeper's round trip"
    earned = sum(gain > 0 for gain in gains)
    return f"{len(gains)} keepers' round trips, {earned} gained, {min(gains)} to {max(gains)} micro-units"
