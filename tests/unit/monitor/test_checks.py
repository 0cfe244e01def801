"""Checks of other packages: found by their entry point, in the metrics, in the rules; and what is refused."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from breakwater.alerts import parse
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import EngineUnavailable, InvalidInput
from breakwater.monitor import METRICS, Monitor, dashboard_text, known_metrics, read_rules
from breakwater.monitor.assets import UPLOT, carried
from breakwater.monitor.checks import FAILED, all_checks
from breakwater.monitor.exposition import Exposition

PLUGIN = """
from breakwater.alerts import Reading
from breakwater.monitor import Check, Metric, View

def idle(view: View):
    yield Reading("idle_markets", sum(not any(m.shares) for m in view.open_markets.values()) + 3)

CHECK = Check("idle", idle, (Metric("idle_markets", "count", "Open markets nobody holds shares of."),))
CLASH = Check("clash", idle, (Metric("coverage", "ratio", "Ours."),))
"""
RULE = """
[[rules]]
name = "idle"
metric = "idle_markets"
severity = "info"
fire = "> 2"
says = "Markets are idle."
"""
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a package with one check, as pip leaves it behind."""
    (tmp_path / "idle_check.py").write_text(PLUGIN)
    info = tmp_path / "idle_check-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: idle-check\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "idle_check", raising=False)

    def run(target: str) -> None:
        (info / "entry_points.txt").write_text(f"[breakwater.monitor.checks]\nidle = {target}\n")
        importlib.invalidate_caches()

    return run


async def test_an_installed_check_is_read_exposed_and_may_be_named_by_rules(install: Install) -> None:
    with pytest.raises(InvalidInput, match="there is no metric idle_markets"):
        parse(RULE, known=known_metrics(all_checks()))
    install("idle_check:CHECK")
    monitor = Monitor(EmbeddedEngine(), parse(RULE, known=known_metrics(all_checks())))
    sample = await monitor.sample()
    assert sample.values["idle_markets"] == 3
    assert [each.rule for each in sample.alerts] == ["idle"]
    exposition = Exposition(monitor.metrics)
    exposition.show(sample)
    families = {each.name: each for each in text_string_to_metric_families(exposition.page().decode())}
    assert families["breakwater_idle_markets"].samples[0].value == 3


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("idle_check:idle", "Let the entry point idle name a breakwater.monitor.Check"),
        ("idle_check:NONE", "Remove or mend the check idle"),
        ("no_such_module:CHECK", "Remove or mend the check idle: No module named"),
        ("idle_check:CLASH", "Rename the metric coverage: two checks read it"),
    ],
)
def test_an_entry_point_that_is_no_check_gets_one_sentence(install: Install, target: str, why: str) -> None:
    install(target)
    with pytest.raises(InvalidInput, match=why):
        all_checks()


async def test_an_empty_chain_is_no_error() -> None:
    """Before genesis there is a node and nothing else: only what is about programs fires."""
    sample = await Monitor(EmbeddedEngine()).sample(at_once=True)
    assert {each.rule for each in sample.alerts} == {"immutability_lost", "program_changed"}
    assert "coverage" not in sample.values
    assert sample.as_dict()["tables"]["feeds"] == []


def test_the_shipped_dashboard_is_made_of_the_table() -> None:
    file = Path(importlib.import_module("breakwater.monitor").__file__ or "").parent / "grafana.json"
    assert file.read_text() == dashboard_text(), "breakwater monitor --print-grafana > grafana.json"


def test_every_metric_is_read_by_one_check_and_every_rule_names_one() -> None:
    known = known_metrics(all_checks())
    assert set(known) == {each.name for each in (*METRICS, FAILED)}
    assert {each.metric for each in read_rules().rules} <= set(known)


def test_uplot_is_served_only_as_it_was_published(tmp_path: Path) -> None:
    found = carried()
    assert set(found) == set(UPLOT)
    assert b"uPlot (v1.6.31)" in found["uplot.iife.min.js"]
    with pytest.raises(EngineUnavailable, match=r"^Run pip install youplot==1.0.0: "):
        carried(tmp_path)
    for name, data in found.items():
        (tmp_path / name).write_bytes(data)
    assert carried(tmp_path) == found
    (tmp_path / "uplot.iife.min.js").write_bytes(found["uplot.iife.min.js"] + b";")
    with pytest.raises(EngineUnavailable, match=r"its uplot\.iife\.min\.js was changed"):
        carried(tmp_path)
