"""The newest sample for Prometheus, by the table of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from breakwater.alerts import labels_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.metrics_core import Metric as Family

    from breakwater.alerts import Notifier

    from .metrics import Metric
    from .monitor import Sample

__all__ = ["ALERT", "LOST", "PREFIX", "SAMPLES", "TIME", "Exposition"]

PREFIX: Final = "breakwater_"
ALERT: Final = f"{PREFIX}alert"
SAMPLES: Final = f"{PREFIX}monitor_samples"
LOST: Final = f"{PREFIX}monitor_notices_lost"
TIME: Final = f"{PREFIX}monitor_time_seconds"


class Exposition:
    """What /metrics says.

    Args:
        metrics: the table.
        notifier: whose losses are counted.
    """

    def __init__(self, metrics: Mapping[str, Metric], notifier: Notifier | None = None) -> None:
        self._metrics, self._notifier = dict(metrics), notifier
        self._sample: Sample | None = None
        self._samples = 0
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def show(self, sample: Sample) -> None:
        """From now on this is the newest."""
        self._sample = sample
        self._samples += 1

    def collect(self) -> Iterator[Family]:
        """What Prometheus asks for; figures that are not known are left out."""
        yield CounterMetricFamily(SAMPLES, "Looks taken.", value=self._samples)
        lost = 0 if self._notifier is None else self._notifier.lost
        yield CounterMetricFamily(LOST, "Notices that a sink has not got.", value=lost)
        sample = self._sample
        if sample is None:
            return
        yield GaugeMetricFamily(TIME, "Unix time of the newest look.", value=sample.view.time_s)
        families = {
            name: GaugeMetricFamily(f"{PREFIX}{name}", each.says, labels=each.labels)
            for name, each in self._metrics.items()
        }
        for reading in sample.readings:
            family = families.get(reading.metric)
            if family is None or reading.value is None:
                continue
            given = dict(reading.labels)
            names = self._metrics[reading.metric].labels
            family.add_metric([given.get(each, "") for each in names], reading.value)
        yield from (each for each in families.values() if each.samples)
        alerts = GaugeMetricFamily(
            ALERT, "1 for every alert that holds.", labels=["rule", "severity", "about"]
        )
        for alert in sample.alerts:
            alerts.add_metric([alert.rule, alert.severity.value, labels_text(alert.labels)], 1)
        yield alerts

    def page(self) -> bytes:
        """The text."""
        return generate_latest(self.registry)
