"""What is counted besides Locust's own figures, merged over workers, and written down at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from locust.runners import WorkerRunner

from .checks import broken
from .plan import the_plan

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["install", "refused", "summary"]

_causes: Counter[str] = Counter()
_names: Counter[str] = Counter()
_workers: set[str] = set()


def refused(_: Environment, cause: str, name: str) -> None:
    """Count a refusal under its cause."""
    _causes[cause] += 1
    _names[name] += 1


def install(environment: Environment) -> None:
    """Carry counts from workers to the master, and write all figures when it ends."""
    environment.events.report_to_master.add_listener(_report)
    environment.events.worker_report.add_listener(_merge)

    def ended(environment: Environment, **_: Any) -> None:
        if isinstance(environment.runner, WorkerRunner):
            return
        figures = summary(environment)
        Path(the_plan().result).write_bytes(msgspec.json.encode(figures))
        environment.process_exit_code = 1 if figures["broken"] else 0

    environment.events.quitting.add_listener(ended)


def _report(client_id: str, data: dict[str, Any]) -> None:
    """A worker tells what it has counted since it last did."""
    data["causes"], data["names"] = dict(_causes), dict(_names)
    _causes.clear()
    _names.clear()


def _merge(client_id: str, data: dict[str, Any]) -> None:
    _workers.add(client_id)
    _causes.update(data.get("causes", {}))
    _names.update(data.get("names", {}))


def summary(environment: Environment) -> dict[str, Any]:
    """All figures, in plain values."""
    total = environment.stats.total
    figures = {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "requests_per_second": round(total.total_rps, 2),
        "p50_ms": total.get_response_time_percentile(0.5),
        "p95_ms": total.get_response_time_percentile(0.95),
        "p99_ms": total.get_response_time_percentile(0.99),
        "users_at_most": max(
            (int(_number(each["user_count"])) for each in environment.stats.history), default=0
        ),
        "workers": len(_workers),
        "causes": dict(_causes),
        "names": dict(_names),
        "by_path": {
            f"{each.method} {each.name}": {
                "requests": each.num_requests,
                "failures": each.num_failures,
                "p95_ms": each.get_response_time_percentile(0.95),
            }
            for each in environment.stats.entries.values()
        },
        "history": [
            [_number(each["current_rps"]), _number(each["user_count"])] for each in environment.stats.history
        ],
    }
    return figures | {"broken": broken(figures, the_plan())}


def _number(value: Any) -> float:
    """A figure of the history, which newer versions keep with its time."""
    return float(value[-1] if isinstance(value, list | tuple) else value or 0)
