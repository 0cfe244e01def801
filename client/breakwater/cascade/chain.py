"""Our own exchange as a source: which of its loans are near liquidation, and what was liquidated.

The distance of a loan is how far its outcome's price may fall before the loan is called, as a share of the
price: `1 - debt / (shares * price * (1 - maintenance))`. The price is that of the market's curve at its
outstanding shares; the program's own integers decide, so a small distance is a warning and no prediction.
What a fall of 5 % would call, of a market, goes to the engine as its open interest; a fall of a loan's
shares *and* debt since the last look as a liquidation. A position that its owner sells off looks the same
from outside, and counts too: it is the same pressure on the price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import accounts, kinds, queries
from breakwater.chain import addresses as at

from .events import Event, Exchange, Kind, Side, identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from breakwater.chain.accounts import Market, Position
    from breakwater.chain.engine import Engine

__all__ = ["NEAR", "Book", "Loan", "distance", "news", "read_book", "symbol_of"]

LMSR, OPEN = 0, 0
NEAR = 0.05
"""What a fall of the price by so much would call is at risk."""
MAINTENANCE_X100 = 7_500
LEAST_CAP_X100 = 1_000


@dataclass(frozen=True, slots=True)
class Loan:
    """A leveraged position; amounts in micro-units, `distance` at or below 0 is due."""

    address: Pubkey
    market: Pubkey
    market_id: int
    outcome: int
    shares: int
    debt: int
    price: float
    distance: float


@dataclass(frozen=True, slots=True)
class Book:
    """All loans of open markets at one moment."""

    slot: int
    time_ms: int
    loans: tuple[Loan, ...]
    halts: tuple[tuple[int, ...], ...]
    """Of each shard, the first slot in which each group trades again."""

    def due(self) -> list[Loan]:
        """Loans that the price of the moment calls, the largest first."""
        return sorted((each for each in self.loans if each.distance <= 0), key=lambda each: -each.debt)

    def at_risk(self) -> dict[int, int]:
        """By market, the debt that a fall of 5 % would call."""
        found: dict[int, int] = {}
        for each in self.loans:
            if each.distance <= NEAR:
                found[each.market_id] = found.get(each.market_id, 0) + each.debt
        return found

    def unequal_halts(self) -> list[int]:
        """Groups that are halted in some shards only."""
        return [
            group
            for group, ends in enumerate(zip(*self.halts, strict=True))
            if group and len(set(ends)) > 1 and max(ends) > self.slot
        ]


def symbol_of(market_id: int) -> str:
    """What the engine calls a market."""
    return f"BW-{market_id}"


def _price(market: Market, outcome: int) -> float:
    if market.curve == LMSR:
        top = max(market.shares)
        terms = [math.exp((each - top) / market.liquidity) for each in market.shares]
        return terms[outcome] / math.fsum(terms)
    z = (market.shares[0] - market.shares[1] + market.delta_offset) / market.liquidity
    return math.erfc((-z if outcome == 0 else z) / math.sqrt(2)) / 2


def distance(position: Position, market: Market, coverage_q32: int) -> tuple[float, float]:
    """The price of the position's outcome, and how far it may fall before the loan is called."""
    price = _price(market, position.outcome)
    outcomes = len(market.shares)
    tier = math.floor(5_000 * math.sqrt(2 / outcomes))
    covered = 10_000 / math.sqrt(outcomes) * coverage_q32 / 2**32
    cap = tier if coverage_q32 >= 1 << 32 else max(100.0, min(tier, covered))
    value = position.shares * price * (1 - MAINTENANCE_X100 / max(cap, LEAST_CAP_X100) / 100)
    return price, 1 - position.debt / value if value > 0 else -1.0


async def read_book(engine: Engine) -> Book:
    """Read every market, shard and loan.

    Raises:
        Retryable: the node does not answer.
    """
    found: dict[str, dict[Pubkey, object]] = {}
    for name in ("Market", "Shard", "Position"):
        owned = await queries.owned(engine, at.EXCHANGE, kinds.filter_of(name))
        found[name] = {address: kinds.KINDS[name](data) for address, data in owned}
    shards = {each.index: each for each in found["Shard"].values() if isinstance(each, accounts.Shard)}
    markets = {key: each for key, each in found["Market"].items() if isinstance(each, accounts.Market)}
    slot, time_ms = await engine.slot(), await engine.now() * 1000
    loans = []
    for address, position in found["Position"].items():
        if not isinstance(position, accounts.Position) or not (position.debt and position.shares):
            continue
        key = Pubkey.from_bytes(position.market)
        market = markets.get(key)
        if (
            market is None
            or market.status != OPEN
            or market.shard not in shards
            or market.close_ms <= time_ms
        ):
            continue
        price, far = distance(position, market, shards[market.shard].coverage_q32)
        loans.append(
            Loan(address, key, market.id, position.outcome, position.shares, position.debt, price, far)
        )
    loans.sort(key=lambda each: bytes(each.address))
    return Book(slot, time_ms, tuple(loans), tuple(shards[i].halts for i in sorted(shards)))


def news(before: Book | None, now: Book) -> list[Event]:
    """What the engine is told: what is at risk, and what was sold off since the last look."""
    found = [
        _event(Kind.OPEN_INTEREST, market, now.time_ms, 0, debt / 1e6, (now.slot,))
        for market, debt in sorted(now.at_risk().items())
    ]
    current: Mapping[Pubkey, Loan] = {each.address: each for each in now.loans}
    for loan in before.loans if before else ():
        left = current.get(loan.address)
        shares, debt = (left.shares, left.debt) if left else (0, 0)
        if shares < loan.shares and debt < loan.debt:
            notional = round((loan.shares - shares) * loan.price)
            mark = (str(loan.address), loan.shares, shares)
            found.append(_event(Kind.LIQUIDATION, loan.market_id, now.time_ms, notional, loan.price, mark))
    return found


def _event(
    kind: Kind, market: int, time_ms: int, micro: int, value: float, mark: tuple[object, ...]
) -> Event:
    symbol = symbol_of(market)
    known = identity(Exchange.BREAKWATER, symbol, kind, *mark)
    return Event(time_ms, Exchange.BREAKWATER, symbol, kind, Side.SELL, micro, value, known)
