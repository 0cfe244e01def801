"""What kind of account some data are, for readers that follow a whole program."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import based58

from . import accounts, keeper_accounts, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["KINDS", "Stop", "decode", "discriminator", "filter_of", "stop"]


@dataclass(frozen=True, slots=True)
class Stop:
    """An owner's standing order; prices in units of 2^-28, `side` 0 stops a loss, 1 takes a profit."""

    position: bytes
    shares: int
    tip: int
    trigger_q28: int
    limit_q28: int
    side: int
    owner: bytes = b""
    generation: int = 0


def stop(data: bytes) -> Stop:
    """Decode a standing order."""
    fields = accounts.read_fields("Stop", data)
    names = ("position", "shares", "tip", "trigger_q28", "limit_q28", "side", "owner", "generation")
    return Stop(*(fields[name] for name in names))


KINDS: Final[Mapping[str, Callable[[bytes], Any]]] = {
    "Chain": accounts.chain,
    "Config": accounts.config,
    "Feed": accounts.feed,
    "Keeper": keeper_accounts.keeper,
    "Market": accounts.market,
    "Position": accounts.position,
    "Registry": keeper_accounts.registry,
    "Season": keeper_accounts.season,
    "Shard": accounts.shard,
    "Stop": stop,
    "Task": keeper_accounts.task,
    "Trader": accounts.trader,
}
"""Decoders by the account's name in the IDL."""


@lru_cache
def discriminator(name: str) -> bytes:
    """The first eight bytes of such an account."""
    idl = programs.idl("oracle" if name == "Feed" else "exchange")
    return next(bytes(each["discriminator"]) for each in idl["accounts"] if each["name"] == name)


@lru_cache
def _by_tag() -> dict[bytes, str]:
    return {discriminator(name): name for name in KINDS}


def filter_of(name: str) -> tuple[int, str]:
    """What `queries.owned` finds such accounts with."""
    return 0, based58.b58encode(discriminator(name)).decode()


def decode(data: bytes) -> tuple[str, Any] | None:
    """Name and value of an account of either program; None for kinds that nobody has to follow."""
    name = _by_tag().get(bytes(data[:8]))
    return None if name is None else (name, KINDS[name](bytes(data)))
