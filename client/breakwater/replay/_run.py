"""The loop of a replay: windows of captured time; each publishes, opens, trades, settles."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import BreakwaterError, InvalidInput, ProgramError
from breakwater.model import Fill, PriceEvent

from ._desk import Desk, Job
from ._plan import OPEN, PUBLISH
from ._pricing import Volatility, price_up
from ._stage import MAX_AGE_S, Stage, fold
from ._traders import Crowd, View, halved
from .capture import SYMBOL
from .orders import KIND, instruction_of
from .outages import Outages
from .result import MarketRow, Series

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.model import Order

    from ._audit import Audit, Auditor
    from ._books import Books, MarketBook
    from ._pace import Pace
    from ._plan import Happening, Plan

__all__ = ["Progress", "Run"]

B = 1_000 * 10**6
"""Liquidity of each market; its subsidy is b ln 2."""

FOLD_S = 30
"""Captured seconds between two folds."""

PROGRESS_EVERY = 50
"""Windows between two reports of progress, about a second of captured time each."""

CAP_TIER = 5_000
CAP_PER_COVERAGE = 10_000 / 2**0.5 / 2**32
"""The program's cap for two outcomes, in hundredths: a hundredfold coverage over the root of two."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    settled: int
    planned: int
    transactions: int
    trades: int


@dataclass(slots=True)
class Live:
    """A market between its opening and its removal; `close_ms` is the chain's time."""

    row: MarketRow
    book: MarketBook
    close_ms: int


