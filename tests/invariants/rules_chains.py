"""Rules: chains of leveraged purchases, there and back, and their legs' redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from breakwater.chain.leg_instructions import LegOrder

from . import calls
from .floor import ANY, LIMIT, SIZE, U64, WHO, owner_of, size_of
from .rules_trades import ORDERS, Trades
from .stage import OWNERS

if TYPE_CHECKING:
    from .state import Chain

LEGS = st.lists(st.tuples(ANY, st.integers(0, 16), st.integers(1, 12)), min_size=1, max_size=6)
FRACTION = 5
"""How much smaller each leg is than the one before: its margin has to fit the proceeds."""


class Chains(Trades):
    """What a trader does with chains."""

    def _legs(self, drawn: list[tuple[int, int, int]], size: int) -> list[LegOrder]:
        legs = []
        for i, (which, outcome, leverage) in enumerate(drawn):
            # one leg in sixteen wherever it falls, the others in markets of their own
            market = self.market(which if outcome == 16 else which + i)
            shares = size_of(size) // (1 + i * (outcome % FRACTION) // FRACTION)
            number = outcome % (len(market.shares) + (outcome == 15))
            legs.append(LegOrder(market.id, Pubkey(market.feed), number, shares, 50 + 50 * leverage))
        return legs

    def _ways_out(self, chain: Chain) -> list[tuple[int, Pubkey]]:
        markets = [self.record(Pubkey(leg.market)) for leg in chain.held]
        return [(market.id, Pubkey(market.feed)) for market in markets]

    @rule(who=WHO, again=LIMIT)
    def rule_create_chain(self, who: int, again: int) -> None:
        """Open an empty chain, or one that is there already."""
        self.next_chain += bool(again)
        self.run(calls.create_chain(OWNERS[who], self.next_chain))

    @rule(which=ANY)
    def rule_close_chain(self, which: int) -> None:
        """Close a chain, which has to be empty."""
        if found := self.chain(which, held=which % 2 == 0):
            self.run(calls.close_chain(found[0], found[1].id))

    @rule(which=ANY, size=SIZE, drawn=LEGS, limit=LIMIT)
    def rule_open_chain(self, which: int, size: int, drawn: list[tuple[int, int, int]], limit: int) -> None:
        """Open a chain of 1 to 6 legs, of which 2 to 5 are allowed."""
        if found := self.chain(which, held=False):
            owner, chain = found
            if limit > 1:
                self.keep_open()
                self.refresh()
            legs = self._legs(drawn, size)
            self.run(calls.open_chain(owner, chain.id, legs, U64 if limit else legs[0].shares // 10))

    @rule(which=ANY, limit=LIMIT, cut=LIMIT)
    def rule_unwind_chain(self, which: int, limit: int, cut: int) -> None:
        """Unwind a chain, now and then with a leg too few or in the wrong order."""
        if not (found := self.chain(which, held=True)):
            return
        owner, chain = found
        legs = self._ways_out(chain)
        if cut < 2:
            legs = legs[1:] if cut else legs[::-1]
        self.run(calls.unwind_chain(owner, chain.id, legs, 0 if limit else 1 << 40))

    @rule(which=ANY, size=SIZE, drawn=LEGS)
    def rule_opening_and_unwinding_costs(
        self, which: int, size: int, drawn: list[tuple[int, int, int]]
    ) -> None:
        """A chain there and back in one transaction earns nothing and leaves no loan."""
        if not (found := self.chain(which, held=False)) or found[1].held:
            return
        self.keep_open()
        self.refresh()
        owner, chain = found
        legs, before = self._legs(drawn, size), self.balance(owner)
        opened = calls.open_chain(owner, chain.id, legs, U64)
        unwound = calls.unwind_chain(owner, chain.id, [(leg.market_id, leg.feed) for leg in legs], 0)
        if self.run(opened, unwound).error is None:
            assert self.balance(owner) < before, "a round trip earned something"

    @rule(which=ANY, size=SIZE, drawn=LEGS, orders=ORDERS, minutes=st.integers(0, 3))
    def rule_chain_in_a_busy_moment(
        self, which: int, size: int, drawn: list[tuple[int, int, int]], orders: list[int], minutes: int
    ) -> None:
        """Others trade, and time passes, between a chain's opening and its unwinding."""
        found = self.chain(which, held=False)
        if found and not found[1].held:
            self.keep_open()
            self.refresh()
            self.run(calls.open_chain(found[0], found[1].id, self._legs(drawn, size * 3 // 4), U64))
        self.trade_all(orders)
        self.world.engine.advance_time(60 * minutes)
        self.rule_unwind_chain(which, 1, 9)

    @rule(which=ANY, price=st.integers(0, 20), void=st.booleans())
    def rule_chain_meets_its_end(self, which: int, price: int, *, void: bool) -> None:
        """A leg's market is settled and the leg redeemed; what is left unwinds or waits."""
        found = self.chain(which, held=True)
        if not found or not found[1].held:
            return
        owner, chain = found
        held = [i for i, leg in enumerate(chain.legs) if leg.shares]
        index = held[which % len(held)]
        market = self.record(Pubkey(chain.legs[index].market))
        if void:
            self.void(market)
        else:
            self.settle(market, price, 0)
        self.run(calls.redeem_leg(owner.pubkey(), chain.id, market.id, index))

    @rule(which=ANY, index=st.integers(0, 5))
    def rule_redeem_leg(self, which: int, index: int) -> None:
        """Pay a leg out, which has to be settled."""
        if not (found := self.chain(which, held=True)):
            return
        _, chain = found
        legs = chain.legs
        market = self.record(Pubkey(legs[index % len(legs)].market)) if legs else self.market(which)
        if market is not None:
            owner = owner_of(chain.trader).pubkey()
            self.run(calls.redeem_leg(owner, chain.id, market.id, index % 5))
