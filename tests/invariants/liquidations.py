"""Called loans: whether one may be called, how much is sold for it, and who gets what the shares bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from .chains import Chains
from .desk import ONE_Q28, WHOLE_PPM, Priced, Visit
from .draft import require
from .state import Chain, Market, Trader
from .trades import LEVERAGED, release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from .state import Shard

__all__ = ["Liquidations", "maintenance_of", "room_of"]

PARTIAL, FULL, EMERGENCY = range(3)
NARROWING_SLOTS, WIDEST = 16, 3
LEAST_CAP = 1_000


@dataclass(frozen=True)
class Sale:
    """Shares sold because their loan was called, at the mark that decided."""

    priced: Priced
    shares: int
    mark: int

    @property
    def proceeds(self) -> int:
        """What they brought, after the fee."""
        return self.priced.notional - self.priced.fee


@dataclass(frozen=True)
class Split:
    """Who gets the proceeds."""

    keeper: int
    repaid: int
    insurance: int
    owner: int


def split(shard: Shard, proceeds: int, notional: int, debt: int) -> Split:
    """The keeper first, then the loan, the insurance fund, the owner; nobody gets more than is left."""
    keeper = min(proceeds, notional * shard.keeper_ppm // WHOLE_PPM)
    repaid = min(proceeds - keeper, debt)
    insurance = min(proceeds - keeper - repaid, notional * shard.insurance_ppm // WHOLE_PPM)
    return Split(keeper, repaid, insurance, proceeds - keeper - repaid - insurance)


def part_of(whole: int, ppm: int) -> int:
    """A part, rounded up."""
    require(ppm <= WHOLE_PPM, "OutOfDomain")
    return -(-whole * ppm // WHOLE_PPM)


def maintenance_of(cap: int) -> int:
    """Three quarters of the margin at the cap, in parts per million, as if at least 10x could be had."""
    return -(-75 * WHOLE_PPM // max(cap, LEAST_CAP))


def room_of(m: Market, shard: Shard, slot: int) -> int:
    """Shares that may still be sold in this slot; a slot that was used up doubles the next one's cap."""
    if slot != m.slot:
        quiet = max(0, slot - m.slot)
        widens = m.bound and quiet == 1
        m.level = min(m.level + 1, WIDEST) if widens else max(0, m.level - quiet // NARROWING_SLOTS)
        m.slot, m.sold, m.bound = slot, 0, 0
    cap = max(1, m.liquidity * (shard.slot_ppm << m.level) // WHOLE_PPM)
    return max(0, cap - m.sold)


def unhealthy(value: int, debt: int, maintenance: int) -> bool:
    """Whether the loan has more than maintenance leaves of its security."""
    return debt * WHOLE_PPM > value * (WHOLE_PPM - maintenance)


class Liquidations(Chains):
    """The two instructions that call a loan."""

    def liquidate(self, keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int, shares: int) -> None:
        """Sell shares of an unhealthy position."""
        reward = self.load(at.trader(keeper), Trader)
        v = self.visit(owner, market_id, outcome, LEVERAGED)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        sale, severity = self._call(v, shares)
        dealt = split(v.shard, sale.proceeds, sale.priced.notional, v.holding.debt)
        reward.balance = self.word(reward.balance + dealt.keeper)
        v.trader.balance = self.word(v.trader.balance + dealt.owner)
        source = at.position(v.trader_key, v.market_key, outcome, LEVERAGED)
        self._book_call(v, sale, dealt, (bytes(source), bytes(at.trader(keeper))), severity)

    def _call(self, v: Visit, shares: int) -> tuple[Sale, int]:
        h = v.holding
        self.require_open(v.market)
        self.catch_up(v)
        self.outcome(v)
        require(h.debt > 0, "Healthy")
        require(shares <= h.shares, "InsufficientShares")
        held, debt = h.shares, h.debt
        sale = self._sell_called(v, shares)
        maintenance = self.maintenance(v)
        value = held * sale.mark // ONE_Q28
        require(unhealthy(value, debt, maintenance), "Healthy")
        part = part_of(held, v.shard.partial_ppm)
        severity = PARTIAL if shares <= part else FULL
        if value < debt or self.is_halted(v):
            severity = EMERGENCY
        elif severity == FULL:
            brought = part * sale.mark // ONE_Q28
            owed = debt - min(debt, brought - part_of(brought, v.shard.keeper_ppm))
            left = (held - part) * sale.mark // ONE_Q28
            require(unhealthy(left, owed, maintenance), "LiquidationTooLarge")
        room = self._take_room(v, shares)
        require(shares >= min(part, room), "LiquidationTooSmall")
        return sale, severity

    def _sell_called(self, v: Visit, shares: int) -> Sale:
        """The mark is the better of the last minute's price and the sale's own."""
        low, high = self.reference_price(v.market, v.holding.outcome)
        priced = self.price_sale(v, v.holding.outcome, shares, called=True)
        mark = self.found.number("mark_q28", max(low, priced.fill), max(high, priced.fill))
        return Sale(priced, shares, mark)

    def maintenance(self, v: Visit) -> int:
        """What the owner must own; the cap may be one hundredth too low, which maintenance shows."""
        least, most = self.leverage_caps(len(v.market.shares), v.shard.coverage_q32)
        return self.found.number("maintenance_ppm", maintenance_of(most), maintenance_of(least))

    def _take_room(self, v: Visit, shares: int) -> int:
        m = v.market
        room = room_of(m, v.shard, self.now.slot)
        require(shares <= room, "LiquidationCapReached")
        m.sold += shares
        m.bound |= int(shares >= room)
        return room

    def _book_call(self, v: Visit, sale: Sale, dealt: Split, keys: tuple[bytes, bytes], grade: int) -> None:
        h, m, shard = v.holding, v.market, v.shard
        bad = max(0, h.debt - dealt.repaid - (h.shares - sale.shares))
        drawn = min(bad, shard.insurance)
        gone, repaid, lost = dealt.repaid + bad, dealt.repaid + drawn, bad - drawn
        assert lost == 0 or drawn == shard.insurance, "the vault loses what the insurance fund does not have"
        release(h, sale.shares, gone)
        m.max_debt_at_risk = max(0, m.max_debt_at_risk - bad)
        shard.insurance += dealt.insurance - drawn
        assert min(h.debt, h.shares, shard.insurance) >= 0
        self.owe(m, shard, h.outcome, -gone)
        shard.cash += repaid
        shard.bad_debt += lost
        income = sale.priced.moved - sale.proceeds
        shard.volume += sale.priced.notional
        shard.fees += income
        shard.cash += income
        assert income >= sale.priced.fee, "rounding is the vault's"
        shown = {"source": keys[0], "keeper": keys[1], "trader": bytes(v.trader_key)}
        shown |= {"market": bytes(v.market_key)}
        numbers = {"shares": sale.shares, "notional": sale.priced.notional, "fee": sale.priced.fee}
        numbers |= {"reward": dealt.keeper, "insured": dealt.insurance, "repaid": dealt.repaid}
        numbers |= {"amount": dealt.owner, "drawn": drawn, "lost": lost, "debt": h.debt, "left": h.shares}
        numbers |= {"escrow": m.escrow, "income": income, "mark_q28": sale.mark}
        numbers |= {"outcome": h.outcome, "severity": grade}
        self.found.event("Liquidated", shown | numbers)
        self.watch(v, sale.priced, called=True)

    def liquidate_chain(
        self, keeper: Pubkey, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]], part: int
    ) -> None:
        """Sell the same part of every leg of an unhealthy chain."""
        reward, trader_key = self.load(at.trader(keeper), Trader), at.trader(owner)
        key = at.chain(trader_key, number)
        trader, chain = self.load(trader_key, Trader), self.load(key, Chain)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        require(bool(chain.held) and len(legs) == len(chain.held), "BadLegs")
        sold: list[tuple[Visit, Sale]] = []
        limit, debt, value, halted, enough = 0, 0, 0, False, False
        for leg, (market_id, _) in zip(chain.held, legs, strict=True):
            market_key = at.market(market_id)
            market = self.load(market_key, Market)
            require(bytes(market_key) == leg.market, "BadLeg")
            v = Visit(trader_key, market_key, trader, market, self.shard_of(market), leg)
            self.found.focus(leg.market)
            self.require_open(market)
            self.catch_up(v)
            halted |= self.is_halted(v)
            sale = self._sell_called(v, part_of(leg.shares, part))
            worth = leg.shares * sale.mark // ONE_Q28
            value, debt = value + worth, debt + leg.debt
            limit += worth - part_of(worth, self.maintenance(v))
            least = part_of(leg.shares, v.shard.partial_ppm)
            enough |= sale.shares >= min(least, self._take_room(v, sale.shares))
            sold.append((v, sale))
        self.found.focus(None)
        require(debt > limit, "Healthy")
        require(enough, "LiquidationTooSmall")
        severity = PARTIAL if part < WHOLE_PPM else FULL
        severity = EMERGENCY if halted or value < debt else severity
        notional = sum(sale.priced.notional for _, sale in sold)
        proceeds = sum(sale.proceeds for _, sale in sold)
        dealt = split(sold[0][0].shard, proceeds, notional, debt)
        reward.balance = self.word(reward.balance + dealt.keeper)
        trader.balance = self.word(trader.balance + dealt.owner)
        repayable, insured = dealt.repaid, dealt.insurance
        for v, sale in sold:
            v.market.positions -= sale.shares == v.holding.shares
            repaid = min(repayable, v.holding.debt)
            keys = (bytes(key), bytes(at.trader(keeper)))
            self._book_call(v, sale, Split(0, repaid, insured, 0), keys, severity)
            repayable, insured = repayable - repaid, 0
        assert repayable == 0, "what repays is booked"
        shown = {"chain": bytes(key), "trader": bytes(trader_key), "keeper": bytes(at.trader(keeper))}
        numbers = {"legs": len(sold), "notional": notional, "reward": dealt.keeper, "severity": severity}
        numbers |= {"insured": dealt.insurance, "repaid": dealt.repaid, "amount": dealt.owner}
        self.found.event("ChainLiquidated", shown | numbers)
