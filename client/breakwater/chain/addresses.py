"""Addresses of everything the programs own, derived from one table of seeds.

Deriving searches for a bump and costs tens of microseconds, so every derivation is cached.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from solders.keypair import Keypair
from solders.pubkey import Pubkey

__all__ = [
    "EXCHANGE",
    "LOADER",
    "ORACLE",
    "POOLS",
    "SHARDS",
    "TOKEN_PROGRAM",
    "bootstrap",
    "chain",
    "config",
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


@lru_cache(maxsize=1 << 16)
def _derive(program: Pubkey, *seeds: bytes) -> Pubkey:
    return Pubkey.find_program_address(list(seeds), program)[0]


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
    return _derive(ORACLE, b"feed", feed_id(name))


def program_data(program: Pubkey) -> Pubkey:
    """Where the upgradeable loader keeps a program's binary and says who may replace it."""
    return _derive(LOADER, bytes(program))


def config() -> Pubkey:
    """The exchange's rules."""
    return _derive(EXCHANGE, b"config")


def vault() -> Pubkey:
    """The liquidity providers' ledger, which also signs for the token vault."""
    return _derive(EXCHANGE, b"vault")


def token_vault() -> Pubkey:
    """The one token account that holds all collateral."""
    return _derive(EXCHANGE, b"token_vault")


def shard(index: int) -> Pubkey:
    """Shard `index`, 0 to 3."""
    return _derive(EXCHANGE, b"shard", bytes([index]))


def shard_index(market_id: int) -> int:
    """The shard a market is booked in: the two top bits of a multiplicative hash of its id."""
    return (market_id * _GOLDEN % _WORD) >> 62


def trader(owner: Pubkey) -> Pubkey:
    """An owner's trader account."""
    return _derive(EXCHANGE, b"trader", bytes(owner))


def market(market_id: int) -> Pubkey:
    """The market of that id (u64)."""
    return _derive(EXCHANGE, b"market", market_id.to_bytes(8, "little"))


def position(trader_account: Pubkey, market_account: Pubkey, outcome: int, kind: int) -> Pubkey:
    """A trader's position in a market's outcome; `kind` 0 is spot, 1 leveraged."""
    return _derive(
        EXCHANGE, b"position", bytes(trader_account), bytes(market_account), bytes([outcome, kind])
    )


def chain(trader_account: Pubkey, number: int) -> Pubkey:
    """A trader's chain of that number (u64)."""
    return _derive(EXCHANGE, b"chain", bytes(trader_account), number.to_bytes(8, "little"))


def stop(position_account: Pubkey, side: int) -> Pubkey:
    """A position's standing order: side 0 stops a loss, 1 takes a profit."""
    return _derive(EXCHANGE, b"stop", bytes(position_account), bytes([side]))


def position_bump(trader_account: Pubkey, market_account: Pubkey, outcome: int, kind: int) -> int:
    """The bump of a position's address."""
    seeds = [b"position", bytes(trader_account), bytes(market_account), bytes([outcome, kind])]
    return Pubkey.find_program_address(seeds, EXCHANGE)[1]


def season() -> Pubkey:
    """MMT's schedule and ledger, which also signs for its two vaults."""
    return _derive(EXCHANGE, b"season")


def registry() -> Pubkey:
    """The keepers on duty and their rules."""
    return _derive(EXCHANGE, b"registry")


def stake_vault() -> Pubkey:
    """The token account of stakes and bonds."""
    return _derive(EXCHANGE, b"stake_vault")


def reward_vault() -> Pubkey:
    """The token account that rewards are paid from."""
    return _derive(EXCHANGE, b"reward_vault")


def mmt_sink() -> Pubkey:
    """Owner of the sink's token account; nothing ever signs for it."""
    return _derive(EXCHANGE, b"mmt_sink")


def stake(owner: Pubkey) -> Pubkey:
    """An owner's stake of MMT."""
    return _derive(EXCHANGE, b"stake", bytes(owner))


def keeper(authority: Pubkey) -> Pubkey:
    """The keeper account of an authority."""
    return _derive(EXCHANGE, b"keeper", bytes(authority))


def task(subject: Pubkey, kind: int) -> Pubkey:
    """The task of that kind about an account."""
    return _derive(EXCHANGE, b"task", bytes(subject), bytes([kind]))


def pool(owner: Pubkey, number: int) -> Pubkey:
    """An owner's pool of that number (u64)."""
    return _derive(POOLS, b"pool", bytes(owner), number.to_bytes(8, "little"))


def pool_vault(pool_account: Pubkey, side: int) -> Pubkey:
    """The token account that holds a pool's side: 0 is a, 1 is b."""
    return _derive(POOLS, b"vault", bytes(pool_account), bytes([side]))


def pool_lp_mint(pool_account: Pubkey, side: int) -> Pubkey:
    """The mint of the claims on a pool's side."""
    return _derive(POOLS, b"lp", bytes(pool_account), bytes([side]))


def bootstrap() -> Pubkey:
    """What a launch pays and has paid."""
    return _derive(EXCHANGE, b"bootstrap")


def maker(trader_account: Pubkey) -> Pubkey:
    """A trader's locked liquidity."""
    return _derive(EXCHANGE, b"maker", bytes(trader_account))
