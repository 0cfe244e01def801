"""A million addresses of every kind that takes seeds: how fast, and whether any two are the same."""

from __future__ import annotations

import hashlib
import itertools
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at

__all__ = ["AddressFigures", "derive_many"]

CHUNK: Final = 5_000
KINDS: Final = tuple(sorted(kind for kind, row in at.TABLE.items() if row.seeds and row.seeds[0][1] != "u8"))
"""Kinds of which there are any number; the four shards are counted beside."""


@dataclass(frozen=True, slots=True)
class AddressFigures:
    """How many were derived, how many of them had been before, and how fast; seconds are the clock's.

    `digest` is the SHA-256 of all addresses in their order; `programs/exchange/tests/addresses.rs` finds the
    same in Rust from the same table.
    """

    derived: int
    collisions: int
    seconds: float
    processes: int
    cached_ns: float
    kinds: dict[str, int]
    digest: str

    @property
    def per_second(self) -> float:
        """Derivations a second, all processes together."""
        return self.derived / self.seconds

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"per_second": self.per_second}


def derive_many(count: int = 1_000_000, *, processes: int | None = None) -> AddressFigures:
    """Derive so many addresses from different seeds, spread over the kinds, and look for equal ones.

    Ids count up and 32-byte seeds differ in their first bytes alone; every kind gets the same ones, so that
    only its text keeps it apart from the others.

    Args:
        count: addresses.
        processes: to share the work; None takes one a core.
    """
    workers = processes or os.cpu_count() or 1
    chunks = [(first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    began = time.perf_counter()
    made: dict[str, int] = {}
    seen: set[bytes] = set()
    digest = hashlib.sha256()
    for kinds, addresses in _derived(chunks, workers):
        seen.update(addresses)
        digest.update(b"".join(addresses))
        for kind, number in kinds.items():
            made[kind] = made.get(kind, 0) + number
    seconds = time.perf_counter() - began
    return AddressFigures(
        derived=sum(made.values()),
        collisions=count - len(seen),
        seconds=seconds,
        processes=workers,
        cached_ns=_cached_ns(),
        kinds=dict(sorted(made.items())),
        digest=digest.hexdigest(),
    )


Chunk = tuple[dict[str, int], list[bytes]]


def _derived(chunks: list[tuple[int, int]], workers: int) -> Iterator[Chunk]:
    if workers == 1:
        yield from itertools.starmap(_chunk, chunks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_chunk, *zip(*chunks, strict=True))


def _chunk(first: int, end: int) -> Chunk:
    kinds: dict[str, int] = {}
    addresses = []
    for number in range(first, end):
        if number < at.SHARDS:
            kind, values = "shard", (number,)
        else:
            kind = KINDS[number % len(KINDS)]
            values = tuple(_value(each, number) for _, each in at.TABLE[kind].seeds)
        row = at.TABLE[kind]
        addresses.append(bytes(Pubkey.find_program_address(row.encode(values), row.program)[0]))
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds, addresses


def _value(kind: str, number: int) -> Any:
    """A seed for the account of this number; bytes of one are its low and high bits, so that they differ."""
    index = number // len(KINDS)
    if kind == "u64":
        return index
    if kind == "u8":
        return index & 1
    return index.to_bytes(32, "little")


def _cached_ns(rounds: int = 20_000) -> float:
    """Nanoseconds that the derivation of a known address takes."""
    owner = Pubkey.from_bytes(bytes(range(32)))
    at.trader(owner)
    began = time.perf_counter()
    for _ in range(rounds):
        at.trader(owner)
    return (time.perf_counter() - began) / rounds * 1e9
