"""Values -> `Instruction` for what has several legs: batches of spot trades, and chains.

The instructions take three more accounts for every leg: market, shard, and its position or feed. Units are
those of `instructions`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.instruction import AccountMeta, Instruction
from solders.system_program import ID as SYSTEM

from . import addresses as at
from ._metas import r as _r
from ._metas import tag
from ._metas import venue as _venue
from ._metas import w as _w
from .terms import SPOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from solders.pubkey import Pubkey

__all__ = [
    "BUY",
    "MAX_BATCH",
    "MAX_LEGS",
    "MIN_LEGS",
    "SELL",
    "LegOrder",
    "SpotOrder",
    "batch",
    "close_chain",
    "create_chain",
    "open_chain",
    "redeem_leg",
    "unwind_chain",
]

BUY: Final = 0
SELL: Final = 1
MIN_LEGS: Final = 2
MAX_LEGS: Final = 5
MAX_BATCH: Final = 16
"""Most trades the program takes; a transaction of 1,232 bytes without address tables has room for fewer."""


@dataclass(frozen=True, slots=True)
class SpotOrder:
    """One trade of a batch.

    `limit` is the most a purchase may cost, or the least a sale must bring, after the fee.
    """

    market_id: int
    outcome: int
    side: int
    shares: int
    limit: int


@dataclass(frozen=True, slots=True)
class LegOrder:
    """One purchase of a chain."""

    market_id: int
    feed: Pubkey
    outcome: int
    shares: int
    leverage_x100: int


def batch(owner: Pubkey, orders: Sequence[SpotOrder]) -> Instruction:
    """Buy and sell on spot, one order after the other: all of them, or none."""
    trader = at.trader(owner)
    accounts = [_r(owner, signer=True), _w(trader)]
    data = struct.pack("<I", len(orders))
    for order in orders:
        market = at.market(order.market_id)
        accounts += [*_venue(order.market_id), _w(at.position(trader, market, order.outcome, SPOT))]
        data += struct.pack("<QQB", order.shares, order.limit, order.side)
    return Instruction(at.EXCHANGE, tag("batch") + data, accounts)


def create_chain(owner: Pubkey, number: int) -> Instruction:
    """Open an empty chain under a number of the owner's choice."""
    trader = at.trader(owner)
    accounts = [_w(owner, signer=True), _w(trader), _w(at.chain(trader, number)), _r(SYSTEM)]
    return Instruction(at.EXCHANGE, tag("create_chain") + struct.pack("<Q", number), accounts)


def close_chain(owner: Pubkey, number: int) -> Instruction:
    """Close an empty chain."""
    trader = at.trader(owner)
    accounts = [_w(owner, signer=True), _w(trader), _w(at.chain(trader, number))]
    return Instruction(at.EXCHANGE, tag("close_chain"), accounts)


def _with_legs(owner: Pubkey, number: int, legs: Iterable[tuple[int, Pubkey]]) -> list[AccountMeta]:
    trader = at.trader(owner)
    accounts = [_r(owner, signer=True), _w(trader), _w(at.chain(trader, number))]
    for market_id, feed in legs:
        accounts += [*_venue(market_id), _r(feed)]
    return accounts


def open_chain(owner: Pubkey, number: int, legs: Sequence[LegOrder], max_payment: int) -> Instruction:
    """Buy 2 to 5 legs on credit; margin, premiums and fees together are at most `max_payment`."""
    data = struct.pack("<I", len(legs))
    for leg in legs:
        data += struct.pack("<QHB", leg.shares, leg.leverage_x100, leg.outcome)
    data += struct.pack("<Q", max_payment)
    accounts = _with_legs(owner, number, ((leg.market_id, leg.feed) for leg in legs))
    return Instruction(at.EXCHANGE, tag("open_chain") + data, accounts)


def unwind_chain(
    owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]], min_proceeds: int
) -> Instruction:
    """Sell all legs that are left, given by market and feed in their order, and repay their loans."""
    data = struct.pack("<Q", min_proceeds)
    return Instruction(at.EXCHANGE, tag("unwind_chain") + data, _with_legs(owner, number, legs))


def redeem_leg(owner: Pubkey, number: int, market_id: int, index: int) -> Instruction:
    """Pay a settled leg out to its trader; needs nobody's signature."""
    trader = at.trader(owner)
    accounts = [_w(trader), *_venue(market_id), _w(at.chain(trader, number))]
    return Instruction(at.EXCHANGE, tag("redeem_leg") + bytes([index]), accounts)
