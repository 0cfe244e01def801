"""What is run, what is not and why."""

from __future__ import annotations

from itertools import pairwise

from breakwater.model import Tick
from breakwater.replay import Capture, CapturedMarket
from breakwater.replay._plan import OPEN, ORDER, PUBLISH, Plan, make_plan

T = 1_000_000


def market(start: int, strike: int | None = 100, up_won: bool | None = True) -> CapturedMarket:
    return CapturedMarket(start, start + 300, strike, up_won, str(start))


def ticks(*seconds: int) -> tuple[Tick, ...]:
    return tuple(Tick("test", "X", 100, 0, 0, s * 1000, s * 1000 + 1_500) for s in seconds)


def plan(
    markets: list[CapturedMarket], seen: tuple[Tick, ...], limit: int | None = None, trades: int = 10
) -> Plan:
    return make_plan(
        Capture("test", 0, True, tuple(markets), seen), limit=limit, trades=trades, traders=3, seed=1
    )


def test_markets_are_skipped_for_a_reason() -> None:
    markets = [market(T, strike=None), market(T + 300, up_won=None), market(T + 600), market(T + 900)]
    made = plan(markets, ticks(*range(T - 10, T + 901)))
    assert [each.market.id for each in made.markets] == [T + 600]
    assert dict(made.skipped) == {
        T: "the capture has no strike",
        T + 300: "it was not settled in reality",
        T + 900: "no tick at or after its close",
    }


def test_a_market_without_strike_is_traded_through_a_long_outage_but_not_compared() -> None:
    seen = ticks(*range(T - 10, T + 5), *range(T + 400, T + 1_000))
    made = plan([market(T), market(T + 300, strike=None)], seen)
    assert [(each.market.id, each.scored) for each in made.markets] == [(T, True), (T + 300, False)]
    assert made.scored == 1
    assert "not compared" in dict(made.skipped)[T + 300]


def test_a_limit_takes_the_first_markets_and_the_ticks_that_settle_them() -> None:
    made = plan([market(T), market(T + 300), market(T + 600)], ticks(*range(T - 5, T + 1_000)), limit=2)
    assert [each.market.id for each in made.markets] == [T, T + 300]
    assert made.ticks[-1].timestamp_ms == (T + 600) * 1000


def test_a_capture_that_begins_late_gets_the_strike_as_first_observation() -> None:
    assert plan([market(T)], ticks(T + 300, T + 301)).opening == (T * 1000, 100)
    assert plan([market(T)], ticks(T - 1, T + 300)).opening is None


def test_everything_happens_in_order_and_within_the_market() -> None:
    made = plan([market(T), market(T + 300)], ticks(*range(T - 5, T + 700)), trades=50)
    assert all(a.time_ms <= b.time_ms for a, b in pairwise(made.happenings))
    assert {each.kind for each in made.happenings} == {PUBLISH, OPEN, ORDER}
    orders = [each for each in made.happenings if each.kind == ORDER]
    assert len(orders) == 100
    for order in orders:
        start = made.markets[order.index].market.id
        assert start * 1000 < order.time_ms < (start + 300) * 1000
        assert 0 <= order.trader < 3
    assert made.happenings == plan([market(T), market(T + 300)], made.ticks, trades=50).happenings
