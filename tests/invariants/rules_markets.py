"""Rules: markets from their opening to their removal, positions, time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain.terms import LEVERAGED, SPOT, BreakerLimits, MarketTerms

from . import calls
from .floor import ANY, LIMIT, SIZE, WHO, Floor, owner_of, size_of
from .settlement import GRACE_MS
from .stage import FEEDS, OPERATORS, OWNERS, VENUES, Venue, price_event
from .state import Chain, Feed, Market, Position

if TYPE_CHECKING:
    from .world import Key

LEAST_MARKETS, MOST_MARKETS = 3, 16
HOUR_MS = 3_600_000
YEARS_MS = 800 * 24 * HOUR_MS


def _spoilt(terms: MarketTerms, how: int) -> MarketTerms:
    """Terms that the program must refuse, each for a reason of its own."""
    wide = BreakerLimits(1, 1_000_001, 0, 10, 10)
    return [
        replace(terms, close_ms=0),
        replace(terms, close_ms=terms.close_ms + YEARS_MS),
        replace(terms, group=64),
        replace(terms, strikes=()),
        replace(terms, strikes=(5, 5)),
        replace(terms, strikes=(0,)),
        replace(terms, curve=3),
        replace(terms, curve=1, strikes=(5, 6)),
        replace(terms, liquidity=0),
        replace(terms, liquidity=(1 << 56) + 1),
        replace(terms, liquidity=1 << 45),
        replace(terms, breaker=wide),
        replace(terms, breaker=BreakerLimits(1, 1, 1, 216_001, 1)),
        replace(terms, breaker=BreakerLimits(1, 1, 1, 10, 0)),
        replace(terms, strikes=(5,), max_divergence_ppm=1_000_001),
        replace(terms, strikes=(5, 6), curve=0, max_divergence_ppm=1),
    ][how]


class Markets(Floor):
    """What happens to markets."""

    def _operator(self) -> int:
        operator = self.record(at.config()).operator
        return next(i for i, each in enumerate(OPERATORS) if bytes(each.pubkey()) == operator)

    @rule(venue=st.integers(0, len(VENUES) - 1), hours=st.integers(1, 4), size=SIZE, other=LIMIT)
    def rule_create_market(self, venue: int, hours: int, size: int, other: int) -> None:
        """Open a market of any curve, with positions for two owners; now and then as the wrong operator."""
        chosen = VENUES[venue] if other % 2 else replace(VENUES[venue], liquidity=size_of(size))
        self._open_market(OPERATORS[self._operator() ^ (other == 0)], chosen, hours)

    def keep_open(self) -> None:
        """Open markets until three trade: where all have closed there is little to try."""
        live = [each for each in self.of(Market) if self.trades(at.market(each.id))]
        for i in range(len(live), LEAST_MARKETS):
            venue = VENUES[(self.next_market + i) % len(VENUES)]
            self._open_market(OPERATORS[self._operator()], venue, 1 + i)

    def _open_market(self, who: Key, venue: Venue, hours: int) -> None:
        if len(self.of(Market)) >= MOST_MARKETS:
            return
        self.next_market += 1
        terms = venue.terms(self.world.now.ms + hours * HOUR_MS)
        if self.run(calls.create_market(who, self.next_market, terms)).error is None:
            for owner in OWNERS[1:3]:
                for kind in (SPOT, LEVERAGED):
                    self.run(calls.create_position(owner, self.next_market, hours % 2, kind))

    @rule(venue=st.integers(0, len(VENUES) - 1), how=st.integers(0, 15))
    def rule_create_market_with_bad_terms(self, venue: int, how: int) -> None:
        """Terms out of range are refused, each by its own error."""
        terms = _spoilt(VENUES[venue].terms(self.world.now.ms + HOUR_MS), how)
        outcome = self.run(calls.create_market(OPERATORS[self._operator()], 77, terms))
        assert outcome.error is not None

    @rule(who=WHO, which=ANY, outcome=st.integers(0, 16), kind=st.integers(0, 8))
    def rule_create_position(self, who: int, which: int, outcome: int, kind: int) -> None:
        """Open a position: perhaps of an outcome or kind that is not, perhaps one that is there already."""
        market = self.market(which, trading=which % 8 > 0)
        kind = 2 if kind == 8 else kind % 2
        self.run(calls.create_position(OWNERS[who], market.id, outcome, kind))

    @rule(which=ANY, kind=st.integers(0, 1), signed=st.booleans())
    def rule_close_position(self, which: int, kind: int, *, signed: bool) -> None:
        """Close a position, which has to be empty; once its market is settled, anybody may."""
        if found := self.position(which, kind, held=which % 4 == 0):
            owner, market, outcome, _ = found
            self.run(calls.close_position(owner, market, outcome, kind, signed=signed))

    @rule(which=ANY, price=st.integers(0, 20), wrong=st.integers(-2, 2))
    def rule_resolve(self, which: int, price: int, wrong: int) -> None:
        """A market closes, its feed publishes, anybody resolves it, now and then by the wrong publication."""
        self.settle(self.market(which, trading=False), price, wrong)

    def settle(self, market: Market, price: int, wrong: int) -> None:
        """Let a market close, its feed publish, and resolve it."""
        self._pass_until(market.close_ms)
        name = next(each for each in FEEDS if bytes(at.feed(each)) == market.feed)
        if market.status == 0 and not wrong % 2:
            value = 9_980 + 25 * price if name == FEEDS[0] else 50_000 * price
            self.run(calls.publish(self.publisher(name), price_event(self.world, name, value)))
        feed: Feed = self.record(at.feed(name))
        oldest = feed.count - len(feed.history)
        times = [at_ms for at_ms, _ in feed.history]
        after = [i for i, at_ms in enumerate(times) if at_ms >= market.close_ms]
        index = max(0, oldest + (after[0] if after else 0) + wrong // 2)
        self.run(calls.resolve(market.id, Pubkey(market.feed), index))

    @rule(which=ANY, patient=LIMIT)
    def rule_void(self, which: int, patient: int) -> None:
        """A market nobody resolved is voided once its grace period is over."""
        market = self.market(which, trading=False)
        if patient == 9:
            self.void(market)
        else:
            self.run(calls.void(market.id))

    def void(self, market: Market) -> None:
        """Wait until nobody may resolve a market any more, and void it."""
        self._pass_until(market.close_ms + GRACE_MS)
        self.run(calls.void(market.id))

    @rule(which=ANY, kind=st.integers(0, 1))
    def rule_redeem(self, which: int, kind: int) -> None:
        """Pay a position out, which has to be settled and not empty."""
        settled = {bytes(at.market(each.id)) for each in self.of(Market) if each.status}
        owed = [each for each in self.of(Position) if each.market in settled and each.shares]
        if owed and which % 8:
            chosen = owed[which % len(owed)]
            owner, market = owner_of(chosen.trader), self.record(Pubkey(chosen.market)).id
            self.run(calls.redeem(owner.pubkey(), market, chosen.outcome, chosen.kind))
        elif found := self.position(which, kind, held=False):
            owner, market, outcome, _ = found
            self.run(calls.redeem(owner.pubkey(), market, outcome, kind))

    @rule(which=ANY)
    def rule_clear(self, which: int) -> None:
        """Everybody is paid out of a settled market, which then goes: no claim is ever left unpaid."""
        settled = [market for market in self.of(Market) if market.status]
        if not settled or len(self.of(Market)) == 1:
            return
        self.clear(settled[which % len(settled)])

    def clear(self, market: Market) -> None:
        """Pay everybody out of a settled market and remove it."""
        key = bytes(at.market(market.id))
        for position in [each for each in self.of(Position) if each.market == key]:
            owner = owner_of(position.trader)
            if position.shares:
                paid = calls.redeem(owner.pubkey(), market.id, position.outcome, position.kind)
                assert self.run(paid).error is None
            closed = calls.close_position(owner, market.id, position.outcome, position.kind, signed=False)
            assert self.run(closed).error is None
        for chain in self.of(Chain):
            for index, leg in enumerate(chain.legs):
                if leg.market == key and leg.shares:
                    owner = owner_of(chain.trader)
                    paid = calls.redeem_leg(owner.pubkey(), chain.id, market.id, index)
                    assert self.run(paid).error is None
        assert self.run(calls.close_market(market.id, Pubkey(market.rent_payer))).error is None

    @rule(which=ANY, payer=LIMIT)
    def rule_close_market(self, which: int, payer: int) -> None:
        """Remove a market, which has to be settled and empty; its rent is its payer's."""
        if len(self.of(Market)) == 1:
            return
        market = self.market(which, trading=False)
        receiver = Pubkey(market.rent_payer) if payer else OWNERS[0].pubkey()
        self.run(calls.close_market(market.id, receiver))

    @rule(slots=st.integers(1, 60))
    def rule_slots_pass(self, slots: int) -> None:
        """Halts end, what was bought is no longer bought just now."""
        self.world.engine.advance_slots(slots)

    @rule(seconds=st.integers(1, 900))
    def rule_time_passes(self, seconds: int) -> None:
        """Prices age, references follow, pools decay."""
        self.world.engine.advance_time(seconds)

    def _pass_until(self, at_ms: int) -> None:
        missing = -(-(at_ms - self.world.now.ms) // 1000)
        if missing > 0:
            self.world.engine.advance_time(missing)
