"""How accounts, deposits, withdrawals and payouts are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..trading import AccountView, Payout, Transfer, show_amount

__all__ = [
    "account_dict",
    "account_table",
    "payout_dict",
    "payout_text",
    "transfer_dict",
    "transfer_text",
]

LAMPORTS = 1e9


def account_dict(account: AccountView) -> dict[str, Any]:
    """An account as plain values."""
    trader = account.trader
    return {
        "owner": str(account.owner),
        "lamports": account.lamports,
        "mint": str(account.mint),
        "wallet": show_amount(account.wallet),
        "has_account": trader is not None,
        "balance": show_amount(trader.balance) if trader else None,
        "lp_shares": show_amount(trader.lp_shares) if trader else None,
        "positions": trader.positions if trader else None,
    }


def account_table(account: AccountView) -> Table:
    """An account for people."""
    table = Table(title="Account", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("owner", str(account.owner))
    table.add_row("wallet, SOL", f"{account.lamports / LAMPORTS:,.4f}")
    table.add_row("wallet, collateral", show_amount(account.wallet))
    if account.trader is None:
        table.add_row("balance", "no trader account: breakwater trade deposit opens one")
        return table
    table.add_row("balance", show_amount(account.trader.balance))
    table.add_row("shares of the vault", show_amount(account.trader.lp_shares))
    table.add_row("positions", str(account.trader.positions))
    return table


def transfer_dict(done: Transfer) -> dict[str, Any]:
    """A deposit or a withdrawal as plain values."""
    return {
        "amount": show_amount(done.amount),
        "balance": show_amount(done.balance),
        "created_account": done.created_account,
        "signature": done.signature,
    }


def transfer_text(done: Transfer, verb: str) -> str:
    """A deposit or a withdrawal in a sentence."""
    opened = " A trader account was opened." if done.created_account else ""
    return f"{verb} {show_amount(done.amount)}; the balance is {show_amount(done.balance)}.{opened}"


def payout_dict(paid: Payout) -> dict[str, Any]:
    """A redemption as plain values."""
    return {
        "market": paid.market,
        "outcome": paid.outcome,
        "label": paid.label,
        "kind": paid.kind,
        "shares": show_amount(paid.shares),
        "payout": show_amount(paid.payout),
        "repaid": show_amount(paid.repaid),
        "amount": show_amount(paid.amount),
        "profit": show_amount(paid.profit),
        "signature": paid.signature,
    }


def payout_text(paid: Payout) -> str:
    """A redemption in a sentence."""
    loan = f" after repaying {show_amount(paid.repaid)}" if paid.repaid else ""
    return (
        f"Market {paid.market}, outcome {paid.outcome} ({paid.label}), {paid.kind}: received "
        f"{show_amount(paid.amount)}{loan}, profit {show_amount(paid.profit)}."
    )
