"""What `verify` holds a cluster to: a table of rules, one function each. A new rule is a function and a line.

A rule looks at `Facts` and yields what is not as it must be. A power is something a key can still do; a power
that may remain is listed and is no finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at

if TYPE_CHECKING:
    from .facts import Facts, Mint

__all__ = ["RULES", "Finding", "Power", "Rule", "powers"]

NOBODY: Final = Pubkey.default()
COLLATERAL_DECIMALS: Final = 6
MMT_DECIMALS: Final = 9


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be; `subject` is a program's name or an account's address."""

    rule: str
    subject: str
    expected: str
    found: str
    is_program: bool = False


@dataclass(frozen=True, slots=True)
class Power:
    """Something a key can do after launch."""

    power: str
    account: str
    holder: str
    can: str


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
        """What breaks the rule."""
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
    for address, held in ((at.config(), facts.config), (at.vault(), facts.vault)):
        if held is None:
            yield str(address), "an exchange that is initialised", "nothing"


def _admin(facts: Facts) -> Iterator[tuple[str, str, str]]:
    if facts.config is not None and any(facts.config.admin):
        yield str(at.config()), "nobody", str(Pubkey.from_bytes(facts.config.admin))


def _parameters(facts: Facts) -> Iterator[tuple[str, str, str]]:
    if facts.config is None:
        return
    for name, expected in asdict(facts.expected.rules).items():
        found = getattr(facts.config, name, "not on the chain")
        if found != expected:
            yield str(at.config()), f"{name} {expected}", f"{name} {found}"


def _operator(facts: Facts) -> Iterator[tuple[str, str, str]]:
    expected = facts.expected.keys.operator
    if facts.config is not None and expected is not None:
        found = str(Pubkey.from_bytes(facts.config.operator))
        if found != expected:
            yield str(at.config()), expected, found


def _token_vault(facts: Facts) -> Iterator[tuple[str, str, str]]:
    address, held = str(at.token_vault()), facts.token_vault
    if facts.config is None or facts.vault is None:
        return
    if held is None or facts.vault.token_account != bytes(at.token_vault()):
        yield address, "the vault's token account", "none, or another"
        return
    if held.owner != at.vault():
        yield address, f"owner {at.vault()}", f"owner {held.owner}"
    if bytes(held.mint) != facts.config.mint:
        yield address, f"mint {Pubkey.from_bytes(facts.config.mint)}", f"mint {held.mint}"
    for what, key in (("delegate", held.delegate), ("close authority", held.close_authority)):
        if key is not None:
            yield address, f"no {what}", f"{what} {key}"
    if held.frozen:
        yield address, "an account that can pay", "frozen"


def _collateral(facts: Facts) -> Iterator[tuple[str, str, str]]:
    if facts.config is None:
        return
    address, keys, mint = str(Pubkey.from_bytes(facts.config.mint)), facts.expected.keys, facts.collateral
    if keys.collateral_mint not in (None, address):
        yield address, f"collateral {keys.collateral_mint}", address
    if mint is None or mint.program != at.TOKEN_PROGRAM or mint.decimals != COLLATERAL_DECIMALS:
        yield address, f"a mint of the token program with {COLLATERAL_DECIMALS} decimals", "something else"
    elif keys.collateral_fixed:
        yield from _authorities(mint)


def _mmt(facts: Facts) -> Iterator[tuple[str, str, str]]:
    keys, mint = facts.expected.keys, facts.mmt
    if keys.mmt_mint is None:
        return
    if mint is None or mint.program != at.TOKEN_PROGRAM:
        yield keys.mmt_mint, "a mint of the token program", "something else"
        return
    yield from _authorities(mint)
    if mint.decimals != MMT_DECIMALS:
        yield keys.mmt_mint, f"{MMT_DECIMALS} decimals", f"{mint.decimals} decimals"
    if mint.supply != keys.mmt_supply:
        yield keys.mmt_mint, f"a supply of {keys.mmt_supply}", f"a supply of {mint.supply}"


def _authorities(mint: Mint) -> Iterator[tuple[str, str, str]]:
    for what, key in (("mint authority", mint.mint_authority), ("freeze authority", mint.freeze_authority)):
        if key is not None:
            yield str(mint.address), f"no {what}", f"{what} {key}"


