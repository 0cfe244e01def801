"""Exchanges' WebSocket formats, and the connection that keeps to them."""

from __future__ import annotations

from ..events import Exchange
from ._frame import Frame, Parser, Venue, base_asset
from .binance import Binance
from .bybit import Bybit
from .connection import Connection, Patience, Skew
from .hyperliquid import Hyperliquid
from .okx import Okx

__all__ = [
    "VENUES",
    "Binance",
    "Bybit",
    "Connection",
    "Frame",
    "Hyperliquid",
    "Okx",
    "Parser",
    "Patience",
    "Skew",
    "Venue",
    "base_asset",
    "native_symbol",
]

VENUES: dict[Exchange, type[Binance] | type[Bybit] | type[Okx] | type[Hyperliquid]] = {
    Exchange.BINANCE: Binance,
    Exchange.BYBIT: Bybit,
    Exchange.OKX: Okx,
    Exchange.HYPERLIQUID: Hyperliquid,
}


def native_symbol(exchange: Exchange, asset: str) -> str:
    """The perpetual of an asset against dollars, as the exchange names it."""
    names = {Exchange.OKX: f"{asset}-USDT-SWAP", Exchange.HYPERLIQUID: asset}
    return names.get(exchange, f"{asset}USDT")
