"""What is remembered, as it is written: pools, threads, what each wallet holds, what is on its way, totals.

Amounts are units of their token, sides 0 for a and 1 for b, addresses base58.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Struct, field
from solders.keypair import Keypair
from solders.pubkey import Pubkey

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CORE",
    "OUTSIDE",
    "Changes",
    "Kind",
    "Pending",
    "PoolRecord",
    "Rates",
    "State",
    "Stats",
    "ThreadRecord",
    "Totals",
    "document",
    "parse",
]

CORE: Final = "core"
"""Whose wallet mints, funds and gets back."""
OUTSIDE: Final = "outside"
"""Everybody else: what was sent there is counted, not watched."""

Kind = Literal["deposit", "withdraw", "swap"]
State = Literal["stopped", "running", "paused", "failed", "emptying", "empty", "deleting"]
Changes = dict[str, dict[str, int]]
"""What a transaction adds to (or takes from) holders, by holder and mint."""

T = TypeVar("T", bound=Struct)


class PoolRecord(Struct):
    """A pool that is used; `mintable` says of which tokens the core wallet can make more.

    `whole` pools were created here, so that all there is of their LP tokens is with our wallets.
    """

    address: str
    owner: str
    number: int
    mints: tuple[str, str]
    lp_mints: tuple[str, str]
    vaults: tuple[str, str]
    ratio: tuple[int, int]
    decimals: tuple[int, int]
    fee_ppm: int
    mintable: tuple[bool, bool]
    whole: bool
    created_ms: int = 0
    reserve: tuple[int, int] = (0, 0)
    fees: tuple[int, int] = (0, 0)
    """Both as they were when the pool was taken in."""


class Rates(Struct, frozen=True):
    """How often and how much: pauses in ms, amounts in basis points of what the thread holds."""

    min_ms: int = 750
    max_ms: int = 2_000
    min_bps: int = 1
    max_bps: int = 500


class Stats(Struct):
    """What a thread has done."""

    operations: int = 0
    succeeded: int = 0
    refused: int = 0
    failed: int = 0
    verified: int = 0
    refills: int = 0
    top_ups: int = 0
    waits: int = 0
    volume: int = 0
    shared: int = 0
    compute_units: int = 0
    errors: dict[str, int] = field(default_factory=dict)


class ThreadRecord(Struct):
    """A thread: what it does on which side of a pool (a swap pays that side in), and its wallet's secret."""

    id: str
    kind: Kind
    pool: str
    side: int
    secret: str
    funding: int
    state: State = "stopped"
    rates: Rates = field(default_factory=Rates)
    share: bool = True
    created_ms: int = 0
    version: int = 0
    last_error: str = ""
    restarts: int = 0
    stats: Stats = field(default_factory=Stats)

    @property
    def key(self) -> Keypair:
        """The wallet's keys."""
        return Keypair.from_base58_string(self.secret)

    @property
    def wallet(self) -> Pubkey:
        """The wallet's address."""
        return Pubkey.from_bytes(bytes(self.key)[32:])


class Totals(Struct):
    """Of one pool, by side, since it was taken in: what came into its vaults and what left them."""

    operations: int = 0
    deposited: list[int] = field(default_factory=lambda: [0, 0])
    withdrawn: list[int] = field(default_factory=lambda: [0, 0])
    swapped_in: list[int] = field(default_factory=lambda: [0, 0])
    swapped_out: list[int] = field(default_factory=lambda: [0, 0])
    fees: list[int] = field(default_factory=lambda: [0, 0])
    minted: list[int] = field(default_factory=lambda: [0, 0])
    burned: list[int] = field(default_factory=lambda: [0, 0])

    def reserve(self, side: int) -> int:
        """What the reserve must have grown by; fees are what swaps paid to the pool's owner."""
        came = self.deposited[side] + self.swapped_in[side]
        return came - self.withdrawn[side] - self.swapped_out[side] - self.fees[side]


class Pending(Struct, frozen=True):
    """A transaction that was signed and whose fate is not known yet; `wire` is it, in base64."""

    signature: str
    last_valid_block_height: int
    thread: str
    what: str
    changes: Changes
    wire: str = ""
    pool: str = ""
    totals: dict[str, list[int]] = field(default_factory=dict)


def document(record: Struct) -> Any:
    """A record as plain values."""
    return msgspec.to_builtins(record)


def parse(kind: type[T], documents: Mapping[str, Any], prefix: str) -> dict[str, T]:
    """The records under a prefix, by the rest of their keys."""
    return {
        key.removeprefix(prefix): msgspec.convert(value, kind)
        for key, value in documents.items()
        if key.startswith(prefix)
    }
