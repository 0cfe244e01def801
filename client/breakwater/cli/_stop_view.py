"""How standing orders are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..trading import SIDES, StopView, show_amount

__all__ = ["placed_text", "question", "stop_dict", "stops_table"]


def question(side: str, trigger: str, shares: str, tip: str) -> str:
    """What placing an order asks."""
    way = "falls" if side == "loss" else "rises"
    return f"Sell {shares} shares when the price {way} to {trigger}, for a tip of {tip}?"


def stop_dict(stop: StopView) -> dict[str, Any]:
    """An order as plain values."""
    order, holding = stop.order, stop.holding
    return {
        "market": None if holding is None else holding.view.id,
        "outcome": None if holding is None else holding.position.outcome,
        "kind": None if holding is None else holding.kind,
        "side": SIDES[order.side],
        "trigger": stop.trigger,
        "limit": stop.limit,
        "shares": show_amount(order.shares),
        "tip": show_amount(order.tip),
        "stands": stop.stands,
        "price": None if holding is None else holding.view.prices[holding.position.outcome],
        "address": str(stop.address),
    }


def placed_text(stop: StopView) -> str:
    """An order that was placed."""
    way = "falls" if SIDES[stop.order.side] == "loss" else "rises"
    shares, tip = show_amount(stop.order.shares), show_amount(stop.order.tip)
    return f"{shares} shares are sold when the price {way} to {stop.trigger:.6f}, for a tip of {tip}."


def stops_table(stops: list[StopView]) -> Table:
    """Orders for people."""
    table = Table(title="Stops")
    for name in ("position", "order"):
        table.add_column(name)
    for name in ("price", "trigger", "limit", "shares", "tip"):
        table.add_column(name, justify="right", no_wrap=True)
    for stop in stops:
        row = stop_dict(stop)
        price = "" if row["price"] is None else f"{row['price']:.4f}"
        limit = f"{stop.limit:.6f}" if stop.limit else "none"
        held = "gone" if row["market"] is None else f"{row['market']}, {row['outcome']}, {row['kind']}"
        order = f"{row['side']}, {'stands' if stop.stands else 'dead'}"
        table.add_row(held, order, price, f"{stop.trigger:.6f}", limit, row["shares"], row["tip"])
    return table
