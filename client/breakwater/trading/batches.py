"""Batches: several spot trades in one instruction, all of them or none; each with its own limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as legs
from breakwater.chain import programs
from breakwater.chain.orders import fill_of
from breakwater.chain.queries import PACKET, simulate, size
from breakwater.errors import InvalidInput, ProgramError

from ._desk import NO_ACCOUNT, U64_MAX, Desk, Request, open_desk, traded
from .advice import explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Market
    from breakwater.chain.engine import Engine
    from breakwater.chain.events import Event
    from breakwater.chain.sender import Sender
    from breakwater.model import Fill

    from .quotes import Quote
    from .views import MarketView

__all__ = ["BatchTicket", "SpotRequest", "place_batch", "prepare_batch"]


@dataclass(frozen=True, slots=True)
class SpotRequest:
    """One trade of a batch.

    `shares` are micro-shares; None sells all that is held when its turn comes. `limit` is the most to pay or
    the least to receive; None takes the amount now and `slippage_bps`.
    """

    market: int
    side: Literal["buy", "sell"]
    outcome: int
    shares: int | None
    limit: int | None = None
    slippage_bps: int = 50


@dataclass(frozen=True, slots=True)
class BatchTicket:
    """A batch with its preview, ready to be sent: a quote and a market for every trade, in their order."""

    quotes: tuple[Quote, ...]
    views: tuple[MarketView, ...]
    creates: int
    instructions: tuple[Instruction, ...]

    @property
    def paid(self) -> int:
        """What all purchases cost, fees included."""
        return sum(each.amount for each in self.quotes if each.side == "buy")

    @property
    def received(self) -> int:
        """What all sales bring, after fees."""
        return sum(each.amount for each in self.quotes if each.side == "sell")

    @property
    def fees(self) -> int:
        """All fees."""
        return sum(each.figures.fee for each in self.quotes)

    @property
    def worst(self) -> int:
        """What the batch costs at worst, all limits reached; below zero when it still brings something."""
        return sum(each.limit if each.side == "buy" else -each.limit for each in self.quotes)

    @property
    def balance_after(self) -> int | None:
        """The trader's balance afterwards."""
        return self.quotes[-1].balance_after


async def prepare_batch(engine: Engine, owner: Pubkey, requests: Sequence[SpotRequest]) -> BatchTicket:
    """Simulate a batch, and give each trade its limit.

    Raises:
        InvalidInput: too many trades, too large a transaction, no such market, or nothing held.
        ProgramError: the exchange would refuse it; the message says which trade and what to do.
    """
    if not 1 <= len(requests) <= legs.MAX_BATCH:
        raise InvalidInput(f"Give 1 to {legs.MAX_BATCH} trades, not {len(requests)}.")
    desks = [await open_desk(engine, owner, _request(each)) for each in requests]
    if desks[0].balance is None:
        raise InvalidInput(NO_ACCOUNT)
    shares = _sizes(desks)
    created = _created(owner, desks)
    wide = [each.limit if each.limit is not None else _wide(each) for each in requests]
    steps = _fitting(owner, desks, created, _orders(desks, shares, wide))
    try:
        with explained():
            after = max(each.bought_slot for each in desks)
            events = await simulate(engine, steps, owner, after_slot=after)
    except ProgramError as error:
        raise await _placed(engine, owner, created, _orders(desks, shares, wide), error) from error
    quotes = _quotes(requests, desks, shares, events)
    limits = [each.limit for each in quotes]
    batch = legs.batch(owner, _orders(desks, shares, limits))
    views = tuple(each.view for each in desks)
    return BatchTicket(tuple(quotes), views, len(created), (*created, batch))


async def place_batch(sender: Sender, key: Keypair, ticket: BatchTicket) -> list[Fill]:
    """Send a prepared batch; the fills, in the order of its trades.

    Raises:
        ProgramError: refused as a whole, with SlippageExceeded when a price moved past its limit.
        Retryable: it did not land, or nobody can tell.
    """
    with explained():
        receipt = await sender.send(ticket.instructions, [key])
    events = traded(programs.event_decoder().decode(receipt.logs), receipt, len(ticket.quotes))
    now_ms = await sender.engine.now() * 1000
    return [
        fill_of(event, each.market, receipt, now_ms)
        for event, each in zip(events, ticket.quotes, strict=True)
    ]


