"""What the programs accept as rules, so that a mistake is named before it is sent.

The same ranges as in the exchange's `initialize`, `initialize_mmt` and `open_bootstrap`; the chain has the
last word.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from breakwater.chain.addresses import SHARDS
from breakwater.chain.mmt_instructions import MMT

if TYPE_CHECKING:
    from breakwater.chain.bootstrap_instructions import BootstrapRules
    from breakwater.chain.mmt_instructions import MmtRules
    from breakwater.chain.terms import Rules

__all__ = ["POOL", "SEASON_SLOTS", "checked_bootstrap", "checked_mmt", "checked_pool", "checked_rules"]

SEASON_SLOTS: Final = 38_880_000
POOL: Final = 10_000_000 * MMT
"""What rewards can be paid from."""

WHOLE_PPM: Final = 1_000_000
MAX_FEE_PPM: Final = 100_000
MAX_COST_PPM: Final = 100_000
MAX_EXCLUSIVE_SLOTS: Final = 10
MAX_PRUNE_AGE_S: Final = 365 * 24 * 60 * 60


def checked_rules(rules: Rules) -> Rules:
    """The rules, if the exchange takes them.

    Raises:
        ValueError: it would not.
    """
    _within(rules.min_coverage_q32, 1 << 29, 1 << 38, "min_coverage_q32")
    _within(rules.fee_base_ppm, 0, MAX_FEE_PPM, "fee_base_ppm")
    _within(rules.fee_slope_ppm, 0, MAX_FEE_PPM - rules.fee_base_ppm, "fee_slope_ppm")
    _within(rules.max_subsidy_ppm, 1, WHOLE_PPM, "max_subsidy_ppm")
    _within(rules.partial_ppm, 1, WHOLE_PPM, "partial_ppm")
    _within(rules.keeper_ppm, 0, MAX_COST_PPM, "keeper_ppm")
    _within(rules.insurance_ppm, 0, MAX_COST_PPM, "insurance_ppm")
    _within(rules.slot_ppm, 1, WHOLE_PPM, "slot_ppm")
    return rules


def checked_mmt(rules: MmtRules) -> MmtRules:
    """The rules of MMT and keepers, if the exchange takes them.

    Raises:
        ValueError: it would not.
    """
    for name, length in (("rates", 8), ("tiers", 3), ("task_rewards", 5)):
        if len(getattr(rules, name)) != length:
            raise ValueError(f"{name} has {length} numbers, not {len(getattr(rules, name))}")
    for name, value in asdict(rules).items():
        for each in value if isinstance(value, tuple | list) else (value,):
            _within(each, 0, 2**64 - 1, name)
    emitted = sum(rules.rates) * SEASON_SLOTS
    if emitted > POOL:
        raise ValueError(f"rates emit {emitted} over all seasons, and the pool holds {POOL}")
    if not MMT <= rules.tiers[0] < rules.tiers[1] < rules.tiers[2]:
        raise ValueError(f"tiers ascend, from at least {MMT}")
    for each in rules.task_rewards:
        _within(each, 0, POOL, "task_rewards")
    _within(rules.min_bond, MMT, POOL, "min_bond")
    _within(rules.exclusive_slots, 0, MAX_EXCLUSIVE_SLOTS, "exclusive_slots")
    _within(rules.max_claims, 1, 2**32 - 1, "max_claims")
    _within(rules.prune_age_s, 0, MAX_PRUNE_AGE_S, "prune_age_s")
    _within(rules.keepers_ppm, 0, WHOLE_PPM, "keepers_ppm")
    for name in ("cooldown_slots", "claim_slots", "heartbeat_slots", "suspension_slots", "expiry_slots"):
        _within(getattr(rules, name), 1, SEASON_SLOTS, name)
    return rules


def checked_bootstrap(rules: BootstrapRules) -> BootstrapRules:
    """The rules of the launch's incentives, if the exchange takes them.

    Raises:
        ValueError: it would not.
    """
    for name, value in asdict(rules).items():
        _within(value, 0, 2**64 - 1, name)
    _within(rules.min_fee, 1, rules.max_fee, "min_fee")
    _within(rules.mining_slots, 1, SEASON_SLOTS, "mining_slots")
    if rules.trade_credits % SHARDS:
        raise ValueError(f"trade_credits is a multiple of {SHARDS}, not {rules.trade_credits}")
    return rules


def checked_pool(mmt: MmtRules, bootstrap: BootstrapRules) -> None:
    """Make sure that schedule and launch together pay no more than there is.

    Raises:
        ValueError: they do.
    """
    emitted = sum(mmt.rates) * SEASON_SLOTS
    if emitted + bootstrap.budget > POOL:
        raise ValueError(
            f"mmt.rates emit {emitted} and bootstrap pays {bootstrap.budget}, and the pool holds {POOL}"
        )


def _within(value: int, least: int, most: int, name: str) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is from {least} to {most}, not {value}")
