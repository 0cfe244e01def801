"""A batch: read the list, preview every trade and the total, ask once, send, show."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from .. import trading
from ..errors import InvalidInput
from ..model import Fill
from ..trading import show_amount
from . import _trade_view as view
from ._options import Common
from ._session import Session, confirm, connect, note, print_json, say

__all__ = ["trade"]

FIELDS = {"market", "side", "outcome", "shares", "limit"}
SHAPE = '{"market": 1, "side": "buy", "outcome": "yes", "shares": "10"}'


async def trade(file: Path, slippage: int, o: Common) -> None:
    """Preview the batch, ask, and send it."""
    if str(file) == "-" and not o.yes:
        raise InvalidInput("Add --yes: standard input is the list of trades and cannot confirm them.")
    lines = _lines(file)
    async with connect(o.engine) as opened:
        key = opened.key(o.keypair)
        requests = [await _request(opened, i, line, slippage) for i, line in enumerate(lines, start=1)]
        ticket = await trading.prepare_batch(opened.engine, key.pubkey(), requests)
        if not (o.yes and o.as_json):
            note(_table(ticket))
        confirm(_question(ticket), yes=o.yes)
        fills = await trading.place_batch(opened.sender, key, ticket)
    if o.as_json:
        print_json(_dict(fills, ticket))
    else:
        say(_text(fills))


def _lines(file: Path) -> list[dict[str, Any]]:
    """The trades as they were written.

    Raises:
        InvalidInput: no list of objects with the known fields.
    """
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"Give a list of trades as JSON: {error}.") from None
    if not isinstance(found, list) or not found:
        raise InvalidInput(f"Give a list of trades such as [{SHAPE}].")
    for i, line in enumerate(found, start=1):
        if not isinstance(line, dict) or not FIELDS - {"limit"} <= line.keys() <= FIELDS:
            raise InvalidInput(f"Write trade {i} like {SHAPE}, with a limit if you want your own.")
        if line["side"] not in ("buy", "sell"):
            raise InvalidInput(f"Let trade {i} buy or sell: a batch trades on spot.")
        if isinstance(line["market"], bool) or not isinstance(line["market"], int) or line["market"] < 0:
            raise InvalidInput(f"Give the market of trade {i} as a number.")
        if line["shares"] == "all" and line["side"] == "buy":
            raise InvalidInput(f"Give trade {i} a number of shares to buy.")
    return found


async def _request(opened: Session, i: int, line: dict[str, Any], slippage: int) -> trading.SpotRequest:
    text = str(line["shares"])
    shares = None if text == "all" else trading.parse_amount(text, f"the shares of trade {i}")
    limit = line.get("limit")
    market = await trading.read_market(opened.engine, line["market"])
    return trading.SpotRequest(
        line["market"],
        line["side"],
        trading.parse_outcome(str(line["outcome"]), market.outcomes),
        shares,
        None if limit is None else trading.parse_amount(str(limit), f"the limit of trade {i}"),
        slippage,
    )


def _table(ticket: trading.BatchTicket) -> Table:
    """The preview: a line a trade, and the total."""
    table = Table(title=f"Batch of {len(ticket.quotes)} trades (simulated, exact)")
    for name in ("#", "trade"):
        table.add_column(name)
    for name in ("fee", "amount", "limit"):
        table.add_column(name, justify="right", no_wrap=True)
    for i, (quote, market) in enumerate(zip(ticket.quotes, ticket.views, strict=True), start=1):
        label = f"{quote.outcome}: {market.label(quote.outcome)}"
        table.add_row(
            str(i),
            f"{quote.side} {view.short(quote.shares)} in {quote.market}\n{label}",
            show_amount(quote.figures.fee),
            show_amount(quote.amount if quote.side == "sell" else -quote.amount),
            show_amount(quote.limit),
        )
    table.add_section()
    table.add_row("", "total", show_amount(ticket.fees), show_amount(ticket.received - ticket.paid))
    if ticket.balance_after is not None:
        table.add_row("", "balance after", "", show_amount(ticket.balance_after))
    return table


def _question(ticket: trading.BatchTicket) -> str:
    if ticket.worst > 0:
        return f"Pay at most {show_amount(ticket.worst)} in all?"
    return f"Trade for at least {show_amount(-ticket.worst)} in all?"


def _dict(fills: list[Fill], ticket: trading.BatchTicket) -> dict[str, Any]:
    """Fills and totals as plain values."""
    return {
        "trades": [
            {
                "market": fill.market,
                "side": fill.side,
                "outcome": fill.outcome,
                "shares": show_amount(fill.shares),
                "notional": show_amount(fill.notional),
                "fee": show_amount(fill.fee),
                "amount": show_amount(fill.amount),
                "quote": view.quote_dict(quote),
            }
            for fill, quote in zip(fills, ticket.quotes, strict=True)
        ],
        "paid": show_amount(_sum(fills, "buy")),
        "received": show_amount(_sum(fills, "sell")),
        "fees": show_amount(sum(fill.fee for fill in fills)),
        "created_positions": ticket.creates,
        "slot": fills[0].slot,
        "signature": fills[0].signature,
    }


def _text(fills: list[Fill]) -> str:
    """What happened in a sentence."""
    return (
        f"Made {len(fills)} trades: paid {show_amount(_sum(fills, 'buy'))}, received "
        f"{show_amount(_sum(fills, 'sell'))}, fees {show_amount(sum(fill.fee for fill in fills))} included.\n"
        f"{fills[0].signature}"
    )


def _sum(fills: list[Fill], side: str) -> int:
    return sum(fill.amount for fill in fills if fill.side == side)
