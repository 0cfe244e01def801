"""How markets are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..chain.terms import PM_AMM_DECAYING
from ..trading import (
    Halt,
    MarketView,
    Settlement,
    settled_price,
    show_amount,
    show_leverage,
    show_price,
    show_time,
)

__all__ = ["market_dict", "market_table", "markets_table", "percent", "settlement_dict", "settlement_text"]


CURVES = ("lmsr", "pm-amm", "pm-amm-decaying")
"""Market makers by their number on chain."""

Q28, PPM = 1 << 28, 1_000_000


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
        "liquidity": show_amount(view.pool.liquidity),
        "full_liquidity": show_amount(m.full_liquidity),
        "escrow": show_amount(m.escrow),
        "fee_ppm": view.shard.fee_ppm,
        "leverage_cap": view.leverage_cap / 100,
        "positions": m.positions,
        "shard": m.shard,
        "winner": m.winner if view.status == "resolved" else None,
        "settlement_price": settled_price(view),
        "group": m.group or None,
        "halts": [
            {"by": each.by, "until_slot": each.until_slot, "left_s": round(each.left_s, 1)}
            for each in view.halts
        ],
        "breaker": _breaker_dict(view),
        "max_divergence": view.max_divergence,
        "feed_probability": view.expected(1),
        "spread_too_wide": view.wide,
    }


def _breaker_dict(view: MarketView) -> dict[str, Any] | None:
    m = view.market
    if m.window_slots == 0:
        return None
    running = view.slot < m.window_slot + m.window_slots
    return {
        "max_move": m.max_move_q28 / Q28,
        "max_volume": show_amount(m.max_volume),
        "max_liquidations": m.max_liquidation_ppm / PPM,
        "window_slots": m.window_slots,
        "cooldown_slots": m.cooldown_slots,
        "volume": show_amount(m.volume if running else 0),
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
            "\n".join([_status(view), *(_halt(each) for each in view.halts)]),
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
        ("status", "; ".join([view.status, *(_halt(each) for each in view.halts)])),
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
        ("liquidity", _liquidity(view)),
        ("escrow", show_amount(m.escrow)),
        ("fee", f"{view.shard.fee_ppm / 100:g} basis points"),
        ("leverage", _leverage(view)),
        ("circuit breaker", _breaker(view)),
    ]
    if m.group:
        rows.append(("group", f"{m.group}: halts with every market of it"))
    rows.append(("positions", f"{m.positions} in shard {m.shard}"))
    for row in rows:
        table.add_row(*row)
    return table


def _status(view: MarketView) -> str:
    return f"{view.status}, group {view.market.group}" if view.market.group else view.status


def _halt(halt: Halt) -> str:
    who = "halted" if halt.by == "market" else "group halted"
    return f"{who} until slot {halt.until_slot}, about {halt.left_s:.0f} s"


def _liquidity(view: MarketView) -> str:
    m = view.market
    if m.curve != PM_AMM_DECAYING:
        return show_amount(m.liquidity)
    return f"{show_amount(view.pool.liquidity)} now, {show_amount(m.full_liquidity)} at the opening"


def _leverage(view: MarketView) -> str:
    if view.wide:
        return "none: the feed's interval is a tenth of its price or wider"
    text = f"up to {show_leverage(view.leverage_cap)}"
    if view.max_divergence is not None:
        expected = " / ".join(percent(view.expected(i) or 0.0) for i in range(view.outcomes))
        text += f", fills within {view.max_divergence * 100:g} points of the feed's {expected}"
    return text + (", no chains" if view.stale else "")


def _breaker(view: MarketView) -> str:
    m = view.market
    if m.window_slots == 0:
        return "none"
    return (
        f"more than {m.max_move_q28 / Q28 * 100:.4g} points, {show_amount(m.max_volume)} or "
        f"{m.max_liquidation_ppm / PPM * 100:.4g}% liquidated\n"
        f"within {m.window_slots} slots halt it for {m.cooldown_slots}"
    )


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
