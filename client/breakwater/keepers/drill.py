"""A crew of keepers at work on a chain of its own: tasks of every kind, some keepers die, nothing is lost.

The chain, the programs and the keeper software are the real ones. Every keeper runs as a task of its own with
its own table of what is in flight; they share one pair of eyes, as keepers of one process do.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import create_associated_token_account

from breakwater.chain import addresses as at
from breakwater.chain import keeper_accounts as ka
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput

from ._drill_result import DrillResult, MemberResult
from ._genesis import SOL, UNIT, found, found_mmt, lend_bond
from ._subjects import FeedPrices, Need, prepare
from .duty import register
from .eyes import Eyes
from .hands import Hands, Ledger
from .keeper import Duties, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.chain.engine import EmbeddedEngine

    from ._genesis import Ground
    from .hands import Outcome
    from .work import Work

__all__ = ["DrillResult", "MemberResult", "drill"]

LIQUIDITY: Final = 1_000_000 * UNIT
PER_SLOT: Final = 2
"""Tasks posted in a slot."""

PATIENCE: Final = 300
"""Slots after the last posting in which everything has to be done."""

RULES: Final = mx.MmtRules(prune_age_s=0)
"""Those of a launch, but for the month that remains are left alone."""


async def drill(
    engine: EmbeddedEngine,
    keepers: int = 20,
    tasks: int = 500,
    *,
    kills: int = 3,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> DrillResult:
    """Post `tasks` tasks of all five kinds to `keepers` keepers of which `kills` die on the way.

    Raises:
        InvalidInput: so many keepers or tasks can't be had.
    """
    if not 1 <= keepers <= 100 or not 5 <= tasks <= 5_000 or not 0 <= kills < keepers:
        raise InvalidInput("Take 1 to 100 keepers, 5 to 5000 tasks and fewer deaths than keepers.")
    drilled = _Drill(engine, keepers, tasks, kills, random.Random(seed), progress)
    return await drilled.run()


class _Drill:
    def __init__(
        self,
        engine: EmbeddedEngine,
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
        self._by_kind: Counter[str] = Counter()
        self._works: Counter[tuple[int, Pubkey]] = Counter()

    async def run(self) -> DrillResult:
        admin = Keypair()
        ground = await found(self._sender, admin, LIQUIDITY, self._progress)
        needs = await prepare(ground, math.ceil(self._tasks / len(kx.KINDS)), self._progress)
        self._chance.shuffle(needs)
        needs = needs[: self._tasks]
        await found_mmt(ground, RULES)
        eyes = Eyes(self._engine, prices=FeedPrices(admin))
        eyes.on_outcome.append(self._note)
        try:
            await self._enlist(ground, eyes)
            await eyes.snapshot()
            began = self._engine.clock.slot
            for index, keeper in enumerate(self._crew):
                self._running[index] = asyncio.create_task(keeper.run())
            await self._work(needs, eyes)
            return await self._result(needs, self._engine.clock.slot - began)
        finally:
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            eyes.close()

    async def _enlist(self, ground: Ground, eyes: Eyes) -> None:
        self._progress("registering keepers")
        for number in range(self._count):
            key = Keypair()
            await self._engine.airdrop(key.pubkey(), 10 * SOL)
            made = create_associated_token_account(key.pubkey(), key.pubkey(), ground.mmt)
            await self._sender.send([made], [key])
            lend_bond(self._engine, ground, key.pubkey(), RULES.min_bond)
            await register(self._sender, key)
            hands = Hands(self._sender, key, Ledger(), seed=number)
            self._crew.append(Keeper(eyes, hands, Duties(unposted=False)))

    async def _work(self, needs: list[Need], eyes: Eyes) -> None:
        waiting, posted, idle = list(needs), 0, 0
        while idle < PATIENCE:
            self._engine.advance_slots(1)
            await eyes.catch_up()
            await self._pass(eyes)
            fresh = [waiting.pop() for _ in range(min(PER_SLOT, len(waiting)))]
            for need in fresh:
                made = kx.post_task(need.poster.pubkey(), need.kind, need.subject, need.related)
                await self._sender.send([made], [need.poster])
                posted += 1
            await self._let_die(fresh, posted)
            if posted % 50 == 0 and fresh:
                self._progress(f"{posted} of {len(needs)} tasks posted")
            if not waiting:
                idle += 1
                if all(self._task(each).state == kx.DONE for each in needs):
                    return

    async def _pass(self, eyes: Eyes) -> None:
        """Let every living keeper look at what there is now."""
        alive = [self._crew[index] for index in self._running if index not in self._killed]
        while any(each.seen != eyes.version for each in alive):
            for index, running in self._running.items():
                if index not in self._killed and running.done():
                    running.result()
            await asyncio.sleep(0)

    async def _let_die(self, fresh: list[Need], posted: int) -> None:
        """A keeper whose turn it is claims a task and is heard of no more: the worst moment there is."""
        if len(self._killed) == len(self._deaths) or posted < self._deaths[len(self._killed)]:
            return
        registry = ka.registry(self._data(at.registry()))
        order = {bytes(each.account): index for index, each in enumerate(self._crew)}
        for need in fresh:
            turn = kx.turn(self._task(need).sequence, self._engine.clock.slot, len(registry.keepers))
            victim = order[registry.keepers[turn or 0]]
            if victim in self._killed:
                continue
            key = self._crew[victim].key
            await self._sender.send([kx.claim_task(key.pubkey(), need.kind, need.subject)], [key])
            self._running[victim].cancel()
            await asyncio.gather(self._running[victim], return_exceptions=True)
            self._killed[victim] = posted
            self._progress(f"keeper {victim + 1} dies with a task in hand")
            return

    def _note(self, _: Keeper, work: Work, task: ka.Task | None, outcome: Outcome) -> None:
        if outcome.result == "done" and task is not None:
            self._by_kind[kx.KINDS[task.kind]] += 1
            self._works[task.kind, work.subject] += 1

    def _data(self, address: Pubkey) -> bytes:
        account = self._engine.get_account(address)
        return b"" if account is None else account.data

    def _task(self, need: Need) -> ka.Task:
        return ka.task(self._data(at.task(need.subject, need.kind)))

    async def _result(self, needs: list[Need], slots: int) -> DrillResult:
        tasks = [self._task(each) for each in needs]
        records = [ka.keeper(self._data(each.account)) for each in self._crew]
        done = [each for each in tasks if each.state == kx.DONE]
        credited = sum(each.completed for each in records)
        share = len(needs) / self._count
        twice = sum(each - 1 for each in self._works.values())
        return DrillResult(
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
            by_kind=dict(self._by_kind),
            expected=share,
            tolerance=max(3.0, share / 5),
            stolen=sum(each.missed for each in records),
            suspended=sum(each.listed == 0 for each in records),
            transactions=sum(
                count
                for each in self._crew
                for (_, how), count in each.hands.outcomes.items()
                if how == "done"
            ),
            refused=sum(each.hands.outcomes.total() for each in self._crew)
            - sum(count for e in self._crew for (_, how), count in e.hands.outcomes.items() if how == "done"),
            slots=slots,
        )
