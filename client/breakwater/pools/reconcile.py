"""Do all sums come out? Everything held, everything that exists, everything that was ever counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey

from .records import OUTSIDE, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .books import Books
    from .records import PoolRecord

__all__ = ["Reconciliation", "reconcile"]


@dataclass(slots=True)
class Reconciliation:
    """What was compared and what did not come out; `lost_units` is the sum of all differences.

    `donated_units` is what somebody sent straight into vaults: it is the pool owner's, and nobody's loss.
    """

    accounts: int = 0
    sums: int = 0
    lost_units: int = 0
    donated_units: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is missing anywhere."""
        return not self.differences

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "ok": self.ok,
            "accounts": self.accounts,
            "sums": self.sums,
            "lost_units": self.lost_units,
            "donated_units": self.donated_units,
            "differences": self.differences,
        }

    def compare(self, what: str, booked: int, found: int) -> None:
        """One sum."""
        self.sums += 1
        if booked != found:
            self.lost_units += abs(booked - found)
            self.differences.append(f"{what}: booked {booked}, found {found}")


async def reconcile(books: Books, pools: Iterable[PoolRecord]) -> Reconciliation:
    """Compare the books with the chain while nothing moves.

    For every wallet and mint: what is booked is what its account holds. For every pool: the vaults hold what
    is booked on the chain or more, and its reserves and fees grew by what was counted. For every token made
    here: what exists is what our wallets, the vaults and those outside have.

    Raises:
        Retryable: the node does not answer.
    """
    found = Reconciliation()
    records = list(pools)
    everybody = {*books.wallets, *books.balances, OUTSIDE}
    async with books.locked(everybody):
        chain = await _holdings(books, records, found)
        for record in records:
            await _pool(books, record, chain, found)
    return found


async def _holdings(
    books: Books, records: list[PoolRecord], found: Reconciliation
) -> dict[tuple[str, str], int]:
    """What every wallet holds of every mint, on the chain."""
    mints = list(dict.fromkeys(mint for each in records for mint in (*each.mints, *each.lp_mints)))
    pairs = [(name, mint) for name in books.wallets for mint in mints]
    accounts = await books.reader.accounts([books.wallets[name].tokens(mint) for name, mint in pairs])
    chain = {
        pair: 0 if account is None else account.amount for pair, account in zip(pairs, accounts, strict=True)
    }
    found.accounts = sum(each is not None for each in accounts)
    for (name, mint), amount in chain.items():
        found.compare(f"{name} holds {mint}", books.held(name, mint), amount)
    return chain


async def _pool(
    books: Books, record: PoolRecord, chain: dict[tuple[str, str], int], found: Reconciliation
) -> None:
    view = await books.reader.pool(record)
    if view is None:
        return
    totals = books.totals.get(record.address, Totals())
    mints = await books.reader.accounts([Pubkey.from_string(each) for each in record.mints])
    for side in (0, 1):
        name = f"{record.address} side {'ab'[side]}"
        booked = view.pool.reserve[side] + view.pool.fees[side]
        donated = max(0, view.held[side] - booked)
        found.donated_units += donated
        found.compare(f"{name}, vault", booked, view.held[side] - donated)
        if not record.whole:
            continue
        grown = record.reserve[side] + totals.reserve(side)
        found.compare(f"{name}, reserve", grown, view.pool.reserve[side])
        found.compare(f"{name}, fees", record.fees[side] + totals.fees[side], view.pool.fees[side])
        ours = sum(amount for (_, mint), amount in chain.items() if mint == record.mints[side])
        outside = books.held(OUTSIDE, record.mints[side])
        mint = mints[side]
        supply = mint.supply if mint is not None else 0
        # who sent something into a vault is booked as having it still
        found.compare(f"{name}, all tokens", ours + outside + booked, supply)
        found.compare(f"{name}, tokens made", totals.minted[side] - totals.burned[side], supply)
        claims = sum(amount for (_, mint), amount in chain.items() if mint == record.lp_mints[side])
        found.compare(f"{name}, LP tokens", claims, view.supply[side])
