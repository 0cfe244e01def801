"""How positions are shown, chains among them."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.table import Table

from ..trading import ChainView, Holding, show_amount
from . import _chain_view as chain_view
from ._market_view import percent
from ._trade_view import short, underwater

__all__ = ["everything", "everything_list"]


def everything(holdings: list[Holding], chains: list[ChainView]) -> list[RenderableType]:
    """Positions and chains for people, in tables of their own."""
    tables: list[RenderableType] = []
    if holdings:
        tables.append(_table(holdings))
    if chains:
        tables.append(chain_view.chains_table(chains))
    return tables


def everything_list(holdings: list[Holding], chains: list[ChainView]) -> list[dict[str, Any]]:
    """Positions as plain values, chains behind them with "kind": "chain"."""
    return [
        *(_dict(each) for each in holdings),
        *({"kind": "chain"} | chain_view.chain_dict(each) for each in chains),
    ]


def _dict(holding: Holding) -> dict[str, Any]:
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


def _table(holdings: list[Holding]) -> Table:
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
            short(p.shares),
            percent(view.prices[p.outcome]),
            short(p.cost),
            short(each.equity),
            short(each.profit),
        )
    return table


def _described(holding: Holding) -> str:
    p = holding.position
    text = f"{p.outcome}: {holding.view.label(p.outcome)}"
    if holding.owed:
        text += f"\nowes {show_amount(holding.owed)}"
    if holding.underwater_price is not None:
        text += f"\nunderwater below {underwater(holding.underwater_price)}"
    return text
