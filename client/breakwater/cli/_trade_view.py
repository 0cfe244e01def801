"""How quotes, fills, accounts and positions are shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from ..model import Fill
from ..trading import (
    AccountView,
    Holding,
    MarketView,
    Payout,
    Quote,
    Ticket,
    Transfer,
    show_amount,
    show_leverage,
)
from ._market_view import percent

__all__ = [
    "account_dict",
    "account_table",
    "fill_dict",
    "fill_text",
    "payout_dict",
    "payout_text",
    "position_dict",
    "positions_table",
    "question",
    "quote_dict",
    "quote_table",
    "transfer_dict",
    "transfer_text",
]

LAMPORTS = 1e9
VERBS = {"buy": "Buy", "sell": "Sell", "open": "Open", "close": "Close"}
PAST = {"buy": "Bought", "sell": "Sold", "open": "Opened", "close": "Closed"}


def quote_dict(quote: Quote) -> dict[str, Any]:
    """A quote as plain values."""
    underwater = quote.underwater_price
    return {
        "market": quote.market,
        "side": quote.side,
        "outcome": quote.outcome,
        "shares": show_amount(quote.shares),
        "leverage": quote.leverage_x100 / 100,
        "exact": quote.exact,
        **{name: show_amount(value) for name, value in asdict(quote.figures).items()},
        "limit": show_amount(quote.limit),
        "debt_after": show_amount(quote.debt_after),
        "average_price": quote.average_price,
        "price_before": quote.price_before,
        "price_after": quote.price_after,
        "price_impact": quote.impact,
        "slippage": quote.slippage,
        "leverage_cap": quote.leverage_cap_x100 / 100,
        "underwater_price": underwater,
        "balance_after": None if quote.balance_after is None else show_amount(quote.balance_after),
    }


def quote_table(quote: Quote, view: MarketView) -> Table:
    """A quote for people."""
    source = "simulated, exact" if quote.exact else "computed, an estimate"
    title = f"{VERBS[quote.side]} in market {quote.market} ({source})"
    table = Table(title=title, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    rows = [
        ("outcome", f"{quote.outcome}: {view.label(quote.outcome)}"),
        ("shares", show_amount(quote.shares)),
    ]
    rows += _money(quote)
    rows += [
        ("average price", f"{quote.average_price:.6f}"),
        ("marginal price", f"{quote.price_before:.6f} -> {quote.price_after:.6f}"),
        ("price impact", f"{quote.impact * 100:+.4f} points"),
        ("slippage", f"{quote.slippage * 100:.4f}%"),
    ]
    if quote.side == "open":
        cap = show_leverage(quote.leverage_cap_x100)
        rows.append(("leverage", f"{show_leverage(quote.leverage_x100)}, cap now {cap}"))
    if quote.underwater_price is not None:
        rows.append(("underwater below", _underwater(quote.underwater_price)))
    if quote.balance_after is not None:
        rows.append(("balance after", show_amount(quote.balance_after)))
    for row in rows:
        table.add_row(*row)
    return table


def _money(quote: Quote) -> list[tuple[str, str]]:
    f = quote.figures
    if quote.side in ("buy", "open"):
        rows = [("cost of the shares", f.notional)]
        if quote.side == "open":
            margin = f.amount - f.fee - f.premium
            rows += [("loan", f.loan), ("margin", margin), ("premium for the loan", f.premium)]
        rows += [("fee", f.fee), ("you pay", f.amount), ("at most", quote.limit)]
    else:
        rows = [("proceeds of the shares", f.notional), ("fee", f.fee)]
        if quote.side == "close":
            rows.append(("loan repaid", f.loan))
        rows += [("you receive", f.amount), ("at least", quote.limit)]
        if f.shortfall:
            rows.append(("taken from the balance", f.shortfall))
    if quote.side in ("open", "close"):
        rows.append(("debt after", quote.debt_after))
    return [(name, show_amount(value)) for name, value in rows]


def question(ticket: Ticket) -> str:
    """What to ask before a ticket is sent."""
    pays = ticket.quote.side in ("buy", "open")
    word = "Pay at most" if pays else "Sell for at least"
    return f"{word} {show_amount(ticket.quote.limit)}?"


def fill_dict(fill: Fill, ticket: Ticket) -> dict[str, Any]:
    """A fill as plain values."""
    return {
        "market": fill.market,
        "side": fill.side,
        "outcome": fill.outcome,
        "shares": show_amount(fill.shares),
        "notional": show_amount(fill.notional),
        "fee": show_amount(fill.fee),
        "amount": show_amount(fill.amount),
        "premium": show_amount(fill.premium),
        "shortfall": show_amount(fill.shortfall),
        "debt_after": show_amount(fill.debt),
        "leverage": fill.leverage_x100 / 100,
        "trader": str(fill.trader),
        "slot": fill.slot,
        "signature": fill.signature,
        "created_position": ticket.creates_position,
        "quote": quote_dict(ticket.quote),
    }


def fill_text(fill: Fill, ticket: Ticket) -> str:
    """A fill in a sentence."""
    way = "for" if fill.side in ("buy", "open") else "and received"
    label = ticket.view.label(fill.outcome)
    short = f" The balance paid {show_amount(fill.shortfall)} to repay the loan." if fill.shortfall else ""
    loan = f" The position owes {show_amount(fill.debt)}." if fill.debt else ""
    return (
        f"{PAST[fill.side]} {show_amount(fill.shares)} shares of outcome {fill.outcome} ({label}) {way} "
        f"{show_amount(fill.amount)}, fee {show_amount(fill.fee)} included.{short}{loan}\n{fill.signature}"
    )


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


def position_dict(holding: Holding) -> dict[str, Any]:
    """A position as plain values."""
    p, view = holding.position, holding.view
    return {
        "market": view.id,
        "status": view.status,
        "outcome": p.outcome,
        "label": view.label(p.outcome),
        "kind": holding.kind,
        "shares": show_amount(p.shares),
        "cost": show_amount(p.cost),
        "debt": show_amount(holding.owed),
        "price": view.prices[p.outcome],
        "value": show_amount(holding.value),
        "equity": show_amount(holding.equity),
        "profit": show_amount(holding.profit),
        "underwater_price": holding.underwater_price,
    }


def positions_table(holdings: list[Holding]) -> Table:
    """Positions for people; equity is what closing now would leave after fee and loan."""
    table = Table(title="Positions")
    table.add_column("market")
    table.add_column("position")
    for name in ("shares", "price", "paid", "equity", "profit"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in holdings:
        p, view = each.position, each.view
        table.add_row(
            f"{view.id} {view.status}",
            _described(each),
            _short(p.shares),
            percent(view.prices[p.outcome]),
            _short(p.cost),
            _short(each.equity),
            _short(each.profit),
        )
    return table


def _described(holding: Holding) -> str:
    p = holding.position
    text = f"{p.outcome}: {holding.view.label(p.outcome)}"
    if holding.owed:
        text += f"\nowes {show_amount(holding.owed)}"
    if holding.underwater_price is not None:
        text += f"\nunderwater below {_underwater(holding.underwater_price)}"
    return text


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


def _underwater(price: float) -> str:
    return "any price" if price >= 1 else percent(price)


def _short(micro: int) -> str:
    return f"{show_amount(micro)[:-4]}"


def transfer_text(done: Transfer, verb: str) -> str:
    """A deposit or a withdrawal in a sentence."""
    opened = " A trader account was opened." if done.created_account else ""
    return f"{verb} {show_amount(done.amount)}; the balance is {show_amount(done.balance)}.{opened}"