def _request(each: SpotRequest) -> Request:
    return Request(each.market, each.side, each.outcome, each.shares, slippage_bps=each.slippage_bps)


def _wide(each: SpotRequest) -> int:
    return U64_MAX if each.side == "buy" else 0


def _sizes(desks: Sequence[Desk]) -> list[int]:
    """Shares of each trade; what an earlier one of the batch has bought counts for a later sale of all."""
    held: dict[tuple[int, int], int] = {}
    found = []
    for desk in desks:
        r, position = desk.request, desk.position
        before = held.get((r.market, r.outcome), position.shares if position else 0)
        shares = before if r.shares is None and before else desk.shares()
        held[r.market, r.outcome] = before + shares if desk.buys else before - shares
        found.append(shares)
    return found


def _created(owner: Pubkey, desks: Sequence[Desk]) -> list[Instruction]:
    """Positions that are not there yet are made in the same transaction."""
    missing = {(each.request.market, each.request.outcome) for each in desks if each.position is None}
    return [ix.create_position(owner, *each, ix.SPOT) for each in sorted(missing)]


def _orders(desks: Sequence[Desk], shares: Sequence[int], limits: Sequence[int]) -> list[legs.SpotOrder]:
    return [
        legs.SpotOrder(
            desk.request.market, desk.request.outcome, legs.BUY if desk.buys else legs.SELL, size_, limit
        )
        for desk, size_, limit in zip(desks, shares, limits, strict=True)
    ]


def _fitting(
    owner: Pubkey, desks: Sequence[Desk], created: Sequence[Instruction], orders: Sequence[legs.SpotOrder]
) -> list[Instruction]:
    """The batch, if it fits into a transaction."""
    steps = [*created, legs.batch(owner, orders)]
    if size(steps, owner) <= PACKET:
        return steps
    most = len(orders) - 1
    while most > 1:
        some = [*_created(owner, desks[:most]), legs.batch(owner, orders[:most])]
        if size(some, owner) <= PACKET:
            break
        most -= 1
    raise InvalidInput(
        f"Split the batch: its first {most} trades fit into one transaction of {PACKET} bytes, all "
        f"{len(orders)} do not; a trade in another market or with a new position takes more room."
    )


async def _placed(
    engine: Engine,
    owner: Pubkey,
    created: Sequence[Instruction],
    orders: Sequence[legs.SpotOrder],
    error: ProgramError,
) -> ProgramError:
    """The error with the number of the trade that it is about: the first with which the batch fails."""
    for count in range(1, len(orders) + 1):
        try:
            await simulate(engine, [*created, legs.batch(owner, orders[:count])], owner)
        except ProgramError:
            return ProgramError(
                error.name,
                error.code,
                f"trade {count} of {len(orders)}: {error.message}",
                program=error.program,
                accounts=error.accounts,
                logs=error.logs,
                instruction=error.instruction,
            )
    return error


def _quotes(
    requests: Sequence[SpotRequest], desks: Sequence[Desk], shares: Sequence[int], events: Sequence[Event]
) -> list[Quote]:
    """Quotes one after the other: each trade finds the market, and the balance, that those before it left."""
    balance, quotes = desks[0].balance, []
    markets: dict[int, Market] = {}
    lines = zip(requests, desks, shares, traded(events, count=len(desks)), strict=True)
    for request, desk, size_, event in lines:
        market = markets.get(request.market, desk.view.market)
        view = replace(desk.view, market=market)
        found = replace(desk, view=view, balance=balance).quoted(event, size_)
        quotes.append(found if request.limit is None else replace(found, limit=request.limit))
        balance = found.balance_after
        outstanding = list(market.shares)
        outstanding[request.outcome] += size_ if desk.buys else -size_
        pool = view.pool
        markets[request.market] = replace(
            market, shares=tuple(outstanding), liquidity=pool.liquidity, delta_offset=pool.offset
        )
    return quotes
