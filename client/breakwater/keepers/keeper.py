"""One keeper: chooses its work out of everything there is, and does it with or without tasks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import keeper_instructions as kx
from breakwater.errors import Retryable

from .hands import Hands
from .turns import is_needed, may_claim, stands_in
from .work import KIND_URGENCY, Work, rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.keeper_accounts import Task

    from .eyes import Eyes

__all__ = ["Duties", "Keeper"]

ACTIVE: Final = 0
SUSPENDED: Final = 1
HEARTBEATS: Final = 4
"""Signs of life in the time that the rules allow without any."""

AT_ONCE: Final = 8
"""Works under way at once, at most; no more than the registry's limit of claims."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What a keeper does.

    Attributes:
        kinds: which kinds of work.
        tasks: take part in the task registry, where it exists and the keeper is registered.
        unposted: also do work that no task is posted about, and post tasks.
    """

    kinds: frozenset[str] = frozenset(KIND_URGENCY)
    tasks: bool = True
    unposted: bool = True


@dataclass(frozen=True, slots=True)
class _Job:
    """A work, and the task that is claimed and completed in the same transaction."""

    work: Work
    task: Task | None = None


class Keeper:
    """Watches through `eyes`, works with `hands`; all that it needs to know is on the chain.

    Args:
        eyes: what is seen.
        hands: what is done.
        duties: what to do.
    """

    def __init__(self, eyes: Eyes, hands: Hands, duties: Duties | None = None) -> None:
        self.eyes, self.hands = eyes, hands
        self.duties = duties or Duties()
        # deriving it takes as long as looking at a hundred accounts
        self.address = hands.key.pubkey()
        self.account = at.keeper(self.address)
        self.seen = -1
        """The version of the world that was looked at last."""
        self.resting = False
        """Whether nothing new is started any more."""
        self.poor_until = 0
        """A slot before which it can't pay for transactions."""
        self._running: set[asyncio.Task[None]] = set()

    @property
    def key(self) -> Keypair:
        """Who signs."""
        return self.hands.key

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return bool(self._running)

    @property
    def in_flight(self) -> int:
        """Works of its own that are under way."""
        return len(self._running)

    @property
    def is_poor(self) -> bool:
        """Whether it could not pay and has not tried again yet."""
        return self.eyes.world.slot < self.poor_until

    @property
    def is_registered(self) -> bool:
        """Whether it is on duty in the task registry."""
        found = self.eyes.world.keepers.get(self.account)
        return self.duties.tasks and found is not None and found.status == ACTIVE

    async def run(self) -> None:
        """Work until cancelled; what is under way then is let go, and the chain knows how far it came."""
        try:
            while True:
                version = await self.eyes.after(self.seen)
                await self.look()
                self.seen = version
        finally:
            for each in self._running:
                each.cancel()

    async def look(self) -> None:
        """One pass over the world: start what is ours to do, wait for it where it ends at once."""
        world = self.eyes.world
        self.hands.ledger.forget(world.slot)
        if not self.eyes.ready or self.resting or self.is_poor:
            return
        for job in self._chosen():
            if len(self._running) >= AT_ONCE:
                break
            doing = asyncio.create_task(self._do(job))
            self._running.add(doing)
            doing.add_done_callback(self._over)
            await asyncio.sleep(0)
        if self.eyes.instant and self._running:
            await asyncio.wait(set(self._running))

    def _over(self, doing: asyncio.Task[None]) -> None:
        self._running.discard(doing)
        if not doing.cancelled() and (error := doing.exception()) is not None:
            self.eyes.fail(self, error)

    # Choosing

    def _chosen(self) -> Iterator[_Job]:
        """Everything to be started now, most urgent first."""
        world = self.eyes.world
        jobs: dict[tuple[str, Pubkey], _Job] = {}
        found = [each for each in self.eyes.finder.find() if each.kind in self.duties.kinds]
        for work in [*found, *self._housekeeping()]:
            job = self._job(work)
            if job is not None:
                jobs[job.work.kind, job.work.subject] = job
        for work in rank([each.work for each in jobs.values()], world.slot):
            if self.hands.ledger.is_free((work.kind, work.subject), world.slot):
                yield jobs[work.kind, work.subject]

    def _job(self, work: Work) -> _Job | None:
        """How a work is ours to do; None where it is not."""
        world = self.eyes.world
        kind = work.task_kind
        if kind is None or not self.is_registered:
            return _Job(work) if self.duties.unposted or kind is None else None
        task = world.task(work.subject, kind)
        if task is not None and (self._holds(task) or (task.state != kx.DONE and is_needed(world, task))):
            work = replace(work, since_slot=min(work.since_slot, task.created_slot))
            ours = self._holds(task) or may_claim(world, self.account, task)
            return _Job(work, task) if ours else None
        # a task that is done, or that nobody can be paid for any more, keeps nobody from the work
        if not self.duties.unposted:
            return None
        # loans and orders pay for themselves; the rest is worth what its task pays
        if kind in (kx.LIQUIDATION, kx.STOP_LOSS):
            return _Job(work)
        waited = world.slot - work.since_slot
        if not stands_in(world, self.account, work.subject, waited // 2):
            return None
        return _Job(self._post(work, kind))

    def _holds(self, task: Task) -> bool:
        return task.state == kx.CLAIMED and task.claimed_by == bytes(self.account)

    def _post(self, work: Work, kind: int) -> Work:
        related = work.related or work.subject
        tidy = self._closing(work.subject, kind)
        return Work(
            work.kind,
            work.subject,
            work.value,
            (lambda keeper: [*tidy, kx.post_task(keeper, kind, work.subject, related)],),
            since_slot=work.since_slot,
        )

    def _closing(self, subject: Pubkey, kind: int) -> list[Instruction]:
        """What removes a task that is of no use any more and in the way of another."""
        task = self.eyes.world.task(subject, kind)
        if task is None:
            return []
        steps = [kx.close_task(Pubkey.from_bytes(task.poster), kind, subject)]
        if task.state == kx.CLAIMED and (late := self._expiry(task)) is not None:
            steps.insert(0, late)
        return steps

    def _expiry(self, task: Task) -> Instruction | None:
        """What takes a task away from its holder."""
        holder = self.eyes.world.keepers.get(Pubkey.from_bytes(task.claimed_by))
        if holder is None:
            return None
        who, subject = Pubkey.from_bytes(holder.authority), Pubkey.from_bytes(task.subject)
        return kx.expire_claim(who, task.kind, subject)

    def _housekeeping(self) -> Iterator[Work]:
        """Our own sign of life, our return to duty, silent colleagues, tasks of ours that are done."""
        world, registry = self.eyes.world, self.eyes.world.registry
        own = world.keepers.get(self.account)
        if registry is None or own is None or not self.duties.tasks:
            return
        if own.status == SUSPENDED and world.slot >= own.unlock_slot:
            yield Work("suspension", self.account, 0, (lambda keeper: [kx.resume_keeper(keeper)],))
        if own.status != ACTIVE:
            return
        if world.slot - own.heartbeat_slot >= registry.heartbeat_slots // HEARTBEATS:
            yield Work("suspension", self.account, 0, (lambda keeper: [kx.heartbeat(keeper)],))
        for raw in registry.keepers:
            address = Pubkey.from_bytes(raw)
            silent = world.keepers.get(address)
            if silent is None or address == self.account:
                continue
            over = world.slot - silent.heartbeat_slot - registry.heartbeat_slots
            struck = silent.status == SUSPENDED
            if (struck or over > 0) and stands_in(world, self.account, address, max(over, 0)):
                authority = Pubkey.from_bytes(silent.authority)
                yield Work(
                    "suspension",
                    address,
                    1,
                    (lambda _, who=authority: [kx.suspend_keeper(who)],),  # type: ignore[misc]
                )
        yield from self._tasks_to_end()

    def _tasks_to_end(self) -> Iterator[Work]:
        """Tasks that we hold and whose work is done, and those we posted that nobody needs."""
        world = self.eyes.world
        wanted = {(each.subject, each.task_kind) for each in self.eyes.finder.find()}
        for address, task in world.tasks.items():
            subject, kind = Pubkey.from_bytes(task.subject), task.kind
            if self._holds(task):
                if (subject, kind) not in wanted:
                    yield Work(
                        "tidying",
                        address,
                        2,
                        (lambda keeper, k=kind, s=subject: [kx.complete_task(keeper, k, s)],),  # type: ignore[misc]
                    )
                continue
            if task.poster != bytes(self.address):
                continue
            used = (subject, kind) not in wanted or not is_needed(world, task)
            if task.state == kx.DONE or (task.state == kx.UNCLAIMED and used):
                yield Work(
                    "tidying",
                    address,
                    1,
                    (lambda keeper, k=kind, s=subject: [kx.close_task(keeper, k, s)],),  # type: ignore[misc]
                )
            elif world.slot > task.deadline_slot and used and (late := self._expiry(task)) is not None:
                yield Work("tidying", address, 1, (lambda _, step=late: [step],))  # type: ignore[misc]

    # Doing

    async def _do(self, job: _Job) -> None:
        work, own = job.work, self.address
        slot = self.eyes.world.slot
        attempts = [self._wrapped(job, made) for build in work.attempts if (made := build(own))]
        if not attempts:
            self.hands.ledger.pause((work.kind, work.subject), slot, 8, self.hands.chance)
            return
        outcome = await self.hands.do(work.kind, work.subject, attempts, work.signers, slot)
        if outcome.result in ("done", "refused"):
            metas = (meta for each in attempts[0] if each.program_id == at.EXCHANGE for meta in each.accounts)
            touched = dict.fromkeys(meta.pubkey for meta in metas if meta.is_writable)
            with suppress(Retryable):  # the next snapshot shows it
                await self.eyes.reread(list(touched))
        self.eyes.report(self, job.work, job.task, outcome)

    def _wrapped(self, job: _Job, steps: Sequence[Instruction]) -> list[Instruction]:
        """Claim, work and completion in one transaction: all happen or none."""
        own, task = self.address, job.task
        if task is None:
            return list(steps)
        subject, kind = Pubkey.from_bytes(task.subject), task.kind
        made = [*steps, kx.complete_task(own, kind, subject)]
        if self._holds(task):
            return made
        made.insert(0, kx.claim_task(own, kind, subject))
        if task.state == kx.CLAIMED and (late := self._expiry(task)) is not None:
            made.insert(0, late)
        return made
