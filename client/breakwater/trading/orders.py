"""Orders: prepared with an exact preview, then sent with the limit that the preview promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput, ProgramError, Retryable
from breakwater.model import Fill, Order, Side

from . import quotes
from ._rpc import read, simulate
from .advice import explained
from .amounts import show_amount
from .quotes import ONE_X, Figures, Quote
from .state import MarketView, read_market

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.accounts import Position
    from breakwater.chain.engine import Engine, Receipt
    from breakwater.chain.events import Event
    from breakwater.chain.sender import Sender

__all__ = ["Request", "Ticket", "place", "prepare", "quote"]

SIDES: Final[tuple[Side, ...]] = ("buy", "sell", "open", "close")
U64_MAX = 2**64 - 1
ROUNDS, TOLERANCE = 4, 5
"""Simulations to find the shares that a sum pays for, and by how many micro-units it may be missed."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a trader asks for.

    `shares` are micro-shares; None takes the whole position (sell, close), or what `spend` micro-units pay
    for, fee included (buy, open). `slippage_bps` is how far the amount may move against the trader.
    """

    market: int
    side: Side
    outcome: int
    shares: int | None
    spend: int | None = None
    leverage_x100: int = ONE_X
    slippage_bps: int = 50


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order with its preview, ready to be sent."""

    order: Order
    quote: Quote
    view: MarketView
    creates_position: bool
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Everything a preview is computed from."""

    request: Request
    owner: Pubkey
    view: MarketView
    balance: int | None
    position: Position | None

    @property
    def kind(self) -> int:
        return ix.LEVERAGED if self.request.side in ("open", "close") else ix.SPOT

    @property
    def buys(self) -> bool:
        return self.request.side in ("buy", "open")

    def instructions(self, shares: int, limit: int) -> tuple[Instruction, ...]:
        r, owner = self.request, self.owner
        if r.side == "open":
            feed = self.view.feed_address
            trade = ix.open_leveraged(owner, r.market, feed, r.outcome, shares, r.leverage_x100, limit)
        else:
            make = {"buy": ix.buy, "sell": ix.sell, "close": ix.close}[r.side]
            trade = make(owner, r.market, r.outcome, shares, limit)
        if self.position is None:
            return (ix.create_position(owner, r.market, r.outcome, self.kind), trade)
        return (trade,)

    def shares(self) -> int:
        """How many shares are asked for, by the model where a sum was given."""
        r = self.request
        if r.shares is not None:
            return r.shares
        if not self.buys:
            if self.position is None or self.position.shares == 0:
                raise InvalidInput(_nothing_held(r))
            return self.position.shares
        if r.spend is None:
            raise InvalidInput("Say how much: a number of shares, or what to spend.")
        if r.leverage_x100 < ONE_X:
            raise InvalidInput("Ask for a leverage of 1x or more.")
        return self.shares_for(r.spend)

    def shares_for(self, spend: int, reference: float = 1.0) -> int:
        """How many shares a sum buys, by the model; a loan is secured at `reference` at most."""
        r, curve = self.request, self.view.curve(self.request.outcome)
        fee_ppm, leverage = self.view.shard.fee_ppm, r.leverage_x100
        found = quotes.shares_for(r.side, curve, spend, fee_ppm, leverage_x100=leverage, reference=reference)
        if found == 0:
            raise InvalidInput(f"Spend more: {show_amount(spend)} buys no share of this outcome.")
        return found

    def quote(self, shares: int, figures: Figures, debt: int, *, exact: bool) -> Quote:
        """A quote; `debt` is the position's afterwards."""
        r, curve = self.request, self.view.curve(self.request.outcome)
        held = 0 if self.position is None else self.position.shares
        held_after = held + shares if self.buys else held - shares
        average = figures.notional / shares if shares else 0.0
        worse = average - curve.p if self.buys else curve.p - average
        moved = -figures.amount if self.buys else figures.amount - figures.shortfall
        fee_ppm = self.view.shard.fee_ppm
        return Quote(
            market=r.market,
            side=r.side,
            outcome=r.outcome,
            shares=shares,
            leverage_x100=r.leverage_x100,
            exact=exact,
            figures=figures,
            debt_after=debt,
            price_before=curve.p,
            price_after=curve.moved(shares if self.buys else -shares),
            average_price=average,
            slippage=worse / curve.p if curve.p > 0 else 0.0,
            leverage_cap_x100=self.view.leverage_cap,
            underwater_price=quotes.underwater_price(curve, debt, held_after, fee_ppm),
            balance_after=None if self.balance is None else self.balance + moved,
            limit=quotes.limit_for(r.side, figures.amount, r.slippage_bps),
        )

    async def simulated(self, engine: Engine, shares: int) -> Quote:
        """The exact quote: what the program itself would do now."""
        wide = U64_MAX if self.buys else 0
        with explained():
            events = await simulate(engine, self.instructions(shares, wide), self.owner)
        done = _traded(events)
        notional, charged, amount = done["notional"], done["fee"], done["amount"]
        premium, shortfall = done["premium"], done["shortfall"]
        loan = 0
        if self.kind == ix.LEVERAGED:
            paid = amount - charged - premium
            loan = notional - paid if self.buys else notional - charged - amount + shortfall
        figures = Figures(notional, charged, amount, loan, premium, shortfall)
        return self.quote(shares, figures, done["debt"], exact=True)

    def modelled(self, shares: int) -> Quote:
        """The quote of the float model."""
        r, held = self.request, self.position
        debt = 0 if held is None else held.debt
        due = -(-debt * min(shares, held.shares) // held.shares) if held and held.shares else 0
        figures = quotes.estimate(
            r.side,
            self.view.curve(r.outcome),
            shares if self.buys else min(shares, self.view.market.shares[r.outcome]),
            self.view.shard.fee_ppm,
            leverage_x100=max(ONE_X, r.leverage_x100),
            due=0 if self.buys else due,
        )
        after = debt + figures.loan if self.buys else debt - due
        return self.quote(shares, figures, after, exact=False)


async def prepare(engine: Engine, owner: Pubkey, request: Request) -> Ticket:
    """Read, simulate, and make an order whose limit is the exact amount and the slippage allowed.

    Raises:
        InvalidInput: no such market or outcome, no trader account, or no position to give up.
        ProgramError: the exchange would refuse the trade; the message says what to do.
    """
    desk = await _desk(engine, owner, request)
    if desk.balance is None:
        raise InvalidInput("Open a trader account first: breakwater trade deposit AMOUNT does it.")
    if not desk.buys and (desk.position is None or desk.position.shares == 0):
        raise InvalidInput(_nothing_held(request))
    exact = await _exact(engine, desk)
    order = Order(
        request.market, owner, request.side, request.outcome, exact.shares, exact.limit, request.leverage_x100
    )
    made = desk.instructions(exact.shares, exact.limit)
    return Ticket(order, exact, desk.view, desk.position is None, made)


async def quote(engine: Engine, owner: Pubkey | None, request: Request) -> tuple[Quote, MarketView]:
    """A quote only: exact where the owner could trade, by the model where account or balance are missing."""
    desk = await _desk(engine, owner or Pubkey.default(), request)
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
    done = _traded(programs.event_decoder().decode(receipt.logs), receipt)
    return Fill(
        market=ticket.order.market,
        trader=Pubkey.from_bytes(done["trader"]),
        side=SIDES[done["side"]],
        outcome=done["outcome"],
        shares=done["shares"],
        notional=done["notional"],
        fee=done["fee"],
        amount=done["amount"],
        premium=done["premium"],
        shortfall=done["shortfall"],
        debt=done["debt"],
        escrow=done["escrow"],
        income=done["income"],
        leverage_x100=done["leverage_x100"],
        slot=receipt.slot,
        signature=str(receipt.signature),
        timestamp_ms=await sender.engine.now() * 1000,
    )


async def _desk(engine: Engine, owner: Pubkey, request: Request) -> _Desk:
    view = await read_market(engine, request.market)
    if not 0 <= request.outcome < view.outcomes:
        raise InvalidInput(f"Choose an outcome from 0 to {view.outcomes - 1}.")
    if not 0 <= request.slippage_bps <= quotes.BPS:
        raise InvalidInput(f"Allow a slippage from 0 to {quotes.BPS} basis points.")
    trader = at.trader(owner)
    kind = ix.LEVERAGED if request.side in ("open", "close") else ix.SPOT
    place_at = at.position(trader, at.market(request.market), request.outcome, kind)
    book, held = await read(engine, [trader, place_at])
    return _Desk(
        request,
        owner,
        view,
        None if book is None else accounts.trader(book).balance,
        None if held is None else accounts.position(held),
    )


async def _exact(engine: Engine, desk: _Desk) -> Quote:
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


def _traded(events: Sequence[Event], receipt: Receipt | None = None) -> Mapping[str, Any]:
    for event in reversed(events):
        if event.name == "Traded":
            return event.fields
    what = "the simulation" if receipt is None else f"transaction {receipt.signature}, which has landed"
    raise Retryable(f"Look again in a moment: the node does not show the log of {what}.")


def _nothing_held(request: Request) -> str:
    kind = "leveraged" if request.side == "close" else "spot"
    return (
        f"Look at breakwater trade positions: you hold no {kind} shares of "
        f"outcome {request.outcome} in market {request.market}."
    )
