"""What a chain holds of an exchange, read without any key and without judging it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_accounts
from breakwater.chain import keeper_accounts as mmt_layouts
from breakwater.chain.mmt_mint import MINT_SPACE, TOKEN_SPACE, sink
from breakwater.chain.queries import read_accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from solders.account import Account

    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from .schema import Charter

__all__ = ["Held", "Mint", "TokenAccount", "read_held"]

FROZEN: Final = 2

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Mint:
    """A mint; authorities are None once nobody holds them. `program` owns it."""

    address: Pubkey
    program: Pubkey
    supply: int
    decimals: int
    mint_authority: Pubkey | None
    freeze_authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """A token account; `frozen` ones can neither pay nor be paid."""

    address: Pubkey
    mint: Pubkey
    owner: Pubkey
    amount: int
    delegate: Pubkey | None
    close_authority: Pubkey | None
    frozen: bool


@dataclass(frozen=True, slots=True)
class Held:
    """One look at an exchange. What does not exist is None; `feeds` are those that were asked for.

    `launches` is what each shard keeps of the launch.
    """

    config: layouts.Config | None
    vault: layouts.Vault | None
    token_vault: TokenAccount | None
    shards: tuple[layouts.Shard | None, ...]
    season: mmt_layouts.Season | None
    registry: mmt_layouts.Registry | None
    bootstrap: bootstrap_accounts.Bootstrap | None
    launches: tuple[bootstrap_accounts.Launch | None, ...]
    stake_vault: TokenAccount | None
    reward_vault: TokenAccount | None
    collateral: Mint | None
    mmt: Mint | None
    sink: TokenAccount | None
    feeds: tuple[tuple[Pubkey, layouts.Feed], ...]

    @property
    def renounced(self) -> bool:
        """Whether the exchange exists and nobody administrates it."""
        return self.config is not None and not any(self.config.admin)

    @property
    def coverage_q32(self) -> int:
        """The least that any shard publishes; 0 where there is none."""
        return min((each.coverage_q32 for each in self.shards if each is not None), default=0)


async def read_held(engine: EmbeddedEngine | RpcEngine, charter: Charter) -> Held:
    """Read an exchange.

    Args:
        engine: where.
        charter: names the feeds, and the mints to look at while the exchange does not.
    """
    shards = [at.shard(i) for i in range(at.SHARDS)]
    feeds = [at.feed(each.name) for each in charter.feeds]
    places = [
        at.config(),
        at.vault(),
        at.token_vault(),
        at.season(),
        at.registry(),
        at.bootstrap(),
        at.stake_vault(),
        at.reward_vault(),
    ]
    found = dict(
        zip(
            [*places, *shards, *feeds],
            await read_accounts(engine, [*places, *shards, *feeds]),
            strict=True,
        )
    )
    config = _decoded(found[at.config()], at.EXCHANGE, layouts.config)
    season = _decoded(found[at.season()], at.EXCHANGE, mmt_layouts.season)
    collateral = _named(None if config is None else config.mint, charter.keys.collateral_mint)
    mmt = _named(None if season is None else season.mint, charter.keys.mmt_mint)
    sunk = None if mmt is None else sink(mmt) if season is None else Pubkey.from_bytes(season.sink)
    wanted = [each for each in (collateral, mmt, sunk) if each is not None]
    money = dict(zip(wanted, await read_accounts(engine, wanted), strict=True))
    decoded = [(each, _decoded(found[each], at.ORACLE, layouts.feed)) for each in feeds]
    return Held(
        config=config,
        vault=_decoded(found[at.vault()], at.EXCHANGE, layouts.vault),
        token_vault=_tokens(at.token_vault(), found[at.token_vault()]),
        shards=tuple(_decoded(found[each], at.EXCHANGE, layouts.shard) for each in shards),
        season=season,
        registry=_decoded(found[at.registry()], at.EXCHANGE, mmt_layouts.registry),
        bootstrap=_decoded(found[at.bootstrap()], at.EXCHANGE, bootstrap_accounts.bootstrap),
        launches=tuple(_decoded(found[each], at.EXCHANGE, bootstrap_accounts.launch) for each in shards),
        stake_vault=_tokens(at.stake_vault(), found[at.stake_vault()]),
        reward_vault=_tokens(at.reward_vault(), found[at.reward_vault()]),
        collateral=None if collateral is None else _mint(collateral, money[collateral]),
        mmt=None if mmt is None else _mint(mmt, money[mmt]),
        sink=None if sunk is None else _tokens(sunk, money[sunk]),
        feeds=tuple((address, feed) for address, feed in decoded if feed is not None),
    )


def _named(held: bytes | None, expected: str | None) -> Pubkey | None:
    if held is not None:
        return Pubkey.from_bytes(held)
    return None if expected is None else Pubkey.from_string(expected)


def _decoded(account: Account | None, owner: Pubkey, decode: Callable[[bytes], Value]) -> Value | None:
    return None if account is None or account.owner != owner else decode(account.data)


def _mint(address: Pubkey, account: Account | None) -> Mint | None:
    if account is None or len(account.data) < MINT_SPACE:
        return None
    data = account.data
    return Mint(
        address,
        account.owner,
        layouts.mint_supply(data),
        data[44],
        _optional(data, 0),
        _optional(data, 46),
    )


def _tokens(address: Pubkey, account: Account | None) -> TokenAccount | None:
    if account is None or account.owner != at.TOKEN_PROGRAM or len(account.data) < TOKEN_SPACE:
        return None
    data = account.data
    return TokenAccount(
        address,
        Pubkey.from_bytes(data[:32]),
        Pubkey.from_bytes(data[32:64]),
        layouts.token_amount(data),
        _optional(data, 72),
        _optional(data, 129),
        frozen=data[108] == FROZEN,
    )


def _optional(data: bytes, offset: int) -> Pubkey | None:
    """An address behind a four-byte flag."""
    start = offset + 4
    return Pubkey.from_bytes(data[start : start + 32]) if data[offset] else None
