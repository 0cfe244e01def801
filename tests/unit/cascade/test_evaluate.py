"""Training and judging: on other seeds, by the same rules, and honestly."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from breakwater.cascade import Condition, Seeds, evaluate, generate, load_model, shipped_model, train
from breakwater.cascade.evaluate import lead_ms
from breakwater.cascade.generate import ScenarioKind
from breakwater.cascade.signals import Level, Regime, Signal
from breakwater.errors import InvalidInput


def signal(time_ms: int, level: Level, before: Level = Level.CALM) -> Signal:
    return Signal("BTC", time_ms, level, before, 0.9, Regime.QUIET, ())


def test_the_shipped_model_keeps_its_targets_on_seeds_it_has_not_seen() -> None:
    found = evaluate(Seeds(0, 100), shipped_model(), conditions=(Condition.CLEAN,))
    assert found.failures() == []
    shown = found.as_dict()
    assert shown["recall"] >= 0.95
    assert shown["false_positive_rate"] <= 0.02
    assert shown["median_lead_ms"] > 1000
    low, high = shown["recall_interval"]
    assert low <= shown["recall"] <= high
    assert (shown["cascades"], shown["steady_hours"]) == (300, 400)


def test_feeds_that_are_disturbed_cost_little() -> None:
    found = evaluate(Seeds(100, 115), shipped_model())
    for name, judgement in found.conditions.items():
        assert judgement.recall.value is not None
        assert judgement.recall.value >= 0.8, name
        assert judgement.recall.cases == 45


def test_a_model_is_not_judged_on_what_it_has_learnt() -> None:
    with pytest.raises(InvalidInput, match="Choose other seeds"):
        evaluate(Seeds(10_000_100, 10_000_200), shipped_model())


def test_training_learns_from_data_alone_and_names_its_origin(tmp_path: Path) -> None:
    first = train(Seeds(0, 20), "test")
    assert first.trained_on["seeds"] == "0:20"
    file = tmp_path / "model.json"
    file.write_bytes(msgspec.json.encode(first))
    assert load_model(file) == first
    found = evaluate(Seeds(700, 706), first, conditions=(Condition.CLEAN,))
    assert found.clean.recall.value is not None
    assert found.clean.recall.value > 0.6


def test_only_an_alarm_between_onset_and_peak_is_a_detection() -> None:
    scenario = generate(ScenarioKind.CASCADE, 1)
    assert scenario.onset_ms is not None
    assert scenario.peak_ms is not None
    before, within, after = scenario.onset_ms - 5000, scenario.peak_ms - 1000, scenario.peak_ms + 1000
    assert lead_ms(scenario, [signal(before, Level.CRITICAL)], 200) is None
    assert lead_ms(scenario, [signal(within, Level.WATCH)], 200) is None
    assert lead_ms(scenario, [signal(within, Level.WARNING, Level.CRITICAL)], 200) is None
    assert lead_ms(scenario, [signal(within, Level.WARNING)], 200) == 800
    assert lead_ms(scenario, [signal(after, Level.WARNING)], 200) == -1200


@pytest.mark.parametrize("damage", ["not json", "{}", "version", "nan", "order"])
def test_a_damaged_model_is_refused_in_one_sentence(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "model.json"
    fields = msgspec.to_builtins(shipped_model())
    if damage == "version":
        fields["version"] = 99
    elif damage == "nan":
        fields["bias"] = 1e999
    elif damage == "order":
        fields["thresholds"] = [3.0, 2.0, 1.0]
    text = msgspec.json.encode(fields) if damage in ("version", "nan", "order") else damage.encode()
    file.write_bytes(text)
    with pytest.raises(InvalidInput, match=r"Train .* again"):
        load_model(file)


def test_seeds_are_read_as_a_range() -> None:
    assert Seeds.parse("0:100") == Seeds(0, 100)
    for text in ("5", "5:5", "a:b", "-1:4", "3:1", ":", "1:2:3"):
        with pytest.raises(InvalidInput, match="A:B"):
            Seeds.parse(text)
