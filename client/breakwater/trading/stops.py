"""Standing orders: sell a position when its price has come to a trigger; keepers do it for a tip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import kinds
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain.queries import owned, read
from breakwater.errors import InvalidInput

from .advice import explained
from .amounts import UNIT, parse_amount
from .state import read_holdings

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine
    from breakwater.chain.sender import Sender

    from .views import Holding

__all__ = [
    "SIDES",
    "StopRequest",
    "StopView",
    "cancel_stop",
    "clear_stops",
    "parse_trigger",
    "place_stop",
    "read_stops",
]

SIDES: Final = ("loss", "profit")
KINDS: Final = ("spot", "leveraged")
ONE_Q28: Final = 1 << 28
OWNER: Final = 40
"""Where an order's owner is in its account."""

AT_ONCE: Final = 16
"""Orders that are cleared in one transaction."""


@dataclass(frozen=True, slots=True)
class StopRequest:
    """What to order.

    Attributes:
        market: its number.
        outcome: the position's.
        leveraged: whether it is the leveraged one.
        side: 0 stops a loss, 1 takes a profit.
        trigger_q28: price of a share in units of 2^-28; limit_q28 the least average price of the sale.
        shares: micro-shares; None is all that is held now.
        tip: micro-units for the keeper.
    """

    market: int
    outcome: int
    leveraged: bool
    side: int
    trigger_q28: int
    limit_q28: int = 0
    shares: int | None = None
    tip: int = 0


@dataclass(frozen=True, slots=True)
class StopView:
    """A standing order and the position that it is about; `holding` is None where that is gone."""

    address: Pubkey
    order: kinds.Stop
    holding: Holding | None

    @property
    def stands(self) -> bool:
        """Whether it can still be executed: the shares are there for which it was given."""
        held = None if self.holding is None else self.holding.position
        return held is not None and held.shares > 0 and held.generation == self.order.generation

    @property
    def trigger(self) -> float:
        """The price that triggers it."""
        return self.order.trigger_q28 / ONE_Q28

    @property
    def limit(self) -> float:
        """The least average price of its sale."""
        return self.order.limit_q28 / ONE_Q28


def parse_trigger(text: str, what: str = "the trigger") -> int:
    """A price between 0 and 1 with up to six decimals -> units of 2^-28, rounded down.

    Raises:
        InvalidInput: it is none.
    """
    micro = parse_amount(text, what)
    if micro >= UNIT:
        raise InvalidInput(f"Give {what} as a price between 0 and 1, such as 0.35, not {text!r}.")
    return micro * ONE_Q28 // UNIT


async def place_stop(sender: Sender, key: Keypair, request: StopRequest) -> StopView:
    """Place an order; one of each side a position.

    Raises:
        InvalidInput: nothing is held, or there is such an order already.
        ProgramError: the exchange refuses; the message says what to do.
    """
    engine, owner = sender.engine, key.pubkey()
    holding = _held(await read_holdings(engine, owner), request)
    held = holding.position.shares
    shares = held if request.shares is None else request.shares
    if not 0 < shares <= held:
        raise InvalidInput("Order at most what you hold: breakwater trade positions shows it.")
    kind = int(request.leveraged)
    position = at.position(at.trader(owner), at.market(request.market), request.outcome, kind)
    address = at.stop(position, request.side)
    (known,) = await read(engine, [address])
    if known is not None:
        raise InvalidInput(
            f"Cancel the stop that there is first: breakwater trade stop cancel {request.market} "
            f"{request.outcome} --side {SIDES[request.side]}{' --leveraged' if kind else ''}."
        )
    terms = lx.StopTerms(request.side, shares, request.tip, request.trigger_q28, request.limit_q28)
    with explained():
        await sender.send([lx.place_stop(owner, request.market, request.outcome, kind, terms)], [key])
    money = (shares, request.tip, request.trigger_q28, request.limit_q28)
    order = kinds.Stop(bytes(position), *money, request.side, bytes(owner), holding.position.generation)
    return StopView(address, order, holding)


async def read_stops(engine: Engine, owner: Pubkey) -> list[StopView]:
    """An owner's orders, by market, outcome, kind and side; last those whose position is gone."""
    holdings = await read_holdings(engine, owner)
    trader = at.trader(owner)
    by_address = {
        at.position(trader, at.market(each.view.id), each.position.outcome, each.position.kind): each
        for each in holdings
    }
    places = {address: place for place, address in enumerate(by_address)}
    found = []
    for address, raw in await owned(engine, at.EXCHANGE, kinds.filter_of("Stop"), (OWNER, str(owner))):
        order = kinds.stop(raw)
        found.append(StopView(address, order, by_address.get(Pubkey.from_bytes(order.position))))

    def place(each: StopView) -> tuple[int, int, bytes]:
        position = Pubkey.from_bytes(each.order.position)
        return places.get(position, len(places)), each.order.side, bytes(each.address)

    return sorted(found, key=place)


async def clear_stops(sender: Sender, key: Keypair) -> tuple[list[StopView], list[str]]:
    """Remove the key's orders that can't be executed any more, for their rent.

    Returns:
        the orders, and the transactions' signatures.
    """
    owner = key.pubkey()
    dead = [each for each in await read_stops(sender.engine, owner) if not each.stands]
    signatures = []
    for first in range(0, len(dead), AT_ONCE):
        steps = [
            lx.clear_stop(owner, each.address, Pubkey.from_bytes(each.order.position))
            for each in dead[first : first + AT_ONCE]
        ]
        with explained():
            signatures.append(str((await sender.send(steps, [key])).signature))
    return dead, signatures


async def cancel_stop(
    sender: Sender, key: Keypair, market: int, outcome: int, side: int, *, leveraged: bool
) -> str:
    """Take an order back; the transaction's signature. Its rent comes back.

    Raises:
        InvalidInput: there is no such order.
    """
    owner, kind = key.pubkey(), int(leveraged)
    position = at.position(at.trader(owner), at.market(market), outcome, kind)
    (known,) = await read(sender.engine, [at.stop(position, side)])
    if known is None:
        raise InvalidInput("Look at breakwater trade stop list: there is no such stop.")
    with explained():
        receipt = await sender.send([lx.cancel_stop(owner, market, outcome, kind, side)], [key])
    return str(receipt.signature)


def _held(holdings: list[Holding], request: StopRequest) -> Holding:
    for each in holdings:
        place = (each.view.id, each.position.outcome, each.position.kind)
        if place == (request.market, request.outcome, int(request.leveraged)) and each.position.shares:
            return each
    kind = KINDS[request.leveraged]
    raise InvalidInput(
        f"Buy first: you hold no {kind} position in outcome {request.outcome} of market {request.market}."
    )
