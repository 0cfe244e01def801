"""How markets are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..trading import (
    MarketView,
    Settlement,
    settled_price,
    show_amount,
    show_leverage,
    show_price,
    show_time,
)

__all__ = ["market_dict", "market_table", "markets_table", "percent", "settlement_dict", "settlement_text"]


CURVES = ("lmsr", "pm-amm")
"""Market makers by their number on chain."""


def percent(value: float) -> str:
    """A price or a part as a percentage."""
    return f"{value * 100:.2f}%"


def market_dict(view: MarketView) -> dict[str, Any]:
    """A market as plain values."""
    m, exponent = view.market, view.feed.exponent
    return {
        "market": view.id,
        "status": view.status,
        "feed": view.feed.name,
        "feed_price": show_price(view.feed.price, exponent),
        "feed_age_s": view.feed_age_s,
        "strikes": [show_price(each, exponent) for each in m.strikes],
        "closes_ms": m.close_ms,
        "closes_in_s": max(0, m.close_ms // 1000 - view.now_s),
        "outcomes": [
            {
                "outcome": i,
                "label": view.label(i),
                "price": view.prices[i],
                "shares": show_amount(m.shares[i]),
                "loans": show_amount(m.debt[i]),
            }
            for i in range(view.outcomes)
        ],
        "curve": CURVES[m.curve],
        "liquidity": show_amount(m.liquidity),
        "escrow": show_amount(m.escrow),
        "fee_ppm": view.shard.fee_ppm,
        "leverage_cap": view.leverage_cap / 100,
        "positions": m.positions,
        "shard": m.shard,
        "winner": m.winner if view.status == "resolved" else None,
        "settlement_price": settled_price(view),
    }


def markets_table(views: list[MarketView]) -> Table:
    """All markets, one a line."""
    table = Table(title="Markets")
    for name in ("market", "feed", "status"):
        table.add_column(name)
    table.add_column("closes", no_wrap=True)
    table.add_column("outcomes")
    for view in views:
        table.add_row(
            str(view.id),
            view.feed.name,
            view.status,
            _closes(view),
            "\n".join(f"{i}: {view.label(i)}  {percent(price)}" for i, price in enumerate(view.prices)),
        )
    return table


def market_table(view: MarketView) -> Table:
    """One market in full."""
    m, exponent = view.market, view.feed.exponent
    table = Table(title=f"Market {view.id}", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    age = "never published" if view.feed_age_s is None else f"{view.feed_age_s} s ago"
    stale = ", stale: leverage is halved" if view.stale else ""
    rows = [
        ("status", view.status),
        ("feed", f"{view.feed.name} at {show_price(view.feed.price, exponent)}, {age}{stale}"),
        ("closes", f"{show_time(m.close_ms)} ({_closes(view)})"),
    ]
    rows += [
        (
            f"outcome {i}",
            f"{view.label(i)}: {percent(price)}, {show_amount(m.shares[i])} shares"
            + (f", {show_amount(m.debt[i])} lent" if m.debt[i] else ""),
        )
        for i, price in enumerate(view.prices)
    ]
    if view.status == "resolved":
        rows.append(("winner", f"{m.winner}: {view.label(m.winner)}, settled at {settled_price(view)}"))
    rows += [
        ("market maker", CURVES[m.curve]),
        ("liquidity", show_amount(m.liquidity)),
        ("escrow", show_amount(m.escrow)),
        ("fee", f"{view.shard.fee_ppm / 100:g} basis points"),
        ("leverage", f"up to {show_leverage(view.leverage_cap)}"),
        ("positions", f"{m.positions} in shard {m.shard}"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def settlement_dict(done: Settlement) -> dict[str, Any]:
    """A settlement as plain values."""
    return market_dict(done.view) | {
        "payable": show_amount(done.payable),
        "residue": show_amount(done.residue),
        "bad_debt": show_amount(done.bad_debt),
        "signature": done.signature,
    }


def settlement_text(done: Settlement) -> str:
    """A settlement in a sentence or two."""
    view = done.view
    if view.status == "voided":
        return (
            f"Market {view.id} is voided: a share pays 1/{view.outcomes}, {show_amount(done.payable)} in all."
        )
    winner = view.market.winner
    text = (
        f"Market {view.id} is resolved: {view.feed.name} was {settled_price(view)} at the close, so outcome "
        f"{winner} ({view.label(winner)}) wins and is paid {show_amount(done.payable)}."
    )
    if done.bad_debt:
        text += f" Loans of {show_amount(done.bad_debt)} were lost."
    return text


def _closes(view: MarketView) -> str:
    left = view.market.close_ms // 1000 - view.now_s
    if left <= 0:
        return "closed" if view.settled else "closed, not resolved"
    days, rest = divmod(left, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{n} {unit}" for n, unit in ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")) if n]
    return "in " + " ".join(parts[:2])
