"""Order -> instruction, and event -> `Fill`: the two ends of a trade's way through the chain. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.model import Fill

from . import addresses as at
from . import instructions as ix

if TYPE_CHECKING:
    from solders.instruction import Instruction

    from breakwater.model import Order, Side

    from .engine import Receipt
    from .events import Event

__all__ = ["KIND", "SIDES", "fill_of", "instruction_of", "position_of"]

SIDES: tuple[Side, ...] = ("buy", "sell", "open", "close")
"""By their number on chain."""

KIND = {"buy": ix.SPOT, "sell": ix.SPOT, "open": ix.LEVERAGED, "close": ix.LEVERAGED}
"""Which of a trader's positions a side trades."""


def instruction_of(order: Order, feed: Pubkey) -> Instruction:
    """The instruction that carries an order out; `feed` is the market's."""
    owner, market, outcome, shares, limit = (
        order.trader,
        order.market,
        order.outcome,
        order.shares,
        order.limit,
    )
    if order.side == "open":
        return ix.open_leveraged(owner, market, feed, outcome, shares, order.leverage_x100, limit)
    build = {"buy": ix.buy, "sell": ix.sell, "close": ix.close}[order.side]
    return build(owner, market, outcome, shares, limit)


def position_of(owner: Pubkey, market_id: int, outcome: int, side: Side) -> Pubkey:
    """The position that such a trade of the owner changes."""
    return at.position(at.trader(owner), at.market(market_id), outcome, KIND[side])


def fill_of(event: Event, market_id: int, receipt: Receipt, timestamp_ms: int) -> Fill:
    """What a `Traded` event says.

    Args:
        event: the event.
        market_id: id of the market whose address the event names.
        receipt: of the transaction that logged it.
        timestamp_ms: the chain's Unix time.
    """
    f = event.fields
    return Fill(
        market_id,
        Pubkey.from_bytes(f["trader"]),
        SIDES[f["side"]],
        f["outcome"],
        f["shares"],
        f["notional"],
        f["fee"],
        f["amount"],
        f["premium"],
        f["shortfall"],
        f["debt"],
        f["escrow"],
        f["income"],
        f["leverage_x100"],
        receipt.slot,
        str(receipt.signature),
        timestamp_ms,
    )
