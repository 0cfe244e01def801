"""How quotes and fills are shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from ..model import Fill
from ..trading import (
    MarketView,
    Quote,
    Ticket,
    show_amount,
    show_leverage,
)
from ._market_view import percent

__all__ = [
    "fill_dict",
    "fill_text",
    "question",
    "quote_dict",
    "quote_table",
    "short",
    "underwater",
]

VERBS = {"buy": "Buy", "sell": "Sell", "open": "Open", "close": "Close"}
PAST = {"buy": "Bought", "sell": "Sold", "open": "Opened", "close": "Closed"}


def quote_dict(quote: Quote) -> dict[str, Any]:
    """A quote as plain values."""
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
        "underwater_price": quote.underwater_price,
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
        rows.append(("underwater below", underwater(quote.underwater_price)))
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
        if f.flash:
            rows.append(("of it, bought in this slot", f.flash))
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


def underwater(price: float) -> str:
    """The price below which a loan is not repaid."""
    return "any price" if price >= 1 else percent(price)


def short(micro: int) -> str:
    """Units to the hundredth, the rest cut off."""
    return show_amount(micro)[:-4]
