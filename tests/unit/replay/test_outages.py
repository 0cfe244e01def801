"""Fresh, cached, stale, recovered."""

from __future__ import annotations

from breakwater.replay.outages import Outages


def test_a_short_gap_is_no_outage() -> None:
    watch = Outages(30)
    for second in (100, 130, 160):
        watch.published(second, second * 1000)
    assert watch.list == []
    assert watch.as_dict()["outages"] == 0


def test_seconds_count_as_the_program_counts_them() -> None:
    watch = Outages(30)
    watch.published(1_000, 999_500)  # 999 s
    assert not watch.stale(999 + 300)
    assert watch.stale(999 + 301)
    watch.published(1_350, 1_350_000)
    (outage,) = watch.list
    assert (outage.begin_s, outage.end_s) == (999 + 31, 1_350)
    assert outage.stale == 1_350 - (999 + 301)
    assert outage.cached == 270


def test_refusals_degraded_trading_and_recovery() -> None:
    watch = Outages(30)
    watch.published(1_000, 1_000_000)
    watch.refused(1_310)
    watch.opened(1_320, 2_500, 5_000)
    watch.published(1_400, 1_400_000)
    watch.opened(1_410, 2_500, 5_000)
    watch.opened(1_430, 5_000, 5_000)
    watch.opened(1_450, 5_000, 5_000)
    assert watch.as_dict() == {
        "max_age_s": 30,
        "cache_s": 300,
        "outages": 1,
        "cached_seconds": 270,
        "stale_outages": 1,
        "stale_seconds": 99,
        "refused_stale": 1,
        "degraded_opens": 1,
        "recovered": 1,
        "longest_recovery_s": 30.0,
    }


def test_a_price_that_is_old_when_it_comes_does_not_count_twice() -> None:
    watch = Outages(30)
    watch.published(1_000, 1_000_000)
    watch.published(1_100, 1_040_000)
    watch.published(1_110, 1_110_000)
    assert [(each.begin_s, each.end_s) for each in watch.list] == [(1_031, 1_100), (1_100, 1_110)]


def test_an_outage_at_the_end_counts() -> None:
    watch = Outages(30)
    watch.published(1_000, 1_000_000)
    watch.finish(1_500)
    assert watch.as_dict()["stale_seconds"] == 199
    assert watch.as_dict()["recovered"] == 0
