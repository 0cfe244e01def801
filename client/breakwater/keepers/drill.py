"""A crew of keepers at work: tasks of every kind, some keepers die, nothing is lost.

The chain, the programs, the bonds and the keeper software are real. Every keeper runs as a task of its own
with its own table of what is in flight; they share one pair of eyes, as keepers of one process do.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import keeper_accounts as ka
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain import queries
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError

from ._drill_result import DrillResult, MemberResult
from ._genesis import SOL, UNIT, bonded, endow, found, found_mmt, send_all
from ._subjects import LOCAL, FeedPrices, Need, Tempo, prepare
from .duty import register
from .eyes import Eyes, Pace
from .hands import Hands, Ledger
from .keeper import Duties, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.chain.engine import RpcEngine

    from ._genesis import Ground
    from .hands import Outcome
    from .work import Work

__all__ = ["DrillResult", "MemberResult", "drill"]

LIQUIDITY: Final = 1_000_000 * UNIT
PER_SLOT: Final = 2
"""Tasks posted in a slot of the embedded engine."""

AT_ONCE: Final = 2
"""Tasks posted together on a validator, each time that the last ones stand."""

PATIENCE: Final = 300
"""Slots after the last posting in which everything has to be done."""

SNAPSHOT_S: Final = 10.0
LOOK_S: Final = 0.05

RULES: Final = mx.MmtRules(prune_age_s=0)
"""Those of a launch, but for the month that remains are left alone."""


async def drill(
    engine: EmbeddedEngine | RpcEngine,
    keepers: int = 20,
    tasks: int = 500,
    *,
    kills: int = 3,
    seed: int = 1,
    ground: Ground | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> DrillResult:
    """Post `tasks` tasks of all five kinds to `keepers` keepers of which `kills` die on the way.

    Args:
        engine: the chain; without a `ground` it has to be fresh.
        keepers: how many.
        tasks: how many.
        kills: how many keepers die.
        seed: of the order of the tasks.
        ground: an exchange without MMT that is there already; None sets one up.
        progress: called with the name of each step.

    Raises:
        InvalidInput: so many keepers or tasks can't be had.
    """
    if not 1 <= keepers <= 100 or not 5 <= tasks <= 5_000 or not 0 <= kills < keepers:
        raise InvalidInput("Take 1 to 100 keepers, 5 to 5000 tasks and fewer deaths than keepers.")
    drilled = _Drill(engine, keepers, tasks, kills, random.Random(seed), progress)
    return await drilled.run(ground)


class _Drill:
    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        keepers: int,
        tasks: int,
        kills: int,
        chance: random.Random,
        progress: Callable[[str], None],
    ) -> None:
        self._engine, self._sender = engine, Sender(engine)
        self._count, self._tasks, self._chance, self._progress = keepers, tasks, chance, progress
        # evenly over the first two thirds, so that what they leave is seen to be done
        self._deaths = [round(tasks * 2 / 3 * (i + 1) / (kills + 1)) for i in range(kills)]
        self._crew: list[Keeper] = []
        self._running: dict[int, asyncio.Task[None]] = {}
        self._killed: dict[int, int] = {}
        self._dying: int | None = None
        self._works: Counter[tuple[int, Pubkey]] = Counter()

    async def run(self, ground: Ground | None) -> DrillResult:
        embedded = isinstance(self._engine, EmbeddedEngine)
        if ground is None:
            ground = await found(self._sender, Keypair(), LIQUIDITY, self._progress)
        count = math.ceil(self._tasks / len(kx.KINDS))
        needs = await prepare(ground, count, Tempo() if embedded else LOCAL, self._progress)
        self._chance.shuffle(needs)
        needs = needs[: self._tasks]
        eyes = Eyes(self._engine, prices=FeedPrices(ground.admin), pace=Pace(SNAPSHOT_S))
        eyes.on_outcome.append(self._note)
        watching: list[asyncio.Task[None]] = []
        try:
            await self._enlist(ground, eyes)
            await eyes.snapshot()
            began = await self._engine.slot()
            for index, keeper in enumerate(self._crew):
                self._running[index] = asyncio.create_task(keeper.run())
            if not embedded:
                watching.append(asyncio.create_task(eyes.run()))
            await self._work(needs, eyes, watching)
            return await self._result(needs, await self._engine.slot() - began)
        finally:
            for running in (*self._running.values(), *watching):
                running.cancel()
            await asyncio.gather(*self._running.values(), *watching, return_exceptions=True)
            eyes.close()

    async def _enlist(self, ground: Ground, eyes: Eyes) -> None:
        self._progress("registering keepers")
        mmt = await found_mmt(ground, RULES)
        keys = [Keypair() for _ in range(self._count)]
        await endow(ground, keys, SOL)
        await send_all(
            self._sender,
            [(bonded(ground, mmt, key.pubkey(), RULES.min_bond), [ground.admin]) for key in keys],
        )
        # their places in the turns are those of the registration
        await asyncio.gather(*(register(self._sender, key) for key in keys))
        for number, key in enumerate(keys):
            hands = Hands(self._sender, key, Ledger(), seed=number)
            self._crew.append(Keeper(eyes, hands, Duties(unposted=False)))

    async def _work(self, needs: list[Need], eyes: Eyes, watching: list[asyncio.Task[None]]) -> None:
        waiting, posted, last = list(needs), 0, 0
        at_once = AT_ONCE if watching else PER_SLOT
        while waiting or await self._engine.slot() < last + PATIENCE:
            await self._next(eyes)
            self._checked(watching)
            fresh = [waiting.pop() for _ in range(min(at_once, len(waiting)))]
            await self._post(fresh)
            posted += len(fresh)
            await self._let_die(fresh, posted)
            if posted % 50 < len(fresh):
                self._progress(f"{posted} of {len(needs)} tasks posted")
            if fresh:
                last = await self._engine.slot()
            elif all(self._is_done(eyes, each) for each in needs):
                return

    async def _next(self, eyes: Eyes) -> None:
        """A slot of the embedded engine, in which every living keeper looks; a moment of a validator."""
        if not isinstance(self._engine, EmbeddedEngine):
            await asyncio.sleep(LOOK_S)
            return
        self._engine.advance_slots(1)
        await eyes.catch_up()
        alive = [self._crew[index] for index in self._running if index not in self._killed]
        while any(each.seen != eyes.version for each in alive):
            self._checked([])
            await asyncio.sleep(0)

    def _checked(self, watching: list[asyncio.Task[None]]) -> None:
        """Raise what ended a keeper or the watch."""
        alive = [running for index, running in self._running.items() if index not in self._killed]
        for each in (*alive, *watching):
            if each.done():
                each.result()

    async def _post(self, needs: list[Need]) -> None:
        made = [([kx.post_task(n.poster.pubkey(), n.kind, n.subject, n.related)], [n.poster]) for n in needs]
        for result in await self._sender.send_many(made):
            if not isinstance(result, Receipt):
                raise result

    async def _let_die(self, fresh: list[Need], posted: int) -> None:
        """A keeper whose turn it is is heard of no more, and has just claimed a task: the worst moment.

        It stops first, and the next task of its turn is claimed in its name, so that nobody races it.
        """
        due = len(self._killed) < len(self._deaths) and posted >= self._deaths[len(self._killed)]
        if not fresh or (self._dying is None and not due):
            return
        (raw, *tasks) = await queries.read(
            self._engine, [at.registry(), *(at.task(each.subject, each.kind) for each in fresh)]
        )
        registry, slot = ka.registry(raw or b""), await self._engine.slot()
        order = {bytes(each.account): index for index, each in enumerate(self._crew)}
        for need, data in zip(fresh, tasks, strict=True):
            turn = kx.turn(ka.task(data or b"").sequence, slot, len(registry.keepers))
            holder = order[registry.keepers[turn or 0]]
            if self._dying is None and holder not in self._killed:
                self._dying, self._killed[holder] = holder, posted
                self._running[holder].cancel()
                await asyncio.gather(self._running[holder], return_exceptions=True)
            if self._dying == holder:
                key = self._crew[holder].key
                try:
                    await self._sender.send([kx.claim_task(key.pubkey(), need.kind, need.subject)], [key])
                except ProgramError:
                    continue  # it was quick enough to do it alive: the next one of its turn
                self._dying = None
                self._progress(f"keeper {holder + 1} dies with a task in hand")
                return

    def _note(self, _: Keeper, work: Work, task: ka.Task | None, outcome: Outcome) -> None:
        if outcome.result == "done" and task is not None:
            self._works[task.kind, work.subject] += 1

    def _is_done(self, eyes: Eyes, need: Need) -> bool:
        task = eyes.world.task(need.subject, need.kind)
        return task is not None and task.state == kx.DONE

    async def _result(self, needs: list[Need], slots: int) -> DrillResult:
        addresses = [at.task(each.subject, each.kind) for each in needs]
        tasks = [ka.task(data or b"") for data in await queries.read(self._engine, addresses)]
        members = await queries.read(self._engine, [each.account for each in self._crew])
        records = [ka.keeper(data or b"") for data in members]
        done = [each for each in tasks if each.state == kx.DONE]
        credited = sum(each.completed for each in records)
        share = len(needs) / self._count
        twice = sum(each - 1 for each in self._works.values())
        outcomes = sum((each.hands.outcomes for each in self._crew), Counter[tuple[str, str]]())
        sent = sum(count for (_, how), count in outcomes.items() if how == "done")
        return DrillResult(
            self._engine.name,
            self._count,
            len(needs),
            completed=len(done),
            duplicates=max(credited - len(done), twice),
            mean_response_slots=sum(each.response_slots for each in records) / max(1, credited),
            longest_response_slots=max((each.done_slot - each.created_slot for each in done), default=0),
            members=[
                MemberResult(
                    str(keeper.account),
                    record.completed,
                    record.missed,
                    record.mean_response_slots,
                    record.tier,
                    self._killed.get(index),
                )
                for index, (keeper, record) in enumerate(zip(self._crew, records, strict=True))
            ],
            by_kind=dict(Counter(kx.KINDS[each.kind] for each in done)),
            expected=share,
            tolerance=max(3.0, share / 5),
            stolen=sum(each.missed for each in records),
            suspended=sum(each.listed == 0 for each in records),
            transactions=sent,
            refused=outcomes.total() - sent,
            slots=slots,
        )
