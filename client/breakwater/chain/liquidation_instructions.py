"""Values -> `Instruction` for liquidations and standing orders: what keepers do for a reward.

A keeper signs, and names its own trader account, which gets the reward. Units are those of `instructions`;
prices here are in units of 2^-28.
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
from .terms import LEVERAGED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

__all__ = [
    "STOP_LOSS",
    "TAKE_PROFIT",
    "WHOLE_PPM",
    "StopTerms",
    "cancel_stop",
    "clear_stop",
    "execute_stop",
    "liquidate",
    "liquidate_chain",
    "place_stop",
    "take_over",
    "take_over_chain",
]

STOP_LOSS: Final = 0
TAKE_PROFIT: Final = 1
WHOLE_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StopTerms:
    """A standing order to sell: `trigger_q28` and the least average price `limit_q28` in units of 2^-28."""

    side: int
    shares: int
    tip: int
    trigger_q28: int
    limit_q28: int = 0


def _keeper(keeper: Pubkey) -> list[AccountMeta]:
    return [_r(keeper, signer=True), _w(at.trader(keeper))]


def liquidate(keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int, shares: int) -> Instruction:
    """Sell shares of an unhealthy leveraged position."""
    trader, market = at.trader(owner), at.market(market_id)
    position = at.position(trader, market, outcome, LEVERAGED)
    accounts = [*_keeper(keeper), _w(trader), *_venue(market_id), _w(position)]
    return Instruction(at.EXCHANGE, tag("liquidate") + struct.pack("<Q", shares), accounts)


def liquidate_chain(
    keeper: Pubkey, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]], part_ppm: int = WHOLE_PPM
) -> Instruction:
    """Sell a part of every leg that is left (by market and feed, in their order) of an unhealthy chain."""
    trader = at.trader(owner)
    accounts = [*_keeper(keeper), _w(trader), _w(at.chain(trader, number))]
    for market_id, feed in legs:
        accounts += [*_venue(market_id), _r(feed)]
    return Instruction(at.EXCHANGE, tag("liquidate_chain") + struct.pack("<I", part_ppm), accounts)


def take_over(keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int) -> Instruction:
    """Let the vault take a leveraged position over whose shares are worth less than its loan."""
    accounts = liquidate(keeper, owner, market_id, outcome, 0).accounts
    return Instruction(at.EXCHANGE, tag("take_over"), accounts)


def take_over_chain(
    keeper: Pubkey, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]]
) -> Instruction:
    """Let the vault take a chain over whose shares together are worth less than its loans."""
    accounts = liquidate_chain(keeper, owner, number, legs).accounts
    return Instruction(at.EXCHANGE, tag("take_over_chain"), accounts)


def place_stop(owner: Pubkey, market_id: int, outcome: int, kind: int, terms: StopTerms) -> Instruction:
    """Order that a position is sold at a trigger; one order a side."""
    trader = at.trader(owner)
    position = at.position(trader, at.market(market_id), outcome, kind)
    data = struct.pack("<BQQII", terms.side, terms.shares, terms.tip, terms.trigger_q28, terms.limit_q28)
    accounts = [
        _w(owner, signer=True),
        _r(trader),
        _r(position),
        _w(at.stop(position, terms.side)),
        _r(SYSTEM),
    ]
    return Instruction(at.EXCHANGE, tag("place_stop") + data, accounts)


def cancel_stop(
    owner: Pubkey, market_id: int, outcome: int, kind: int, side: int, *, signed: bool = True
) -> Instruction:
    """Take a standing order back; unsigned once the shares are gone for which it was given."""
    position = at.position(at.trader(owner), at.market(market_id), outcome, kind)
    return clear_stop(owner, at.stop(position, side), position, signed=signed)


def clear_stop(owner: Pubkey, stop: Pubkey, position: Pubkey, *, signed: bool = True) -> Instruction:
    """The same by addresses: the position, and its market, may be gone."""
    accounts = [_w(owner, signer=signed), _w(stop), _r(position)]
    return Instruction(at.EXCHANGE, tag("cancel_stop"), accounts)


def execute_stop(
    keeper: Pubkey, owner: Pubkey, market_id: int, outcome: int, kind: int, side: int
) -> Instruction:
    """Execute a standing order that is due."""
    trader = at.trader(owner)
    position = at.position(trader, at.market(market_id), outcome, kind)
    accounts = [
        *_keeper(keeper),
        _w(owner),
        _w(trader),
        *_venue(market_id),
        _w(position),
        _w(at.stop(position, side)),
    ]
    return Instruction(at.EXCHANGE, tag("execute_stop"), accounts)
