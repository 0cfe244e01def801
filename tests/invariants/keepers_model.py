"""MMT's books in Python integers, from ADR 8 and 9: stakes, bonds, the schedule, tasks and what they pay.

Every method is one instruction and refuses by the program's error, in the program's order; it runs on
a copy that is dropped then. Keepers and tasks are in `keepers_duties`. Amounts are billionths of an MMT.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .draft import require

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.mmt_instructions import MmtRules

__all__ = ["MMT", "POOL", "SUNK", "VERBS", "Duty", "Job", "Ledger", "Staked"]

VERBS = frozenset(
    (
        *("initialize_mmt", "create_stake", "close_stake", "stake", "unstake", "withdraw_stake"),
        *("claim_rewards", "claim_keeper_rewards", "register_keeper", "heartbeat", "suspend_keeper"),
        *("resume_keeper", "unregister_keeper", "withdraw_bond", "post_task", "claim_task"),
        *("complete_task", "fail_task", "expire_claim", "close_task"),
    )
)
"""Every instruction of MMT and keepers."""

MMT = 10**9
POOL, SUNK = 10_000_000 * MMT, 90_000_000 * MMT
SEASON_SLOTS = 38_880_000
Q40 = 1 << 40
TENTHS = (10, 11, 12, 13)
ACTIVE, SUSPENDED, LEAVING = range(3)
UNCLAIMED, CLAIMED, DONE = range(3)
MISSES = 3
MISSING = "AccountDataTooSmall"


@dataclass
class Staked:
    """A stake."""

    per_weight_q40: int
    amount: int = 0
    weight: int = 0
    rewards: int = 0
    unbonding: int = 0
    unlock_slot: int = 0


@dataclass
class Duty:
    """A keeper."""

    bond: int
    tier: int
    heartbeat_slot: int
    slashed: int = 0
    rewards: int = 0
    unlock_slot: int = 0
    completed: int = 0
    failed: int = 0
    missed: int = 0
    claims: int = 0
    misses: int = 0
    status: int = ACTIVE
    listed: int = 1


@dataclass
class Job:
    """A task about a market."""

    sequence: int
    created_slot: int
    reserved_mmt: int
    reward: int
    state: int = UNCLAIMED
    holder: Pubkey | None = None
    deadline_slot: int = 0


@dataclass
class Ledger:
    """Everything of MMT; whose wallets and keepers are by owner, tasks by market account."""

    rules: MmtRules
    start_slot: int
    slot: int
    emitted: int = 0
    paid: int = 0
    keeper_pot: int = 0
    total_weight: int = 0
    per_weight_q40: int = 0
    carry_q40: int = 0
    updated_slot: int = 0
    tasks: int = 0
    sunk: int = 0
    wallets: dict[Pubkey, int] = field(default_factory=dict)
    stakes: dict[Pubkey, Staked] = field(default_factory=dict)
    keepers: dict[Pubkey, Duty] = field(default_factory=dict)
    jobs: dict[Pubkey, Job] = field(default_factory=dict)
    turns: list[Pubkey] = field(default_factory=list)
    pending: set[Pubkey] = field(default_factory=set)
    """Markets that are closed and not settled."""
    done: set[Pubkey] = field(default_factory=set)
    """Markets whose resolution was paid for."""

    def schedule(self, slot: int) -> int:
        """All that may have been emitted at a slot."""
        elapsed = slot - self.start_slot
        spans = (min(SEASON_SLOTS, max(0, elapsed - i * SEASON_SLOTS)) for i in range(len(self.rules.rates)))
        return sum(rate * span for rate, span in zip(self.rules.rates, spans, strict=True))

    def emit(self) -> None:
        """The keepers' part always, the stakers' while there are any."""
        amount = self.schedule(self.slot) - self.schedule(self.updated_slot)
        self.updated_slot = self.slot
        keepers = amount * self.rules.keepers_ppm // 10**6
        self.keeper_pot += keepers
        self.emitted += keepers
        if self.total_weight:
            growth, self.carry_q40 = divmod((amount - keepers) * Q40 + self.carry_q40, self.total_weight)
            self.per_weight_q40 += growth
            self.emitted += amount - keepers

    def owed(self, stake: Staked) -> int:
        """What a stake has earned by the last emission, rounded down."""
        return stake.rewards + stake.weight * (self.per_weight_q40 - stake.per_weight_q40) // Q40

    # Stakes

    def create_stake(self, who: Pubkey) -> None:
        """Open a stake."""
        require(who not in self.stakes, "AccountAlreadyInUse")
        self.stakes[who] = Staked(self.per_weight_q40)

    def close_stake(self, who: Pubkey) -> None:
        """Close an empty stake."""
        stake = self._stake(who)
        require(not (stake.amount or stake.unbonding or stake.rewards), "NotEmpty")
        del self.stakes[who]

    def stake(self, who: Pubkey, amount: int) -> None:
        """Stake from the wallet."""
        stake = self._stake(who)
        require(amount > 0, "ZeroAmount")
        require(amount <= self.wallets[who], "InsufficientFunds")
        require(stake.amount + amount >= MMT, "StakeTooSmall")
        self.wallets[who] -= amount
        self.emit()
        self._restake(stake, stake.amount + amount)

    def unstake(self, who: Pubkey, amount: int) -> None:
        """Stop staking; the cool-down starts anew for all."""
        stake = self._stake(who)
        require(amount > 0, "ZeroAmount")
        require(amount <= stake.amount, "InsufficientBalance")
        require(amount == stake.amount or stake.amount - amount >= MMT, "StakeTooSmall")
        self.emit()
        self._restake(stake, stake.amount - amount)
        stake.unbonding += amount
        stake.unlock_slot = self.slot + self.rules.cooldown_slots

    def withdraw_stake(self, who: Pubkey) -> None:
        """Take out what was unstaked."""
        stake = self._stake(who)
        require(stake.unbonding > 0, "ZeroAmount")
        require(self.slot >= stake.unlock_slot, "CoolingDown")
        self.wallets[who] += stake.unbonding
        stake.unbonding = 0

    def claim_rewards(self, who: Pubkey) -> None:
        """Pay what a stake has earned up to this slot."""
        stake = self._stake(who)
        self.emit()
        self._settle(stake)
        require(stake.rewards > 0, "ZeroAmount")
        self.paid += stake.rewards
        self.wallets[who] += stake.rewards
        stake.rewards = 0

    def _stake(self, who: Pubkey) -> Staked:
        require(who in self.stakes, MISSING)
        return self.stakes[who]

    def _settle(self, stake: Staked) -> None:
        stake.rewards, stake.per_weight_q40 = self.owed(stake), self.per_weight_q40

    def _restake(self, stake: Staked, amount: int) -> None:
        self._settle(stake)
        weight = amount * TENTHS[self.tier(amount)] // 10
        self.total_weight += weight - stake.weight
        stake.amount, stake.weight = amount, weight

    def tier(self, amount: int) -> int:
        """How many thresholds an amount reaches."""
        return sum(amount >= least for least in self.rules.tiers)
