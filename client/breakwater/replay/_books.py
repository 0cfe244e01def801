"""The exchange's books kept a second time, from nothing but its events.

Balances, positions, markets and the vault's ledgers follow here from what each event says was moved. What the
events state as a result (a balance, an escrow) is not used: `_audit` compares these books with the accounts
on chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from breakwater.chain.orders import fill_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.chain.engine import Receipt
    from breakwater.chain.events import Event
    from breakwater.model import Fill

__all__ = ["Books", "MarketBook", "PositionBook"]


REFERENCE_S = 64
"""Seconds over which the program's reference follows a market's shares."""


@dataclass(slots=True)
class PositionBook:
    """A position account by its address; amounts are micro-units."""

    address: bytes
    trader: bytes
    outcome: int
    kind: int
    shares: int = 0
    debt: int = 0


@dataclass(slots=True)
class MarketBook:
    """A market; amounts are micro-units. `positions` are keyed by trader account, outcome and kind."""

    id: int
    address: bytes
    b: int
    subsidy: int
    shard: int
    escrow: int
    shares: list[int] = field(default_factory=lambda: [0, 0])
    reference: list[int] = field(default_factory=lambda: [0, 0])
    traded_s: list[int] = field(default_factory=lambda: [0, 0])
    positions: dict[tuple[bytes, int, int], PositionBook] = field(default_factory=dict)
    volume: int = 0
    fees: int = 0
    income: int = 0
    premiums: int = 0
    lent: int = 0
    repaid: int = 0
    bad_debt: int = 0
    residue: int = 0
    swept: int = 0
    trades: int = 0
    winner: int | None = None
    price: int | None = None
    removed: bool = False

    def remember(self, outcome: int, now_s: int) -> None:
        """Bring an outcome's reference up to date before its shares change."""
        self.reference[outcome] = self.reference_at(outcome, now_s)
        self.traded_s[outcome] = now_s

    def reference_at(self, outcome: int, now_s: int) -> int:
        """The shares as they were: a reference that follows them over a minute, as on chain."""
        elapsed = min(now_s - self.traded_s[outcome], REFERENCE_S)
        before = self.reference[outcome]
        return before + (self.shares[outcome] - before) * max(0, elapsed) // REFERENCE_S

    @property
    def cash(self) -> int:
        """What the market has brought the vault in cash so far; its profit and loss once it is removed."""
        return self.income + self.repaid + self.residue + self.swept - self.subsidy - self.lent


class Books:
    """Everything that events say, by address."""

    def __init__(self) -> None:
        self.balances: dict[bytes, int] = {}
        self.markets: dict[bytes, MarketBook] = {}
        self.by_id: dict[int, MarketBook] = {}
        self.deposited = 0
        self.withdrawn = 0
        self.lp_net = 0
        self.coverage_q32 = 0
        self.fee_ppm = 0
        self._positions: dict[bytes, tuple[MarketBook, PositionBook]] = {}

    def apply(self, events: list[Event], receipt: Receipt, now_ms: int) -> Fill | None:
        """Book one transaction's events; its fill, if it traded."""
        fill = None
        for event in events:
            if event.name == "Traded":
                market = self.markets[event.fields["market"]]
                fill = fill_of(event, market.id, receipt, now_ms)
                self._traded(market, event.fields["trader"], fill)
            else:
                booking = self._BOOKINGS.get(event.name)
                if booking is not None:
                    booking(self, event.fields)
        return fill

    def _traded(self, market: MarketBook, trader: bytes, fill: Fill) -> None:
        kind = 0 if fill.side in ("buy", "sell") else 1
        position = market.positions[trader, fill.outcome, kind]
        debt_before, position.debt = position.debt, fill.debt
        if fill.side in ("buy", "open"):
            lent = fill.debt - debt_before
            market.lent += lent
            market.escrow += fill.amount + lent - fill.income
            self.balances[trader] -= fill.amount
            moved = fill.shares
        else:
            # proceeds after the fee repay the loan first, then the balance; the trader gets what is left
            proceeds = fill.notional - fill.fee
            repaid = proceeds - fill.amount + fill.shortfall
            market.repaid += repaid
            market.bad_debt += debt_before - fill.debt - repaid
            market.escrow -= proceeds + fill.income
            self.balances[trader] += fill.amount - fill.shortfall
            moved = -fill.shares
        position.shares += moved
        market.remember(fill.outcome, fill.timestamp_ms // 1000)
        market.shares[fill.outcome] += moved
        market.volume += fill.notional
        market.fees += fill.fee
        market.income += fill.income
        market.premiums += fill.premium
        market.trades += 1

    def _trader_opened(self, f: dict[str, Any]) -> None:
        self.balances[f["trader"]] = 0

    def _balance_moved(self, f: dict[str, Any]) -> None:
        self.balances[f["trader"]] += f["deposited"] - f["withdrawn"]
        self.deposited += f["deposited"]
        self.withdrawn += f["withdrawn"]

    def _liquidity_moved(self, f: dict[str, Any]) -> None:
        self.balances[f["trader"]] += f["withdrawn"] - f["deposited"]
        self.lp_net += f["deposited"] - f["withdrawn"]

    def _folded(self, f: dict[str, Any]) -> None:
        self.coverage_q32, self.fee_ppm = f["coverage_q32"], f["fee_ppm"]

    def _market_created(self, f: dict[str, Any]) -> None:
        address: bytes = f["market"]
        book = MarketBook(f["id"], address, f["liquidity"], f["subsidy"], f["shard"], f["subsidy"])
        self.markets[address] = self.by_id[book.id] = book

    def _market_settled(self, f: dict[str, Any]) -> None:
        market = self.markets[f["market"]]
        market.residue += f["residue"]
        market.escrow -= f["residue"]
        market.bad_debt += f["bad_debt"]
        market.winner = None if f["voided"] else f["winner"]
        market.price = f["price"]
        for position in market.positions.values():
            if not f["voided"] and position.outcome != f["winner"]:
                position.debt = 0  # written off

    def _market_removed(self, f: dict[str, Any]) -> None:
        market = self.markets[f["market"]]
        market.swept += f["swept"]
        market.escrow -= f["swept"]
        market.removed = True

    def _position_opened(self, f: dict[str, Any]) -> None:
        market = self.markets[f["market"]]
        trader: bytes = f["trader"]
        address: bytes = f["position"]
        position = PositionBook(address, trader, f["outcome"], f["kind"])
        market.positions[trader, position.outcome, position.kind] = position
        self._positions[address] = (market, position)

    def _position_closed(self, f: dict[str, Any]) -> None:
        market, position = self._positions.pop(f["position"])
        del market.positions[position.trader, position.outcome, position.kind]

    def _redeemed(self, f: dict[str, Any]) -> None:
        market, position = self._positions[f["position"]]
        market.escrow -= f["payout"]
        market.repaid += f["repaid"]
        market.bad_debt += position.debt - f["repaid"]
        self.balances[position.trader] += f["payout"] - f["repaid"]
        position.shares -= f["shares"]
        position.debt = 0

    _BOOKINGS: ClassVar[dict[str, Callable[[Books, dict[str, Any]], None]]] = {
        "TraderOpened": _trader_opened,
        "BalanceMoved": _balance_moved,
        "LiquidityMoved": _liquidity_moved,
        "Folded": _folded,
        "MarketCreated": _market_created,
        "MarketSettled": _market_settled,
        "MarketRemoved": _market_removed,
        "PositionOpened": _position_opened,
        "PositionClosed": _position_closed,
        "Redeemed": _redeemed,
    }
