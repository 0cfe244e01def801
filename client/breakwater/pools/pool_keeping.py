"""The service's pools: made, taken in, forgotten; and tokens made for anybody."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.errors import InvalidInput

from . import moves, venues
from .moves import Wallet
from .reader import ata
from .records import OUTSIDE, document

if TYPE_CHECKING:
    from breakwater.chain.sender import Sender

    from .books import Books
    from .reader import Reader
    from .records import PoolRecord, ThreadRecord
    from .store import Store

__all__ = ["PoolKeeping"]


class PoolKeeping:
    """The part of the service that keeps its pools."""

    store: Store
    books: Books
    reader: Reader
    core: Wallet
    pools: dict[str, PoolRecord]
    threads: dict[str, ThreadRecord]
    _sender: Sender
    _naming: asyncio.Lock

    async def create_pool(
        self, decimals: tuple[int, int], tokens: tuple[int, int], fee_ppm: int
    ) -> PoolRecord:
        """Make a pool with two mints of its own; `tokens[0]` whole tokens a are worth `tokens[1]` of b."""
        terms = venues.terms_of(decimals, tokens, fee_ppm)
        async with self._naming:
            number = int(self.store.documents.get("next_pool", secrets.randbits(40)))
            self.store.commit({"next_pool": number + 1})
        return await self._take_in(await venues.create(self._sender, self.core, number, decimals, terms))

    async def import_pool(self, address: str) -> PoolRecord:
        """Take in a pool that exists, after looking at everything about it."""
        if address in self.pools:
            return self.pools[address]
        return await self._take_in(await venues.examine(self.reader, self.core, address))

    async def _take_in(self, record: PoolRecord) -> PoolRecord:
        self.pools[record.address] = record
        self.store.commit({f"pools/{record.address}": document(record)})
        view = await self.reader.pool(record)
        if view is not None:
            self.books.views[record.address] = view
        return record

    async def clean_up(self) -> list[str]:
        """Forget the pools that are gone and have no threads."""
        gone = []
        for address, record in list(self.pools.items()):
            there = await venues.is_there(self.reader, record)
            if (
                there
                or address not in self.pools
                or any(each.pool == address for each in self.threads.values())
            ):
                continue
            gone.append(address)
            self.pools.pop(address, None)
            self.store.commit({f"pools/{address}": None, f"totals/{address}": None})
        return gone

    def pool(self, address: str) -> PoolRecord:
        """A pool that is known.

        Raises:
            InvalidInput: it is not.
        """
        if address not in self.pools:
            raise InvalidInput(f"Create or import pool {address} first.")
        return self.pools[address]

    async def mint_and_send(self, address: str, side: int, to: str, amount: int) -> str:
        """Make tokens of a pool's side for anybody; the transaction's signature.

        Raises:
            InvalidInput: the core wallet can't make them, or the address is none.
        """
        pool = self.pool(address)
        if not pool.mintable[side] or amount <= 0:
            raise InvalidInput("Name a side whose tokens the core wallet can make, and an amount above zero.")
        try:
            receiver = Pubkey.from_string(to)
        except ValueError:
            raise InvalidInput(f"Give the receiver's address in base58, not {to!r}.") from None
        ours = next((w for w in self.books.wallets.values() if w.address == receiver), None)
        if ours is None:
            (there,) = await self.reader.accounts([receiver])
            if there is not None and there.owner == str(at.TOKEN_PROGRAM):
                raise InvalidInput(f"Name a wallet: {to} is a token account or a mint itself.")
        who = ours or Wallet(OUTSIDE, self.core.key, receiver)
        mint = pool.mints[side]
        await self.books.run(moves.open_accounts(self.core, who, [mint]))
        given = moves.give(self.core, who.name, ata(receiver, Pubkey.from_string(mint)), pool, side, amount)
        return str((await self.books.run(given)).signature)
