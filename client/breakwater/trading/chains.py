"""Chains: leveraged purchases in 2 to 5 markets, opened, valued and unwound as one.

The first leg's margin is the trader's. Every other leg's margin is lent on the shares of the leg before it,
so a chain needs little money of its own, and every loan is still secured by one leg's shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import leg_instructions as ix
from breakwater.chain.queries import read, simulate
from breakwater.errors import InvalidInput

from . import quotes
from ._desk import NO_ACCOUNT, U64_MAX, check_slippage, traded
from .advice import explained
from .state import read_chain, read_chains, read_market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine, Receipt
    from breakwater.chain.events import Event
    from breakwater.chain.sender import Sender

    from .views import ChainView, MarketView

__all__ = [
    "ChainRequest",
    "ChainTicket",
    "LegQuote",
    "LegRequest",
    "Opened",
    "place_chain",
    "prepare_chain",
]


@dataclass(frozen=True, slots=True)
class LegRequest:
    """One purchase of a chain: micro-shares, and leverage in hundredths."""

    market: int
    outcome: int
    shares: int
    leverage_x100: int


@dataclass(frozen=True, slots=True)
class ChainRequest:
    """A chain to open.

    `max_payment` is the most that margin, premiums and fees may come to; None takes what they are now and
    `slippage_bps`. `number` is the chain's; None takes the lowest that is free.
    """

    legs: tuple[LegRequest, ...]
    max_payment: int | None = None
    slippage_bps: int = 50
    number: int | None = None


@dataclass(frozen=True, slots=True)
class LegQuote:
    """What a leg would be, in micro-units.

    Attributes:
        margin: what its purchase needs: of the trader for the first leg, else lent on the leg before it.
        advance: the margin of the leg behind it, lent on this leg's shares; part of `debt`.
        debt: all that its shares secure.
        underwater_price: at this price of its outcome the leg's proceeds just repay its debt.
    """

    request: LegRequest
    view: MarketView
    notional: int
    fee: int
    premium: int
    margin: int
    advance: int
    debt: int
    price_before: float
    price_after: float
    underwater_price: float | None


@dataclass(frozen=True, slots=True)
class ChainTicket:
    """A chain with its preview, ready to be opened."""

    number: int
    legs: tuple[LegQuote, ...]
    balance: int
    limit: int
    creates_chain: bool
    instructions: tuple[Instruction, ...]

    @property
    def margin(self) -> int:
        """The trader's own money in the shares: the first leg's margin."""
        return self.legs[0].margin

    @property
    def notional(self) -> int:
        """What all shares cost, without fees and premiums."""
        return sum(each.notional for each in self.legs)

    @property
    def fees(self) -> int:
        """All fees."""
        return sum(each.fee for each in self.legs)

    @property
    def premiums(self) -> int:
        """All premiums."""
        return sum(each.premium for each in self.legs)

    @property
    def debt(self) -> int:
        """All loans."""
        return sum(each.debt for each in self.legs)

    @property
    def payment(self) -> int:
        """What leaves the balance: margin, premiums and fees."""
        return self.margin + self.premiums + self.fees

    @property
    def leverage_x100(self) -> int:
        """Effective leverage: all purchases over the trader's own margin, in hundredths, rounded down."""
        return self.notional * quotes.ONE_X // self.margin if self.margin else 0

    @property
    def balance_after(self) -> int:
        """The trader's balance afterwards."""
        return self.balance - self.payment


@dataclass(frozen=True, slots=True)
class Opened:
    """A chain that was opened; amounts are the exchange's own, from its event."""

    number: int
    legs: int
    notional: int
    payment: int
    debt: int
    slot: int
    signature: str


