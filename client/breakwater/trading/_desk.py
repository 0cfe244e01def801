"""What a preview of one order is computed from: the market, the balance, the position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.orders import KIND, instruction_of, position_of
from breakwater.chain.queries import read, simulate
from breakwater.errors import InvalidInput, Retryable
from breakwater.model import Order

from . import quotes
from .advice import explained
from .amounts import show_amount
from .quotes import ONE_X, Figures, Quote
from .state import read_market

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Position
    from breakwater.chain.engine import Engine, Receipt
    from breakwater.chain.events import Event
    from breakwater.model import Side

    from .views import MarketView

__all__ = [
    "NO_ACCOUNT",
    "U64_MAX",
    "Desk",
    "Request",
    "check_slippage",
    "nothing_held",
    "open_desk",
    "traded",
]

U64_MAX = 2**64 - 1
NO_ACCOUNT = "Open a trader account first: breakwater trade deposit AMOUNT does it."


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
class Desk:
    """Everything a preview is computed from."""

    request: Request
    owner: Pubkey
    view: MarketView
    balance: int | None
    position: Position | None

    @property
    def kind(self) -> int:
        """Spot or leveraged."""
        return KIND[self.request.side]

    @property
    def buys(self) -> bool:
        """Whether the trader pays."""
        return self.request.side in ("buy", "open")

    @property
    def bought_slot(self) -> int:
        """For a sale: when its shares were last bought, which a transaction of now comes after."""
        return self.position.opened_slot if self.position is not None and not self.buys else 0

    def order(self, shares: int, limit: int) -> Order:
        """What is asked for, as an order."""
        r = self.request
        return Order(r.market, self.owner, r.side, r.outcome, shares, limit, r.leverage_x100)

    def instructions(self, shares: int, limit: int) -> tuple[Instruction, ...]:
        """What carries it out; a position that is not there yet is made in the same transaction."""
        r = self.request
        trade = instruction_of(self.order(shares, limit), self.view.feed_address)
        if self.position is None:
            return (ix.create_position(self.owner, r.market, r.outcome, self.kind), trade)
        return (trade,)

    def shares(self) -> int:
        """How many shares are asked for, by the model where a sum was given."""
        r = self.request
        if r.shares is not None:
            return r.shares
        if not self.buys:
            if self.position is None or self.position.shares == 0:
                raise InvalidInput(nothing_held(r))
            return self.position.shares
        if r.spend is None:
            raise InvalidInput("Say how much: a number of shares, or what to spend.")
        if r.leverage_x100 < ONE_X:
            raise InvalidInput("Ask for a leverage of 1x or more.")
        return self.shares_for(r.spend, self.view.reference_price(r.outcome))

    def shares_for(self, spend: int, reference: float) -> int:
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
            events = await simulate(
                engine, self.instructions(shares, wide), self.owner, after_slot=self.bought_slot
            )
        return self.quoted(traded(events)[-1], shares)

    def quoted(self, event: Event, shares: int) -> Quote:
        """The exact quote that a simulation's `Traded` event is."""
        done = event.fields
        notional, charged, amount = done["notional"], done["fee"], done["amount"]
        premium, shortfall = done["premium"], done["shortfall"]
        loan = 0
        if self.kind == ix.LEVERAGED:
            paid = amount - charged - premium
            loan = notional - paid if self.buys else notional - charged - amount + shortfall
        flash = 0 if self.buys else quotes.flash_part(notional, charged, self.view.shard.fee_ppm)
        figures = Figures(notional, charged, amount, loan, premium, shortfall, flash)
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
            reference=self.view.reference_price(r.outcome),
            due=0 if self.buys else due,
            flash=held is not None and held.opened_slot == self.view.slot,
        )
        after = debt + figures.loan if self.buys else debt - due
        return self.quote(shares, figures, after, exact=False)


async def open_desk(engine: Engine, owner: Pubkey, request: Request) -> Desk:
    """Read what a preview needs.

    Raises:
        InvalidInput: no such market or outcome, or no slippage.
    """
    view = await read_market(engine, request.market)
    if not 0 <= request.outcome < view.outcomes:
        raise InvalidInput(f"Choose an outcome from 0 to {view.outcomes - 1}.")
    check_slippage(request.slippage_bps)
    place_at = position_of(owner, request.market, request.outcome, request.side)
    book, held = await read(engine, [at.trader(owner), place_at])
    return Desk(
        request,
        owner,
        view,
        None if book is None else accounts.trader(book).balance,
        None if held is None else accounts.position(held),
    )


def check_slippage(bps: int) -> None:
    """Refuse what is no part of an amount."""
    if not 0 <= bps <= quotes.BPS:
        raise InvalidInput(f"Allow a slippage from 0 to {quotes.BPS} basis points.")


def traded(events: Sequence[Event], receipt: Receipt | None = None, count: int = 1) -> list[Event]:
    """The `Traded` events, in their order.

    Raises:
        Retryable: there are fewer than `count`: the node keeps no logs, or has cut them.
    """
    found = [event for event in events if event.name == "Traded"]
    if len(found) >= count:
        return found
    what = "the simulation" if receipt is None else f"transaction {receipt.signature}, which has landed"
    raise Retryable(f"Look again in a moment: the node does not show the log of {what}.")


def nothing_held(request: Request) -> str:
    """Why nothing can be given up."""
    kind = "leveraged" if request.side == "close" else "spot"
    return (
        f"Look at breakwater trade positions: you hold no {kind} shares of "
        f"outcome {request.outcome} in market {request.market}."
    )
