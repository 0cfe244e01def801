"""Every power that a key holds over a launched exchange. One that may remain is listed, and is no finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts

__all__ = ["Power", "powers"]

NOBODY: Final = Pubkey.default()

Held = Pubkey | bytes | None
Found = tuple[str, Pubkey, Held, str]
"""A power, its account, its key, and what it can do."""


@dataclass(frozen=True, slots=True)
class Power:
    """Something a key can do after launch."""

    power: str
    account: str
    holder: str
    can: str


def powers(facts: Facts) -> list[Power]:
    """Every power that a key holds after launch, and who holds it."""
    found = [*_programs(facts), *_exchange(facts), *_feeds(facts), *_tokens(facts)]
    return [Power(name, str(account), str(_key(key)), can) for name, account, key, can in found if _live(key)]


def _key(held: Held) -> Pubkey | None:
    return Pubkey.from_bytes(held) if isinstance(held, bytes) else held


def _live(held: Held) -> bool:
    return _key(held) not in (None, NOBODY)


def _programs(facts: Facts) -> Iterator[Found]:
    for each in facts.programs:
        if each.state is not None:
            yield "upgrade authority", each.artefact.address, each.state.authority, "replace the program"


def _exchange(facts: Facts) -> Iterator[Found]:
    config = facts.held.config
    if config is not None:
        yield "admin", at.config(), config.admin, "appoint the operator, or renounce"
        share = f"{config.max_subsidy_ppm / 10_000:g} %"
        opens = f"open markets, each with at most {share} of a shard's cash as its subsidy"
        yield "operator", at.config(), config.operator, opens
    for keeper in facts.keepers:
        yield "keeper", keeper.account, keeper.authority, "claim tasks, and be paid for those it completes"


def _feeds(facts: Facts) -> Iterator[Found]:
    for address, feed in facts.feeds:
        yield "publisher", address, feed.publisher, f"publish {feed.name}, which settles its markets"
        yield "feed authority", address, feed.authority, f"name another publisher of {feed.name}"


def _tokens(facts: Facts) -> Iterator[Found]:
    held = facts.held
    for mint, what in ((held.collateral, "collateral"), (held.mmt, "MMT")):
        if mint is not None:
            yield "mint authority", mint.address, mint.mint_authority, f"make more {what}"
            yield "freeze authority", mint.address, mint.freeze_authority, f"freeze anybody's {what}"
    vaults = (
        (held.token_vault, "collateral"),
        (held.stake_vault, "stakes and bonds"),
        (held.reward_vault, "rewards"),
        (held.sink, "what was sunk"),
    )
    for each, what in vaults:
        if each is not None:
            yield "delegate", each.address, each.delegate, f"spend {what}"
            yield "close authority", each.address, each.close_authority, f"close the account of {what}"
    if facts.token_program is not None:
        key = facts.token_program.authority
        yield "upgrade authority", at.TOKEN_PROGRAM, key, "replace the token program, for everybody on it"
