"""Scenarios are what their seed and their label say."""

from __future__ import annotations

import numpy as np
import pytest

from breakwater.cascade import CASCADES, Condition, Kind, ScenarioKind, generate
from breakwater.cascade._hawkes import family
from breakwater.cascade.conditions import arriving
from breakwater.cascade.statistics import median, share


@pytest.mark.parametrize("kind", list(ScenarioKind))
def test_equal_seeds_give_equal_events_and_others_do_not(kind: ScenarioKind) -> None:
    seconds = 60.0 if kind in (ScenarioKind.STEADY, *CASCADES) else 0.1
    a, b, c = (generate(kind, seed, seconds=seconds) for seed in (7, 7, 8))
    assert a.events.tobytes() == b.events.tobytes()
    assert a.events.tobytes() != c.events.tobytes()


def test_families_have_the_size_that_their_branching_ratio_gives() -> None:
    ticks = np.ones(200_000)
    found = family(
        np.random.default_rng(1), ticks * 0.2, ticks * 0.6, ticks * 0.5, np.full(4, 0.25),
        0.7, 0.5, 0.2, 1e4, 1.0, 60_000,
    )  # fmt: skip
    # immigrants 0.2 a second, each with 1 / (1 - 0.6) descendants, itself included
    assert len(found) / 20_000 == pytest.approx(0.2 / 0.4, rel=0.05)
    assert found[:, 3].mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("kind", CASCADES)
def test_a_cascade_keeps_its_own_definition(kind: ScenarioKind) -> None:
    for seed in range(6):
        scenario = generate(kind, seed)
        assert scenario.onset_ms is not None
        assert scenario.ignition_ms is not None
        assert scenario.peak_ms is not None
        assert (
            scenario.begin_ms
            < scenario.onset_ms
            <= scenario.ignition_ms
            <= scenario.peak_ms
            < scenario.end_ms
        )
        events = scenario.events
        times = np.sort(
            events["time_ms"][(events["kind"] == Kind.LIQUIDATION) & (events["time_ms"] >= scenario.onset_ms)]
        )
        second = np.searchsorted(times, times + 1000) - np.arange(len(times))
        assert second.max() >= 20
        assert len(times) >= 200
        at_peak = ((times >= scenario.peak_ms - 510) & (times <= scenario.peak_ms + 510)).sum()
        assert at_peak >= 0.9 * second.max()


def test_conditions_do_to_the_feeds_what_they_say() -> None:
    scenario = generate(ScenarioKind.MULTI_EXCHANGE, 3)
    clean = arriving(scenario, Condition.CLEAN)
    missing = arriving(scenario, Condition.MISSING)
    assert 1 <= len(set(clean["exchange"].tolist()) - set(missing["exchange"].tolist())) <= 2
    delayed = arriving(scenario, Condition.DELAYED)
    assert sorted(delayed["identity"].tolist()) == sorted(clean["identity"].tolist())
    assert (np.diff(delayed["time_ms"]) < -200).sum() > 100
    doubled = arriving(scenario, Condition.DOUBLED)
    traded = int((clean["kind"] <= Kind.TRADE).sum())
    assert len(doubled) == len(clean) + traded
    assert len(set(doubled["identity"].tolist())) == len(doubled)
    noise = arriving(scenario, Condition.NOISE)
    assert len(noise) > len(clean) * 1.04


def test_intervals_are_wilsons_and_the_bootstraps() -> None:
    found = share(95, 100)
    assert found.low == pytest.approx(0.8882, abs=1e-4)
    assert found.high == pytest.approx(0.9785, abs=1e-4)
    assert share(0, 200).high == pytest.approx(0.0188, abs=1e-4)
    assert share(0, 0).value is None
    middle = median([float(i) for i in range(101)])
    assert middle.value == 50
    assert middle.low is not None
    assert middle.high is not None
    assert 35 < middle.low < 50 < middle.high < 65