async def prepare_chain(engine: Engine, owner: Pubkey, request: ChainRequest) -> ChainTicket:
    """Simulate a chain, and set the limit of what it may cost.

    Raises:
        InvalidInput: not 2 to 5 legs in as many markets, no such market or outcome, or no trader account.
        ProgramError: the exchange would refuse it; the message says what to do.
    """
    _check(request)
    views = [await read_market(engine, leg.market) for leg in request.legs]
    for leg, view in zip(request.legs, views, strict=True):
        if not 0 <= leg.outcome < view.outcomes:
            raise InvalidInput(f"Choose an outcome from 0 to {view.outcomes - 1} in market {leg.market}.")
    (book,) = await read(engine, [at.trader(owner)])
    if book is None:
        raise InvalidInput(NO_ACCOUNT)
    number, fresh = await _number(engine, owner, request.number)
    create = (ix.create_chain(owner, number),) if fresh else ()
    orders = [
        ix.LegOrder(leg.market, view.feed_address, leg.outcome, leg.shares, leg.leverage_x100)
        for leg, view in zip(request.legs, views, strict=True)
    ]
    wide = U64_MAX if request.max_payment is None else request.max_payment
    with explained():
        events = await simulate(engine, [*create, ix.open_chain(owner, number, orders, wide)], owner)
    found = _leg_quotes(request.legs, views, events)
    payment = found[0].margin + sum(each.premium + each.fee for each in found)
    limit = request.max_payment
    if limit is None:
        limit = quotes.limit_for("open", payment, request.slippage_bps)
    steps = (*create, ix.open_chain(owner, number, orders, limit))
    return ChainTicket(number, tuple(found), accounts.trader(book).balance, limit, fresh, steps)


async def place_chain(sender: Sender, key: Keypair, ticket: ChainTicket) -> Opened:
    """Open a prepared chain.

    Raises:
        ProgramError: refused, with SlippageExceeded when it would cost more than the limit.
        Retryable: it did not land, or nobody can tell.
    """
    with explained():
        receipt = await sender.send(ticket.instructions, [key])
    done = event_named("ChainOpened", receipt).fields
    return Opened(
        ticket.number,
        done["legs"],
        done["notional"],
        done["payment"],
        done["debt"],
        receipt.slot,
        str(receipt.signature),
    )


def event_named(name: str, receipt: Receipt) -> Event:
    """The event that a chain's transaction ends with.

    Raises:
        Retryable: the node does not show it.
    """
    events = programs.event_decoder().decode(receipt.logs)
    found = [each for each in events if each.name == name]
    return found[0] if found else traded((), receipt)[0]


def _check(request: ChainRequest) -> None:
    check_slippage(request.slippage_bps)
    if not ix.MIN_LEGS <= len(request.legs) <= ix.MAX_LEGS:
        raise InvalidInput(f"Give {ix.MIN_LEGS} to {ix.MAX_LEGS} legs, not {len(request.legs)}.")
    if len({leg.market for leg in request.legs}) < len(request.legs):
        raise InvalidInput("Give every leg a market of its own.")


async def _number(engine: Engine, owner: Pubkey, wanted: int | None) -> tuple[int, bool]:
    """The chain to open, and whether it has to be created."""
    if wanted is not None:
        if not 0 <= wanted <= U64_MAX:
            raise InvalidInput("Give the chain a number that fits into 64 bits.")
        found = await read_chain(engine, owner, wanted)
        if found is not None and found.legs:
            raise InvalidInput(f"Choose another number: chain {wanted} holds something.")
        return wanted, found is None
    chains: Sequence[ChainView] = await read_chains(engine, owner)
    empty = [each.number for each in chains if not each.legs]
    if empty:
        return empty[0], False
    taken = {each.number for each in chains}
    return next(i for i in range(1, len(taken) + 2) if i not in taken), True


def _leg_quotes(
    legs: Sequence[LegRequest], views: Sequence[MarketView], events: Sequence[Event]
) -> list[LegQuote]:
    # the exchange prices the legs from the last to the first
    fills = [event.fields for event in traded(events, count=len(legs))][::-1]
    margins = [quotes.margin(f["notional"], leg.leverage_x100) for f, leg in zip(fills, legs, strict=True)]
    found = []
    for i, (leg, view, fill) in enumerate(zip(legs, views, fills, strict=True)):
        curve, debt = view.curve(leg.outcome), fill["debt"]
        found.append(
            LegQuote(
                leg,
                view,
                fill["notional"],
                fill["fee"],
                fill["premium"],
                margins[i],
                margins[i + 1] if i + 1 < len(legs) else 0,
                debt,
                curve.p,
                curve.moved(leg.shares),
                quotes.underwater_price(curve, debt, leg.shares, view.shard.fee_ppm),
            )
        )
    return found
