"""Which positions and markets may be archived now, and by whom: the programs' rules, asked beforehand."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import accounts, kinds
from breakwater.chain import addresses as at
from breakwater.chain.archive_instructions import PRUNE_AGE_SLOTS
from breakwater.chain.queries import owned, read

from .leaves import DONE, LIVE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from breakwater.chain.engine import Engine

__all__ = ["Candidate", "Picked", "pick", "read_exchange"]

HOLDING: Final = struct.Struct("<32s32sQQQQBB2xI")
OPEN: Final = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A position that may be archived: where it is, whose, what its leaf will be."""

    address: Pubkey
    owner: Pubkey
    market: int
    outcome: int
    kind: int
    leaf: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Picked:
    """What may be archived, and how many positions may not, by reason; markets that are settled and empty."""

    positions: tuple[Candidate, ...]
    markets: tuple[tuple[int, Pubkey, bytes], ...] = ()
    """Number, who paid the rent, content."""
    refused: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[bytes, int] = field(default_factory=dict)
    """Markets' numbers by their addresses."""

    def without(self, contents: Container[bytes]) -> Picked:
        """The same, but for these contents."""
        positions = tuple(each for each in self.positions if each.content not in contents)
        markets = tuple(each for each in self.markets if each[2] not in contents)
        return replace(self, positions=positions, markets=markets)


@dataclass(frozen=True, slots=True)
class Books:
    """The accounts that decide: data by address, and the chain's time."""

    positions: list[tuple[Pubkey, bytes]]
    markets: dict[bytes, accounts.Market]
    contents: dict[bytes, bytes]
    owners: dict[bytes, Pubkey]
    slot: int
    now: int


async def read_exchange(engine: Engine, owner: Pubkey | None) -> Books:
    """The positions of an owner, or all, with their traders and markets.

    Raises:
        Retryable: the node does not answer.
    """
    slot, now = await engine.slot(), await engine.now()
    tag = kinds.filter_of("Position")
    if owner is None:
        positions = await owned(engine, at.EXCHANGE, tag)
        traders = await owned(engine, at.EXCHANGE, kinds.filter_of("Trader"))
        owners = {bytes(key): Pubkey.from_bytes(accounts.trader(data).owner) for key, data in traders}
        markets = await owned(engine, at.EXCHANGE, kinds.filter_of("Market"))
    else:
        trader = at.trader(owner)
        positions = await owned(engine, at.EXCHANGE, tag, (8, str(trader)))
        owners = {bytes(trader): owner}
        keys = sorted({data[40:72] for _, data in positions})
        found = await read(engine, [Pubkey.from_bytes(key) for key in keys])
        markets = [
            (Pubkey.from_bytes(key), data) for key, data in zip(keys, found, strict=True) if data is not None
        ]
    return Books(
        positions,
        {bytes(key): accounts.market(data) for key, data in markets},
        {bytes(key): data[8:] for key, data in markets},
        owners,
        slot,
        now,
    )


def pick(books: Books, authority: Pubkey, *, market: int | None = None) -> Picked:
    """What an authority may archive, sorted so that transactions share accounts.

    Args:
        books: the accounts.
        authority: who would sign.
        market: only this one's positions; None takes all markets.
    """
    refused: Counter[str] = Counter()
    found = []
    for address, data in books.positions:
        values = HOLDING.unpack_from(data, 8)
        held = books.markets.get(values[1])
        owner = books.owners.get(values[0])
        if held is None or owner is None or (market is not None and held.id != market):
            continue
        shares, _, debt, opened_slot, outcome, kind, generation = values[2:]
        settled = held.status != OPEN
        done = settled or (shares == 0 and debt == 0)
        mine, trades = owner == authority, not settled and books.now * 1000 < held.close_ms
        old = books.slot - opened_slot >= PRUNE_AGE_SLOTS
        if generation >= books.slot:
            refused["opened in this slot"] += 1
        elif not done and debt:
            refused["secures a loan"] += 1
        elif not mine and trades:
            refused["its market trades, and it is not yours"] += 1
        elif not old and not (mine and done):
            refused["traded within 30 days"] += 1
        else:
            leaf = DONE if done else LIVE
            found.append(Candidate(address, owner, held.id, outcome, kind, leaf, data[8:]))
    # by trader and not by owner: contents name the trader, and columns that ascend are short
    found.sort(key=lambda each: (each.market, each.content[:32], each.outcome, each.kind))
    numbers = {address: each.id for address, each in books.markets.items()}
    return Picked(tuple(found), tuple(_empty_markets(books, market)), dict(refused), numbers)


def _empty_markets(books: Books, only: int | None) -> Iterable[tuple[int, Pubkey, bytes]]:
    for address, held in books.markets.items():
        if held.status != OPEN and held.positions == 0 and only in (None, held.id):
            yield held.id, Pubkey.from_bytes(held.rent_payer), books.contents[address]
