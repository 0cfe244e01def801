"""Values of alerts: what was read, what is wrong, and what is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias

__all__ = ["Alert", "Labels", "Notice", "Reading", "Severity", "labels_of", "labels_text"]

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Names and values that tell series of one metric apart, sorted by name."""

Kind = Literal["fired", "again", "cleared"]


class Severity(StrEnum):
    """How bad it is, from what one may like to know to what somebody has to get up for."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    EMERGENCY = "emergency"

    @property
    def rank(self) -> int:
        """0 for info to 3 for emergency."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure at one moment; `value` is None while it is not known."""

    metric: str
    value: float | None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that has fired for one series; `since_s` is Unix time, `value` the one it fired with."""

    rule: str
    severity: Severity
    labels: Labels
    says: str
    metric: str
    value: float
    since_s: float
    slot: int | None

    @property
    def key(self) -> tuple[str, Labels]:
        """What makes two alerts the same."""
        return self.rule, self.labels

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        about = labels_text(self.labels)
        return f"{self.rule} ({about})" if about else self.rule


@dataclass(frozen=True, slots=True)
class Notice:
    """News: an alert has fired, still holds (`again`), or has cleared; `value` can be unknown."""

    kind: Kind
    alert: Alert
    at_s: float
    value: float | None

    @property
    def sentence(self) -> str:
        """One line for people."""
        alert = self.alert
        about = labels_text(alert.labels)
        where = f" [{about}]" if about else ""
        value = "" if self.value is None else f" {alert.metric} is {self.value:.6g}."
        if self.kind == "cleared":
            return f"Cleared: {alert.says}{where}{value}"
        still = "still: " if self.kind == "again" else ""
        return f"{alert.severity.value.capitalize()}: {still}{alert.says}{where}{value}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        alert = self.alert
        return {
            "kind": self.kind,
            "rule": alert.rule,
            "severity": alert.severity.value,
            "labels": dict(alert.labels),
            "says": alert.says,
            "metric": alert.metric,
            "value": self.value,
            "since_s": round(alert.since_s, 3),
            "at_s": round(self.at_s, 3),
            "slot": alert.slot,
        }


def labels_of(**labels: str) -> Labels:
    """Labels in their order."""
    return tuple(sorted(labels.items()))


def labels_text(labels: Labels) -> str:
    """Labels for people."""
    return ", ".join(f"{name} {value}" for name, value in labels)
