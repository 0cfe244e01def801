"""Values -> `Instruction` for the launch: what trades and locked liquidity are paid, a function a verb.

Nothing here talks to a chain or signs. Fees and shares are micro-units, MMT billionths, times slots.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

from solders.instruction import AccountMeta, Instruction
from solders.system_program import ID as SYSTEM

from . import addresses as at
from .mmt_instructions import MMT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

__all__ = [
    "BootstrapRules",
    "claim_maker",
    "claim_trades",
    "close_maker",
    "create_maker",
    "lock_liquidity",
    "open_bootstrap",
    "unlock_liquidity",
]

UNIT: Final = 10**6


@dataclass(frozen=True, slots=True)
class BootstrapRules:
    """What a launch pays, fixed when it is opened; the schedule of `MmtRules` must leave so much of the pool.

    `trade_credits`: fees that are credited, micro-units, a multiple of 4; early trades count twice.
    `trade_rate`: billionths of an MMT for a unit of credit. `min_fee`, `max_fee`: what a trade's fee must be
    to count, and what counts of it at most. `mining_rate`: billionths of an MMT per slot, for `mining_slots`
    slots. `early_shares`: the first micro-shares of the vault that are locked, which weigh twice.
    """

    trade_credits: int = 20_000 * UNIT
    trade_rate: int = 20 * MMT
    min_fee: int = UNIT // 100
    max_fee: int = 20 * UNIT
    mining_rate: int = 30_864_197
    mining_slots: int = 19_440_000
    early_shares: int = 100_000 * UNIT

    @property
    def budget(self) -> int:
        """All that the launch can pay, billionths of an MMT."""
        trades = -(-self.trade_credits * self.trade_rate // UNIT)
        return trades + self.mining_rate * self.mining_slots


_NAMES: Final = (
    "open_bootstrap",
    "create_maker",
    "close_maker",
    "lock_liquidity",
    "unlock_liquidity",
    "claim_trades",
    "claim_maker",
)
_TAGS: Final = {name: hashlib.sha256(f"global:{name}".encode()).digest()[:8] for name in _NAMES}
_U64: Final = struct.Struct("<Q")
_RULES: Final = struct.Struct("<7Q")


def _w(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, signer, True)


def _r(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, signer, False)


def _exchange(name: str, accounts: Sequence[AccountMeta], data: bytes = b"") -> Instruction:
    return Instruction(at.EXCHANGE, _TAGS[name] + data, accounts)


def open_bootstrap(admin: Pubkey, mint: Pubkey, source: Pubkey, rules: BootstrapRules) -> Instruction:
    """Fix the rules and move all that they can pay from `source` into the reward vault."""
    accounts = [
        _w(admin, signer=True),
        _r(at.config()),
        _r(at.season()),
        _w(at.bootstrap()),
        *(_w(at.shard(i)) for i in range(at.SHARDS)),
        _w(source),
        _w(at.reward_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
        _r(SYSTEM),
    ]
    return _exchange("open_bootstrap", accounts, _RULES.pack(*astuple(rules)))


# Makers


def create_maker(owner: Pubkey) -> Instruction:
    """Open the maker account of the owner's trader."""
    trader = at.trader(owner)
    accounts = [
        _w(owner, signer=True),
        _r(trader),
        _r(at.bootstrap()),
        _w(at.maker(trader)),
        _r(SYSTEM),
    ]
    return _exchange("create_maker", accounts)


def close_maker(owner: Pubkey) -> Instruction:
    """Close the owner's empty maker account."""
    trader = at.trader(owner)
    return _exchange("close_maker", [_w(owner, signer=True), _r(trader), _w(at.maker(trader))])


def _locking(name: str, owner: Pubkey, shares: int) -> Instruction:
    trader = at.trader(owner)
    accounts = [_r(owner, signer=True), _w(trader), _w(at.maker(trader)), _w(at.bootstrap())]
    return _exchange(name, accounts, _U64.pack(shares))


def lock_liquidity(owner: Pubkey, shares: int) -> Instruction:
    """Lock shares of the vault; none or at least a thousand may be locked afterwards."""
    return _locking("lock_liquidity", owner, shares)


def unlock_liquidity(owner: Pubkey, shares: int) -> Instruction:
    """Take locked shares back into the trader's book."""
    return _locking("unlock_liquidity", owner, shares)


# Rewards


def _vault(destination: Pubkey, mint: Pubkey) -> list[AccountMeta]:
    return [_r(at.season()), _w(destination), _w(at.reward_vault()), _r(mint), _r(at.TOKEN_PROGRAM)]


def claim_trades(owner: Pubkey, destination: Pubkey, mint: Pubkey) -> Instruction:
    """Pay the owner's credited fees in MMT."""
    accounts = [_r(owner, signer=True), _w(at.trader(owner)), _w(at.bootstrap())]
    return _exchange("claim_trades", [*accounts, *_vault(destination, mint)])


def claim_maker(owner: Pubkey, destination: Pubkey, mint: Pubkey) -> Instruction:
    """Pay what the owner's locked liquidity has earned."""
    trader = at.trader(owner)
    accounts = [_r(owner, signer=True), _r(trader), _w(at.maker(trader)), _w(at.bootstrap())]
    return _exchange("claim_maker", [*accounts, *_vault(destination, mint)])
