"""The launch monitor: how vault, markets, oracle, keepers, programs and node are doing.

::

    monitor = Monitor(engine)                # the shipped rules; or Monitor(engine, read_rules(path))
    sample = await monitor.sample()          # one look
    print(sample.values["coverage"], sample.alerts)

`watch` does it every second and tells history, page, Prometheus and sinks.
"""

from .checks import GROUP, Check, all_checks, built_in, known_metrics
from .grafana import dashboard, dashboard_text
from .history import History
from .look import Looker
from .metrics import METRICS, NO_LOANS, Metric
from .monitor import Monitor, Sample, default_rules_text, read_rules
from .service import PageConfig, WatchConfig, look_twice, watch
from .view import Mark, Node, ProgramFacts, View

__all__ = [
    "GROUP",
    "METRICS",
    "NO_LOANS",
    "Check",
    "History",
    "Looker",
    "Mark",
    "Metric",
    "Monitor",
    "Node",
    "PageConfig",
    "ProgramFacts",
    "Sample",
    "View",
    "WatchConfig",
    "all_checks",
    "built_in",
    "dashboard",
    "dashboard_text",
    "default_rules_text",
    "known_metrics",
    "look_twice",
    "read_rules",
    "watch",
]
