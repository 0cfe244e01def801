"""The trading floor: whose turn it is, what it orders, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.orders import KIND, instruction_of
from breakwater.errors import BreakwaterError, InvalidInput, ProgramError
from breakwater.model import Fill

from ._desk import Desk, Job
from ._pricing import price_up
from ._traders import Crowd, View, halved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.model import Order

    from ._books import Books, MarketBook
    from ._stage import Stage
    from ._ticker import Ticker
    from .result import MarketRow

__all__ = ["Floor", "Live", "Moment"]

CAP_TIER = 5_000
CAP_PER_COVERAGE = 10_000 / 2**0.5 / 2**32
"""The program's cap for two outcomes, in hundredths: a hundredfold coverage over the root of two."""


@dataclass(slots=True)
class Live:
    """A market between its opening and its removal; `close_ms` is the chain's time."""

    row: MarketRow
    book: MarketBook
    close_ms: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: captured time in milliseconds, the chain's clock in seconds."""

    captured_ms: int
    now_s: int


class Floor:
    """Lets traders trade.

    Args:
        stage: with the traders' keys.
        desk: sends.
        ticker: the price everybody sees.
        seed: of the traders.
    """

    def __init__(self, stage: Stage, desk: Desk, ticker: Ticker, seed: int) -> None:
        self._stage, self._desk, self._ticker = stage, desk, ticker
        self._books: Books = desk.books
        members = [(owner, bytes(at.trader(owner))) for owner in stage.addresses]
        self._crowd = Crowd(members, seed)
        self._numbers = {account: i for i, (_, account) in enumerate(members)}
        self.sides: Counter[str] = Counter()

    def number(self, account: bytes) -> int:
        """A trader's number by its account."""
        return self._numbers[account]

    async def trade(self, turns: Sequence[tuple[Live, int]], moment: Moment) -> None:
        """Give traders their turns, as many at once as do not touch the same position."""
        waiting = list(turns)
        again: list[Order] = []
        while waiting or again:
            orders, taken, later = list(again), {_position(each) for each in again}, []
            for live, trader in waiting:
                order = self._decide(live, trader, moment)
                if order is None:
                    continue
                if _position(order) in taken:
                    later.append((live, trader))  # what it holds is known only after its other order
                else:
                    orders.append(order)
                    taken.add(_position(order))
            again, waiting = await self._carry_out(orders, moment, {x.row.id: x for x, _ in turns}), later

    def note(self, live: Live, captured_ms: int, fill: Fill | None = None) -> None:
        """Write down how a market stands now."""
        row, book = live.row, live.book
        row.trades, row.volume, row.fees, row.income = book.trades, book.volume, book.fees, book.income
        row.bad_debt, row.premiums, row.vault = book.bad_debt, book.premiums, book.cash
        if row.series is None:
            return
        at_s = captured_ms / 1000 - row.id
        p = price_up((book.shares[0], book.shares[1]), book.b)
        row.series.states.append((at_s, p, book.escrow, book.cash))
        if fill is not None:
            who = self._numbers[bytes(fill.trader)]
            row.series.trades.append(
                (at_s, who, fill.side, fill.outcome, fill.shares, fill.amount, fill.leverage_x100)
            )

    @property
    def _cap(self) -> int:
        """The highest leverage now, in hundredths, from the coverage of the last fold."""
        return max(100, min(CAP_TIER, int(self._books.coverage_q32 * CAP_PER_COVERAGE)))

    def _decide(self, live: Live, trader: int, moment: Moment) -> Order | None:
        row, ticker = live.row, self._ticker
        seconds = row.close_s - moment.captured_ms / 1000
        view = View(float(ticker.price), float(row.strike), ticker.sigma, seconds, moment.now_s, self._cap)
        balance = self._books.balances[self._crowd.traders[trader].account]
        return self._crowd.order(trader, live.book, view, balance)

    async def _carry_out(self, orders: list[Order], moment: Moment, live: dict[int, Live]) -> list[Order]:
        """Send orders; those refused because the feed is stale come back with half the leverage."""
        jobs = [self._job(order) for order in orders]
        again = []
        results = await self._desk.submit(jobs, moment.now_s * 1000)
        for order, result in zip(orders, results, strict=True):
            if isinstance(result, Fill):
                self.sides[result.side] += 1
                self.note(live[order.market], moment.captured_ms, result)
                if order.side == "open":
                    self._ticker.outages.opened(moment.now_s, order.leverage_x100, self._cap)
            elif isinstance(result, ProgramError) and result.name == "OracleStale":
                self._ticker.outages.refused(moment.now_s)
                if order.leverage_x100 > 100:
                    again.append(halved(order))
            elif not isinstance(result, BreakwaterError):
                raise InvalidInput("Rebuild the IDLs: a trade logged no event that they know.")
        return again

    def _job(self, order: Order) -> Job:
        account, kind = bytes(at.trader(order.trader)), KIND[order.side]
        trade = instruction_of(order, self._stage.feed)
        signers = [self._stage.traders[self._numbers[account]]]
        if (account, order.outcome, kind) in self._books.by_id[order.market].positions:
            return Job((f"exchange.{order.side}",), [trade], signers)
        create = ix.create_position(order.trader, order.market, order.outcome, kind)
        return Job(("exchange.create_position", f"exchange.{order.side}"), [create, trade], signers)


def _position(order: Order) -> tuple[int, object, int, int]:
    return order.market, order.trader, order.outcome, KIND[order.side]
