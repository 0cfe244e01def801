"""What `verify` holds a cluster to: a table of rules, one function each. A new rule is a function and a line.

A rule looks at `Facts` and yields what is not as it must be. Those about the exchange are its charter's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.charter import items

if TYPE_CHECKING:
    from .facts import Facts

__all__ = ["RULES", "Finding", "Rule"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be; `subject` is a program's name or an account's address."""

    rule: str
    subject: str
    expected: str
    found: str
    is_program: bool = False


Check = Callable[["Facts"], Iterator[tuple[str, str, str]]]
"""Yields subject, expected and found."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its name, what it says, its function, and whether the facts at hand let it be asked at all."""

    name: str
    says: str
    check: Check
    exchange: bool = False
    is_program: bool = False
    asked: Callable[[Facts], bool] = lambda _: True

    def findings(self, facts: Facts) -> Iterator[Finding]:
        """What breaks the rule; nothing if it is not asked."""
        if not self.asked(facts):
            return
        for subject, expected, found in self.check(facts):
            yield Finding(self.name, subject, expected, found, self.is_program)


def _deployed(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for each in facts.programs:
        if each.account is None:
            yield each.artefact.name, f"a program at {each.artefact.address}", "nothing"
        elif each.state is None or not each.account.executable:
            yield each.artefact.name, "a program of the upgradeable loader", f"owner {each.account.owner}"
        elif each.account.data[4:36] != bytes(each.state.programdata):
            named = Pubkey.from_bytes(each.account.data[4:36])
            yield each.artefact.name, f"its binary in {each.state.programdata}", str(named)


def _bytes(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for each in facts.programs:
        if each.state is not None and not each.artefact.matches(each.state.binary):
            found = each.artefact.found(each.state.binary)
            yield each.artefact.name, f"sha256 {each.artefact.sha256}", f"sha256 {found}"


def _upgrade_authority(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for each in facts.programs:
        if each.state is not None and each.state.authority is not None:
            yield each.artefact.name, "nobody", str(each.state.authority)


def _buffers(facts: Facts) -> Iterator[tuple[str, str, str]]:
    for each in facts.buffers:
        yield str(each.address), f"no buffer of {each.authority}", f"{each.lamports} lamports in it"


def _initialized(facts: Facts) -> Iterator[tuple[str, str, str]]:
    held = facts.held
    exchange, mmt = "an exchange that is initialised", "MMT that is initialised"
    places = (
        (at.config(), held.config is None, exchange),
        (at.vault(), held.vault is None, exchange),
        (at.season(), held.season is None, mmt),
        (at.registry(), held.registry is None, mmt),
        (at.bootstrap(), held.bootstrap is None, mmt),
    )
    for address, missing, wanted in places:
        if missing:
            yield str(address), wanted, "nothing"


def _of(rule: str) -> Check:
    """What a charter and a chain say of a rule, where they differ."""

    def differs(facts: Facts) -> Iterator[tuple[str, str, str]]:
        for each in items(facts.expected, facts.held):
            if each.rule == rule and not each.same:
                yield each.account, each.expected, each.found or "nothing"

    return differs


def _has_exchange(facts: Facts) -> bool:
    return facts.held.config is not None


def _has_mmt(facts: Facts) -> bool:
    return facts.held.season is not None


def _launched(name: str, says: str, asked: Callable[[Facts], bool] = _has_exchange) -> Rule:
    """A rule about what a charter says."""
    return Rule(name, says, _of(name), exchange=True, asked=asked)


RULES: Final = (
    Rule("program", "each program is there, under the upgradeable loader", _deployed, is_program=True),
    Rule("bytes", "its bytes are those the manifest's sources give", _bytes, is_program=True),
    Rule("upgrade authority", "nobody can change it", _upgrade_authority, is_program=True),
    Rule("buffers", "the deployer has left no buffer behind", _buffers),
    Rule("initialised", "the exchange exists: nobody else can set it up", _initialized, exchange=True),
    _launched("admin", "nobody can appoint or configure"),
    _launched("parameters", "fees, coverage and limits are those of the launch"),
    _launched("shards", "all four ledgers have the same rules"),
    _launched(
        "operator",
        "who opens markets is who was named",
        lambda facts: _has_exchange(facts) and facts.expected.keys.operator is not None,
    ),
    _launched("token vault", "only the program can move the collateral"),
    _launched("collateral", "the collateral is the one that was named"),
    _launched("mmt", "nobody can make or freeze MMT, and its supply is whole", _has_mmt),
    _launched("sink", "nine tenths of MMT are beyond everybody's reach", _has_mmt),
    _launched("schedule", "emission and the duties of keepers are those of the launch", _has_mmt),
    _launched("bootstrap", "the launch pays what it was to pay, and that once", _has_mmt),
    _launched("mmt vaults", "only the program pays stakes, bonds and rewards, and it can", _has_mmt),
    _launched(
        "feeds",
        "feeds are those that were named, and so is who publishes",
        lambda facts: bool(facts.expected.feeds),
    ),
)
"""Every rule, in the order of the report."""
