"""Positions into as few transactions as hold them: what 1,232 bytes and the log's 10,000 allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain.queries import PACKET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from .picking import Candidate

__all__ = ["BATCH", "batches", "instructions_of"]

KEY: Final = 32
FRAME: Final = 1 + 64 + 3 + 2 + 32 + 2
"""Count and signature, header, two lengths, blockhash, number of instructions."""
BUDGET: Final = KEY + 8 + 12
"""The compute budget program and two of its instructions."""
CALL: Final = 1 + 1 + 1 + 8 + 2
"""Program, two lengths, data; a length may take two bytes."""
FIXED: Final = 4
BATCH: Final = 18
"""Positions of a transaction, at most: what each logs, its payment included, is below 500 bytes of text,
and events that did not fit the log could not be read from the chain again."""


class _Load:
    """A transaction that is being filled; the authority pays."""

    def __init__(self, authority: Pubkey, number: int) -> None:
        self._keys = {authority, at.archive(number), at.EXCHANGE}
        self._metas = 0
        self.markets: list[int] = []
        self.positions: list[Candidate] = []

    def fits(self, each: Candidate) -> bool:
        """Whether there is room for one more."""
        keys, metas, calls = self._with(each)
        size = FRAME + BUDGET + KEY * len(keys) + metas + CALL * calls
        return size <= PACKET and len(self.positions) < BATCH

    def add(self, each: Candidate) -> None:
        """Put it in."""
        self._keys, self._metas, _ = self._with(each)
        if each.market not in self.markets:
            self.markets.append(each.market)
        self.positions.append(each)

    def _with(self, each: Candidate) -> tuple[set[Pubkey], int, int]:
        market = each.market
        venue = {at.market(market), at.shard(at.shard_index(market))}
        keys = self._keys | venue | {each.owner, at.trader(each.owner), each.address}
        fresh = market not in self.markets
        return keys, self._metas + 3 + FIXED * fresh, len(self.markets) + fresh


def batches(candidates: Iterable[Candidate], authority: Pubkey, number: int) -> Iterator[Sequence[Candidate]]:
    """Candidates in their order, cut into what one transaction of the authority's holds."""
    load = _Load(authority, number)
    for each in candidates:
        if not load.fits(each):
            yield load.positions
            load = _Load(authority, number)
        load.add(each)
    if load.positions:
        yield load.positions


def instructions_of(batch: Sequence[Candidate], authority: Pubkey, number: int) -> list[Instruction]:
    """The instructions of a batch, one a market."""
    markets = list(dict.fromkeys(each.market for each in batch))
    return [
        ax.archive_positions(
            authority,
            number,
            market,
            [(each.owner, each.outcome, each.kind) for each in batch if each.market == market],
        )
        for market in markets
    ]
