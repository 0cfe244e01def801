"""A trade, as docs/economics.md has it: price, fee, escrow, claims, breaker; the verbs are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from . import curves
from .draft import Draft, Refused, require
from .state import replaced

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from .state import Feed, Holding, Market, Shard, Trader

__all__ = ["Desk", "Priced", "Visit"]

OPEN = 0
DECAYING = 2
FEWEST = 10_000
"""Micro-shares whose price is not mostly rounding."""
WHOLE_PPM = 1_000_000
FLASH_PPM = 20_000
ONE_Q28 = 1 << 28
REFERENCE_S = 64
CACHE_S = 300
EXACT_NOTIONAL = 1 << 36

KNOWN: dict[tuple[int, int, int, tuple[int, ...]], int] = {}
"""Escrows the chain has shown: a function of curve, liquidity, offset and shares alone, whoever came how."""


@dataclass(frozen=True)
class Visit:
    """A trader at a market with a holding."""

    trader_key: Pubkey
    market_key: Pubkey
    trader: Trader
    market: Market
    shard: Shard
    holding: Holding


@dataclass(frozen=True)
class Priced:
    """Shares priced: `moved` went into or out of the escrow."""

    notional: int
    fee: int
    fill: int
    moved: int
    shares: int


class Desk(Draft):
    """What all trades do alike."""

    def require_open(self, market: Market) -> None:
        """The market has not closed."""
        require(market.status == OPEN and self.now.ms < market.close_ms, "MarketClosed")

    def is_halted(self, v: Visit) -> bool:
        """The market's breaker or one of its group has halted it."""
        return max(v.market.halted_until_slot, v.shard.halts[v.market.group]) > self.now.slot

    def enter(self, v: Visit) -> int:
        """The market trades, at its liquidity of now; the holding's outcome."""
        self.require_open(v.market)
        require(not self.is_halted(v), "MarketHalted")
        self.catch_up(v)
        return self.outcome(v)

    def outcome(self, v: Visit) -> int:
        """The holding's outcome exists."""
        require(v.holding.outcome < len(v.market.shares), "BadOutcome")
        return v.holding.outcome

    def catch_up(self, v: Visit) -> None:
        """A decaying pool gives back what its smaller liquidity does not need."""
        m = v.market
        if m.curve != DECAYING:
            return
        low, high = curves.liquidity_at(m.full_liquidity, m.opened_ms, m.close_ms, self.now.ms)

        def shrunk(liquidity: int) -> int:
            delta = abs(m.delta) * liquidity // m.liquidity
            return -delta if m.delta < 0 else delta

        def least(liquidity: int) -> int:
            return curves.pm_amm_escrow(liquidity, shrunk(liquidity), m.shares)[0]

        def most(liquidity: int) -> int:
            return curves.pm_amm_escrow(liquidity, shrunk(liquidity), m.shares)[1]

        can = low < m.liquidity and least(low) < m.escrow
        must = high < m.liquidity and most(high) < m.escrow
        if not self.found.number("released", int(must), int(can)):
            return
        liquidity = self.found.number("liquidity", low, min(high, m.liquidity - 1))
        delta = shrunk(liquidity)
        m.delta_offset = delta - (m.shares[0] - m.shares[1])
        m.liquidity = liquidity
        before = m.escrow
        m.escrow = self.escrow_of(m, 0, before - 1)
        released = before - m.escrow
        v.shard.cash += released
        for held in (m, v.shard):
            held.claim_floor -= released
            held.claim_ceiling -= released
        self.found.event(
            "LiquidityReleased",
            {
                "market": bytes(v.market_key),
                "liquidity": liquidity,
                "released": released,
                "escrow": m.escrow,
            },
        )

    def escrow_of(self, m: Market, at_least: int, at_most: int) -> int:
        """What the market has to hold for its shares: within the curve's bounds, and always the same."""
        limit = curves.PM_AMM_MOST if m.curve else curves.LMSR_MOST
        require(max(m.shares) <= limit, "Overflow")
        known = (m.curve and 1, m.liquidity, m.delta_offset, m.shares)
        if known in KNOWN:
            low = high = KNOWN[known]
        elif m.curve:
            require(abs(m.delta) <= limit, "Overflow")
            low, high = curves.pm_amm_escrow(m.liquidity, m.delta, m.shares)
        else:
            low, high = curves.lmsr_escrow(m.liquidity, m.shares)
        low, high = max(low, at_least), min(high, at_most)
        escrow = self.found.number("escrow", low, high)
        if self.found.certain:
            KNOWN[known] = escrow
        return escrow

    def reprice(self, v: Visit, outcome: int, shares: int) -> int:
        """Issue shares, or (negative) take them back; by how much the escrow grew."""
        m = v.market
        elapsed = self.now.s - m.traded_s[outcome]
        reference = follow(m.reference[outcome], m.shares[outcome], elapsed)
        m.reference = replaced(m.reference, outcome, reference)
        m.traded_s = replaced(m.traded_s, outcome, self.now.s)
        m.shares = replaced(m.shares, outcome, self.word(m.shares[outcome] + shares))
        before, least, most = m.escrow, m.claim_floor, m.claim_ceiling
        # an escrow that moved against the shares would be a price below zero
        m.escrow = self.escrow_of(m, before, 1 << 64) if shares > 0 else self.escrow_of(m, 0, before)
        assert m.escrow >= max(m.shares), "escrow covers every outcome"
        m.claim_floor, m.claim_ceiling = m.escrow - max(m.shares), m.escrow - min(m.shares)
        v.shard.claim_floor += m.claim_floor - least
        v.shard.claim_ceiling += m.claim_ceiling - most
        return m.escrow - before

    def price_purchase(self, v: Visit, outcome: int, shares: int) -> Priced:
        """Issue shares at their cost, rounded up."""
        require(shares > 0, "ZeroAmount")
        grown = self.reprice(v, outcome, shares)
        notional = grown + curves.rounding(v.market.curve, v.market.liquidity)
        fee = self.word(-(-notional * v.shard.fee_ppm // WHOLE_PPM))
        return Priced(notional, fee, self.fill_of(notional, shares), grown, shares)

    def price_sale(self, v: Visit, outcome: int, shares: int, *, called: bool = False) -> Priced:
        """Take shares back at their proceeds, rounded down; a flash sale pays more."""
        require(shares > 0, "ZeroAmount")
        shrunk = -self.reprice(v, outcome, -shares)
        notional = max(0, shrunk - curves.rounding(v.market.curve, v.market.liquidity))
        flash = v.holding.opened_slot == self.now.slot and not called
        rate = v.shard.fee_ppm + FLASH_PPM * flash
        fee = min(notional, -(-notional * rate // WHOLE_PPM))
        return Priced(notional, fee, self.fill_of(notional, shares), shrunk, shares)

    def fill_of(self, notional: int, shares: int) -> int:
        """The average price, at most one, rounded down."""
        exact = min(ONE_Q28, notional * ONE_Q28 // shares)
        least = exact if notional < EXACT_NOTIONAL else exact - (exact >> 26) - 1
        return self.found.number("fill", least, exact)

    def reference_price(self, m: Market, outcome: int) -> tuple[int, int]:
        """Bounds of an outcome's price at the quantities of the last minute."""
        known = zip(m.reference, m.shares, m.traded_s, strict=True)
        past = tuple(follow(before, shares, self.now.s - at_s) for before, shares, at_s in known)
        if m.curve:
            return curves.pm_amm_price(m.liquidity, past[0] - past[1] + m.delta_offset, outcome)
        return curves.lmsr_price(m.liquidity, past, outcome)

    def settle(self, v: Visit, priced: Priced, **fields: int) -> None:
        """Book the trade in the shard, and show it to the market's breaker."""
        m, income = v.market, fields["income"]
        require(income >= 0, "Overflow")
        v.shard.volume += priced.notional
        v.shard.fees += income
        v.shard.cash += income
        shown = {"premium": 0, "shortfall": 0, "leverage_x100": 100, **fields}
        self.found.event(
            "Traded",
            {
                "trader": bytes(v.trader_key),
                "market": bytes(v.market_key),
                "notional": priced.notional,
                "fee": priced.fee,
                "debt": v.holding.debt,
                "escrow": m.escrow,
                "outcome": v.holding.outcome,
                **shown,
            },
        )
        self.watch(v, priced)

    def watch(self, v: Visit, priced: Priced, *, called: bool = False) -> None:
        """The breaker: too far or too much within its window halts the market and its group."""
        m, slot, outcome = v.market, self.now.slot, v.holding.outcome
        if not m.window_slots or slot < m.halted_until_slot:
            return
        if slot - m.window_slot >= m.window_slots or not m.window_slot:
            m.window_slot, m.volume, m.liquidated, m.anchors = slot, 0, 0, m.fills
        m.volume += priced.notional
        tells = priced.shares >= FEWEST
        if tells:
            m.fills = replaced(m.fills, outcome, priced.fill)
            if len(m.shares) == 2:
                m.fills = replaced(m.fills, 1 - outcome, (1 << 28) - priced.fill)
        m.liquidated += priced.notional * called
        part = m.liquidated * WHOLE_PPM > m.volume * m.max_liquidation_ppm
        reasons = (
            tells and abs(priced.fill - m.anchors[outcome]) > m.max_move_q28,
            m.volume > m.max_volume,
            called and m.liquidated > m.max_volume // 16 and part,
        )
        if not any(reasons):
            return
        m.halted_until_slot, m.window_slot = slot + m.cooldown_slots, 0
        if m.group:
            halts = v.shard.halts
            v.shard.halts = replaced(halts, m.group, max(halts[m.group], m.halted_until_slot))
        self.found.event(
            "MarketHalted",
            {
                "market": bytes(v.market_key),
                "until_slot": m.halted_until_slot,
                "volume": m.volume,
                "liquidated": m.liquidated,
                "fill_q28": priced.fill,
                "reason": 1 + reasons.index(True),
                "group": m.group,
            },
        )

    def require_leverage(self, v: Visit, leverage_x100: int, feed: Feed) -> None:
        """At least 1x and at most the cap; half of that on a stale feed, nothing on one that is wide."""
        require(leverage_x100 >= 100, "LeverageBelowOne")
        cap = self.leverage_cap(len(v.market.shares), v.shard.coverage_q32)
        require(leverage_x100 <= cap, "LeverageAboveCap")
        if is_stale(feed, self.now.s):
            require(leverage_x100 <= max(100, cap // 2), "OracleStale")
        require(20 * feed.confidence < feed.price, "SpreadTooWide")

    def leverage_cap(self, outcomes: int, coverage_q32: int) -> int:
        """The most leverage, in hundredths."""
        return self.found.number("leverage_cap", *self.leverage_caps(outcomes, coverage_q32))

    @staticmethod
    def leverage_caps(outcomes: int, coverage_q32: int) -> tuple[int, int]:
        """The lesser of `50 sqrt(2 / N)` and `100 coverage / sqrt N`, in hundredths, at most one too low."""
        tier = isqrt(5_000**2 * 2 // outcomes)
        covered = isqrt((10_000 * coverage_q32) ** 2 // outcomes) >> 32
        return max(100, min(tier, covered - 1)), max(100, min(tier, covered))

    def feed_of(self, market: Market, key: Pubkey) -> Feed:
        """The market's feed."""
        require(bytes(key) == market.feed, "WrongFeed")
        feed: Feed = self.find(key)
        return feed

    def shard_of(self, market: Market) -> Shard:
        """The market's shard."""
        shard: Shard = self.find(at.shard(market.shard))
        return shard


def follow(reference: int, quantity: int, elapsed_s: int) -> int:
    """A reference moves a 64th of its distance a second, in whole units of that 64th."""
    if elapsed_s >= REFERENCE_S:
        return quantity
    step = abs(quantity - reference) // REFERENCE_S * max(0, elapsed_s)
    return reference + step if quantity >= reference else reference - step


def is_stale(feed: Feed, now_s: int) -> bool:
    """Never published, or longer ago than a price may be used."""
    return not feed.count or max(0, now_s - feed.timestamp_ms // 1000) > CACHE_S


def probability(feed: Feed, one: int) -> int:
    """The probability a feed's price stands for, 28 fractional bits."""
    if not one:
        raise Refused("OutOfDomain")
    return min(ONE_Q28, feed.price * ONE_Q28 // one)