class Run:
    """One replay.

    Args:
        plan: what to do.
        stage: who does it.
        desk: sends.
        pace: keeps time.
        auditor: compares books and chain after each settlement.
        seed: of the traders.
        record: keep the series for the report.
        progress: called after each window.
    """

    def __init__(
        self,
        plan: Plan,
        stage: Stage,
        desk: Desk,
        pace: Pace,
        auditor: Auditor,
        *,
        seed: int,
        record: bool,
        progress: Callable[[Progress], None],
    ) -> None:
        self._plan, self._stage, self._desk, self._pace, self._auditor = plan, stage, desk, pace, auditor
        self._books: Books = desk.books
        members = [(owner, bytes(at.trader(owner))) for owner in stage.addresses]
        self._crowd = Crowd(members, seed)
        self._admin, self._publisher = stage.admin.pubkey(), stage.publisher.pubkey()
        self._numbers = {account: i for i, (_, account) in enumerate(members)}
        self._record, self._progress = record, progress
        self._volatility = Volatility()
        self._live: dict[int, Live] = {}
        self._price = 0
        self._now_s = 0
        self._captured_ms = 0
        self._next_fold = 0
        self.outages = Outages(MAX_AGE_S)
        self.rows: list[MarketRow] = []
        self.audits: list[Audit] = []
        self.sides: Counter[str] = Counter()
        self.published: list[int] = []

    async def go(self, stop: Callable[[], bool]) -> bool:
        """Run to the end, or until `stop` says so; whether the end was reached."""
        events, i, windows = self._plan.happenings, 0, 0
        if self._plan.opening is not None:
            await self._publish_one(*self._plan.opening)
        while i < len(events) and not stop():
            due = await self._pace.reach(events[i].time_ms)
            begin = i
            while i < len(events) and events[i].time_ms <= due:
                i += 1
            self._captured_ms = events[i - 1].time_ms
            self._now_s = await self._pace.now()
            await self._window(events[begin:i])
            windows += 1
            if windows % PROGRESS_EVERY == 0:
                self._show()
        self._show()
        if not self._live:
            self.outages.finish(self._now_s)
        self.audits.append(await self._auditor.audit())
        return i == len(events)

    def _show(self) -> None:
        settled = sum(row.up is not None for row in self.rows)
        trades = sum(self.sides.values())
        self._progress(Progress(settled, len(self._plan.markets), self._desk.transactions, trades))

    async def _window(self, events: tuple[Happening, ...]) -> None:
        ticks = [each.index for each in events if each.kind == PUBLISH]
        if ticks:
            await self._publish(ticks)
        for each in events:
            if each.kind == OPEN:
                await self._open(each.index)
        orders = [(each.index, each.trader) for each in events if each.kind > OPEN]
        if orders:
            await self._trade(orders)
        newest = self.published[-1] if self.published else 0
        for live in [each for each in self._live.values() if each.close_ms <= newest]:
            await self._settle(live)
        if self._captured_ms >= self._next_fold:
            self._next_fold = self._captured_ms + FOLD_S * 1000
            await self._desk.require([fold(self._stage)])

    # Prices

    async def _publish_one(self, time_ms: int, price: int) -> None:
        await self._pace.reach(time_ms)
        self._now_s = await self._pace.now()
        event = self._event(price, self._pace.chain_ms(time_ms), await self._pace.slot())
        await self._desk.in_order([self._publication([event])])
        self._seen(event.timestamp_ms, price)

    async def _publish(self, indexes: list[int]) -> None:
        slot = await self._pace.slot()
        jobs, packed = [], self._pace.packed
        for begin in range(0, len(indexes), packed):
            events = []
            for index in indexes[begin : begin + packed]:
                tick = self._plan.ticks[index]
                stamp = self._pace.chain_ms(tick.timestamp_ms)
                events.append(self._event(tick.price, stamp, slot))
                self._seen(stamp, tick.price, tick.timestamp_ms)
            jobs.append(self._publication(events))
        await self._desk.in_order(jobs)

    def _event(self, price: int, stamp: int, slot: int) -> PriceEvent:
        return PriceEvent(SYMBOL, price, 0, 0, len(self.published) + 1, slot, stamp)

    def _publication(self, events: list[PriceEvent]) -> Job:
        instructions = [ix.publish(self._publisher, each) for each in events]
        return Job(("oracle.publish",) * len(events), instructions, [self._stage.publisher])

    def _seen(self, stamp: int, price: int, captured_ms: int | None = None) -> None:
        self.published.append(stamp)
        self._price = price
        if captured_ms is not None:
            self.outages.published(self._now_s, stamp)
            self._volatility.observe(captured_ms, price)
            if self._record:
                for live in self._live.values():
                    if live.row.series is not None:
                        live.row.series.ticks.append((captured_ms / 1000 - live.row.id, price))

    # Markets

    async def _open(self, index: int) -> None:
        planned = self._plan.markets[index]
        market = planned.market
        strike = self._price if market.strike is None or not planned.scored else market.strike
        close_ms = self._pace.chain_ms(market.close_s * 1000)
        terms = ix.MarketTerms(self._stage.feed, close_ms, B, (strike,))
        create = ix.create_market(self._admin, market.id, terms)
        await self._desk.require([Job(("exchange.create_market",), [create], [self._stage.admin])])
        really_up = market.up_won if planned.scored else None
        row = MarketRow(market.id, market.name, market.close_s, strike, planned.scored, really_up)
        row.series = Series() if self._record else None
        self.rows.append(row)
        live = self._live[index] = Live(row, self._books.by_id[market.id], close_ms)
        self._note(live)

    async def _settle(self, live: Live) -> None:
        market, book = live.row.id, live.book
        keeper, now_ms = [self._stage.keeper], self._now_s * 1000
        await self._pace.until(-(-live.close_ms // 1000))
        proof = bisect_left(self.published, live.close_ms)
        resolve = ix.resolve(market, self._stage.feed, proof)
        await self._desk.require([Job(("exchange.resolve",), [resolve], keeper)], now_ms)
        self._note(live)
        live.row.up, live.row.price = book.winner == 1, book.price
        redeem, remove = [], []
        for each in book.positions.values():
            number = self._numbers[each.trader]
            owner, key = self._stage.addresses[number], self._stage.traders[number]
            if each.shares:
                instruction = ix.redeem(owner, market, each.outcome, each.kind)
                redeem.append(Job(("exchange.redeem",), [instruction], keeper))
            instruction = ix.close_position(owner, market, each.outcome, each.kind)
            remove.append(Job(("exchange.close_position",), [instruction], [key]))
        await self._desk.require(redeem, now_ms)
        await self._desk.require(remove, now_ms)
        close = ix.close_market(market, self._admin)
        await self._desk.require([Job(("exchange.close_market",), [close], keeper)], now_ms)
        self._note(live)
        self._live = {index: each for index, each in self._live.items() if each is not live}
        self.audits.append(await self._auditor.audit())

    def _note(self, live: Live, fill: Fill | None = None) -> None:
        row, book = live.row, live.book
        row.trades, row.volume, row.fees, row.income = book.trades, book.volume, book.fees, book.income
        row.bad_debt, row.vault = book.bad_debt, book.cash
        if row.series is None:
            return
        at_s = self._captured_ms / 1000 - row.id
        p = price_up((book.shares[0], book.shares[1]), book.b)
        row.series.states.append((at_s, round(p, 5), book.escrow, book.cash))
        if fill is not None:
            who = self._numbers[bytes(fill.trader)]
            row.series.trades.append(
                (at_s, who, fill.side, fill.outcome, fill.shares, fill.amount, fill.leverage_x100)
            )

    # Orders

    async def _trade(self, turns: list[tuple[int, int]]) -> None:
        again: list[Order] = []
        while turns or again:
            orders, later = again, []
            taken = {(order.market, order.trader) for order in again}
            for index, trader in turns:
                live, owner = self._live.get(index), self._stage.addresses[trader]
                if live is None:
                    continue  # settled already: captured time ran faster than the chain
                if (live.row.id, owner) in taken:
                    later.append((index, trader))  # what it holds is known only after its other order
                elif (order := self._decide(live, trader)) is not None:
                    orders.append(order)
                    taken.add((order.market, order.trader))
            again, turns = await self._carry_out(orders), later

    @property
    def _cap(self) -> int:
        return max(100, min(CAP_TIER, int(self._books.coverage_q32 * CAP_PER_COVERAGE)))

    def _decide(self, live: Live, trader: int) -> Order | None:
        seconds = live.row.close_s - self._captured_ms / 1000
        view = View(float(self._price), float(live.row.strike), self._volatility.sigma, seconds, self._cap)
        balance = self._books.balances[self._crowd.traders[trader].account]
        return self._crowd.order(trader, live.book, view, balance)

    async def _carry_out(self, orders: list[Order]) -> list[Order]:
        """Send orders; those refused because the feed is stale come back with half the leverage."""
        jobs = [self._job(order) for order in orders]
        again = []
        by_id = {live.row.id: live for live in self._live.values()}
        for order, result in zip(orders, await self._desk.submit(jobs, self._now_s * 1000), strict=True):
            if isinstance(result, Fill):
                self.sides[result.side] += 1
                self._note(by_id[order.market], result)
                if order.side == "open":
                    self.outages.opened(self._now_s, order.leverage_x100, self._cap)
            elif isinstance(result, ProgramError) and result.name == "OracleStale":
                self.outages.refused(self._now_s)
                again.append(halved(order))
            elif not isinstance(result, BreakwaterError):
                raise InvalidInput("Rebuild the IDLs: a trade logged no event that they know.")
        return again

    def _job(self, order: Order) -> Job:
        kind = KIND[order.side]
        book = self._books.by_id[order.market]
        trade = instruction_of(order, self._stage.feed)
        account = bytes(at.trader(order.trader))
        signers = [self._stage.traders[self._numbers[account]]]
        if (account, order.outcome, kind) in book.positions:
            return Job((f"exchange.{order.side}",), [trade], signers)
        create = ix.create_position(order.trader, order.market, order.outcome, kind)
        return Job(("exchange.create_position", f"exchange.{order.side}"), [create, trade], signers)
