"""Keepers and tasks in the model of MMT: bonds, penalties, turns, and each task paid once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .draft import require
from .keepers_model import (
    ACTIVE,
    CLAIMED,
    DONE,
    LEAVING,
    MISSES,
    MISSING,
    SUSPENDED,
    TENTHS,
    UNCLAIMED,
    Duty,
    Job,
    Ledger,
)

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = ["Duties"]

RESOLUTION = 3
ROTATION_SLOTS = 100


class Duties(Ledger):
    """The instructions of keepers, whose tasks are resolutions."""

    def copy(self) -> Duties:
        """A copy to change."""
        return replace(
            self,
            wallets=dict(self.wallets),
            stakes={key: replace(each) for key, each in self.stakes.items()},
            keepers={key: replace(each) for key, each in self.keepers.items()},
            jobs={key: replace(each) for key, each in self.jobs.items()},
            turns=list(self.turns),
            pending=set(self.pending),
            done=set(self.done),
        )

    def register_keeper(self, who: Pubkey, bond: int) -> None:
        """Put a keeper on duty."""
        require(who not in self.keepers, "AccountAlreadyInUse")
        require(bond >= self.rules.min_bond, "BondTooSmall")
        require(bond <= self.wallets[who], "InsufficientFunds")
        self.wallets[who] -= bond
        self.keepers[who] = Duty(bond, self.tier(bond), self.slot)
        self.turns.append(who)

    def heartbeat(self, who: Pubkey) -> None:
        """A sign of life."""
        keeper = self._keeper(who)
        require(keeper.status == ACTIVE, "KeeperNotActive")
        keeper.heartbeat_slot = self.slot

    def suspend_keeper(self, who: Pubkey) -> None:
        """Strike a silent or failing keeper off the list."""
        keeper = self._keeper(who)
        require(keeper.listed == 1, "KeeperNotActive")
        if keeper.status == ACTIVE:
            require(self.slot > keeper.heartbeat_slot + self.rules.heartbeat_slots, "KeeperAlive")
            self._suspend(keeper)
        self._unlist(who)

    def resume_keeper(self, who: Pubkey) -> None:
        """Back on duty."""
        keeper = self._keeper(who)
        require(keeper.status == SUSPENDED, "KeeperNotSuspended")
        require(self.slot >= keeper.unlock_slot, "CoolingDown")
        keeper.status, keeper.misses, keeper.heartbeat_slot = ACTIVE, 0, self.slot
        if not keeper.listed:
            self.turns.append(who)
            keeper.listed = 1

    def unregister_keeper(self, who: Pubkey) -> None:
        """Leave."""
        keeper = self._keeper(who)
        require(keeper.status != LEAVING, "KeeperNotActive")
        require(keeper.claims == 0, "TasksHeld")
        if keeper.listed:
            self._unlist(who)
        keeper.status, keeper.unlock_slot = LEAVING, self.slot + self.rules.cooldown_slots

    def withdraw_bond(self, who: Pubkey) -> None:
        """The bond back, what was slashed into the sink."""
        keeper = self._keeper(who)
        require(keeper.status == LEAVING, "KeeperNotLeaving")
        require(self.slot >= keeper.unlock_slot, "CoolingDown")
        require(keeper.rewards == 0, "NotEmpty")
        self.wallets[who] += keeper.bond
        self.sunk += keeper.slashed
        del self.keepers[who]

    def claim_keeper_rewards(self, who: Pubkey) -> None:
        """Pay what tasks have earned."""
        keeper = self._keeper(who)
        require(keeper.rewards > 0, "ZeroAmount")
        self.paid += keeper.rewards
        self.wallets[who] += keeper.rewards
        keeper.rewards = 0

    # Tasks

    def post_task(self, subject: Pubkey) -> None:
        """Set a reward aside for what is to be done."""
        require(subject not in self.jobs, "AccountAlreadyInUse")
        require(subject in self.pending, "TaskUnfounded")
        self.emit()
        wanted = self.rules.task_rewards[RESOLUTION]
        reserved = min(self.keeper_pot, wanted * TENTHS[-1] // 10)
        self.keeper_pot -= reserved
        self.jobs[subject] = Job(self.tasks, self.slot, reserved, min(wanted, reserved * 10 // TENTHS[-1]))
        self.tasks += 1

    def claim_task(self, who: Pubkey, subject: Pubkey) -> None:
        """Hold a task until its deadline."""
        keeper, job = self._keeper(who), self._job(subject)
        require(job.state != CLAIMED, "TaskClaimed")
        require(job.state != DONE, "TaskDone")
        require(keeper.status == ACTIVE, "KeeperNotActive")
        require(keeper.claims < self.rules.max_claims, "TooManyClaims")
        require(keeper.bond >= self.rules.min_bond // 2, "BondTooSmall")
        young = self.slot - job.created_slot < self.rules.exclusive_slots
        require(not young or self._has_turn(who, job), "NotYourTurn")
        require(subject in self.pending, "TaskObsolete")
        keeper.claims += 1
        keeper.heartbeat_slot = self.slot
        job.state, job.holder, job.deadline_slot = CLAIMED, who, self.slot + self.rules.claim_slots

    def complete_task(self, who: Pubkey, subject: Pubkey) -> None:
        """Be credited with what the subject shows as done."""
        keeper, job = self._held(who, subject)
        require(subject not in self.pending, "TaskUnfinished")
        assert subject not in self.done, "a task is paid once"
        reward = min(job.reserved_mmt, job.reward * TENTHS[keeper.tier] // 10)
        job.reserved_mmt -= reward
        job.state = DONE
        self.done.add(subject)
        keeper.rewards += reward
        keeper.completed += 1
        keeper.claims -= 1
        keeper.misses, keeper.heartbeat_slot = 0, self.slot

    def fail_task(self, who: Pubkey, subject: Pubkey) -> None:
        """Give a task up."""
        keeper, job = self._held(who, subject)
        keeper.failed += 1
        self._fall_short(keeper, job)

    def expire_claim(self, who: Pubkey, subject: Pubkey) -> None:
        """Take a task away from a late keeper."""
        keeper, job = self._keeper(who), self._job(subject)
        require(job.holder == who, "NotClaimer")
        require(job.state == CLAIMED and self.slot > job.deadline_slot, "TaskNotLate")
        keeper.missed += 1
        self._fall_short(keeper, job)

    def close_task(self, subject: Pubkey) -> None:
        """Remove a task; what was not paid goes back."""
        job = self._job(subject)
        require(job.state != CLAIMED, "TaskClaimed")
        expired = self.slot - job.created_slot > self.rules.expiry_slots
        require(job.state == DONE or expired or subject not in self.pending, "TaskPending")
        self.keeper_pot += job.reserved_mmt
        del self.jobs[subject]

    def _keeper(self, who: Pubkey) -> Duty:
        require(who in self.keepers, MISSING)
        return self.keepers[who]

    def _job(self, subject: Pubkey) -> Job:
        require(subject in self.jobs, MISSING)
        return self.jobs[subject]

    def _held(self, who: Pubkey, subject: Pubkey) -> tuple[Duty, Job]:
        keeper, job = self._keeper(who), self._job(subject)
        require(job.state != UNCLAIMED, "TaskNotClaimed")
        require(job.state != DONE, "TaskDone")
        require(job.holder == who, "NotClaimer")
        return keeper, job

    def _has_turn(self, who: Pubkey, job: Job) -> bool:
        if not self.turns:
            return False
        return self.turns[(job.sequence + self.slot // ROTATION_SLOTS) % len(self.turns)] == who

    def _fall_short(self, keeper: Duty, job: Job) -> None:
        penalty = -(-keeper.bond // 20)
        keeper.bond -= penalty
        keeper.slashed += penalty
        keeper.claims -= 1
        keeper.tier = max(0, keeper.tier - 1)
        keeper.misses += 1
        if keeper.misses >= MISSES and keeper.status == ACTIVE:
            self._suspend(keeper)
        job.state, job.holder, job.deadline_slot = UNCLAIMED, None, 0

    def _suspend(self, keeper: Duty) -> None:
        keeper.status, keeper.unlock_slot = SUSPENDED, self.slot + self.rules.suspension_slots

    def _unlist(self, who: Pubkey) -> None:
        place = self.turns.index(who)
        self.turns[place] = self.turns[-1]
        self.turns.pop()
        self.keepers[who].listed = 0
