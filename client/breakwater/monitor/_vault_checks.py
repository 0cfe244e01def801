"""What the vault's and the markets' accounts say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.alerts import Reading

from .metrics import NO_LOANS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .view import View

__all__ = ["MARKETS", "VAULT", "markets", "vault"]

UNIT: Final = 10**6
Q32: Final = 1 << 32
ALL_ONES: Final = (1 << 64) - 1

VAULT: Final = (
    "vault",
    "cash",
    "loans",
    "debt_at_risk",
    "coverage",
    "coverage_folded",
    "insurance",
    "bad_debt",
    "fees",
    "volume",
    "fee",
    "fold_age",
)
MARKETS: Final = ("open_markets", "halted_markets", "open_interest", "escrow", "token_surplus")


def vault(view: View) -> Iterator[Reading]:
    """The vault and its four shards, summed."""
    if view.vault is None or not view.shards or view.slot is None:
        return
    shards = view.shards
    cash = view.vault.cash + sum(each.cash for each in shards)
    at_risk = sum(each.debt_at_risk for each in shards)
    loans = sum(each.debt for each in shards)
    amounts = {
        "vault": cash + loans,
        "cash": cash,
        "loans": loans,
        "debt_at_risk": at_risk,
        "insurance": sum(each.insurance for each in shards),
        "bad_debt": sum(each.bad_debt for each in shards),
        "fees": sum(each.fees for each in shards),
        "volume": sum(each.volume for each in shards),
    }
    for name, amount in amounts.items():
        yield Reading(name, amount / UNIT)
    yield Reading("coverage", coverage(cash, at_risk))
    yield Reading("fold_age", max(0, view.slot - view.vault.folded_slot))
    if view.vault.folded_slot:
        folded = shards[0].coverage_q32
        yield Reading("coverage_folded", NO_LOANS if folded == ALL_ONES else folded / Q32)
        yield Reading("fee", shards[0].fee_ppm / 100)


def coverage(cash: int, at_risk: int) -> float:
    """Free cash over debt at risk, as the programs define it: 0 without cash, their largest without debt."""
    if not cash:
        return 0.0
    return min(NO_LOANS, cash / at_risk) if at_risk else NO_LOANS


def markets(view: View) -> Iterator[Reading]:
    """All markets, summed."""
    if view.vault is None:
        return
    still_open = view.open_markets.values()
    escrow = sum(each.escrow for each in view.markets.values())
    yield Reading("open_markets", len(still_open))
    yield Reading("halted_markets", sum(view.is_halted(each) for each in still_open))
    yield Reading("open_interest", sum(max(each.shares) for each in still_open) / UNIT)
    yield Reading("escrow", escrow / UNIT)
    if view.token_balance is not None:
        # traders' balances come on top, so that less than nothing can never be right
        shards = sum(each.cash + each.insurance + each.reserve for each in view.shards)
        owed = view.vault.cash + shards + escrow
        yield Reading("token_surplus", (view.token_balance - owed) / UNIT)
