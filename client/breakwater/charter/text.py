"""The genesis file with every name in it, each with its default and a word about it."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from .schema import Charter, FeedTerms

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["default_text"]

COLUMN: Final = 34
HEAD: Final = """\
# What an exchange is launched with, for good. What a file leaves out has the value it has here.
# To compare it with a cluster: breakwater genesis FILE --dry-run. To hold one to it: verify --genesis FILE.
"""
SECTIONS: Final = {
    "start": "What it begins with. Nothing else is possible.",
    "rules": "Fees, lending, liquidation. ppm: parts per million, 100 ppm are one basis point.",
    "token": "MMT, in whole tokens and slots of 0.4 s. Built into the program.",
    "mmt": "Emission and the duties of keepers. Amounts in billionths of an MMT, times in slots.",
    "bootstrap": "What early trades and locked liquidity are paid, once. Fees and shares in millionths.",
    "keys": "Base58. A key that is left out is the payer's.",
}
WORDS: Final = {
    "coverage": "no debt, no loans",
    "vault": "liquidity comes from providers, afterwards",
    "min_coverage_q32": "free vault over debt at risk below which nothing is lent; 4294967296 is 1",
    "fee_base_ppm": "3 basis points of every trade",
    "fee_slope_ppm": "and up to 25 more, the less the vault covers: base + slope e^(-3 coverage)",
    "max_subsidy_ppm": "of a shard's cash, for one market",
    "partial_ppm": "of a position, in a partial liquidation",
    "keeper_ppm": "of a liquidation's notional, to the keeper",
    "insurance_ppm": "of it, to the insurance fund",
    "slot_ppm": "of a market's liquidity, at most liquidated in a slot",
    "sunk": "in a token account that nobody can sign for",
    "season_slots": "half a year",
    "rates": "a slot, season by season; together at most ten million MMT",
    "tiers": "stakes at which tiers 1 to 3 begin",
    "task_rewards": "of a task, by kind: liquidation, stop, price update, resolution, pruning",
    "min_bond": "of a keeper",
    "cooldown_slots": "until stakes and bonds are free",
    "claim_slots": "from a claim to its deadline",
    "exclusive_slots": "in which a task is one keeper's",
    "max_claims": "that one keeper may hold",
    "heartbeat_slots": "of silence that a keeper may keep",
    "suspension_slots": "that a suspended keeper waits",
    "expiry_slots": "after which a task that nobody did may be removed",
    "prune_age_s": "seconds from a market's end to its removal",
    "keepers_ppm": "of the emission, to keepers; the rest is the stakers'",
    "trade_credits": "fees that are credited, early ones twice; a multiple of 4",
    "trade_rate": "billionths of an MMT for a unit of credit",
    "min_fee": "of a trade that counts",
    "max_fee": "that counts of a trade",
    "mining_rate": "billionths of an MMT per slot, to locked liquidity",
    "mining_slots": "for so long",
    "early_shares": "of the vault that are locked first, and weigh twice",
    "operator": "opens markets",
    "collateral_mint": "6 decimals; genesis needs it",
    "collateral_fixed": "true: nobody may mint or freeze the collateral",
    "mmt_mint": "made by genesis",
    "name": "at most 32 bytes; first come, first served",
    "exponent": "of the unit: -2 is cents",
    "max_age_s": "after which a price is not fresh any more",
    "publisher": "publishes; the operator's key if left out",
    "authority": "may name another publisher; the payer's key if left out",
}


def default_text() -> str:
    """The defaults as TOML; reading it gives `Charter()`."""
    charter = Charter()
    parts = [HEAD]
    for name, words in SECTIONS.items():
        parts.append(f"\n# {words}\n[{name}]\n" + _table(_fields(getattr(charter, name)), ""))
    feed = _fields(FeedTerms(name="BTC/USD"))
    parts.append("\n# Any number of feeds.\n# [[feeds]]\n" + _table(feed, "# "))
    return "".join(parts)


def _fields(value: Any) -> Mapping[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    fields: dict[str, Any] = value.model_dump()
    return fields


def _table(fields: Mapping[str, Any], indent: str) -> str:
    lines = []
    for name, value in fields.items():
        line = f"{indent}{'# ' if value is None and not indent else ''}{name} = {_toml(value)}"
        words = WORDS.get(name)
        if words and len(line) > COLUMN:
            lines.append(f"{indent}# {name}: {words}")
            words = None
        lines.append(f"{line:<{COLUMN}}  # {words}" if words else line)
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if value is None:
        return '"..."'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:_}"
    if isinstance(value, str):
        return f'"{value}"'
    return "[" + ", ".join(_toml(each) for each in value) + "]"
