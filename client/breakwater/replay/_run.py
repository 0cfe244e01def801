"""The loop of a replay: windows of captured time; each publishes, opens, trades, settles."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import instructions as ix
from breakwater.errors import BreakwaterError, ProgramError, Retryable

from ._desk import Desk, Job
from ._floor import Floor, Live, Moment
from ._plan import OPEN, PUBLISH
from ._stage import Stage, fold
from ._ticker import Ticker
from .result import MarketRow, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from breakwater.model import Tick

    from ._audit import Audit, Auditor
    from ._pace import Pace
    from ._plan import Happening, Plan
    from .capture import CapturedMarket

__all__ = ["Progress", "Run"]

B = 1_000 * 10**6
"""Liquidity of each market; its subsidy is b ln 2."""

ATTEMPTS = 5
"""How often a market that an overloaded chain is too late for is put off."""

PROGRESS_EVERY = 50
"""Windows between two reports of progress, about a second of captured time each."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is."""

    settled: int
    planned: int
    transactions: int
    trades: int


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
        progress: called every now and then, and at the end.
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
        self._record, self._progress = record, progress
        self._admin = stage.admin.pubkey()
        self._live: dict[int, Live] = {}
        self._moment = Moment(0, 0)
        self._next_fold = 0
        self.ticker = Ticker(stage, desk, pace)
        self.floor = Floor(stage, desk, self.ticker, seed)
        self.rows: list[MarketRow] = []
        self.audits: list[Audit] = []

    async def go(self, stop: Callable[[], bool]) -> bool:
        """Run to the end, or until `stop` says so; whether the end was reached."""
        events, i, windows = self._plan.happenings, 0, 0
        if self._plan.opening is not None:
            await self._pace.reach(self._plan.opening[0])
            await self.ticker.opening(*self._plan.opening)
        while i < len(events) and not stop():
            due = await self._pace.reach(events[i].time_ms)
            begin = i
            while i < len(events) and events[i].time_ms <= due:
                i += 1
            self._moment = Moment(events[i - 1].time_ms, await self._pace.now())
            await self._window(events[begin:i])
            windows += 1
            if windows % PROGRESS_EVERY == 0 or self._pace.packed > 1:
                self._show()
        self._show()
        self.ticker.outages.finish(await self._pace.now())
        self.audits.append(await self._auditor.audit())
        return i == len(events)

    def _show(self) -> None:
        settled = sum(row.up is not None for row in self.rows)
        trades = sum(self.floor.sides.values())
        self._progress(Progress(settled, len(self._plan.markets), self._desk.transactions, trades))

    async def _window(self, events: Sequence[Happening]) -> None:
        ticks = [self._plan.ticks[each.index] for each in events if each.kind == PUBLISH]
        for each in events:
            if each.kind == OPEN:
                await self._open(each.index)
        turns = [
            (live, each.trader)
            for each in events
            if each.kind > OPEN and (live := self._live.get(each.index)) is not None
        ]
        if ticks and turns and self._pace.packed > 1:
            # where every confirmation takes its time, prices and orders do not wait for each other
            await asyncio.gather(
                self.ticker.publish(ticks, self._moment.now_s), self.floor.trade(turns, self._moment)
            )
        else:
            if ticks:
                await self.ticker.publish(ticks, self._moment.now_s)
            if turns:
                await self.floor.trade(turns, self._moment)
        if self._record:
            self._chart(ticks)
        newest = self.ticker.newest_ms
        for live in [each for each in self._live.values() if each.close_ms <= newest]:
            await self._settle(live)
        if self._moment.captured_ms >= self._next_fold:
            self._next_fold = self._moment.captured_ms + self._pace.fold_s * 1000
            await self._desk.require([fold(self._stage)])

    def _chart(self, ticks: Sequence[Tick]) -> None:
        for live in self._live.values():
            if live.row.series is not None:
                live.row.series.ticks += [
                    (tick.received_ms / 1000 - live.row.id, tick.price) for tick in ticks
                ]

    async def _open(self, index: int) -> None:
        planned = self._plan.markets[index]
        market = planned.market
        strike = market.strike if planned.scored and market.strike is not None else self.ticker.price
        close_ms = await self._create(market, strike)
        really_up = market.up_won if planned.scored else None
        row = MarketRow(market.id, market.name, market.close_s, strike, planned.scored, really_up)
        row.series = Series() if self._record else None
        self.rows.append(row)
        live = self._live[index] = Live(row, self._desk.books.by_id[market.id], close_ms)
        self.floor.note(live, market.id * 1000)

    async def _create(self, market: CapturedMarket, strike: int) -> int:
        """Create a market, put off where the chain is beyond its close already; its close on the chain."""
        alone = all(each.row.close_s <= market.id for each in self._live.values())
        for _ in range(ATTEMPTS):
            if alone:
                await self._pace.catch_up(market.id * 1000)
            close_ms = self._pace.chain_ms(market.close_s * 1000)
            terms = ix.MarketTerms(self._stage.feed, close_ms, B, (strike,))
            create = ix.create_market(self._admin, market.id, terms)
            job = Job(("exchange.create_market",), [create], [self._stage.admin])
            (refusal,) = await self._desk.submit([job], self._moment.now_s * 1000)
            if not isinstance(refusal, BreakwaterError):
                return close_ms
            if not isinstance(refusal, ProgramError) or refusal.name != "CloseInPast" or not alone:
                raise refusal
        raise Retryable("Free some CPU and try again: the chain's clock outruns the markets.")

    async def _settle(self, live: Live) -> None:
        """Resolve, pay everybody out, clear the market away, and compare books and chain."""
        market, book, keeper = live.row.id, live.book, [self._stage.keeper]
        await self._pace.until(-(-live.close_ms // 1000))
        resolve = ix.resolve(market, self._stage.feed, self.ticker.first_at_or_after(live.close_ms))
        await self._desk.require([Job(("exchange.resolve",), [resolve], keeper)])
        live.row.up, live.row.price = book.winner == 1, book.price
        redeem, remove = [], []
        for each in book.positions.values():
            number = self.floor.number(each.trader)
            owner, key = self._stage.addresses[number], self._stage.traders[number]
            if each.shares:
                instruction = ix.redeem(owner, market, each.outcome, each.kind)
                redeem.append(Job(("exchange.redeem",), [instruction], keeper))
            instruction = ix.close_position(owner, market, each.outcome, each.kind)
            remove.append(Job(("exchange.close_position",), [instruction], [key]))
        await self._desk.require(redeem)
        await self._desk.require(remove)
        close = ix.close_market(market, self._admin)
        await self._desk.require([Job(("exchange.close_market",), [close], keeper)])
        self.floor.note(live, self._moment.captured_ms)
        self._live = {index: each for index, each in self._live.items() if each is not live}
        self.audits.append(await self._auditor.audit())
