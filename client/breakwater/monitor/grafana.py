"""The Grafana dashboard, made from the table of metrics; `grafana.json` beside this file is what it makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from .checks import FAILED
from .exposition import ALERT, PREFIX
from .metrics import METRICS, Unit

if TYPE_CHECKING:
    from .metrics import Metric

__all__ = ["dashboard", "dashboard_text", "names_in"]

UNITS: Final[dict[Unit, str]] = {
    "collateral": "currencyUSD",
    "ratio": "none",
    "bp": "none",
    "seconds": "s",
    "slots": "locale",
    "ms": "ms",
    "count": "short",
    "per_s": "ops",
    "flag": "bool_yes_no",
    "mmt": "short",
}
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
STATS: Final = ("coverage", "vault", "open_interest", "tps", "fees", "rpc_up")
WIDTH: Final = 24


def dashboard() -> dict[str, Any]:
    """The dashboard: figures on top, alerts, then a graph for every panel of the table."""
    table = {each.name: each for each in METRICS}
    panels = [_stat(table[name], i) for i, name in enumerate(STATS)]
    panels.append(_alerts(len(panels), 4))
    grouped: dict[str, list[Metric]] = {}
    for each in (*METRICS, FAILED):
        if each.panel:
            grouped.setdefault(each.panel, []).append(each)
    for i, (title, metrics) in enumerate(grouped.items()):
        place = {"h": 8, "w": WIDTH // 3, "x": i % 3 * (WIDTH // 3), "y": 10 + i // 3 * 8}
        panels.append(_graph(len(panels), title, metrics, place))
    return {
        "uid": "breakwater",
        "title": "Breakwater",
        "tags": ["breakwater"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "5s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "templating": {
            "list": [
                {
                    "name": "source",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                }
            ]
        },
        "panels": panels,
    }


def dashboard_text() -> str:
    """The same as a file."""
    return json.dumps(dashboard(), indent=1) + "\n"


def names_in(panels: list[dict[str, Any]]) -> set[str]:
    """Every metric that panels ask for."""
    return {each["expr"].split("{")[0] for panel in panels for each in panel["targets"]}


def _target(name: str, legend: str, ref: str) -> dict[str, Any]:
    return {"datasource": SOURCE, "expr": name, "legendFormat": legend, "refId": ref, "editorMode": "code"}


def _stat(metric: Metric, number: int) -> dict[str, Any]:
    width = WIDTH // len(STATS)
    return {
        "id": number + 1,
        "type": "stat",
        "title": metric.name.replace("_", " ").capitalize(),
        "description": metric.says,
        "datasource": SOURCE,
        "gridPos": {"h": 4, "w": width, "x": number * width, "y": 0},
        "fieldConfig": {"defaults": {"unit": UNITS[metric.unit]}, "overrides": []},
        "options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "area", "colorMode": "value"},
        "targets": [_target(f"{PREFIX}{metric.name}", metric.name, "A")],
    }


def _alerts(number: int, y: int) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "state-timeline",
        "title": "Alerts",
        "datasource": SOURCE,
        "gridPos": {"h": 6, "w": WIDTH, "x": 0, "y": y},
        "fieldConfig": {"defaults": {"unit": "none"}, "overrides": []},
        "options": {"showValue": "never", "mergeValues": True},
        "targets": [_target(ALERT, "{{severity}} {{rule}} {{about}}", "A")],
    }


def _graph(number: int, title: str, metrics: list[Metric], place: dict[str, int]) -> dict[str, Any]:
    targets = []
    for i, each in enumerate(metrics):
        shown = " ".join(f"{{{{{label}}}}}" for label in each.labels)
        targets.append(_target(f"{PREFIX}{each.name}", f"{each.name} {shown}".strip(), chr(ord("A") + i)))
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "description": " ".join(each.says for each in metrics),
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": UNITS[metrics[0].unit], "custom": {"fillOpacity": 8, "lineWidth": 2}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": targets,
    }
