"""Rules: loans are called, by keepers who only look, by some who push the price first, and by thieves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import liquidation_instructions as called_ix
from breakwater.chain.leg_instructions import LegOrder
from breakwater.chain.terms import LEVERAGED, SPOT

from . import calls
from .desk import ONE_Q28, WHOLE_PPM, Desk
from .draft import Guesses
from .floor import ANY, SIZE, U64, WHO, size_of
from .liquidations import maintenance_of, room_of, unhealthy
from .rules_attacks import Attacks, replaced_account
from .rules_chains import Chains
from .stage import OWNERS
from .state import Chain, Market, Position, clone

if TYPE_CHECKING:
    from .world import Key, Outcome

SECONDS = st.sampled_from((0, 1, 20, 70, 130))
"""Between a price's move and the call: references take a minute to follow."""
HOW_MUCH = st.integers(0, 7)


class Liquidations(Chains, Attacks):
    """What keepers do to loans."""

    def _loan(self, which: int) -> tuple[Key, int, int, Position] | None:
        """A position with a loan, of those that can be called if there are any."""
        if found := self.position(which | 1, LEVERAGED, held=True):
            return found if found[3].debt or which % 4 == 0 else None
        return None

    def _keeper(self, who: int, owner: Key) -> Key:
        """Anybody; one time in four perhaps the owner, who may not."""
        return OWNERS[who] if who == 3 else next(each for each in OWNERS[who:] + OWNERS if each is not owner)

    def _amount(self, market_id: int, position: Position, how: int) -> int:
        market = clone(self.market_by_id(market_id))
        shard = self.record(at.shard(market.shard))
        room = room_of(market, shard, self.world.now.slot)
        part = -(-position.shares * shard.partial_ppm // WHOLE_PPM)
        held = position.shares
        chosen: int = [min(part, room), part, min(held, room), held, room, room + 1, held + 1, part // 2][how]
        return chosen

    def _liquidate(self, keeper: Key, found: tuple[Key, int, int, Position], how: int) -> Outcome:
        owner, market, outcome, position = found
        position = self.record_of(position)
        shares = self._amount(market, position, how)
        done = self.run(calls.liquidate(keeper, owner.pubkey(), market, outcome, shares))
        if done.error == "BelowLoan" or how == 6:
            return self.run(calls.take_over(keeper, owner.pubkey(), market, outcome))
        return done

    def _push(self, keeper: Key, market_id: int, outcome: int, size: int) -> tuple[int, int] | None:
        """Buy another outcome, so that this one falls; what was bought."""
        other = 1 - outcome if outcome < 2 else 0
        key = at.position(at.trader(keeper.pubkey()), at.market(market_id), other, SPOT)
        if self.record(key) is None:
            self.run(calls.create_position(keeper, market_id, other, SPOT))
        shares = size_of(size)
        bought = self.run(calls.buy(keeper, market_id, other, shares, U64)).error is None
        return (other, shares) if bought else None

    @rule(which=ANY, who=WHO, how=HOW_MUCH)
    def rule_liquidate(self, which: int, who: int, how: int) -> None:
        """Try a loan as it is: mostly it is healthy."""
        if found := self._loan(which):
            self._liquidate(self._keeper(who, found[0]), found, how)

    @rule(
        which=ANY,
        who=WHO,
        size=st.integers(750, 1000),
        leverage=st.integers(4, 30),
        seconds=SECONDS,
        how=st.lists(HOW_MUCH, min_size=1, max_size=6),
    )
    def rule_price_falls(
        self, which: int, who: int, size: int, leverage: int, seconds: int, how: list[int]
    ) -> None:
        """Somebody borrows, the price falls, time passes, and keepers call slot after slot."""
        self.keep_open()
        self.refresh()
        self.rule_open(which | 1, size * 7 // 8, leverage, 1)
        if not (found := self._loan(which)):
            return
        keeper = self._keeper(who, found[0])
        self._push(keeper, found[1], found[2], size)
        self.world.engine.advance_time(seconds)
        for amount in how:
            self._liquidate(keeper, found, amount)
            self.world.engine.advance_slots(1 + 20 * (amount == 5))

    @rule(
        which=ANY,
        who=WHO,
        leverage=st.integers(3, 12),
        steps=st.integers(4, 60),
        how=st.lists(HOW_MUCH, min_size=1, max_size=6),
    )
    def rule_price_sinks(self, which: int, who: int, leverage: int, steps: int, how: list[int]) -> None:
        """The price gives way in small steps, a minute each, until a loan is just unhealthy and is called."""
        self.keep_open()
        self.refresh()
        self.rule_open(which | 1, 600 + 4 * steps, leverage, 1)
        if not (found := self._loan(which)) or not found[3].debt:
            return
        keeper = self._keeper(who, found[0])
        step = self.market_by_id(found[1]).liquidity // (12 * leverage)
        size = next(i for i in range(1022) if size_of(i + 1) > step or i == 1000)
        for _ in range(steps):
            if not self._is_sound(found) or not self._push(keeper, found[1], found[2], size):
                break
            self.world.engine.advance_time(70)
        for amount in how:
            self._liquidate(keeper, found, amount)
            self.world.engine.advance_slots(1)

    @rule(
        which=ANY,
        who=WHO,
        leverage=st.integers(3, 12),
        steps=st.integers(4, 60),
        price=st.sampled_from((0, 10, 20)),
    )
    def rule_gain_and_loss(self, which: int, who: int, leverage: int, steps: int, price: int) -> None:
        """A loan called early leaves something to insure with; one called too late may draw on it."""
        self.rule_price_sinks(which, who, leverage, steps, [3, 3])
        self.run(calls.fold())
        self.rule_price_falls(which >> 1, who, 830, 20, 130, [3])
        taken = [each for each in self.of(Market) if any(each.taken_debt)]
        if taken:
            self.settle(taken[which % len(taken)], price, 0)

    @rule(which=ANY, who=WHO, size=st.integers(750, 1000), slots=st.integers(2, 8))
    def rule_cascade(self, which: int, who: int, size: int, slots: int) -> None:
        """The slot's cap is used up slot after slot, and widens; after a rest it narrows."""
        self.rule_price_falls(which, who, size, 20, 70, [4])
        if found := self._loan(which):
            for _ in range(slots):
                self._liquidate(self._keeper(who, found[0]), found, 2)
                self.world.engine.advance_slots(1)

    @rule(which=ANY, who=WHO, size=st.integers(700, 1000), seconds=SECONDS, how=HOW_MUCH)
    def rule_keeper_round_trip(self, which: int, who: int, size: int, seconds: int, how: int) -> None:
        """Push the price, call the loan, sell again: in one moment no loan becomes callable by that.

        What a patient keeper makes of it is recorded, for it is a matter of sizes and fees.
        """
        found = self._loan(which)
        if not found or not found[3].debt or not self.trades(at.market(found[1])):
            return
        keeper = self._keeper(who, found[0])
        sound, before = self._is_sound(found), self.balance(keeper)
        if keeper is found[0] or not (pushed := self._push(keeper, found[1], found[2], size)):
            return
        self.world.engine.advance_time(seconds)
        called = self._liquidate(keeper, found, how).error is None
        assert not (called and sound and not seconds), "a loan was called by a price made for it"
        outcome, shares = pushed
        self.run(calls.sell(keeper, found[1], outcome, shares, 0))
        if called:
            self.world.gains.append(self.balance(keeper) - before)

    def _is_sound(self, found: tuple[Key, int, int, Position]) -> bool:
        """Whether a loan is healthy at the least price of the last minute and the most maintenance."""
        _, market_id, outcome, position = found
        desk = Desk(self.world.books, self.world.now, Guesses(()))
        market = self.market_by_id(market_id)
        if market.curve == 2:
            return False  # a pool's decay moves the price by itself
        shard = self.record(at.shard(market.shard))
        low, _ = desk.reference_price(market, outcome)
        least, _ = desk.leverage_caps(len(market.shares), shard.coverage_q32)
        return not unhealthy(position.shares * low // ONE_Q28, position.debt, maintenance_of(least))

    @rule(
        which=ANY,
        who=WHO,
        size=st.integers(800, 1000),
        seconds=SECONDS,
        parts=st.lists(
            st.integers(0, 1_050_000) | st.sampled_from((1_000_000, 300_000)), min_size=1, max_size=5
        ),
        cut=st.integers(0, 9),
    )
    def rule_chain_falls(
        self, which: int, who: int, size: int, seconds: int, parts: list[int], cut: int
    ) -> None:
        """A chain's outcomes fall, and keepers call all of it or parts, now and then with a leg too few."""
        if not (found := self.chain(which, held=True)):
            return
        owner, chain = found
        if not chain.held:
            self.keep_open()
            self.refresh()
            live = [each.id for each in self.of(Market) if self.trades(at.market(each.id))]
            if not live:
                return
            first, second = live[0], live[-1]
            size_of_first = size_of(700 + size % 160)
            legs = [self._leg(first, which % 2, size_of_first), self._leg(second, 0, size_of_first // 8)]
            self.run(calls.open_chain(owner, chain.id, legs, U64))
        keeper = self._keeper(who, owner)
        for leg in self.chain_of(owner, chain).held:
            market = self.record(Pubkey(leg.market))
            if self.trades(Pubkey(leg.market)) and self.balance(keeper):
                self._push(keeper, market.id, leg.outcome, size)
        self.world.engine.advance_time(seconds)
        for part in parts:
            ways = self._ways_out(self.chain_of(owner, chain))
            if cut < 2:
                ways = ways[1:] if cut else ways[::-1]
            done = self.run(calls.liquidate_chain(keeper, owner.pubkey(), chain.id, ways, part))
            if done.error in ("BelowLoan", "Healthy"):
                self.run(calls.take_over_chain(keeper, owner.pubkey(), chain.id, ways))
            self.world.engine.advance_slots(1)

    @rule(which=ANY, who=WHO, step=st.integers(500, 800), part=st.sampled_from((300_000, 1_000_000)))
    def rule_chain_sinks(self, which: int, who: int, step: int, part: int) -> None:
        """A chain's outcomes give way in small steps, a minute each, until it is called."""
        if not (found := self.chain(which, held=True)) or found[1].held:
            return
        owner, chain = found
        self.keep_open()
        self.refresh()
        live = [each.id for each in self.of(Market) if self.trades(at.market(each.id))]
        if not live:
            return
        size = self.market_by_id(live[0]).liquidity // 40
        legs = [self._leg(live[0], which % 2, size), self._leg(live[-1], 0, size // 2)]
        if self.run(calls.open_chain(owner, chain.id, legs, U64)).error:
            return
        keeper = self._keeper(who, owner)
        for _ in range(40):
            ways = self._ways_out(self.chain_of(owner, chain))
            called = self.run(calls.liquidate_chain(keeper, owner.pubkey(), chain.id, ways, part))
            if called.error not in ("Healthy", "LiquidationTooLarge"):
                break
            if not self._push(keeper, live[0], which % 2, step):
                break
            self.world.engine.advance_time(70)
            self.refresh()

    def _leg(self, market_id: int, outcome: int, shares: int) -> LegOrder:
        return LegOrder(market_id, self._feed(market_id), outcome, max(1, shares), 450)

    def chain_of(self, owner: Key, chain: Chain) -> Chain:
        """A chain as it is now."""
        record: Chain = self.record(at.chain(at.trader(owner.pubkey()), chain.id))
        return record

    @rule(which=ANY, size=SIZE, how=st.integers(0, 5))
    def rule_call_with_a_wrong_account(self, which: int, size: int, how: int) -> None:
        """A liquidation whose accounts do not belong together."""
        if not (found := self.position(which, LEVERAGED, held=False)):
            return
        owner, market, outcome, _ = found
        keeper, thief = [each for each in OWNERS if each is not owner][:2]
        good = called_ix.liquidate(keeper.pubkey(), owner.pubkey(), market, outcome, size)
        spot = at.position(at.trader(owner.pubkey()), at.market(market), outcome, SPOT)
        other = next(each for each in self.of(Market) if each.id != market)
        attempts = [
            ("NotOwner", replaced_account(good, 1, at.trader(thief.pubkey()))),
            ("PositionOfAnotherTrader", replaced_account(good, 2, at.trader(thief.pubkey()))),
            ("PositionOfAnotherMarket", replaced_account(good, 3, at.market(other.id))),
            ("WrongShard", replaced_account(good, 4, at.shard((at.shard_index(market) + 1) % at.SHARDS))),
            ("WrongKind", replaced_account(good, 5, spot)),
            ("MissingRequiredSignature", replaced_account(good, 0, signs=False)),
        ]
        error, instruction = attempts[how]
        if all(self.record(meta.pubkey) for meta in instruction.accounts[1:]):
            self.refused(error, instruction, [keeper] if how < 5 else [])
