"""Readings in, notices out: thresholds, how long they have to hold, and nothing said twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .model import Alert, Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .model import Labels, Reading
    from .rules import Rule

__all__ = ["Alarms"]

Key = tuple[str, "Labels"]


@dataclass(slots=True)
class _State:
    """What is known of one rule and one series."""

    labels: Labels
    holds_since: tuple[float, int | None] | None = None
    clears_since: float | None = None
    alert: Alert | None = None
    told_s: float = 0.0


class Alarms:
    """The state of every rule for every series.

    A figure that is not known changes nothing: neither does an alert clear because nobody can look, nor does
    one fire.

    Args:
        rules: what to look for.
        active: alerts that had fired before a restart; those of rules that are gone are dropped.
    """

    def __init__(self, rules: Sequence[Rule], active: Iterable[Alert] = ()) -> None:
        self.rules = tuple(rules)
        self._states: dict[Key, _State] = {}
        names = {each.name for each in self.rules}
        for alert in active:
            if alert.rule in names:
                self._states[alert.key] = _State(alert.labels, alert=alert, told_s=alert.since_s)

    @property
    def active(self) -> list[Alert]:
        """What has fired and not cleared, the worst first, then the oldest."""
        found = [each.alert for each in self._states.values() if each.alert is not None]
        return sorted(found, key=lambda each: (-each.severity.rank, each.since_s, each.rule, each.labels))

    def judge(
        self,
        readings: Iterable[Reading],
        *,
        slot: int | None,
        time_s: float,
        complete: bool = True,
        at_once: bool = False,
    ) -> list[Notice]:
        """Hold readings against the rules.

        Args:
            readings: what was read in one look.
            slot: the chain's slot; None while it is not known.
            time_s: Unix time of the look.
            complete: whether everything there is was read, so that a series that is missing is gone.
            at_once: let everything fire that holds, however short.
        """
        values: dict[Key, float] = {}
        series: dict[str, set[Labels]] = {}
        for each in readings:
            series.setdefault(each.metric, set()).add(each.labels)
            if each.value is not None:
                values[each.metric, each.labels] = each.value
        notices: list[Notice] = []
        for rule in self.rules:
            found = series.get(rule.metric, set())
            for labels in sorted(found):
                state = self._states.setdefault((rule.name, labels), _State(labels))
                notices += _step(rule, state, values, slot, time_s, at_once=at_once)
            if complete:
                notices += self._forget(rule, found, time_s)
        return notices

    def _forget(self, rule: Rule, found: set[Labels], time_s: float) -> list[Notice]:
        """A keeper or a feed that is no more has no alerts."""
        gone = [key for key in self._states if key[0] == rule.name and key[1] not in found]
        states = [self._states.pop(key) for key in gone]
        return [Notice("cleared", each.alert, time_s, None) for each in states if each.alert is not None]


def _step(
    rule: Rule,
    state: _State,
    values: Mapping[Key, float],
    slot: int | None,
    time_s: float,
    *,
    at_once: bool,
) -> list[Notice]:
    value = values.get((rule.metric, state.labels))
    applies = _applies(rule, state.labels, values)
    if value is None or applies is None:
        return []
    if state.alert is None:
        if not (applies and rule.fire.holds(value)):
            state.holds_since = None
            return []
        since_s, since_slot = state.holds_since = state.holds_since or (time_s, slot)
        if not at_once and not _lasted(rule, time_s - since_s, slot, since_slot):
            return []
        state.alert = Alert(
            rule.name, rule.severity, state.labels, rule.says, rule.metric, value, time_s, slot
        )
        state.holds_since, state.clears_since, state.told_s = None, None, time_s
        return [Notice("fired", state.alert, time_s, value)]
    if not applies or rule.clear.holds(value):
        state.clears_since = time_s if state.clears_since is None else state.clears_since
        if time_s - state.clears_since >= rule.clear_for_s:
            alert, state.alert, state.clears_since = state.alert, None, None
            return [Notice("cleared", alert, time_s, value)]
        return []
    state.clears_since = None
    if rule.repeat_s and time_s - state.told_s >= rule.repeat_s:
        state.told_s = time_s
        return [Notice("again", state.alert, time_s, value)]
    return []


def _lasted(rule: Rule, seconds: float, slot: int | None, since: int | None) -> bool:
    if seconds < rule.for_s:
        return False
    if not rule.for_slots:
        return True
    return slot is not None and since is not None and slot - since >= rule.for_slots


def _applies(rule: Rule, labels: Labels, values: Mapping[Key, float]) -> bool | None:
    """Whether all of `when` holds, of the same series or of the figure without labels; None if not known."""
    for each in rule.when:
        value = values.get((each.metric, labels), values.get((each.metric, ())))
        if value is None:
            return None
        if not each.holds(value):
            return False
    return True
