"""What the suite shows of these packages: every figure that a row quotes is measured."""

from __future__ import annotations

import re

from breakwater.faults.scenarios import SCENARIOS as FAULTS
from breakwater.levels.model import TARGETS
from breakwater.levels.scenarios import SCENARIOS as LEVELS
from breakwater.simulate.scenarios import SCENARIOS as SIMULATE
from breakwater.trials import Context

COUNTED = ("rush", "clients", "bulk_mb", "bulk_s", "bulk_kept_kib", "collections")
EVERY = (*FAULTS, *LEVELS, *SIMULATE)


class Anything(dict[str, object]):
    """Takes the names that a row asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __missing__(self, name: str) -> float:
        self.asked.append(name)
        return 1.0


def test_names_are_unique_and_all_run_on_the_embedded_engine() -> None:
    names = [each.name for each in EVERY]
    assert len(set(names)) == len(names)
    assert all("embedded" in each.engines and re.fullmatch(r"[a-z-]+", each.name) for each in EVERY)


def test_service_levels_quote_what_is_measured() -> None:
    (levels,) = LEVELS
    for each in levels.asked:
        names = [*TARGETS, *COUNTED, "soak_s", "operations", "cores", "cpu_of_machine"]
        figures: dict[str, float] = dict.fromkeys(names, 1)
        assert each.ours(figures)
        assert each.met(figures) in (True, False)


async def test_concurrency_measures_what_its_rows_quote() -> None:
    (scenario,) = (each for each in FAULTS if each.name == "concurrency")
    outcome = await scenario.run(Context(scale=0.05))
    assert outcome.passed, outcome.reason
    assert all(each.ours(outcome.figures) and each.met(outcome.figures) for each in scenario.asked)


def test_no_row_says_something_that_was_not_measured() -> None:
    for scenario in EVERY:
        for each in scenario.asked:
            figures = Anything()
            each.ours(figures)
            assert figures.asked, each.item


def test_every_item_of_the_third_report_that_falls_here_has_a_row() -> None:
    rows = [each.item for scenario in EVERY for each in scenario.asked]
    assert len(rows) == len(set(rows))
    assert sum(each.startswith("test_") for each in rows) == 69  # of 71; two fall to `stress`
