"""Addresses of everything the programs own, derived from one table of seeds.

The table is `addresses.json`: for each kind of account its program, the text that its seeds begin with, and
the names and types of those behind it. The programs' own tests derive from the same file. Deriving searches
for a bump and costs tens of microseconds, so every derivation is cached.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey

__all__ = [
    "EXCHANGE",
    "LOADER",
    "ORACLE",
    "POOLS",
    "SHARDS",
    "TABLE",
    "TOKEN_PROGRAM",
    "Row",
    "archive",
    "bootstrap",
    "chain",
    "config",
    "derive",
    "development_keypair",
    "feed",
    "feed_id",
    "keeper",
    "maker",
    "market",
    "mmt_sink",
    "pool",
    "pool_lp_mint",
    "pool_vault",
    "position",
    "position_bump",
    "program_data",
    "registry",
    "reward_vault",
    "season",
    "shard",
    "shard_index",
    "stake",
    "stake_vault",
    "stop",
    "task",
    "token_vault",
    "trader",
    "vault",
]

ORACLE = Pubkey.from_string("CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo")
EXCHANGE = Pubkey.from_string("FSJ4dNaQjgZNkZN92PD1x6xamyjZkx6ATvY4HTKRJKq6")
POOLS = Pubkey.from_string("GPPw5QpFBXaPSeZ9crh1jELNnQyZ6onGd35psjAceqrh")
LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")

SHARDS = 4
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_WORD = 2**64


def development_keypair(program: str) -> Keypair:
    """The key pair of a program's development address.

    It is derived from the program's name, so anybody has it: good for local clusters and worthless elsewhere.
    A launch builds the programs for addresses whose keys it made itself.
    """
    return Keypair.from_seed(hashlib.sha256(f"breakwater development program: {program}".encode()).digest())


ENCODED: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "address": bytes,
    "bytes32": lambda value: bytes(value).ljust(32, b"\0"),
    "u8": lambda value: value.to_bytes(1, "little"),
    "u64": lambda value: value.to_bytes(8, "little"),
}
"""Types of the table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of account: its program, what its seeds begin with, and names and types of the others."""

    program: Pubkey
    text: bytes
    seeds: tuple[tuple[str, str], ...]

    def encode(self, values: tuple[Any, ...]) -> list[bytes]:
        """The seeds for these values.

        Raises:
            ValueError: there are more or fewer values than seeds.
        """
        pairs = zip(self.seeds, values, strict=True)
        return [self.text, *(ENCODED[kind](value) for (_, kind), value in pairs)]


def _table() -> dict[str, Row]:
    owners = {"oracle": ORACLE, "exchange": EXCHANGE, "pools": POOLS}
    written: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_suffix(".json").read_text())
    return {
        name: Row(
            owners[row["program"]], row["text"].encode(), tuple((seed, kind) for seed, kind in row["seeds"])
        )
        for name, row in written.items()
    }


TABLE: Final[Mapping[str, Row]] = _table()
"""Every kind of account by name."""


@lru_cache(maxsize=1 << 16)
def derive(name: str, *values: Any) -> Pubkey:
    """The address of the account of that kind and these values, which are the table's seeds.

    Raises:
        KeyError: there is no such kind.
        ValueError, OverflowError: the values are not those of its seeds.
    """
    row = TABLE[name]
    return Pubkey.find_program_address(row.encode(values), row.program)[0]


def feed_id(name: str) -> bytes:
    """A feed's 32-byte id: its name in UTF-8, padded with zeros.

    Raises:
        ValueError: the name is longer than 32 bytes.
    """
    raw = name.encode()
    if len(raw) > 32:
        raise ValueError(f"a feed's name has at most 32 bytes, {name!r} has {len(raw)}")
    return raw.ljust(32, b"\0")


def feed(name: str) -> Pubkey:
    """The feed of that name."""
    return derive("feed", feed_id(name))


@lru_cache(maxsize=1 << 16)
def program_data(program: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps a program's binary and says who may replace it."""
    return Pubkey.find_program_address([bytes(program)], LOADER)[0]


def config() -> Pubkey:
    """The exchange's rules."""
    return derive("config")


def vault() -> Pubkey:
    """The liquidity providers' ledger, which also signs for the token vault."""
    return derive("vault")


def token_vault() -> Pubkey:
    """The one token account that holds all collateral."""
    return derive("token_vault")


def shard(index: int) -> Pubkey:
    """Shard `index`, 0 to 3."""
    return derive("shard", index)


def shard_index(market_id: int) -> int:
    """The shard a market is booked in: the two top bits of a multiplicative hash of its id."""
    return (market_id * _GOLDEN % _WORD) >> 62


def trader(owner: Pubkey) -> Pubkey:
    """An owner's trader account."""
    return derive("trader", owner)


def market(market_id: int) -> Pubkey:
    """The market of that id (u64)."""
    return derive("market", market_id)


def position(trader_account: Pubkey, market_account: Pubkey, outcome: int, kind: int) -> Pubkey:
    """A trader's position in a market's outcome; `kind` 0 is spot, 1 leveraged."""
    return derive("position", trader_account, market_account, outcome, kind)


def chain(trader_account: Pubkey, number: int) -> Pubkey:
    """A trader's chain of that number (u64)."""
    return derive("chain", trader_account, number)


def stop(position_account: Pubkey, side: int) -> Pubkey:
    """A position's standing order: side 0 stops a loss, 1 takes a profit."""
    return derive("stop", position_account, side)


def position_bump(trader_account: Pubkey, market_account: Pubkey, outcome: int, kind: int) -> int:
    """The bump of a position's address."""
    seeds = TABLE["position"].encode((trader_account, market_account, outcome, kind))
    return Pubkey.find_program_address(seeds, EXCHANGE)[1]


def season() -> Pubkey:
    """MMT's schedule and ledger, which also signs for its two vaults."""
    return derive("season")


def registry() -> Pubkey:
    """The keepers on duty and their rules."""
    return derive("registry")


def stake_vault() -> Pubkey:
    """The token account of stakes and bonds."""
    return derive("stake_vault")


def reward_vault() -> Pubkey:
    """The token account that rewards are paid from."""
    return derive("reward_vault")


def mmt_sink() -> Pubkey:
    """Owner of the sink's token account; nothing ever signs for it."""
    return derive("mmt_sink")


def stake(owner: Pubkey) -> Pubkey:
    """An owner's stake of MMT."""
    return derive("stake", owner)


def keeper(authority: Pubkey) -> Pubkey:
    """The keeper account of an authority."""
    return derive("keeper", authority)


def task(subject: Pubkey, kind: int) -> Pubkey:
    """The task of that kind about an account."""
    return derive("task", subject, kind)


def pool(owner: Pubkey, number: int) -> Pubkey:
    """An owner's pool of that number (u64)."""
    return derive("pool", owner, number)


def pool_vault(pool_account: Pubkey, side: int) -> Pubkey:
    """The token account that holds a pool's side: 0 is a, 1 is b."""
    return derive("pool_vault", pool_account, side)


def pool_lp_mint(pool_account: Pubkey, side: int) -> Pubkey:
    """The mint of the claims on a pool's side."""
    return derive("pool_lp_mint", pool_account, side)


def bootstrap() -> Pubkey:
    """What a launch pays and has paid."""
    return derive("bootstrap")


def maker(trader_account: Pubkey) -> Pubkey:
    """A trader's locked liquidity."""
    return derive("maker", trader_account)


def archive(number: int) -> Pubkey:
    """The archive of that number (u64)."""
    return derive("archive", number)
