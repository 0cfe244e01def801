"""How chains are shown: before they are opened, while they are held, and when they are unwound."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.table import Table

from ..trading import (
    ChainTicket,
    ChainView,
    Holding,
    LegQuote,
    Opened,
    UnwindTicket,
    Unwound,
    show_amount,
    show_leverage,
)
from ._market_view import percent
from ._trade_view import short, underwater

__all__ = [
    "chain_dict",
    "chain_table",
    "chains_table",
    "opened_dict",
    "opened_text",
    "ticket_tables",
    "unwind_question",
    "unwind_tables",
    "unwound_dict",
    "unwound_text",
]


def _table(title: str, first: tuple[str, ...], numbers: tuple[str, ...]) -> Table:
    table = Table(title=title)
    for name in first:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _total(rows: list[tuple[str, str]]) -> Table:
    table = Table(show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def ticket_tables(ticket: ChainTicket) -> list[RenderableType]:
    """A chain's preview: leg by leg, then what it comes to."""
    numbers = ("cost", "margin", "premium", "fee", "debt")
    legs = _table(f"Chain {ticket.number} (simulated, exact)", ("leg",), numbers)
    for i, leg in enumerate(ticket.legs, start=1):
        legs.add_row(
            _leg(i, leg),
            *(show_amount(each) for each in (leg.notional, leg.margin, leg.premium, leg.fee, leg.debt)),
        )
    total = _total(
        [
            ("cost of the shares", show_amount(ticket.notional)),
            ("margin, yours", show_amount(ticket.margin)),
            ("effective leverage", show_leverage(ticket.leverage_x100)),
            ("premiums for the loans", show_amount(ticket.premiums)),
            ("fees", show_amount(ticket.fees)),
            ("you pay", show_amount(ticket.payment)),
            ("at most", show_amount(ticket.limit)),
            ("debt", show_amount(ticket.debt)),
            ("balance after", show_amount(ticket.balance_after)),
        ]
    )
    return [legs, total]


def _leg(i: int, leg: LegQuote) -> str:
    r = leg.request
    text = (
        f"{i}: market {r.market}, {leg.view.label(r.outcome)}\n"
        f"{short(r.shares)} shares at {show_leverage(r.leverage_x100)}"
    )
    if leg.underwater_price is not None:
        text += f"\nunderwater below {underwater(leg.underwater_price)}"
    return text


def opened_dict(done: Opened, ticket: ChainTicket) -> dict[str, Any]:
    """A chain that was opened, as plain values."""
    return {
        "chain": done.number,
        "legs": [
            {
                "market": leg.request.market,
                "outcome": leg.request.outcome,
                "shares": show_amount(leg.request.shares),
                "leverage": leg.request.leverage_x100 / 100,
                "notional": show_amount(leg.notional),
                "margin": show_amount(leg.margin),
                "premium": show_amount(leg.premium),
                "fee": show_amount(leg.fee),
                "debt": show_amount(leg.debt),
                "price_before": leg.price_before,
                "price_after": leg.price_after,
                "underwater_price": leg.underwater_price,
            }
            for leg in ticket.legs
        ],
        "notional": show_amount(done.notional),
        "margin": show_amount(ticket.margin),
        "effective_leverage": ticket.leverage_x100 / 100,
        "premiums": show_amount(ticket.premiums),
        "fees": show_amount(ticket.fees),
        "payment": show_amount(done.payment),
        "limit": show_amount(ticket.limit),
        "debt": show_amount(done.debt),
        "created_chain": ticket.creates_chain,
        "slot": done.slot,
        "signature": done.signature,
    }


def opened_text(done: Opened) -> str:
    """A chain that was opened, in a sentence."""
    return (
        f"Opened chain {done.number}: {done.legs} legs that cost {show_amount(done.notional)} for "
        f"{show_amount(done.payment)}, fees and premiums included. They owe {show_amount(done.debt)}.\n"
        f"{done.signature}"
    )


def chain_dict(chain: ChainView) -> dict[str, Any]:
    """A chain as plain values; `legs` are those that are left, numbered from 0 as on the chain."""
    return {
        "chain": chain.number,
        "opened_with": chain.opened_with,
        "legs": [_leg_dict(index, leg) for index, leg in chain.legs],
        "cost": show_amount(chain.cost),
        "debt": show_amount(chain.owed),
        "value": show_amount(chain.value),
        "equity": show_amount(chain.equity),
        "profit": show_amount(chain.profit),
    }


