"""One way through every trade: parse, preview, ask, send, show."""

from __future__ import annotations

from dataclasses import dataclass

from solders.pubkey import Pubkey

from .. import trading
from ..errors import InvalidInput
from ..model import Side
from . import _trade_view as view
from ._options import Common
from ._session import Session, confirm, connect, note, print_json, say, show

__all__ = ["Wish", "quote", "trade"]


@dataclass(frozen=True, slots=True)
class Wish:
    """A trade as it was typed."""

    market: int
    side: Side
    outcome: str
    shares: str | None
    spend: str | None
    leverage: str
    slippage: int


async def quote(wish: Wish, o: Common) -> None:
    """Show what the trade would do."""
    _amounts(wish)  # what is wrong whatever the chain says is said before it is asked
    async with connect(o.engine) as opened:
        try:
            owner: Pubkey | None = opened.key(o.keypair).pubkey()
        except InvalidInput:
            if o.keypair is not None:
                raise
            owner = None
        found, market = await trading.quote(opened.engine, owner, await _request(opened, wish))
    if o.as_json:
        print_json(view.quote_dict(found))
    else:
        show(view.quote_table(found, market))


async def trade(wish: Wish, o: Common) -> None:
    """Preview the trade, ask, and send it."""
    _amounts(wish)  # what is wrong whatever the chain says is said before it is asked
    async with connect(o.engine) as opened:
        key = opened.key(o.keypair)
        ticket = await trading.prepare(opened.engine, key.pubkey(), await _request(opened, wish))
        if not (o.yes and o.as_json):
            note(view.quote_table(ticket.quote, ticket.view))
        confirm(view.question(ticket), yes=o.yes)
        fill = await trading.place(opened.sender, key, ticket)
    if o.as_json:
        print_json(view.fill_dict(fill, ticket))
    else:
        say(view.fill_text(fill, ticket))


def _amounts(wish: Wish) -> tuple[int | None, int | None, int]:
    if wish.shares is not None and wish.spend is not None:
        raise InvalidInput("Give a number of shares or --spend, not both.")
    whole = wish.shares == "all" and wish.side in ("sell", "close")
    if wish.shares is None and wish.spend is None:
        raise InvalidInput("Say how much: a number of shares, or --spend with what to pay.")
    if wish.spend is not None and wish.side in ("sell", "close"):
        raise InvalidInput("Give a number of shares: --spend is for buy and open.")
    shares = None if whole or wish.shares is None else trading.parse_amount(wish.shares, "the shares")
    spend = None if wish.spend is None else trading.parse_amount(wish.spend, "what to spend")
    return shares, spend, trading.parse_leverage(wish.leverage)


async def _request(opened: Session, wish: Wish) -> trading.Request:
    shares, spend, leverage = _amounts(wish)
    market = await trading.read_market(opened.engine, wish.market)
    outcome = trading.parse_outcome(wish.outcome, market.outcomes)
    return trading.Request(wish.market, wish.side, outcome, shares, spend, leverage, wish.slippage)
