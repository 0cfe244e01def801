"""Rules: standing orders, placed, taken back, and executed by keepers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import liquidation_instructions as called_ix
from breakwater.chain.liquidation_instructions import StopTerms

from . import calls
from .desk import ONE_Q28
from .floor import ANY, LIMIT, SIZE, U64, WHO, owner_of, size_of
from .rules_attacks import replaced_account
from .rules_liquidations import SECONDS, Liquidations
from .stage import OWNERS
from .state import Position, Stop

if TYPE_CHECKING:
    from .world import Key

_PEOPLE = {each.pubkey() for each in OWNERS}
KIND = st.integers(0, 1)
TRIGGER = st.integers(0, 33)
"""Thirty-seconds of a price of one; 0 and 33 are no prices."""


def _price(number: int) -> int:
    return min(number * ONE_Q28 // 32, ONE_Q28 + 1)


class Stops(Liquidations):
    """What owners leave behind, and what keepers make of it."""

    def _order(self, which: int) -> tuple[Key, int, Position, Stop] | None:
        orders: list[Stop] = self.of(Stop)
        if not orders:
            return None
        chosen = orders[which % len(orders)]
        for position in self.of(Position):
            market_key = Pubkey(position.market)
            key = at.position(Pubkey(position.trader), market_key, position.outcome, position.kind)
            if bytes(key) == chosen.position:
                market = self.record(market_key).id
                return owner_of(position.trader), market, position, chosen
        return None

    @rule(
        which=ANY,
        kind=KIND,
        side=st.integers(0, 8),
        size=SIZE,
        trigger=TRIGGER,
        limit=LIMIT,
        tip=st.integers(0, 600),
    )
    def rule_place_stop(
        self, which: int, kind: int, side: int, size: int, trigger: int, limit: int, tip: int
    ) -> None:
        """Leave an order, now and then one that means nothing or is there already."""
        if found := self.position(which, kind, held=which % 4 > 0):
            owner, market, outcome, _ = found
            least = 0 if limit else _price(33 - trigger)
            side = 2 if side == 8 else side % 2
            terms = StopTerms(side, size_of(size), size_of(tip), _price(trigger), least)
            self.run(calls.place_stop(owner, market, outcome, kind, terms))

    @rule(which=ANY, kind=KIND, side=KIND)
    def rule_cancel_stop(self, which: int, kind: int, side: int) -> None:
        """Take an order back; mostly there is one."""
        if which % 8 and (found := self._order(which)):
            owner, market, position, stop = found
            place = (market, position.outcome, position.kind, stop.side)
            self.run(
                calls.clear_stop(owner.pubkey(), *place) if which % 3 else calls.cancel_stop(owner, *place)
            )
        elif other := self.position(which, kind, held=False):
            owner, market, outcome, _ = other
            self.run(calls.cancel_stop(owner, market, outcome, kind, side))

    @rule(which=ANY, who=WHO)
    def rule_execute_stop(self, which: int, who: int) -> None:
        """Try an order as it is."""
        if found := self._order(which):
            owner, market, position, stop = found
            keeper, outcome = self._keeper(who, owner), position.outcome
            self.run(calls.execute_stop(keeper, owner.pubkey(), market, outcome, position.kind, stop.side))

    @rule(which=ANY, kind=KIND, side=KIND, who=WHO, size=st.integers(700, 950), seconds=SECONDS)
    def rule_order_comes_due(
        self, which: int, kind: int, side: int, who: int, size: int, seconds: int
    ) -> None:
        """Somebody buys and leaves an order, the price moves, and a keeper executes it for its tip."""
        self.keep_open()
        self.refresh()
        if not (found := self.position(which | 1, kind, held=True)):
            return
        owner, market, outcome, position = found
        if not position.shares:
            bought = calls.buy(owner, market, outcome, size_of(size), U64)
            feed = self._feed(market)
            lent = calls.open_leveraged(owner, market, feed, outcome, size_of(size), 200, U64)
            self.run(lent if kind else bought)
        terms = StopTerms(side, size_of(size), size, ONE_Q28 * (5, 2)[side] // 8)
        self.run(calls.place_stop(owner, market, outcome, kind, terms))
        keeper = self._keeper(who, owner)
        self._push(keeper, market, outcome, size)
        self.world.engine.advance_time(seconds)
        before = self.balance(keeper)
        executed = self.run(calls.execute_stop(keeper, owner.pubkey(), market, outcome, kind, side))
        if executed.error is None:
            tip = executed.events[-1].fields["tip"]
            assert self.balance(keeper) == before + tip, "a keeper gets the tip and nothing else"

    @rule(which=ANY, how=st.integers(0, 4))
    def rule_stop_with_a_wrong_account(self, which: int, how: int) -> None:
        """Orders of others and for other positions."""
        if not (found := self._order(which)):
            return
        owner, market, position, stop = found
        keeper, thief = [each for each in OWNERS if each is not owner][:2]
        place = (position.outcome, position.kind)
        executed = called_ix.execute_stop(keeper.pubkey(), owner.pubkey(), market, *place, stop.side)
        cancelled = called_ix.cancel_stop(owner.pubkey(), market, *place, stop.side)
        twin = at.position(at.trader(owner.pubkey()), at.market(market), place[0], 1 - place[1])
        attempts = [
            ("WrongStop", replaced_account(executed, 6, twin), keeper),
            ("NotOwner", replaced_account(executed, 2, thief.pubkey()), keeper),
            ("NotOwner", replaced_account(executed, 1, at.trader(thief.pubkey())), keeper),
            ("NotOwner", replaced_account(cancelled, 0, thief.pubkey()), thief),
            ("WrongStop", replaced_account(cancelled, 2, twin), owner),
        ]
        error, instruction, signer = attempts[how]
        records = [meta.pubkey for meta in instruction.accounts if meta.pubkey not in _PEOPLE]
        if all(self.record(each) for each in records):
            self.refused(error, instruction, [signer])
