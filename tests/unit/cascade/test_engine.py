"""The engine counts exactly, in any order, once; and what it says can be taken up again to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.cascade import Engine, Event, Exchange, Kind, Level, ScenarioKind, Side, generate
from breakwater.cascade.correlation import correlations
from breakwater.cascade.events import EVENT, identity
from breakwater.errors import InvalidInput

START = 1_750_000_000_000
FRAMES = (100, 500, 2000, 10_000, 60_000)


def liquidation(time_ms: int, number: int, dollars: int = 1000, venue: int = 0) -> Event:
    return Event(
        START + time_ms, Exchange(venue), "BTC", Kind.LIQUIDATION, Side.SELL, dollars * 10**6, 100.0, number
    )


def motions(events: list[Event], end_ms: int) -> list[tuple[float, float, float]]:
    """The definition, by adding up every event again: windows (end - frame, end] and the two before."""
    found = []
    for frame in FRAMES:
        sums = []
        for k in range(3):
            high = end_ms - k * frame
            sums.append(sum(e.micro_usd for e in events if high - frame <= e.time_ms < high) / 1e6)
        s = frame / 1000
        found.append((sums[0] / s, (sums[0] - sums[1]) / s**2, (sums[0] - 2 * sums[1] + sums[2]) / s**3))
    return found


def test_velocity_acceleration_and_jerk_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(0, 200_000, 3000)).tolist()
    events = [liquidation(t, i + 1, int(rng.integers(1, 10**6))) for i, t in enumerate(times)]
    engine = Engine()
    for event in events:
        engine.push(event)
    reading = engine.reading("BTC")
    expected = motions(events, reading.time_ms)
    for motion, (velocity, acceleration, jerk), frame in zip(reading.motions, expected, FRAMES, strict=True):
        assert motion.frame_ms == frame
        assert motion.velocity == pytest.approx(velocity, rel=1e-12)
        assert motion.acceleration == pytest.approx(acceleration, rel=1e-9, abs=1e-6)
        assert motion.jerk == pytest.approx(jerk, rel=1e-9, abs=1e-6)


def test_events_one_by_one_and_in_an_array_give_the_same_bits() -> None:
    scenario = generate(ScenarioKind.CASCADE, 3, seconds=200)
    array, single = Engine(), Engine()
    array.number("BTC")
    told = array.process(scenario.events)
    each = []
    for t, known, micro, value, _, venue, kind, side, _ in scenario.events.tolist():
        each += single.push(Event(t, Exchange(venue), "BTC", Kind(kind), Side(side), micro, value, known))
    assert told == each
    assert array.checkpoint("BTC") == single.checkpoint("BTC")


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 200), st.integers(0, 5))
def test_order_within_the_lateness_and_duplicates_change_nothing(
    chance: object, jitter: int, seed: int
) -> None:
    scenario = generate(ScenarioKind.FLASH_CRASH, seed, seconds=60)
    ordered = np.sort(scenario.events, order=["time_ms", "identity"])
    rng = np.random.default_rng(chance.randint(0, 2**32))  # type: ignore[attr-defined]
    arrival = ordered["time_ms"] + rng.integers(0, jitter + 1, len(ordered))
    shuffled = ordered[np.argsort(arrival, kind="stable")]
    again = rng.random(len(shuffled)) < 0.1
    # a duplicate comes within 20 events of its original
    doubled = np.concatenate([shuffled, shuffled[again]])
    place = np.concatenate(
        [np.arange(len(shuffled)), np.flatnonzero(again) + rng.uniform(0.1, 20, again.sum())]
    )
    doubled = doubled[np.argsort(place, kind="stable")]
    plain, disturbed = Engine(), Engine()
    plain.number("BTC")
    disturbed.number("BTC")
    end = scenario.end_ms + 10_000
    # the arrival of a duplicate may make the newest time known no earlier than its original did
    assert disturbed.process(doubled) + disturbed.clock(end) == plain.process(ordered) + plain.clock(end)
    assert disturbed.reading("BTC").duplicates == again.sum()
    assert disturbed.reading("BTC").counted == len(ordered)


def test_an_event_that_comes_too_late_for_its_signal_still_counts_at_its_own_time() -> None:
    events = [liquidation(t, t + 1) for t in range(0, 30_000, 250)]
    late = liquidation(18_050, 999_999, 5000)
    first, second = Engine(), Engine()
    first.feed(sorted([*events, late], key=lambda e: e.time_ms))
    second.feed([*events, late])
    a, b = first.reading("BTC"), second.reading("BTC")
    assert a.motions == b.motions
    assert (a.late, b.late, b.dropped) == (0, 1, 0)


def test_an_event_older_than_twenty_seconds_is_dropped_and_counted() -> None:
    engine = Engine()
    engine.push(liquidation(60_000, 1))
    engine.push(liquidation(39_900, 2))
    assert engine.reading("BTC").dropped == 1
    assert engine.reading("BTC").counted == 1


def test_what_makes_no_sense_never_reaches_the_state() -> None:
    scenario = generate(ScenarioKind.EDGE, 4)
    engine = Engine()
    engine.number("BTC")
    engine.process(scenario.events)
    reading = engine.reading("BTC")
    assert reading.counted + reading.dropped + reading.duplicates == len(scenario.events)
    assert reading.dropped >= 1000
    assert reading.duplicates >= 900


def test_an_hour_of_silence_leaves_no_motion() -> None:
    engine = Engine()
    engine.feed([liquidation(t, t + 1) for t in range(1000)])
    engine.push(liquidation(3_600_000, 5001))
    engine.clock(START + 3_700_000)
    reading = engine.reading("BTC")
    assert [round(each.events_per_second * each.frame_ms / 1000) for each in reading.motions] == [1] * 5
    assert reading.level is Level.CALM


def test_a_burst_raises_the_level_with_reasons_and_ten_quiet_seconds_lower_it() -> None:
    engine = Engine()
    quiet = [liquidation(t, t + 1) for t in range(0, 60_000, 5000)]
    burst = [liquidation(60_000 + 4 * i, 10**6 + i, 200_000, i % 4) for i in range(500)]
    raised = engine.feed([*quiet, *burst])
    assert [each.level for each in raised if each.raised][-1] >= Level.WARNING
    assert raised[-1].reasons
    assert 0 < raised[-1].confidence <= 1
    lowered = engine.clock(START + 80_000)
    assert [each.level for each in lowered][-1] is Level.CALM
    assert not lowered[-1].reasons
    assert raised[-1].time_ms + 10_000 <= lowered[0].time_ms <= START + 62_000 + 10_200


def test_clocks_do_not_change_what_later_events_find() -> None:
    scenario = generate(ScenarioKind.CASCADE, 8, seconds=120)
    plain, ticking = Engine(), Engine()
    plain.number("BTC")
    ticking.number("BTC")
    told = plain.process(scenario.events)
    heard = []
    for i in range(0, len(scenario.events), 100):
        part = scenario.events[i : i + 100]
        heard += ticking.process(part)
        heard += ticking.clock(int(scenario.events[: i + 100]["time_ms"].max()))
    assert heard == told
    assert plain.checkpoint("BTC") == ticking.checkpoint("BTC")


def test_a_checkpoint_goes_on_to_the_bit() -> None:
    events = generate(ScenarioKind.CASCADE, 9, seconds=120).events
    whole, before, after = Engine(), Engine(), Engine()
    for engine in (whole, before, after):
        engine.number("BTC")
    half = len(events) // 2
    told = whole.process(events)
    first = before.process(events[:half])
    after.restore("BTC", before.checkpoint("BTC"))
    assert first + after.process(events[half:]) == told
    assert after.checkpoint("BTC") == whole.checkpoint("BTC")
    with pytest.raises(InvalidInput, match="another version"):
        after.restore("BTC", b"short")


def test_a_hundred_symbols_take_less_than_ten_megabytes() -> None:
    assert Engine(capacity=100).memory_bytes <= 10_000_000


def test_symbols_that_nobody_numbered_and_too_many_are_refused() -> None:
    engine = Engine(capacity=1)
    engine.push(liquidation(0, 1))
    rows = np.zeros(1, EVENT)
    rows["symbol"] = 7
    with pytest.raises(InvalidInput, match="Number the events"):
        engine.process(rows)
    with pytest.raises(InvalidInput, match="more room"):
        engine.number("ETH")
    with pytest.raises(InvalidInput, match="lateness"):
        Engine(lateness_ms=1500)


def test_the_exchange_that_goes_ahead_is_found_with_its_lead() -> None:
    engine = Engine()
    rng = np.random.default_rng(2)
    times = np.sort(rng.integers(0, 24_000, 150)).tolist()
    leading = [liquidation(t, 2 * i + 1, venue=0) for i, t in enumerate(times)]
    following = [liquidation(t + 700, 2 * i + 2, venue=2) for i, t in enumerate(times)]
    engine.feed(sorted([*leading, *following], key=lambda e: e.time_ms))
    (pair,) = correlations(engine, "BTC")
    assert (pair.first, pair.second) == (Exchange.BINANCE, Exchange.OKX)
    assert pair.lead_ms == 700
    assert pair.shifted > 0.9 > pair.correlation


def test_identities_are_never_none_and_differ_by_every_part() -> None:
    a = identity(Exchange.OKX, "BTC-USDT-SWAP", Kind.TRADE, 12, 3)
    b = identity(Exchange.OKX, "BTC-USDT-SWAP", Kind.TRADE, 1, 23)
    assert a != b
    assert 0 < a < 2**63
    assert 0 < b < 2**63
