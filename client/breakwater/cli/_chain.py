"""Opening and unwinding a chain: parse, preview, ask, send, show."""

from __future__ import annotations

from .. import trading
from ..errors import InvalidInput
from . import _chain_view as view
from ._options import Common
from ._session import Session, confirm, connect, note, print_json, say

__all__ = ["open_", "unwind"]


async def open_(
    legs: list[str], max_payment: str | None, slippage: int, number: int | None, o: Common
) -> None:
    """Preview a chain, ask, and open it."""
    typed = [_leg(each) for each in legs]
    limit = None if max_payment is None else trading.parse_amount(max_payment, "the payment")
    async with connect(o.engine) as opened:
        key = opened.key(o.keypair)
        found = tuple([await _request(opened, *each) for each in typed])
        request = trading.ChainRequest(found, limit, slippage, number)
        ticket = await trading.prepare_chain(opened.engine, key.pubkey(), request)
        if not (o.yes and o.as_json):
            note(*view.ticket_tables(ticket))
        confirm(f"Pay at most {trading.show_amount(ticket.limit)}?", yes=o.yes)
        done = await trading.place_chain(opened.sender, key, ticket)
    if o.as_json:
        print_json(view.opened_dict(done, ticket))
    else:
        say(view.opened_text(done))


async def unwind(number: int, slippage: int, o: Common) -> None:
    """Preview the unwinding of a chain, ask, and do it."""
    async with connect(o.engine) as opened:
        key = opened.key(o.keypair)
        ticket = await trading.prepare_unwind(opened.engine, key.pubkey(), number, slippage)
        if not (o.yes and o.as_json):
            note(*view.unwind_tables(ticket))
        confirm(view.unwind_question(ticket), yes=o.yes)
        done = await trading.place_unwind(opened.sender, key, ticket)
    if o.as_json:
        print_json(view.unwound_dict(done, ticket))
    else:
        say(view.unwound_text(done))


Typed = tuple[int, str, int, int]


def _leg(text: str) -> Typed:
    parts = text.split(":")
    if len(parts) != 4 or not (parts[0].isascii() and parts[0].isdigit()):
        raise InvalidInput(f"Give a leg as MARKET:OUTCOME:SHARES:LEVERAGE, such as 1:yes:10:3, not {text!r}.")
    shares, leverage = trading.parse_amount(parts[2], "the shares"), trading.parse_leverage(parts[3])
    return int(parts[0]), parts[1], shares, leverage


async def _request(
    opened: Session, market: int, outcome: str, shares: int, leverage: int
) -> trading.LegRequest:
    found = await trading.read_market(opened.engine, market)
    return trading.LegRequest(market, trading.parse_outcome(outcome, found.outcomes), shares, leverage)
