"""Markets, positions, chains and accounts as they are looked at: read at one time, valued by the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain.terms import LMSR, PM_AMM_DECAYING

from . import quotes
from .curves import Pool, curve_of, follow
from .outcomes import label

if TYPE_CHECKING:
    from breakwater.chain.accounts import Feed, Market, Position, Shard, Trader

    from .curves import Curve

__all__ = ["SLOT_S", "STATUSES", "AccountView", "ChainView", "Halt", "Holding", "MarketView"]

CACHE_SECONDS = 300
"""Age of a feed's newest price above which it is stale; the oracle's constant."""

SLOT_S: Final = 0.4
"""What a slot lasts, roughly; halts are counted in slots."""

STATUSES: Final = ("open", "resolved", "voided")
ONE_Q28: Final = 1 << 28
LMSR_FLOOR: Final = 0.002
FLOOR_UNIT: Final = 2**-24
"""How far the program's lower bound of an LMSR's price is below it, at most: a part of it, and this."""


@dataclass(frozen=True, slots=True)
class Halt:
    """A circuit breaker's halt: `by` "market" or "group"; `until_slot` is the first slot after it."""

    by: str
    until_slot: int
    left_slots: int

    @property
    def left_s(self) -> float:
        """Seconds until then, roughly."""
        return self.left_slots * SLOT_S


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market with its shard and its feed, at one time: the chain's Unix time `now_s` and its `slot`."""

    market: Market
    shard: Shard
    feed: Feed
    now_s: int
    slot: int

    @property
    def id(self) -> int:
        """The market's number."""
        return self.market.id

    @property
    def outcomes(self) -> int:
        """How many there are."""
        return len(self.market.shares)

    @property
    def feed_address(self) -> Pubkey:
        """The feed that settles it."""
        return Pubkey.from_bytes(self.market.feed)

    @property
    def status(self) -> str:
        """open, closed (waiting for its settlement), resolved or voided."""
        if self.market.status == 0 and self.now_s * 1000 >= self.market.close_ms:
            return "closed"
        return STATUSES[self.market.status]

    @property
    def settled(self) -> bool:
        """Whether positions can be redeemed."""
        return self.market.status != 0

    @property
    def halts(self) -> list[Halt]:
        """The halts in force: the market's own, its group's, both or none."""
        if self.status != "open":
            return []
        ends = {"market": self.market.halted_until_slot, "group": self.shard.halts[self.market.group]}
        return [Halt(by, until, until - self.slot) for by, until in ends.items() if until > self.slot]

    @property
    def prices(self) -> list[float]:
        """The outcomes' prices, in [0, 1]; of a settled market what a share pays."""
        m = self.market
        if m.status == 1:
            return [float(i == m.winner) for i in range(self.outcomes)]
        if m.status == 2:
            return [1 / self.outcomes] * self.outcomes
        return [self.curve(i).p for i in range(self.outcomes)]

    @property
    def pool(self) -> Pool:
        """Liquidity now; a decaying pool's account says what it was at the last trade."""
        m = self.market
        pool = Pool(m.liquidity, m.delta_offset)
        if m.curve != PM_AMM_DECAYING or m.status != 0:
            return pool
        difference = m.shares[0] - m.shares[1]
        return pool.decayed(m.full_liquidity, m.opened_ms, m.close_ms, self.now_s * 1000, difference)

    def curve(self, outcome: int) -> Curve:
        """The price curve of an outcome."""
        return curve_of(self.market.curve, self.market.shares, self.pool, outcome)

    def reference_price(self, outcome: int) -> float:
        """What secures a loan unless the fill's price is lower: the price as the last minute knew it."""
        m = self.market
        known = zip(m.reference, m.shares, m.traded_s, strict=True)
        stood = [follow(before, shares, max(0, self.now_s - at)) for before, shares, at in known]
        price = curve_of(m.curve, stood, self.pool, outcome).p
        # the program takes a quick lower bound of an LMSR's price; this is the lowest it can be
        return max(0.0, price * (1 - LMSR_FLOOR) - FLOOR_UNIT) if m.curve == LMSR else price

    def sale_fee_ppm(self, opened_slot: int) -> int:
        """The fee on selling what was bought in that slot: 2 % more when it is this one."""
        return self.shard.fee_ppm + (quotes.FLASH_PPM if opened_slot == self.slot else 0)

    def label(self, outcome: int) -> str:
        """An outcome in words."""
        return label(self.market.strikes, self.feed.exponent, outcome)

    @property
    def feed_age_s(self) -> int | None:
        """Seconds since the feed's newest price; None before the first."""
        return max(0, self.now_s - self.feed.timestamp_ms // 1000) if self.feed.count else None

    @property
    def stale(self) -> bool:
        """Whether the feed is too old for full leverage, and for chains."""
        age = self.feed_age_s
        return age is None or age > CACHE_SECONDS

    @property
    def wide(self) -> bool:
        """Whether the feed's interval is a tenth of its price or wider: then there is no leverage."""
        return not self.stale and 20 * self.feed.confidence >= self.feed.price

    @property
    def max_divergence(self) -> float | None:
        """How far a leveraged fill may be from the feed's probability; None where the feed is none."""
        return self.market.max_divergence_q28 / ONE_Q28 if self.market.feed_one else None

    def expected(self, outcome: int) -> float | None:
        """The feed's probability of an outcome; None where its price is none."""
        if not self.market.feed_one:
            return None
        upper = min(1.0, self.feed.price / self.market.feed_one)
        return upper if outcome else 1 - upper

    @property
    def leverage_cap(self) -> int:
        """Highest leverage now, in hundredths."""
        return quotes.leverage_cap(self.outcomes, self.shard.coverage_q32, stale=self.stale)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A trader's means: `lamports` and `wallet` outside the exchange, `trader` inside, None without one."""

    owner: Pubkey
    lamports: int
    wallet: int
    trader: Trader | None
    mint: Pubkey


@dataclass(frozen=True, slots=True)
class Holding:
    """A position, or a chain's leg, in its market, marked at what closing it now would bring."""

    position: Position
    view: MarketView

    @property
    def kind(self) -> str:
        """spot or leverage."""
        return "leverage" if self.position.kind else "spot"

    @property
    def fee_ppm(self) -> int:
        """The fee on selling it now."""
        return self.view.sale_fee_ppm(self.position.opened_slot)

    @property
    def value(self) -> int:
        """What selling everything now brings after the fee, or what the market paid, before the loan."""
        m, shares = self.view.market, self.position.shares
        if m.status == 1:
            return shares if self.position.outcome == m.winner else 0
        if m.status == 2:
            return shares // self.view.outcomes
        if shares == 0:
            return 0
        return quotes.estimate("sell", self.view.curve(self.position.outcome), shares, self.fee_ppm).amount

    @property
    def owed(self) -> int:
        """The loan that is still due; a losing share's was written off at the settlement."""
        m = self.view.market
        lost = m.status == 1 and self.position.outcome != m.winner
        return 0 if lost else self.position.debt

    @property
    def equity(self) -> int:
        """What is left for the trader; below zero when closing now would take from the balance."""
        left = self.value - self.owed
        return max(0, left) if self.view.settled else left

    @property
    def profit(self) -> int:
        """Equity less what was paid in."""
        return self.equity - self.position.cost

    @property
    def underwater_price(self) -> float | None:
        """The price at which closing repays the loan and no more; None without a loan or after the close."""
        if self.view.settled:
            return None
        p = self.position
        return quotes.underwater_price(self.view.curve(p.outcome), p.debt, p.shares, self.view.shard.fee_ppm)


@dataclass(frozen=True, slots=True)
class ChainView:
    """A chain, valued as one: `legs` are those that still hold shares, with their numbers on the chain.

    A leg's loan includes the margin of the leg behind it, so that a leg alone may look ruined or rich; what
    counts is the sum.
    """

    number: int
    opened_with: int
    legs: tuple[tuple[int, Holding], ...]

    @property
    def holdings(self) -> list[Holding]:
        """The legs that are left."""
        return [leg for _, leg in self.legs]

    @property
    def value(self) -> int:
        """What all legs bring now, before their loans."""
        return sum(leg.value for leg in self.holdings)

    @property
    def owed(self) -> int:
        """All loans that are still due."""
        return sum(leg.owed for leg in self.holdings)

    @property
    def cost(self) -> int:
        """What the trader paid for the legs that are left: margin, fees and premiums."""
        return sum(leg.position.cost for leg in self.holdings)

    @property
    def equity(self) -> int:
        """What is left for the trader; below zero when unwinding now would take from the balance."""
        return sum(leg.equity for leg in self.holdings)

    @property
    def profit(self) -> int:
        """Equity less what was paid in."""
        return self.equity - self.cost
