"""When an alert fires, that it is told once, and when it clears."""

from __future__ import annotations

from breakwater.alerts import Alarms, Reading, Severity, labels_of, parse

RULES = """
[[rules]]
name = "low"
metric = "coverage"
severity = "critical"
fire = "< 0.5"
clear = ">= 0.6"
when = ["vault > 0"]
for_slots = 10
for_s = 4
clear_for_s = 3
repeat_s = 60
says = "Low."

[[rules]]
name = "silent"
metric = "silence"
severity = "emergency"
fire = "> 1"
when = ["duty > 0"]
says = "Silent."
"""


class Bench:
    """Alarms with a clock."""

    def __init__(self, alarms: Alarms | None = None) -> None:
        self.alarms = alarms or Alarms(parse(RULES).rules)
        self.time_s, self.slot = 1_000.0, 100

    def see(self, *readings: Reading, s: float = 0, slots: int = 0, complete: bool = True) -> list[str]:
        """What is told after that much time."""
        self.time_s += s
        self.slot += slots
        found = self.alarms.judge(readings, slot=self.slot, time_s=self.time_s, complete=complete)
        return [each.kind for each in found]

    def coverage(
        self, value: float | None, vault: float | None = 1, s: float = 0, slots: int = 0
    ) -> list[str]:
        return self.see(Reading("coverage", value), Reading("vault", vault), s=s, slots=slots)


def test_both_slots_and_seconds_have_to_pass() -> None:
    bench = Bench()
    assert bench.coverage(0.4) == []
    assert bench.coverage(0.4, s=3.5, slots=10) == []
    assert bench.coverage(0.4, s=0.5) == ["fired"]

    bench = Bench()
    assert bench.coverage(0.4) == []
    assert bench.coverage(0.4, s=60, slots=9) == []
    assert bench.coverage(0.4, slots=1) == ["fired"]


def test_it_has_to_hold_all_the_while() -> None:
    bench = Bench()
    assert bench.coverage(0.4) == []
    assert bench.coverage(0.5, s=2, slots=5) == []
    assert bench.coverage(0.4, s=2, slots=5) == []
    assert bench.coverage(0.4, s=3, slots=9) == []
    assert bench.coverage(0.4, s=1, slots=1) == ["fired"]


def test_it_is_told_once_again_after_a_minute_and_cleared_behind_the_other_threshold() -> None:
    bench = Bench()
    bench.coverage(0.4)
    assert bench.coverage(0.4, s=5, slots=12) == ["fired"]
    assert [bench.coverage(value, s=1) for value in (0.3, 0.45, 0.55, 0.4999)] == [[], [], [], []]
    assert bench.coverage(0.59, s=56) == ["again"]
    assert bench.coverage(0.6, s=1) == []
    assert bench.coverage(0.59, s=1) == [], "back before three seconds were over"
    assert bench.coverage(0.6, s=5) == []
    assert bench.coverage(0.7, s=3) == ["cleared"]
    assert bench.coverage(0.55, s=9, slots=99) == []
    assert bench.alarms.active == []


def test_what_is_not_known_changes_nothing() -> None:
    bench = Bench()
    bench.coverage(0.4)
    assert bench.coverage(None, s=5, slots=12) == []
    assert bench.coverage(0.4, vault=None, s=5, slots=12) == []
    assert bench.see(s=5, slots=12, complete=False) == []
    assert bench.coverage(0.4) == ["fired"]
    assert bench.coverage(None, s=100) == []
    assert bench.see(s=5, complete=False) == []
    assert [each.rule for each in bench.alarms.active] == ["low"]


def test_an_alert_clears_when_the_rule_no_longer_applies_or_the_series_is_gone() -> None:
    bench = Bench()
    bench.coverage(0.4)
    bench.coverage(0.4, s=5, slots=12)
    assert bench.coverage(0.1, vault=0, s=1) == []
    assert bench.coverage(0.1, vault=0, s=3) == ["cleared"]

    anna, bert = (labels_of(keeper=name) for name in ("anna", "bert"))
    duty = [Reading("duty", 1, anna), Reading("duty", 1, bert)]
    silent = [Reading("silence", 2.0, anna), Reading("silence", 2.0, bert)]
    assert bench.see(*duty, *silent) == ["fired", "fired"]
    assert bench.see(*duty, *silent) == []
    assert bench.see(*duty, silent[0]) == ["cleared"]
    assert [each.labels for each in bench.alarms.active] == [anna]


def test_conditions_are_of_the_same_series_first() -> None:
    bench = Bench()
    anna, bert = (labels_of(keeper=name) for name in ("anna", "bert"))
    readings = [Reading("silence", 2.0, anna), Reading("silence", 2.0, bert), Reading("duty", 1)]
    assert bench.see(*readings, Reading("duty", 0, bert)) == ["fired"]
    assert [each.labels for each in bench.alarms.active] == [anna]


def test_what_had_fired_before_a_restart_is_not_told_again_and_clears() -> None:
    bench = Bench()
    bench.coverage(0.4)
    bench.coverage(0.4, s=5, slots=12)
    again = Bench(Alarms(parse(RULES).rules, bench.alarms.active))
    again.time_s = bench.time_s
    assert again.coverage(0.4, s=1) == []
    assert again.alarms.active == bench.alarms.active
    assert again.coverage(0.7, s=1) == []
    assert again.coverage(0.7, s=3) == ["cleared"]
    assert Alarms(parse(RULES).rules[1:], bench.alarms.active).active == [], "its rule is gone"


def test_the_worst_comes_first() -> None:
    bench = Bench()
    everything = [Reading("coverage", 0.1), Reading("vault", 1), Reading("silence", 3), Reading("duty", 1)]
    notices = bench.alarms.judge(everything, slot=1, time_s=1.0, at_once=True)
    assert [each.kind for each in notices] == ["fired", "fired"]
    assert [each.severity for each in bench.alarms.active] == [Severity.EMERGENCY, Severity.CRITICAL]
    assert notices[0].sentence == "Critical: Low. coverage is 0.1."
