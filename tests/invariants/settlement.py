"""A market's life around its trades: opening, positions, settlement, redemption, removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from . import curves
from .desk import Visit
from .draft import require
from .state import Config, Feed, Market, Position, Trader
from .trades import Trades

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.terms import MarketTerms

    from .state import Shard

__all__ = ["Settlement"]

OPEN, RESOLVED, VOIDED = range(3)
GROUPS = 64
LMSR, DECAYING = 0, 2
DAY_MS = 24 * 60 * 60 * 1000
GRACE_MS, MAX_LIFE_MS = 7 * DAY_MS, 400 * DAY_MS
WHOLE_PPM = 1_000_000
MAX_SLOTS = 216_000


class Settlement(Trades):
    """What happens to a market, and to positions besides trading."""

    def create_market(self, operator: Pubkey, market_id: int, terms: MarketTerms) -> None:
        """Open a market, paid by its shard."""
        config = self.load(at.config(), Config)
        require(bytes(operator) == config.operator, "NotOperator")
        key = at.market(market_id)
        outcomes, now_ms, limits = len(terms.strikes) + 1, self.now.ms, terms.breaker
        require(self.find(key) is None, "AccountAlreadyInUse")
        require(2 <= outcomes <= 16, "BadOutcome")
        require(terms.close_ms > now_ms, "CloseInPast")
        require(terms.close_ms <= now_ms + MAX_LIFE_MS, "CloseTooFar")
        require(terms.group < GROUPS, "BadGroup")
        ascending = all(a < b for a, b in zip((0, *terms.strikes), terms.strikes, strict=False))
        require(ascending, "BadStrikes")
        require(terms.curve <= DECAYING, "BadParameter")
        require(terms.curve == LMSR or outcomes == 2, "BadOutcome")
        require(1 <= terms.liquidity <= 1 << (50 if terms.curve else 56), "OutOfDomain")
        shard: Shard = self.find(at.shard(at.shard_index(market_id)))
        none = (0,) * outcomes
        bounds = (
            curves.pm_amm_escrow(terms.liquidity, 0, none)
            if terms.curve
            else curves.lmsr_escrow(terms.liquidity, none)
        )
        subsidy = self.found.number("subsidy", *bounds)
        require(subsidy <= shard.cash * config.max_subsidy_ppm // WHOLE_PPM, "SubsidyTooLarge")
        sane = max(limits.max_move_ppm, limits.max_liquidation_ppm) <= WHOLE_PPM
        sane = sane and max(limits.window_slots, limits.cooldown_slots) <= MAX_SLOTS
        require(sane and (not limits.window_slots or limits.cooldown_slots > 0), "BadParameter")
        prices = (
            curves.pm_amm_price(terms.liquidity, 0, 0)
            if terms.curve
            else curves.lmsr_price(terms.liquidity, none, 0)
        )
        market = Market(
            id=market_id,
            feed=bytes(terms.feed),
            rent_payer=bytes(operator),
            close_ms=terms.close_ms,
            opened_ms=now_ms,
            liquidity=terms.liquidity,
            full_liquidity=terms.liquidity,
            strikes=terms.strikes,
            curve=terms.curve,
            group=terms.group,
            shard=shard.index,
            escrow=subsidy,
            max_debt_at_risk=subsidy,
            shares=none,
            debt=none,
            taken_shares=none,
            taken_debt=none,
            reference=none,
            traded_s=(self.now.s,) * outcomes,
            max_volume=limits.max_volume,
            max_move_q28=limits.max_move_ppm * (1 << 28) // WHOLE_PPM,
            max_liquidation_ppm=limits.max_liquidation_ppm,
            window_slots=limits.window_slots,
            cooldown_slots=limits.cooldown_slots,
            claim_floor=subsidy,
            claim_ceiling=subsidy,
            fills=(self.found.number("opening", *prices),) * 16,
        )
        if terms.max_divergence_ppm:
            feed = self.load(terms.feed, Feed)
            require(outcomes == 2 and -19 <= feed.exponent <= 0, "BadParameter")
            require(terms.max_divergence_ppm <= WHOLE_PPM, "OutOfDomain")
            market.feed_one = 10**-feed.exponent
            market.max_divergence_q28 = terms.max_divergence_ppm * (1 << 28) // WHOLE_PPM
        self.create(key, market)
        require(subsidy <= shard.cash, "VaultTooSmall")
        shard.cash -= subsidy
        shard.claim_floor += subsidy
        shard.claim_ceiling += subsidy
        require(shard.debt_at_risk * shard.min_coverage_q32 <= shard.cash << 32, "CoverageTooLow")
        shown = {"id": market_id, "close_ms": terms.close_ms, "liquidity": terms.liquidity}
        shown |= {"subsidy": subsidy, "outcomes": outcomes, "shard": shard.index}
        keys = {"market": bytes(key), "feed": bytes(terms.feed)}
        self.found.event("MarketCreated", shown | keys | {"first_strike": terms.strikes[0]})

    def create_position(self, owner: Pubkey, market_id: int, outcome: int, kind: int) -> None:
        """Open an empty position."""
        trader_key, market_key = at.trader(owner), at.market(market_id)
        trader, market = self.load(trader_key, Trader), self.load(market_key, Market)
        key = at.position(trader_key, market_key, outcome, kind)
        require(self.find(key) is None, "AccountAlreadyInUse")
        self.require_open(market)
        require(outcome < len(market.shares), "BadOutcome")
        require(kind <= 1, "WrongKind")
        self.create(key, Position(outcome, kind, trader=bytes(trader_key), market=bytes(market_key)))
        trader.positions += 1
        market.positions += 1
        keys = {"position": bytes(key), "trader": bytes(trader_key), "market": bytes(market_key)}
        self.found.event("PositionOpened", {**keys, "outcome": outcome, "kind": kind})

    def close_position(self, owner: Pubkey, market_id: int, outcome: int, kind: int, *, signed: bool) -> None:
        """Close an empty position."""
        trader_key, market_key = at.trader(owner), at.market(market_id)
        trader, market = self.load(trader_key, Trader), self.load(market_key, Market)
        key = at.position(trader_key, market_key, outcome, kind)
        position = self.load(key, Position)
        require(signed or market.status != OPEN, "MissingRequiredSignature")
        require(not position.shares and not position.debt, "NotEmpty")
        require(position.generation < self.now.slot, "PositionTooYoung")
        self.remove(key)
        trader.positions -= 1
        market.positions -= 1
        self.found.event("PositionClosed", {"position": bytes(key)})

    def resolve(self, market_id: int, feed_key: Pubkey, index: int) -> None:
        """Settle by the first publication at or after the close."""
        m = self.load(at.market(market_id), Market)
        feed = self.feed_of(m, feed_key)
        require(m.status == OPEN, "MarketSettled")
        require(self.now.ms >= m.close_ms, "MarketOpen")
        require(self.now.ms < m.close_ms + GRACE_MS, "OnlyVoid")
        oldest = feed.count - len(feed.history)
        kept = oldest < index < feed.count
        proven = kept and feed.history[index - 1 - oldest][0] < m.close_ms <= feed.history[index - oldest][0]
        require(proven, "NoSettlementPrice")
        price = feed.history[index - oldest][1]
        won = sum(strike <= price for strike in m.strikes)
        payable, secured = m.shares[won], m.debt[won] - m.taken_debt[won]
        residue, owed, taken = m.escrow - payable, sum(m.taken_debt), m.taken_shares[won]
        lost = sum(m.debt) - owed - secured
        shard = self.shard_of(m)
        self._leave_books(m, shard, 0)
        shard.debt -= lost
        shard.bad_debt += lost
        shard.cash += residue
        drawn, missing = self._settle_taken(m, shard, owed, taken)
        m.status, m.winner, m.settlement_price, m.escrow = RESOLVED, won, price, payable - taken
        m.debt = tuple(secured if i == won else 0 for i in range(len(m.debt)))
        market = bytes(at.market(market_id))
        shown = {"market": market, "price": price, "payable": payable, "residue": residue}
        shown |= {"bad_debt": lost + missing, "taken": taken, "drawn": drawn}
        self.found.event("MarketSettled", {**shown, "winner": won, "voided": 0})

    @staticmethod
    def _settle_taken(m: Market, shard: Shard, owed: int, brought: int) -> tuple[int, int]:
        """What was taken over pays its loans, the insurance fund what is missing; that, and what is lost."""
        missing = max(0, owed - brought)
        drawn = min(missing, shard.insurance)
        shard.insurance += max(0, brought - owed) - drawn
        shard.debt -= owed
        shard.cash += owed - missing + drawn
        shard.bad_debt += missing - drawn
        m.taken_shares = m.taken_debt = (0,) * len(m.shares)
        return drawn, missing - drawn

    def void(self, market_id: int) -> None:
        """Settle a market nobody resolved: every share pays the same."""
        m = self.load(at.market(market_id), Market)
        require(m.status == OPEN, "MarketSettled")
        require(self.now.ms >= m.close_ms + GRACE_MS, "GracePeriod")
        payable = -(-sum(m.shares) // len(m.shares))
        residue = m.escrow - payable
        require(residue >= 0, "Insolvent")
        shard = self.shard_of(m)
        owed, taken = sum(m.taken_debt), sum(each // len(m.shares) for each in m.taken_shares)
        m.debt = tuple(each - gone for each, gone in zip(m.debt, m.taken_debt, strict=True))
        self._leave_books(m, shard, sum(m.debt))
        shard.cash += residue
        drawn, lost = self._settle_taken(m, shard, owed, taken)
        m.status, m.escrow = VOIDED, payable - taken
        market = bytes(at.market(market_id))
        shown = {"market": market, "price": 0, "payable": payable, "residue": residue}
        shown |= {"bad_debt": lost, "taken": taken, "drawn": drawn}
        self.found.event("MarketSettled", {**shown, "winner": 0, "voided": 1})

    def _leave_books(self, m: Market, shard: Shard, at_risk: int) -> None:
        shard.claim_floor -= m.claim_floor
        shard.claim_ceiling -= m.claim_ceiling
        shard.debt_at_risk += at_risk - m.debt_at_risk
        m.claim_floor, m.claim_ceiling, m.debt_at_risk = 0, 0, at_risk

    def redeem(self, owner: Pubkey, market_id: int, outcome: int, kind: int) -> None:
        """Pay a settled position out."""
        v = self.visit(owner, market_id, outcome, kind)
        self.pay_out(at.position(v.trader_key, v.market_key, outcome, kind), v)

    def pay_out(self, source: Pubkey, v: Visit) -> None:
        """A settled holding's loan first, the rest to its trader."""
        m, h = v.market, v.holding
        require(m.status != OPEN, "MarketNotSettled")
        require(h.shares > 0, "ZeroAmount")
        payout, shares = m.payout(h.outcome, h.shares), h.shares
        lost = m.status == RESOLVED and h.outcome != m.winner
        due = 0 if lost else h.debt
        repaid = min(due, payout)
        m.escrow -= payout
        assert m.escrow >= 0, "a settled market pays what it promised"
        if due:
            self.owe(m, v.shard, h.outcome, -due)
            v.shard.cash += repaid
            v.shard.bad_debt += due - repaid
        v.trader.balance += payout - repaid
        h.shares = h.cost = h.debt = 0
        keys = {"position": bytes(source), "trader": bytes(v.trader_key), "market": bytes(v.market_key)}
        self.found.event("Redeemed", {**keys, "shares": shares, "payout": payout, "repaid": repaid})

    def close_market(self, market_id: int, rent_payer: Pubkey) -> None:
        """Remove a settled market without positions; what rounding left is the vault's."""
        key = at.market(market_id)
        m = self.load(key, Market)
        require(bytes(rent_payer) == m.rent_payer, "NotOwner")
        require(m.status != OPEN, "MarketNotSettled")
        require(m.positions == 0, "NotEmpty")
        self.shard_of(m).cash += m.escrow
        self.remove(key)
        self.found.event("MarketRemoved", {"market": bytes(key), "swept": m.escrow})
