"""What is kept, for how long, and how it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwater.alerts import Alarms, Reading, labels_of, parse
from breakwater.errors import InvalidInput
from breakwater.monitor import History, Node, Sample, View
from breakwater.monitor.history import CLEAN_EVERY, FINE_S, KEEP_S, MOST_POINTS

NOW = 1_800_000_000.0
RULES = parse(
    '[[rules]]\nname = "low"\nmetric = "coverage"\nseverity = "critical"\nfire = "< 0.5"\nsays = "Low."'
).rules


class Desk:
    """Makes samples and keeps them."""

    def __init__(self, file: Path) -> None:
        self.file, self.history, self.alarms = file, History(file), Alarms(RULES)

    async def keep(self, at_s: float, **values: float) -> None:
        readings = [Reading(name, value) for name, value in values.items()]
        readings.append(Reading("feed_age", at_s % 60, labels_of(feed="BTC/USD")))
        notices = self.alarms.judge(readings, slot=1, time_s=at_s)
        view = View("embedded", at_s, 0, Node(True, True, 1.0), slot=1)
        await self.history.record(Sample(view, tuple(readings), tuple(self.alarms.active), tuple(notices)))

    async def reopen(self) -> None:
        await self.history.close()
        self.history = History(self.file)


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "deep" / "history.sqlite")


async def test_figures_and_alerts_survive_a_restart(desk: Desk) -> None:
    for i in range(10):
        await desk.keep(NOW + i, coverage=2 - i / 5)
    (alert,) = desk.alarms.active
    await desk.reopen()
    (chart,) = await desk.history.chart("coverage", NOW, NOW + 60)
    assert chart["values"] == tuple(2 - i / 5 for i in range(10))
    assert chart["times"] == tuple(NOW + i for i in range(10))
    (feed,) = await desk.history.chart("feed_age", NOW, NOW + 60)
    assert feed["labels"] == {"feed": "BTC/USD"}
    assert await desk.history.active() == [alert]
    desk.alarms = Alarms(RULES, await desk.history.active())
    await desk.keep(NOW + 20, coverage=1.0)
    assert await desk.history.active() == []
    (row,) = await desk.history.alerts()
    assert (row["fired_s"], row["cleared_s"], row["labels"]) == (NOW + 8, NOW + 20, {})
    await desk.history.close()


async def test_long_windows_are_of_minutes_and_what_is_old_goes(desk: Desk) -> None:
    for i in range(0, 300, 10):
        await desk.keep(NOW + i, coverage=float(i))
    (minutes,) = await desk.history.chart("coverage", NOW - FINE_S, NOW + 301)
    assert minutes["values"] == (50.0, 110.0, 170.0, 230.0, 290.0)
    desk.history._looks = CLEAN_EVERY
    await desk.keep(NOW + FINE_S + 300, coverage=1.0)
    fine = await desk.history.chart("coverage", NOW, NOW + FINE_S - 1)
    assert [each["times"] for each in fine] == [], "every look is kept for two hours"
    assert len((await desk.history.chart("coverage", NOW - FINE_S, NOW + FINE_S + 301))[0]["values"]) == 6
    desk.history._looks = CLEAN_EVERY
    await desk.keep(NOW + KEEP_S + FINE_S + 600, coverage=1.0)
    assert len((await desk.history.chart("coverage", NOW - 60, NOW + 2 * KEEP_S))[0]["values"]) == 1
    await desk.history.close()


async def test_many_points_are_thinned_and_the_newest_is_among_them(desk: Desk) -> None:
    await desk.keep(NOW, coverage=0.0)
    rows = [(1, round((NOW + i) * 1000), float(i)) for i in range(1, 2 * MOST_POINTS)]
    await desk.history._do(lambda: desk.history._db.executemany("INSERT INTO points VALUES (?, ?, ?)", rows))
    (chart,) = await desk.history.chart("coverage", NOW, NOW + FINE_S)
    assert len(chart["values"]) == MOST_POINTS
    assert chart["values"][-1] == 2 * MOST_POINTS - 1
    await desk.history.close()


async def test_a_file_of_something_else_gets_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, and longer than a header of sixteen bytes" * 100)
    with pytest.raises(InvalidInput, match=r"^Name another --history than .*: it is no history"):
        History(file)
