"""A charter and a chain side by side: one item for every value, under the rule that it belongs to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import mmt_mint

from .limits import SEASON_SLOTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .held import Held, Mint, TokenAccount
    from .schema import Charter

__all__ = ["Item", "items"]

COLLATERAL_DECIMALS: Final = 6
REGISTRY: Final = (
    "min_bond",
    "claim_slots",
    "exclusive_slots",
    "max_claims",
    "heartbeat_slots",
    "suspension_slots",
    "expiry_slots",
    "prune_age_s",
)
"""The rules of duty that the registry keeps; the other ones of MMT are the season's."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value: what the charter wants at an account and what is there, None where nothing is.

    `rule` is one of "admin", "parameters", "operator", "shards", "token vault", "collateral", "mmt", "sink",
    "schedule", "bootstrap", "mmt vaults", "feeds".
    """

    rule: str
    account: str
    expected: str
    found: str | None

    @property
    def same(self) -> bool:
        """Whether the chain has it as it is wanted."""
        return self.expected == self.found


def items(charter: Charter, held: Held) -> Iterator[Item]:
    """Everything that a charter says, beside what a chain holds; what it leaves open is left out."""
    yield _item("admin", at.config(), "nobody", None if held.config is None else _nobody(held.config.admin))
    yield from _values("parameters", at.config(), asdict(charter.rules), held.config)
    if charter.keys.operator is not None:
        operator = None if held.config is None else str(Pubkey.from_bytes(held.config.operator))
        yield _item("operator", at.config(), charter.keys.operator, operator)
    yield from _shards(charter, held)
    yield from _token_vault(held)
    yield from _collateral(charter, held)
    yield from _mmt(charter, held)
    yield from _sink(charter, held)
    rules = asdict(charter.mmt)
    registry = {name: rules.pop(name) for name in REGISTRY}
    yield from _values("schedule", at.season(), rules, held.season)
    yield from _values("schedule", at.registry(), registry, held.registry)
    yield from _bootstrap(charter, held)
    yield from _mmt_vaults(charter, held)
    yield from _feeds(charter, held)


def _item(rule: str, account: object, expected: str, found: str | None) -> Item:
    return Item(rule, str(account), expected, found)


def _nobody(key: bytes) -> str:
    return str(Pubkey.from_bytes(key)) if any(key) else "nobody"


def _values(rule: str, account: Pubkey, wanted: dict[str, Any], held: object | None) -> Iterator[Item]:
    """Fields of an account by their names."""
    for name, value in wanted.items():
        found = None if held is None else f"{name} {_shown(getattr(held, name, 'not on the chain'))}"
        yield _item(rule, account, f"{name} {_shown(value)}", found)


def _shown(value: Any) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, tuple | list) else str(value)


def _shards(charter: Charter, held: Held) -> Iterator[Item]:
    rules = asdict(charter.rules)
    copied = ("min_coverage_q32", "partial_ppm", "keeper_ppm", "insurance_ppm", "slot_ppm")
    for index, shard in enumerate(held.shards):
        place = at.shard(index)
        yield _item("shards", place, f"shard {index}", None if shard is None else f"shard {shard.index}")
        if shard is not None:
            yield from _values("shards", place, {name: rules[name] for name in copied}, shard)


def _token_vault(held: Held) -> Iterator[Item]:
    place, tokens = at.token_vault(), held.token_vault
    known = held.vault is not None and held.vault.token_account == bytes(place)
    if held.config is None or tokens is None or not known:
        found = None if held.config is None else "none, or another"
        yield _item("token vault", place, "the vault's token account", found)
        return
    yield from _custody("token vault", tokens, at.vault(), Pubkey.from_bytes(held.config.mint))
    yield _item("token vault", place, "an account that can pay", _pays(tokens))


def _pays(tokens: TokenAccount) -> str:
    return "frozen" if tokens.frozen else "an account that can pay"


def _custody(rule: str, tokens: TokenAccount, owner: Pubkey, mint: Pubkey) -> Iterator[Item]:
    """An account that only `owner` can spend from."""
    yield _item(rule, tokens.address, f"owner {owner}", f"owner {tokens.owner}")
    yield _item(rule, tokens.address, f"mint {mint}", f"mint {tokens.mint}")
    for what, key in (("delegate", tokens.delegate), ("close authority", tokens.close_authority)):
        yield _item(rule, tokens.address, f"no {what}", f"no {what}" if key is None else f"{what} {key}")


def _collateral(charter: Charter, held: Held) -> Iterator[Item]:
    keys, mint = charter.keys, held.collateral
    if held.config is not None:
        address = str(Pubkey.from_bytes(held.config.mint))
        if keys.collateral_mint is not None:
            yield _item("collateral", address, f"collateral {keys.collateral_mint}", f"collateral {address}")
    elif keys.collateral_mint is not None:
        address = keys.collateral_mint
        yield _item("collateral", address, f"collateral {address}", None)
    else:
        return
    wanted = f"a mint of the token program with {COLLATERAL_DECIMALS} decimals"
    if mint is None or mint.program != at.TOKEN_PROGRAM or mint.decimals != COLLATERAL_DECIMALS:
        yield _item("collateral", address, wanted, "something else")
        return
    yield _item("collateral", address, wanted, wanted)
    if keys.collateral_fixed:
        yield from _authorities("collateral", mint)


def _mmt_address(charter: Charter, held: Held) -> Pubkey | None:
    if held.season is not None:
        return Pubkey.from_bytes(held.season.mint)
    return None if charter.keys.mmt_mint is None else Pubkey.from_string(charter.keys.mmt_mint)


def _mmt(charter: Charter, held: Held) -> Iterator[Item]:
    address, mint = _mmt_address(charter, held), held.mmt
    if address is None:
        return
    if held.season is not None and charter.keys.mmt_mint is not None:
        yield _item("mmt", address, f"MMT {charter.keys.mmt_mint}", f"MMT {address}")
    wanted = "a mint of the token program"
    if mint is None:
        yield _item("mmt", address, wanted, None)
        return
    if mint.program != at.TOKEN_PROGRAM:
        yield _item("mmt", address, wanted, "something else")
        return
    yield from _authorities("mmt", mint)
    token = charter.token
    yield _item("mmt", address, f"{token.decimals} decimals", f"{mint.decimals} decimals")
    supply = token.supply * 10**token.decimals
    yield _item("mmt", address, f"a supply of {supply}", f"a supply of {mint.supply}")


def _authorities(rule: str, mint: Mint) -> Iterator[Item]:
    for what, key in (("mint authority", mint.mint_authority), ("freeze authority", mint.freeze_authority)):
        yield _item(rule, mint.address, f"no {what}", f"no {what}" if key is None else f"{what} {key}")


def _sink(charter: Charter, held: Held) -> Iterator[Item]:
    address, tokens, least = _mmt_address(charter, held), held.sink, f"at least {mmt_mint.SUNK} sunk"
    if address is None or tokens is None:
        yield _item("sink", at.mmt_sink(), least, None)
        return
    yield from _custody("sink", tokens, at.mmt_sink(), address)
    found = least if tokens.amount >= mmt_mint.SUNK else f"{tokens.amount} sunk"
    yield _item("sink", tokens.address, least, found)


def _bootstrap(charter: Charter, held: Held) -> Iterator[Item]:
    rules, opened = charter.bootstrap, held.bootstrap
    fixed = ("trade_credits", "trade_rate", "mining_rate")
    wanted = {name: getattr(rules, name) for name in fixed} | {"budget": rules.budget}
    yield from _values("bootstrap", at.bootstrap(), wanted, opened)
    slots = None if opened is None else f"mining_slots {opened.end_slot - opened.start_slot}"
    yield _item("bootstrap", at.bootstrap(), f"mining_slots {rules.mining_slots}", slots)
    # of the early places some may be taken: what early shares weigh beyond once is locked early
    early = None if opened is None else opened.early_shares + opened.total_weight - opened.locked
    found = None if early is None else f"early_shares {early}"
    yield _item("bootstrap", at.bootstrap(), f"early_shares {rules.early_shares}", found)
    if opened is not None:
        for index, launch in enumerate(held.launches):
            fees = {"min_fee": rules.min_fee, "max_fee": rules.max_fee}
            yield from _values("bootstrap", at.shard(index), fees, launch)


def _mmt_vaults(charter: Charter, held: Held) -> Iterator[Item]:
    """The reward vault has what the schedule may still pay; both vaults obey the program alone."""
    for place, tokens in ((at.reward_vault(), held.reward_vault), (at.stake_vault(), held.stake_vault)):
        if tokens is None or held.season is None:
            found = None if held.season is None else "none, or another"
            yield _item("mmt vaults", place, "a token account of the season", found)
        else:
            yield from _custody("mmt vaults", tokens, at.season(), Pubkey.from_bytes(held.season.mint))
    if held.season is not None and held.reward_vault is not None:
        owed = sum(charter.mmt.rates) * SEASON_SLOTS - held.season.paid
        if held.bootstrap is not None:
            owed += held.bootstrap.budget - held.bootstrap.paid_traders - held.bootstrap.paid_makers
        wanted = f"at least {owed} for rewards"
        amount = held.reward_vault.amount
        found = wanted if amount >= owed else f"{amount} for rewards"
        yield _item("mmt vaults", at.reward_vault(), wanted, found)


def _feeds(charter: Charter, held: Held) -> Iterator[Item]:
    known = {feed.name: (address, feed) for address, feed in held.feeds}
    for wanted in charter.feeds:
        place = at.feed(wanted.name)
        if wanted.name not in known:
            yield _item("feeds", place, f"the feed {wanted.name}", None)
            continue
        address, feed = known[wanted.name]
        keys = (
            ("publisher", wanted.publisher, feed.publisher),
            ("authority", wanted.authority, feed.authority),
        )
        for what, key, held_key in keys:
            if key is not None:
                yield _item("feeds", address, f"{what} {key}", f"{what} {Pubkey.from_bytes(held_key)}")
        numbers = {"exponent": wanted.exponent, "max_age_s": wanted.max_age_s}
        yield from _values("feeds", address, numbers, feed)