def _leg_dict(index: int, leg: Holding) -> dict[str, Any]:
    p, view = leg.position, leg.view
    return {
        "leg": index,
        "market": view.id,
        "status": view.status,
        "outcome": p.outcome,
        "label": view.label(p.outcome),
        "shares": show_amount(p.shares),
        "cost": show_amount(p.cost),
        "debt": show_amount(leg.owed),
        "price": view.prices[p.outcome],
        "value": show_amount(leg.value),
        "equity": show_amount(leg.equity),
        "underwater_price": leg.underwater_price,
    }


def chains_table(chains: list[ChainView]) -> Table:
    """Chains for people, one a line; equity is what unwinding now would leave."""
    table = _table("Chains", ("chain", "legs"), ("value", "debt", "paid", "equity", "profit"))
    for chain in chains:
        amounts = (chain.value, chain.owed, chain.cost, chain.equity, chain.profit)
        legs = "\n".join(_held(leg) for leg in chain.holdings) or "empty"
        table.add_row(str(chain.number), legs, *(short(each) for each in amounts))
    return table


def _held(leg: Holding) -> str:
    return f"{leg.view.id} {leg.view.status}, {leg.view.label(leg.position.outcome)}"


def chain_table(chain: ChainView) -> Table:
    """One chain, leg by leg, and what it is worth as one."""
    table = _table(f"Chain {chain.number}", ("leg",), ("shares", "price", "value", "debt", "equity"))
    for index, leg in chain.legs:
        text = f"{index + 1}: market {_held(leg)}"
        if leg.underwater_price is not None:
            text += f"\nunderwater below {underwater(leg.underwater_price)}"
        amounts = (short(leg.value), short(leg.owed), short(leg.equity))
        price = percent(leg.view.prices[leg.position.outcome])
        table.add_row(text, short(leg.position.shares), price, *amounts)
    table.add_section()
    table.add_row("all", "", "", short(chain.value), short(chain.owed), short(chain.equity))
    table.add_row("paid", "", "", "", "", short(chain.cost))
    table.add_row("profit", "", "", "", "", short(chain.profit))
    return table


def unwind_tables(ticket: UnwindTicket) -> list[RenderableType]:
    """The preview of an unwinding: leg by leg, then what it comes to."""
    title = f"Unwind chain {ticket.number} (simulated, exact)"
    legs = _table(title, ("leg",), ("shares", "proceeds", "fee", "loan repaid"))
    for each in ticket.exits:
        name = f"market {_held(each.leg)}"
        if each.flash:
            name += f"\nbought in this slot: {show_amount(each.flash)} of the fee"
        amounts = (each.leg.position.shares, each.notional, each.fee, each.due)
        legs.add_row(name, *(show_amount(each) for each in amounts))
    rows = [
        ("proceeds after fees", show_amount(ticket.proceeds)),
        ("loans repaid", show_amount(ticket.due)),
        ("you receive", show_amount(ticket.amount)),
        ("at least", show_amount(ticket.limit)),
    ]
    if ticket.shortfall:
        rows.append(("taken from the balance", show_amount(ticket.shortfall)))
    rows.append(("balance after", show_amount(ticket.balance_after)))
    return [legs, _total(rows)]


def unwind_question(ticket: UnwindTicket) -> str:
    """What to ask before a chain is unwound."""
    if ticket.shortfall:
        return f"Unwind chain {ticket.number} and pay about {show_amount(ticket.shortfall)} for its loans?"
    return f"Unwind chain {ticket.number} for at least {show_amount(ticket.limit)}?"


def unwound_dict(done: Unwound, ticket: UnwindTicket) -> dict[str, Any]:
    """A chain that was unwound, as plain values."""
    return {
        "chain": done.number,
        "legs": done.legs,
        "proceeds": show_amount(done.proceeds),
        "fees": show_amount(sum(each.fee for each in ticket.exits)),
        "repaid": show_amount(done.repaid),
        "amount": show_amount(done.amount),
        "shortfall": show_amount(done.shortfall),
        "limit": show_amount(ticket.limit),
        "slot": done.slot,
        "signature": done.signature,
    }


def unwound_text(done: Unwound) -> str:
    """A chain that was unwound, in a sentence."""
    short_ = f" The balance paid {show_amount(done.shortfall)} for its loans." if done.shortfall else ""
    return (
        f"Unwound chain {done.number}: {done.legs} legs brought {show_amount(done.proceeds)}, repaid "
        f"{show_amount(done.repaid)}, and {show_amount(done.amount)} reached the balance.{short_}\n"
        f"{done.signature}"
    )
