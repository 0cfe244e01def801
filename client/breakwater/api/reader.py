"""An engine whose reads come out of snapshots, under the same code that quotes and reads markets elsewhere.

It reads only. Sending is the relay's, through the engine itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from solders.pubkey import Pubkey

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.queries import answers
from breakwater.errors import InvalidInput

from .snapshots import SlotTime, Snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from solana.rpc.async_api import AsyncClient
    from solana.rpc.types import MemcmpOpts
    from solders.account import Account
    from solders.signature import Signature
    from solders.transaction import VersionedTransaction

    from breakwater.chain.engine import Blockhash, RpcEngine

__all__ = ["CachedEngine"]

CLOCK = Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")
BLOCKHASH_S = 2.0
"""Age at which a blockhash to build with is replaced; it lives for about a minute."""

Query = tuple[Pubkey, str, tuple["MemcmpOpts", ...]]


@dataclass(frozen=True, slots=True)
class _Value:
    """As much of solana-py's answers as readers look at."""

    value: Any


class _Client:
    """Stands where readers expect solana-py's client."""

    def __init__(self, engine: CachedEngine) -> None:
        self._engine = engine

    async def get_multiple_accounts(self, addresses: list[Pubkey]) -> _Value:
        """Accounts, out of snapshots."""
        return _Value(await self._engine.accounts.many(addresses))

    async def get_program_accounts(
        self, program: Pubkey, *, encoding: str, filters: Sequence[MemcmpOpts]
    ) -> _Value:
        """A program's accounts, out of snapshots."""
        return _Value(await self._engine.queries.one((program, encoding, tuple(filters))))

    async def get_balance(self, address: Pubkey) -> _Value:
        """Lamports, out of snapshots."""
        account = await self._engine.accounts.one(address)
        return _Value(0 if account is None else account.lamports)

    async def simulate_transaction(self, transaction: VersionedTransaction) -> Any:
        """What the chain itself says now."""
        return await self._engine.source.client.simulate_transaction(transaction)


class CachedEngine:
    """Reads `source` through snapshots.

    Args:
        source: the engine behind.
        slots: for how many slots an answer stands.
        on_hit, on_miss: told the kind of answer, and how many were there or had to be fetched.
    """

    def __init__(
        self,
        source: EmbeddedEngine | RpcEngine,
        slots: int = 1,
        *,
        on_hit: Callable[[str, int], None] = lambda *_: None,
        on_miss: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self.source, self.name = source, source.name
        embedded = source if isinstance(source, EmbeddedEngine) else None
        self.time = SlotTime(slots, probe=None if embedded is None else lambda: embedded.clock.slot)

        def told(kind: str) -> dict[str, Callable[[int], None]]:
            return {"on_hit": lambda n: on_hit(kind, n), "on_miss": lambda n: on_miss(kind, n)}

        self.accounts: Snapshots[Pubkey, Account | None] = Snapshots(
            self._fetch, self.time, **told("account")
        )
        self.queries: Snapshots[Query, list[Any]] = Snapshots(self._query, self.time, **told("query"))
        self._slots: Snapshots[None, int] = Snapshots(self._slot, self.time, **told("slot"))
        self._blockhash: tuple[float, Blockhash] | None = None
        self._signing = asyncio.Lock()
        self.on_wrote: list[Callable[[], None]] = []
        self.client = cast("AsyncClient", _Client(self))

    async def data(self, *addresses: Pubkey) -> list[bytes | None]:
        """The data of up to 100 accounts, in order; None where there is none.

        Raises:
            Retryable: the node does not answer.
        """
        with answers():
            found = await self.accounts.many(addresses)
        return [None if each is None else bytes(each.data) for each in found]

    def wrote(self, addresses: Iterable[Pubkey], slot: int) -> None:
        """A transaction that landed in `slot` wrote these accounts."""
        self.time.learn(slot)
        self.accounts.forget(addresses)
        self.queries.forget()
        for each in self.on_wrote:
            each()

    async def latest_blockhash(self) -> Blockhash:
        """A blockhash young enough to sign with."""
        if isinstance(self.source, EmbeddedEngine):
            return self.source.clock.blockhash
        async with self._signing:
            now = self.time.clock()
            if self._blockhash is None or now - self._blockhash[0] > BLOCKHASH_S:
                self._blockhash = (now, await self.source.latest_blockhash())
            return self._blockhash[1]

    async def slot(self) -> int:
        """The current slot, or the one before."""
        return await self._slots.one(None)

    async def block_height(self) -> int:
        """The block height, asked for each time."""
        return await self.source.block_height()

    async def now(self) -> int:
        """The chain's Unix time, in seconds, as of the snapshot."""
        if isinstance(self.source, EmbeddedEngine):
            return self.source.clock.unix_timestamp
        (data,) = await self.data(CLOCK)
        return int.from_bytes((data or bytes(40))[32:40], "little", signed=True)

    async def airdrop(self, address: Pubkey, lamports: int) -> Signature:
        """Refused: nothing is sent through here."""
        raise InvalidInput(f"Fund {address} with {lamports} lamports elsewhere: this engine only reads.")

    async def close(self) -> None:
        """Nothing of its own to close."""

    async def _fetch(self, addresses: Sequence[Pubkey]) -> tuple[int, Sequence[Account | None]]:
        answer = await self.source.client.get_multiple_accounts(list(addresses))
        return answer.context.slot, answer.value

    async def _query(self, queries: Sequence[Query]) -> tuple[None, Sequence[list[Any]]]:
        async def one(program: Pubkey, encoding: str, filters: tuple[MemcmpOpts, ...]) -> list[Any]:
            answer = await self.source.client.get_program_accounts(
                program, encoding=encoding, filters=list(filters)
            )
            return list(answer.value)

        return None, [await one(*each) for each in queries]

    async def _slot(self, _: Sequence[None]) -> tuple[int, Sequence[int]]:
        slot = await self.source.slot()
        return slot, [slot]
