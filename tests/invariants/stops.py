"""Standing orders: what an owner leaves behind for a keeper to execute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from breakwater.chain import addresses as at

from .desk import ONE_Q28
from .draft import require
from .liquidations import Liquidations
from .state import Position, Stop, Trader
from .trades import LEVERAGED, pay

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.liquidation_instructions import StopTerms

    from .state import Holding

__all__ = ["Stops"]

STOP_LOSS, TAKE_PROFIT = 0, 1


def stands(stop: Stop, holding: Holding | None) -> bool:
    """Whether the shares are still there for which the order was given."""
    return holding is not None and holding.shares > 0 and holding.generation == stop.generation


class Stops(Liquidations):
    """The three instructions of a standing order."""

    def place_stop(self, owner: Pubkey, market_id: int, outcome: int, kind: int, terms: StopTerms) -> None:
        """Leave an order."""
        trader_key = at.trader(owner)
        position = at.position(trader_key, at.market(market_id), outcome, kind)
        self.load(trader_key, Trader)
        held = self.load(position, Position)
        key = at.stop(position, terms.side)
        require(self.find(key) is None, "AccountAlreadyInUse")
        sane = terms.side <= TAKE_PROFIT and 1 <= terms.trigger_q28 < ONE_Q28 and terms.limit_q28 < ONE_Q28
        require(sane, "BadParameter")
        require(terms.shares > 0, "ZeroAmount")
        require(held.shares > 0, "InsufficientShares")
        shown: dict[str, Any] = {"shares": terms.shares, "tip": terms.tip, "side": terms.side}
        shown |= {"trigger_q28": terms.trigger_q28, "limit_q28": terms.limit_q28}
        stop = Stop(owner=bytes(owner), position=bytes(position), generation=held.generation, **shown)
        self.create(key, stop)
        self.found.event("StopPlaced", {"position": bytes(position), **shown})

    def cancel_stop(
        self, owner: Pubkey, market_id: int, outcome: int, kind: int, side: int, *, signed: bool = True
    ) -> None:
        """Take an order back, whatever has become of its position; anybody may when its shares are gone."""
        position = at.position(at.trader(owner), at.market(market_id), outcome, kind)
        key = at.stop(position, side)
        stop = self.load(key, Stop)
        require(signed or not stands(stop, self.find(position)), "MissingRequiredSignature")
        self.remove(key)
        self.found.event("StopCancelled", {"position": bytes(position), "side": side})

    def execute_stop(
        self, keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int, kind: int, side: int
    ) -> None:
        """Sell or close as the owner would have, and pay the tip."""
        reward = self.load(at.trader(keeper), Trader)
        v = self.visit(owner, market_id, outcome, kind)
        position = at.position(v.trader_key, v.market_key, outcome, kind)
        stop = self.load(at.stop(position, side), Stop)
        require(keeper != owner, "ConstraintDuplicateMutableAccount")
        require(stands(stop, v.holding), "WrongStop")
        shares = min(stop.shares, v.holding.shares)
        self.outcome(v)
        reference = self.found.number("reference", *self.reference_price(v.market, outcome))
        fill = (self._close if kind == LEVERAGED else self._sell)(v, shares, 0).fill
        due = max(reference, fill) <= stop.trigger_q28 if side == STOP_LOSS else fill >= stop.trigger_q28
        require(due, "NotTriggered")
        require(fill >= stop.limit_q28, "SlippageExceeded")
        pay(v.trader, stop.tip)
        reward.balance = self.word(reward.balance + stop.tip)
        self.remove(at.stop(position, side))
        shown = {"position": bytes(position), "keeper": bytes(at.trader(keeper)), "shares": shares}
        self.found.event("StopExecuted", {**shown, "tip": stop.tip, "fill_q28": fill, "side": side})
