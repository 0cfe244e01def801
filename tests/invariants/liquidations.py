"""Called loans: whether one may be called, how much is sold for it, and who gets what the shares bring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from .chains import Chains
from .desk import ONE_Q28, WHOLE_PPM, Priced, Visit
from .draft import require
from .state import Chain, Market, Trader, clone, replaced
from .trades import LEVERAGED, release

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solders.pubkey import Pubkey

    from .state import Shard

__all__ = ["Liquidations", "maintenance_of", "room_of"]

OPEN = 0
PARTIAL, FULL, EMERGENCY = range(3)
NARROWING_SLOTS, WIDEST = 16, 3
LEAST_CAP = 1_000


@dataclass(frozen=True)
class Sale:
    """Shares sold because their loan was called, at the mark that decided."""

    priced: Priced
    shares: int
    mark: int
    due: int
    """The shares' part of the loan."""

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


def split(shard: Shard, proceeds: int, notional: int, due: int, debt: int) -> Split:
    """The sold shares' part of the loan, the keeper, the loan, the insurance fund, the owner."""
    keeper = min(proceeds - due, notional * shard.keeper_ppm // WHOLE_PPM)
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
    """The four instructions that call a loan."""

    def liquidate(self, keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int, shares: int) -> None:
        """Sell shares of an unhealthy position."""
        reward = self.load(at.trader(keeper), Trader)
        v = self.visit(owner, market_id, outcome, LEVERAGED)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        sale, severity = self._call(v, shares)
        dealt = split(v.shard, sale.proceeds, sale.priced.notional, sale.due, v.holding.debt)
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
        require(sale.proceeds >= sale.due, "BelowLoan")
        part = part_of(held, v.shard.partial_ppm)
        severity = PARTIAL if shares <= part else FULL
        if self.is_halted(v):
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
        due = -(-v.holding.debt * shares // v.holding.shares)
        priced = self.price_sale(v, v.holding.outcome, shares, called=True)
        mark = self.found.number("mark_q28", max(low, priced.fill), max(high, priced.fill))
        return Sale(priced, shares, mark, due)

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
        assert dealt.repaid >= sale.due, "a sale repays its part of the loan"
        release(h, sale.shares, dealt.repaid)
        shard.insurance += dealt.insurance
        assert 0 <= h.debt <= h.shares or not h.debt, "what is left is no worse secured"
        self.owe(m, shard, h.outcome, -dealt.repaid)
        shard.cash += dealt.repaid
        income = sale.priced.moved - sale.proceeds
        shard.volume += sale.priced.notional
        shard.fees += income
        shard.cash += income
        assert income >= sale.priced.fee, "rounding is the vault's"
        shown = {"source": keys[0], "keeper": keys[1], "trader": bytes(v.trader_key)}
        shown |= {"market": bytes(v.market_key)}
        numbers = {"shares": sale.shares, "notional": sale.priced.notional, "fee": sale.priced.fee}
        numbers |= {"reward": dealt.keeper, "insured": dealt.insurance, "repaid": dealt.repaid}
        numbers |= {"amount": dealt.owner, "debt": h.debt, "left": h.shares}
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
        owned, debt, value, halted, enough = 0, 0, 0, False, False
        for v in self._legs_of(chain, trader_key, trader, legs):
            leg, market = v.holding, v.market
            if market.status != OPEN:
                market.positions -= 1
                self.pay_out(key, v)
                continue
            if self.now.ms >= market.close_ms:
                worth = self.found.number("reference", *self._last_values(v))
            else:
                self.catch_up(v)
                halted |= self.is_halted(v)
                sale = self._sell_called(v, part_of(leg.shares, part))
                worth = leg.shares * sale.mark // ONE_Q28
                least = part_of(leg.shares, v.shard.partial_ppm)
                sold.append((v, sale))
            value, debt = value + worth, debt + leg.debt
            owned += part_of(worth, self.maintenance(v))
            if sold and sold[-1][0] is v:
                enough |= sale.shares >= min(least, self._take_chain_room(v, sale.shares, part))
        self.found.focus(None)
        require(bool(sold), "MarketClosed")
        require(debt > value - owned, "Healthy")
        due = sum(sale.due for _, sale in sold)
        require(sum(sale.proceeds for _, sale in sold) >= due, "BelowLoan")
        require(enough, "LiquidationTooSmall")
        rules = sold[0][0].shard
        severity = PARTIAL if part <= rules.partial_ppm else FULL
        if halted:
            severity = EMERGENCY
        elif severity == FULL:
            brought, kept = (each * rules.partial_ppm // WHOLE_PPM for each in (value, owned))
            repaid = min(debt, brought - part_of(brought, rules.keeper_ppm))
            heals = debt - repaid <= value - brought - (owned - kept)
            require(not heals, "LiquidationTooLarge")
        notional = sum(sale.priced.notional for _, sale in sold)
        proceeds = sum(sale.proceeds for _, sale in sold)
        owing = sum(v.holding.debt for v, _ in sold)
        dealt = split(rules, proceeds, notional, due, owing)
        reward.balance = self.word(reward.balance + dealt.keeper)
        trader.balance = self.word(trader.balance + dealt.owner)
        beyond, insured = dealt.repaid - due, dealt.insurance
        for v, sale in sold:
            v.market.positions -= sale.shares == v.holding.shares
            more = min(beyond, v.holding.debt - sale.due)
            keys = (bytes(key), bytes(at.trader(keeper)))
            self._book_call(v, sale, Split(0, sale.due + more, insured, 0), keys, severity)
            beyond, insured = beyond - more, 0
        assert beyond == 0, "what repays is booked"
        shown = {"chain": bytes(key), "trader": bytes(trader_key), "keeper": bytes(at.trader(keeper))}
        numbers = {"legs": len(sold), "notional": notional, "reward": dealt.keeper, "severity": severity}
        numbers |= {"insured": dealt.insurance, "repaid": dealt.repaid, "amount": dealt.owner}
        self.found.event("ChainLiquidated", shown | numbers)

    def _legs_of(
        self, chain: Chain, trader_key: Pubkey, trader: Trader, legs: Sequence[tuple[int, Pubkey]]
    ) -> Iterator[Visit]:
        """The legs that are left, each with its market."""
        for leg, (market_id, _) in zip(chain.held, legs, strict=True):
            market_key = at.market(market_id)
            market = self.load(market_key, Market)
            require(bytes(market_key) == leg.market, "BadLeg")
            self.found.focus(leg.market)
            yield Visit(trader_key, market_key, trader, market, self.shard_of(market), leg)

    def _take_chain_room(self, v: Visit, shares: int, part: int) -> int:
        """A chain's parts are whole millionths: where not one more fits, the cap is used up."""
        room = self._take_room(v, shares)
        following = part_of(v.holding.shares, min(part + 1, WHOLE_PPM))
        if shares == room or following > room:
            v.market.bound |= 1
            return 0
        return room

    def _better_prices(self, v: Visit) -> tuple[int, int]:
        """The better of the last minute's price and the price now, between these two."""
        still = clone(v.market)
        still.traded_s = (0,) * len(still.shares)
        marks = [self.reference_price(each, v.holding.outcome) for each in (v.market, still)]
        return max(low for low, _ in marks), max(high for _, high in marks)

    def _last_values(self, v: Visit) -> tuple[int, int]:
        low, high = self._better_prices(v)
        return v.holding.shares * low // ONE_Q28, v.holding.shares * high // ONE_Q28

    def take_over(self, keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int) -> None:
        """Take a position over whose shares are worth less than its loan."""
        reward = self.load(at.trader(keeper), Trader)
        v = self.visit(owner, market_id, outcome, LEVERAGED)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        require(v.holding.debt > 0, "Healthy")
        self.require_open(v.market)
        source = at.position(v.trader_key, v.market_key, outcome, LEVERAGED)
        value, debt, paid = self._take(v, (bytes(source), bytes(at.trader(keeper))))
        require(value < debt, "AboveLoan")
        reward.balance = self.word(reward.balance + paid)

    def _take(self, v: Visit, keys: tuple[bytes, bytes]) -> tuple[int, int, int]:
        """Take all shares over with their loan, but for a few that are sold for the keeper."""
        self.catch_up(v)
        outcome, m, h, shard = self.outcome(v), v.market, v.holding, v.shard
        held, debt = h.shares, h.debt
        mark = self.found.number("mark_q28", *self._better_prices(v))
        room = room_of(m, shard, self.now.slot)
        sold = min(held * shard.keeper_ppm // WHOLE_PPM, max(0, held - debt), room)
        m.taken_shares = replaced(m.taken_shares, outcome, m.taken_shares[outcome] + held - sold)
        m.taken_debt = replaced(m.taken_debt, outcome, m.taken_debt[outcome] + debt)
        h.shares = h.cost = h.debt = 0
        numbers = {"notional": 0, "fee": 0, "reward": 0, "income": 0}
        priced = None
        if sold:
            m.sold += sold
            m.bound |= int(sold >= room)
            priced = self.price_sale(v, outcome, sold, called=True)
            paid = priced.notional - priced.fee
            income = priced.moved - paid
            shard.volume += priced.notional
            shard.fees += income
            shard.cash += income
            numbers = {"notional": priced.notional, "fee": priced.fee, "reward": paid, "income": income}
        shown = {"source": keys[0], "keeper": keys[1], "trader": bytes(v.trader_key)}
        shown |= {"market": bytes(v.market_key)}
        numbers |= {"shares": held - sold, "debt": debt, "sold": sold, "escrow": m.escrow}
        self.found.event("TakenOver", shown | numbers | {"mark_q28": mark, "outcome": outcome})
        if priced:
            self.watch(v, priced, called=True)
        return held * mark // ONE_Q28, debt, numbers["reward"]

    def take_over_chain(
        self, keeper: Pubkey, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]]
    ) -> None:
        """Take all legs of a chain over whose shares together are worth less than its loans."""
        reward, trader_key = self.load(at.trader(keeper), Trader), at.trader(owner)
        key = at.chain(trader_key, number)
        trader, chain = self.load(trader_key, Trader), self.load(key, Chain)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        require(bool(chain.held) and len(legs) == len(chain.held), "BadLegs")
        least = most = debt = paid = taken = 0
        for v in self._legs_of(chain, trader_key, trader, legs):
            if v.market.status != OPEN:
                v.market.positions -= 1
                self.pay_out(key, v)
            elif self.now.ms >= v.market.close_ms:
                low, high = self._last_values(v)
                least, most, debt = least + low, most + high, debt + v.holding.debt
            else:
                v.market.positions -= 1
                worth, owed, got = self._take(v, (bytes(key), bytes(at.trader(keeper))))
                least, most, debt = least + worth, most + worth, debt + owed
                paid, taken = paid + got, taken + 1
        self.found.focus(None)
        require(taken > 0, "MarketClosed")
        value = self.found.number("value", least, most)
        require(value < debt, "AboveLoan")
        reward.balance = self.word(reward.balance + paid)
        shown = {"chain": bytes(key), "trader": bytes(trader_key), "keeper": bytes(at.trader(keeper))}
        numbers = {"legs": taken, "value": value, "debt": debt, "reward": paid}
        self.found.event("ChainTakenOver", shown | numbers)
