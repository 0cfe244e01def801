"""Chains: several leveraged purchases opened and unwound as one, and their legs' redemption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from .desk import Visit, is_stale
from .draft import require
from .settlement import Settlement
from .state import Chain, Leg, Market, Trader
from .trades import LEVERAGED, pay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.leg_instructions import LegOrder

__all__ = ["Chains"]

MIN_LEGS, MAX_LEGS = 2, 5
MOST_LEVERAGE = 500


class Chains(Settlement):
    """The five instructions of a chain's life."""

    def create_chain(self, owner: Pubkey, number: int) -> None:
        """Open an empty chain."""
        trader_key = at.trader(owner)
        trader = self.load(trader_key, Trader)
        key = at.chain(trader_key, number)
        self.create(key, Chain(bytes(trader_key), number))
        trader.positions += 1
        shown = {"chain": bytes(key), "trader": bytes(trader_key), "id": number}
        self.found.event("ChainCreated", shown)

    def close_chain(self, owner: Pubkey, number: int) -> None:
        """Close an empty chain."""
        trader_key = at.trader(owner)
        key = at.chain(trader_key, number)
        trader, chain = self.load(trader_key, Trader), self.load(key, Chain)
        require(not any(leg.shares or leg.debt for leg in chain.legs), "NotEmpty")
        self.remove(key)
        trader.positions -= 1
        self.found.event("ChainClosed", {"chain": bytes(key)})

    def open_chain(self, owner: Pubkey, number: int, legs: Sequence[LegOrder], max_payment: int) -> None:
        """Buy all legs, the last first: each one's margin is lent on the shares of the leg before it."""
        trader_key = at.trader(owner)
        key = at.chain(trader_key, number)
        trader, chain = self.load(trader_key, Trader), self.load(key, Chain)
        require(MIN_LEGS <= len(legs) <= MAX_LEGS, "BadLegs")
        require(not any(leg.shares or leg.debt for leg in chain.legs), "NotEmpty")
        chain.legs = tuple(
            Leg(leg.outcome, LEVERAGED, market=bytes(at.market(leg.market_id))) for leg in legs
        )
        margin = notional = credit = debt = 0
        for i in reversed(range(len(legs))):
            order = legs[i]
            market_key = at.market(order.market_id)
            market = self.load(market_key, Market)
            require(all(legs[k].market_id != order.market_id for k in range(i + 1, len(legs))), "BadLegs")
            feed = self.feed_of(market, order.feed)
            require(not is_stale(feed, self.now.s), "ChainsSuspended")
            market.positions += 1
            v = Visit(trader_key, market_key, trader, market, self.shard_of(market), chain.legs[i])
            financed = self.finance(v, order.shares, order.leverage_x100, margin, feed)
            require(margin <= financed.priced.notional, "MarginAboveProceeds")
            own = 0 if i else financed.margin
            self.purchase(v, financed, financed.credit + own)
            margin = financed.margin
            notional = self.word(notional + financed.priced.notional)
            credit = self.word(credit + financed.credit)
            debt = self.word(debt + financed.debt)
        payment = self.word(margin + credit)
        require(payment <= max_payment, "SlippageExceeded")
        require(notional <= MOST_LEVERAGE * margin, "ChainLeverageAboveCap")
        reward = -(-notional * v.shard.keeper_ppm // 1_000_000)
        require(payment >= reward, "ChainLeverageAboveCap")
        pay(trader, payment)
        self.found.event(
            "ChainOpened",
            {
                "chain": bytes(key),
                "trader": bytes(trader_key),
                "legs": len(legs),
                "notional": notional,
                "payment": payment,
                "debt": debt,
            },
        )

    def unwind_chain(
        self, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]], min_proceeds: int
    ) -> None:
        """Sell what is left and repay, from all proceeds together and from the balance."""
        trader_key = at.trader(owner)
        key = at.chain(trader_key, number)
        trader, chain = self.load(trader_key, Trader), self.load(key, Chain)
        held = chain.held
        require(bool(held) and len(legs) == len(held), "BadLegs")
        proceeds = due = redeemed = gone = 0
        for leg, (market_id, _) in zip(held, legs, strict=True):
            market_key = at.market(market_id)
            market = self.load(market_key, Market)
            require(bytes(market_key) == leg.market, "BadLeg")
            v = Visit(trader_key, market_key, trader, market, self.shard_of(market), leg)
            if market.status == 0 and self.now.ms >= market.close_ms:
                continue
            market.positions -= 1
            gone += 1
            if market.status:
                before = trader.balance
                self.pay_out(key, v)
                redeemed += trader.balance - before
                continue
            shares = leg.shares
            priced, owed = self.unwind(v, shares)
            brought = priced.notional - priced.fee
            self.repay(v, priced, owed, shares, max(0, brought - owed), max(0, owed - brought))
            proceeds, due = proceeds + brought, due + owed
        amount, shortfall = max(0, proceeds - due), max(0, due - proceeds)
        require(gone > 0, "MarketClosed")
        require(amount + redeemed >= min_proceeds, "SlippageExceeded")
        require(shortfall <= trader.balance, "Underwater")
        trader.balance += amount - shortfall
        self.found.event(
            "ChainUnwound",
            {
                "chain": bytes(key),
                "trader": bytes(trader_key),
                "legs": gone,
                "proceeds": proceeds,
                "repaid": due,
                "amount": amount,
                "shortfall": shortfall,
            },
        )

    def redeem_leg(self, owner: Pubkey, number: int, market_id: int, index: int) -> None:
        """Pay one settled leg out."""
        trader_key = at.trader(owner)
        key, market_key = at.chain(trader_key, number), at.market(market_id)
        trader, market = self.load(trader_key, Trader), self.load(market_key, Market)
        chain = self.load(key, Chain)
        require(index < len(chain.legs), "BadLeg")
        leg = chain.legs[index]
        require(leg.market == bytes(market_key), "BadLeg")
        self.pay_out(key, Visit(trader_key, market_key, trader, market, self.shard_of(market), leg))
        market.positions -= 1
