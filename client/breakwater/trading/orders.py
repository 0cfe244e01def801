"""Orders: prepared with an exact preview, then sent with the limit that the preview promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import programs
from breakwater.chain.orders import fill_of
from breakwater.errors import InvalidInput, ProgramError

from ._desk import NO_ACCOUNT, Desk, Request, nothing_held, open_desk, traded
from .advice import explained

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine
    from breakwater.chain.sender import Sender
    from breakwater.model import Fill, Order

    from .quotes import Quote
    from .views import MarketView

__all__ = ["Request", "Ticket", "place", "prepare", "quote"]

ROUNDS, TOLERANCE = 4, 5
"""Simulations to find the shares that a sum pays for, and by how many micro-units it may be missed."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order with its preview, ready to be sent."""

    order: Order
    quote: Quote
    view: MarketView
    creates_position: bool
    instructions: tuple[Instruction, ...]


async def prepare(engine: Engine, owner: Pubkey, request: Request) -> Ticket:
    """Read, simulate, and make an order whose limit is the exact amount and the slippage allowed.

    Raises:
        InvalidInput: no such market or outcome, no trader account, or no position to give up.
        ProgramError: the exchange would refuse the trade; the message says what to do.
    """
    desk = await open_desk(engine, owner, request)
    if desk.balance is None:
        raise InvalidInput(NO_ACCOUNT)
    if not desk.buys and (desk.position is None or desk.position.shares == 0):
        raise InvalidInput(nothing_held(request))
    exact = await _exact(engine, desk)
    order, made = desk.order(exact.shares, exact.limit), desk.instructions(exact.shares, exact.limit)
    return Ticket(order, exact, desk.view, desk.position is None, made)


async def quote(engine: Engine, owner: Pubkey | None, request: Request) -> tuple[Quote, MarketView]:
    """A quote only: exact where the owner could trade, by the model where account or balance are missing."""
    desk = await open_desk(engine, owner or Pubkey.default(), request)
    if desk.balance is None or (not desk.buys and desk.position is None):
        return desk.modelled(desk.shares()), desk.view
    try:
        return await _exact(engine, desk), desk.view
    except ProgramError as error:
        if error.name not in ("InsufficientBalance", "InsufficientShares"):
            raise
        return desk.modelled(desk.shares()), desk.view


async def place(sender: Sender, key: Keypair, ticket: Ticket) -> Fill:
    """Send a prepared order; the fill is what the exchange's event says.

    Raises:
        ProgramError: refused, with SlippageExceeded when the price moved past the limit.
        Retryable: it did not land, or nobody can tell.
    """
    with explained():
        receipt = await sender.send(ticket.instructions, [key])
    event = traded(programs.event_decoder().decode(receipt.logs), receipt)[-1]
    return fill_of(event, ticket.order.market, receipt, await sender.engine.now() * 1000)


async def _exact(engine: Engine, desk: Desk) -> Quote:
    shares = desk.shares()
    found = await desk.simulated(engine, shares)
    spend = desk.request.spend if desk.request.shares is None and desk.buys else None
    if spend is None:
        return found
    loan = found.figures.loan
    if loan and abs(found.amount - spend) > TOLERANCE:
        # what the loan cost tells the price it was secured at, which does not depend on the size
        shares = desk.shares_for(spend, 1 - found.figures.premium / loan)
        found = await desk.simulated(engine, shares)
    for _ in range(ROUNDS):
        if found.amount <= spend:
            break
        # off by a little: give back as many as what is too much has bought, and one
        shares = max(1, shares - -(-shares * (found.amount - spend) // found.amount) - 1)
        found = await desk.simulated(engine, shares)
    return found
