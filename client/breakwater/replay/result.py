"""What a replay found: figures for people, for machines, and the series of the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections import Counter

    from ._audit import Audit
    from .outages import Outages

__all__ = ["MarketRow", "ReplayResult", "Series"]


@dataclass(slots=True)
class Series:
    """A market's life for the charts; every first item is seconds of captured time since the market's start.

    `ticks` hold the price in the feed's unit; `states` the probability of Up, escrow and the vault's cash
    from this market in micro-units after each change; `trades` trader, side, outcome, shares, amount and
    leverage.
    """

    ticks: list[tuple[float, int]] = field(default_factory=list)
    states: list[tuple[float, float, int, int]] = field(default_factory=list)
    trades: list[tuple[float, int, str, int, int, int, int]] = field(default_factory=list)


@dataclass(slots=True)
class MarketRow:
    """One market in the end; amounts are micro-units, prices in units of the feed, times Unix seconds.

    `up` is how it settled here (None: it did not), `really_up` how in reality (None where it is not
    `scored`).
    """

    id: int
    name: str
    close_s: int
    strike: int
    scored: bool
    really_up: bool | None
    up: bool | None = None
    price: int | None = None
    trades: int = 0
    volume: int = 0
    fees: int = 0
    income: int = 0
    premiums: int = 0
    bad_debt: int = 0
    vault: int = 0
    series: Series | None = None

    @property
    def as_in_reality(self) -> bool:
        """Settled, and as it was."""
        return self.scored and self.up is not None and self.up == self.really_up

    @property
    def mismatch(self) -> bool:
        """Settled, but not as it was."""
        return self.scored and self.up is not None and self.up != self.really_up


@dataclass(slots=True)
class ReplayResult:
    """The outcome of a replay; amounts are micro-units, `seconds` wall-clock from the first transaction on.

    Args:
        engine: its name.
        source: what was replayed.
        exponent: of the feed's unit.
        exact: whether all prices are exact in it.
        planned: markets that were to be compared with reality.
        partial: it was interrupted.
    """

    engine: str
    source: str
    seed: int
    exponent: int
    exact: bool
    planned: int
    markets: list[MarketRow]
    skipped: tuple[tuple[int, str], ...]
    outages: Outages
    rejected: Counter[str]
    compute: dict[str, dict[str, int]]
    sides: Counter[str]
    publications: int
    transactions: int
    seconds: float
    audits: list[Audit]
    vault_start: int
    vault_end: int
    partial: bool

    @property
    def compared(self) -> list[MarketRow]:
        """The markets that count."""
        return [row for row in self.markets if row.scored]

    @property
    def settled(self) -> int:
        """Markets settled as they were in reality."""
        return sum(row.as_in_reality for row in self.markets)

    @property
    def mismatches(self) -> int:
        """Markets settled otherwise than in reality, and, in a whole replay, those not settled at all."""
        wrong = sum(row.mismatch for row in self.markets)
        return wrong if self.partial else self.planned - self.settled

    @property
    def lost_units(self) -> int:
        """Sum of all absolute differences of all comparisons."""
        return sum(each.lost_units for each in self.audits)

    @property
    def rate(self) -> float:
        """Transactions a second."""
        return self.transactions / self.seconds if self.seconds else 0.0

    @property
    def ok(self) -> bool:
        """No mismatch and no lost unit."""
        return not self.mismatches and not self.lost_units

    def as_dict(self) -> dict[str, Any]:
        """Everything but the series, as plain values."""
        differences: dict[str, int] = {}
        for audit in self.audits:
            for what, difference in audit.differences:
                differences[what] = differences.get(what, 0) + abs(difference)
        return {
            "engine": self.engine,
            "source": self.source,
            "seed": self.seed,
            "partial": self.partial,
            "price_exponent": self.exponent,
            "prices_exact": self.exact,
            "markets": self.planned,
            "settled": self.settled,
            "mismatches": self.mismatches,
            "mismatched_markets": [row.id for row in self.markets if row.mismatch],
            "lost_units": self.lost_units,
            "differences": differences,
            "audits": len(self.audits),
            "checks": sum(each.checks for each in self.audits),
            "transactions": self.transactions,
            "seconds": round(self.seconds, 3),
            "transactions_per_second": round(self.rate, 1),
            "publications": self.publications,
            "trades": sum(self.sides.values()),
            "trades_by_side": dict(sorted(self.sides.items())),
            "volume": sum(row.volume for row in self.markets),
            "fees": sum(row.fees for row in self.markets),
            "vault": {
                "start": self.vault_start,
                "end": self.vault_end,
                "profit_and_loss": self.vault_end - self.vault_start,
                "income": sum(row.income for row in self.markets),
                "premiums": sum(row.premiums for row in self.markets),
                "bad_debt": sum(row.bad_debt for row in self.markets),
            },
            "rejected": dict(sorted(self.rejected.items())),
            "rejected_total": sum(self.rejected.values()),
            "compute_units": self.compute,
            "feed": self.outages.as_dict(),
            "unscored": [
                {"id": row.id, "up": row.up, "trades": row.trades, "vault": row.vault}
                for row in self.markets
                if not row.scored
            ],
            "skipped": [{"id": market, "reason": reason} for market, reason in self.skipped],
        }
