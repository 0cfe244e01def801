"""Rules: money in and out, liquidity, ledgers, halts, the oracle, and what only happens once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from breakwater.chain import addresses as at
from breakwater.chain.terms import Rules

from . import calls
from .floor import ANY, LIMIT, PART, SIZE, WHO, part_of, size_of
from .rules_markets import Markets
from .stage import ADMIN, FEEDS, OPERATORS, OWNERS, PUBLISHERS, price_event

FEED = st.sampled_from(FEEDS)


class Vault(Markets):
    """Everything that is neither a trade nor a market's."""

    @rule(who=WHO, size=SIZE)
    def rule_deposit(self, who: int, size: int) -> None:
        """Tokens in."""
        self.run(calls.deposit(OWNERS[who], size_of(size)))

    @rule(who=WHO, to=WHO, part=PART)
    def rule_withdraw(self, who: int, to: int, part: int) -> None:
        """Tokens out, to anybody's wallet."""
        amount = part_of(self.balance(OWNERS[who]), part)
        self.run(calls.withdraw(OWNERS[who], amount, calls.wallet(OWNERS[to].pubkey())))

    @rule(who=WHO, size=SIZE, limit=LIMIT)
    def rule_provide_liquidity(self, who: int, size: int, limit: int) -> None:
        """Liquidity in."""
        amount = size_of(size)
        self.run(calls.provide_liquidity(OWNERS[who], amount, 0 if limit else min(2 * amount, 1 << 63)))

    @rule(who=WHO, part=PART, limit=LIMIT)
    def rule_take_liquidity(self, who: int, part: int, limit: int) -> None:
        """Liquidity out; usually not more than a part of it."""
        trader = self.trader(OWNERS[who])
        shares = part_of(trader.lp_shares if trader else 0, part)
        shares = shares // 4 if limit > 2 else shares
        self.run(calls.take_liquidity(OWNERS[who], shares, 0 if limit else 2 * shares))

    @rule(who=WHO, size=SIZE)
    def rule_providing_and_taking_costs(self, who: int, size: int) -> None:
        """Liquidity there and back earns nothing."""
        owner, amount = OWNERS[who], size_of(size)
        trader = self.trader(owner)
        before, held = self.balance(owner), trader.lp_shares if trader else 0
        if self.run(calls.provide_liquidity(owner, amount)).error is not None:
            return
        trader = self.trader(owner)
        assert trader is not None
        issued = trader.lp_shares - held
        if self.run(calls.take_liquidity(owner, issued)).error is None:
            assert self.balance(owner) <= before, "a round trip earned something"

    @rule()
    def rule_fold(self) -> None:
        """Deal the cash out anew."""
        assert self.run(calls.fold()).error is None

    @rule(group=st.sampled_from((7, 7, 7, 1, 63, 0, 64, 255)))
    def rule_propagate_halt(self, group: int) -> None:
        """Tell all shards of a halt."""
        self.run(calls.propagate_halt(group))

    @rule(who=WHO)
    def rule_create_trader(self, who: int) -> None:
        """Open a book, which is mostly there already."""
        self.run(calls.create_trader(OWNERS[who]))

    @rule(who=WHO, leave=st.booleans())
    def rule_close_trader(self, who: int, *, leave: bool) -> None:
        """Close a book, which has to be empty: now and then its owner takes everything out before."""
        owner = OWNERS[who]
        if leave and self.balance(owner):
            assert self.run(calls.withdraw(owner, self.balance(owner))).error is None
        self.run(calls.close_trader(owner))

    @rule(name=FEED, price=st.integers(0, 40), how=st.integers(0, 31))
    def rule_publish(self, name: str, price: int, how: int) -> None:
        """Publish: mostly well, else with a wide interval, a replay, an old or far time, or the wrong key."""
        value = (9_900 + 10 * price if name == FEEDS[0] else 25_000 * price) if price else 0
        event = price_event(self.world, name, value, confidence=value // 15 if how == 0 else 1)
        key = self.publisher(name)
        if how == 1:
            event = replace(event, sequence=event.sequence - 1)
        elif how == 2:
            event = replace(event, sequence=event.sequence + (1 << 48))
        elif how == 3:
            event = replace(event, timestamp_ms=self.record(at.feed(name)).timestamp_ms - 1)
        elif how == 4:
            event = replace(event, timestamp_ms=event.timestamp_ms + 700_000)
        elif how == 5:
            key = OWNERS[0]
        self.run(calls.publish(key, event))

    @rule(name=FEED, to=st.integers(0, 1), right=LIMIT)
    def rule_rotate_publisher(self, name: str, to: int, right: int) -> None:
        """Another key publishes from now on."""
        authority = ADMIN if right else OWNERS[1]
        self.run(calls.rotate_publisher(authority, name, PUBLISHERS[to].pubkey()))

    @rule(name=FEED, age=st.integers(0, 1_000))
    def rule_read(self, name: str, age: int) -> None:
        """Read a price, if it is young enough."""
        self.run(calls.read_feed(name, age))

    @rule(which=ANY, age=st.integers(0, 3))
    def rule_create_feed(self, which: int, age: int) -> None:
        """Open a feed; there may be one of that name, and its prices need an age."""
        name = FEEDS[which % 2] if which % 4 == 0 else f"FEED {which}"
        self.run(calls.create_feed(OWNERS[0], name, PUBLISHERS[0].pubkey(), -2, age))

    @rule(to=st.integers(0, 1), right=LIMIT)
    def rule_set_operator(self, to: int, right: int) -> None:
        """Appoint an operator."""
        self.run(calls.set_operator(ADMIN if right else OWNERS[1], OPERATORS[to].pubkey()))

    @precondition(lambda self: self.world.now.slot % 4 == 0)
    @rule(right=st.booleans())
    def rule_renounce_admin(self, *, right: bool) -> None:
        """Give the admin's power up, which nobody gets back."""
        self.run(calls.renounce_admin(ADMIN if right else OWNERS[1]))

    @rule(index=st.integers(0, 5))
    def rule_set_up_again(self, index: int) -> None:
        """What happens once does not happen twice."""
        outcome = self.run(calls.create_shard(OWNERS[0], index))
        assert outcome.error == ("AccountAlreadyInUse" if index < at.SHARDS else "BadParameter")
        outcome = self.run(calls.initialize(OWNERS[0], OWNERS[0].pubkey(), Rules()))
        assert outcome.error == "AccountAlreadyInUse"