def _feeds(facts: Facts) -> Iterator[tuple[str, str, str]]:
    held = {feed.name: (address, feed) for address, feed in facts.feeds}
    for expected in facts.expected.feeds:
        if expected.name not in held:
            yield str(at.feed(expected.name)), f"the feed {expected.name}", "nothing"
            continue
        address, feed = held[expected.name]
        for what, wanted, key in (
            ("publisher", expected.publisher, feed.publisher),
            ("authority", expected.authority, feed.authority),
        ):
            found = str(Pubkey.from_bytes(key))
            if wanted not in (None, found):
                yield str(address), f"{what} {wanted}", f"{what} {found}"


def _has_exchange(facts: Facts) -> bool:
    return facts.config is not None


RULES: Final = (
    Rule("program", "each program is there, under the upgradeable loader", _deployed, is_program=True),
    Rule("bytes", "its bytes are those the manifest's sources give", _bytes, is_program=True),
    Rule("upgrade authority", "nobody can change it", _upgrade_authority, is_program=True),
    Rule("buffers", "the deployer has left no buffer behind", _buffers),
    Rule("initialised", "the exchange exists: nobody else can set it up", _initialized, exchange=True),
    Rule("admin", "nobody can appoint or configure", _admin, exchange=True, asked=_has_exchange),
    Rule(
        "parameters",
        "fees, coverage and limits are those of the launch",
        _parameters,
        exchange=True,
        asked=_has_exchange,
    ),
    Rule(
        "operator",
        "who opens markets is who was named",
        _operator,
        exchange=True,
        asked=lambda facts: facts.config is not None and facts.expected.keys.operator is not None,
    ),
    Rule(
        "token vault",
        "only the program can move the collateral",
        _token_vault,
        exchange=True,
        asked=_has_exchange,
    ),
    Rule(
        "collateral",
        "the collateral is the one that was named",
        _collateral,
        exchange=True,
        asked=_has_exchange,
    ),
    Rule(
        "mmt",
        "nobody can make or freeze MMT, and its supply is whole",
        _mmt,
        exchange=True,
        asked=lambda facts: facts.expected.keys.mmt_mint is not None,
    ),
    Rule(
        "feeds",
        "who publishes is who was named",
        _feeds,
        exchange=True,
        asked=lambda facts: bool(facts.expected.feeds),
    ),
)
"""Every rule, in the order of the report."""


def powers(facts: Facts) -> list[Power]:
    """Every power that a key holds after launch, and who holds it."""
    found = []

    def add(power: str, account: object, holder: Pubkey | bytes | None, can: str) -> None:
        key = Pubkey.from_bytes(holder) if isinstance(holder, bytes) else holder
        if key is not None and key != NOBODY:
            found.append(Power(power, str(account), str(key), can))

    for each in facts.programs:
        if each.state is not None:
            add("upgrade authority", each.artefact.address, each.state.authority, "replace the program")
    if facts.config is not None:
        share = facts.config.max_subsidy_ppm / 10_000
        add("admin", at.config(), facts.config.admin, "appoint the operator, or renounce")
        opens = f"open markets, each with at most {share:g} % of a shard's cash as its subsidy"
        add("operator", at.config(), facts.config.operator, opens)
    for address, feed in facts.feeds:
        add("publisher", address, feed.publisher, f"publish {feed.name}, which settles its markets")
        add("feed authority", address, feed.authority, f"name another publisher of {feed.name}")
    for mint, what in ((facts.collateral, "collateral"), (facts.mmt, "MMT")):
        if mint is not None:
            add("mint authority", mint.address, mint.mint_authority, f"make more {what}")
            add("freeze authority", mint.address, mint.freeze_authority, f"freeze anybody's {what}")
    if facts.token_vault is not None:
        add("delegate", at.token_vault(), facts.token_vault.delegate, "spend collateral")
        add("close authority", at.token_vault(), facts.token_vault.close_authority, "close the account")
    if facts.token_program is not None:
        held = facts.token_program.authority
        add("upgrade authority", at.TOKEN_PROGRAM, held, "replace the token program, for everybody on it")
    return found
