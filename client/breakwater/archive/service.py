"""Archives positions and markets, proves them, and gets them back: the store on this machine and the chain
together.

The order is what makes it safe: contents are on the disk before a transaction leaves, and what the chain
did is written down when its events are known. Whoever is killed in between reads the chain the next time
and goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import accounts, archive_accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.queries import genesis_hash, read, simulate
from breakwater.errors import BreakwaterError, Fatal, InvalidInput, ProgramError

from .leaves import DONE, LIVE, MARKET, Leaf
from .packing import BATCH, batches, instructions_of
from .store import Store
from .tree import folded, hidden
from .watch import changes_of, filled, read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import RpcEngine
    from breakwater.chain.sender import Sender

    from .picking import Picked
    from .tree import Proof

__all__ = [
    "Archive",
    "Pruned",
    "market_of",
    "numbers_of",
    "open_chain_archive",
    "place_of",
    "read_archive",
    "somebody",
]

GROUP: Final = 256
"""Transactions between two writings of what landed."""
COMPUTE: Final = 6_000 * BATCH + 12_000
"""Compute units of a transaction: the dearest position, paid out on the way, takes about 3,300."""
SYNC_TRIES: Final = 40
SYNC_PAUSE_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a pruning did; `failed` says of what was refused why, by the error's sentence."""

    positions: int
    markets: int
    transactions: int
    failed: dict[str, int]


async def read_archive(engine: EmbeddedEngine | RpcEngine, number: int = 0) -> archive_accounts.Archive:
    """An archive's account.

    Raises:
        InvalidInput: it is not open.
    """
    (data,) = await read(engine, [at.archive(number)])
    if data is None or len(data) != archive_accounts.BYTES:
        raise InvalidInput(f"Run breakwater archive open first: this exchange has no archive {number}.")
    return archive_accounts.archive(data)


async def open_chain_archive(sender: Sender, payer: Keypair, number: int = 0) -> int:
    """Make an archive; how many steps were left to do. Anybody may, and pays 0.63 SOL of rent for good.

    Raises:
        ProgramError: it is open, or the one before it has room.
    """
    (data,) = await read(sender.engine, [at.archive(number)])
    done = 0 if data is None else -(-len(data) // 10_240)
    steps = [ax.open_archive(payer.pubkey(), number)] * max(1, ax.OPENINGS - done)
    await sender.send(steps, [payer])
    return len(steps)


async def place_of(engine: EmbeddedEngine | RpcEngine, cache: Path, number: int = 0) -> tuple[Path, str]:
    """Where the store of an archive is kept by default, and what it calls the cluster."""
    cluster = f"{await genesis_hash(engine)} {at.EXCHANGE}"
    name = f"{cluster[:8]}-{str(at.EXCHANGE)[:8]}-{number}"
    return cache / "archive" / name, cluster


class Archive:
    """One archive: its store, and the chain it is on.

    Args:
        engine: the chain.
        store: of this archive.
        progress: told what is being done.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        store: Store,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.engine, self.store, self._progress = engine, store, progress

    @property
    def number(self) -> int:
        """The archive's."""
        return self.store.number

    async def sync(self) -> archive_accounts.Archive:
        """Read from the chain what the store does not know yet, and compare both.

        Raises:
            Fatal: the node has forgotten, or store and chain disagree.
        """
        for _ in range(SYNC_TRIES):
            now = await read_archive(self.engine, self.number)
            if now.sequence < self.store.sequence:
                await asyncio.sleep(SYNC_PAUSE_S)  # a node that is behind the one that told us
                continue
            if (now.sequence, now.length) != (self.store.sequence, self.store.length):
                await self._read_on(now)
            if now.sequence == self.store.sequence:
                if self.store.hidden:
                    self.store.learn(archive_accounts.known(now))
                if now.root != self.store.tree.root and not self.store.doubtful:
                    raise self._another()
                return now
            await asyncio.sleep(SYNC_PAUSE_S)
        raise Fatal("Ask another node: this one does not tell all that happened to the archive.")

    def _another(self) -> Fatal:
        return Fatal(
            "Run breakwater archive rebuild, and if it says the same rebuild --from-chain: "
            f"{self.store.directory} is not the chain's."
        )

    async def _read_on(self, now: archive_accounts.Archive) -> None:
        store, (_, until) = self.store, self.store.cursor
        told, newest = await read_history(self.engine, at.archive(self.number), until, self._progress)
        changes, whole = filled(told, now, store.sequence, store.length)
        if changes:
            store.land(changes, cursor=newest if whole else None)

    async def prune(self, sender: Sender, key: Keypair, picked: Picked) -> Pruned:
        """Archive what was picked: contents to the disk first, then transaction by transaction.

        What the programs refuse, because it has changed since it was picked, is counted and left alone.

        Raises:
            Retryable: the node does not answer any more; what landed is found the next time.
        """
        before = self.store.length
        await self.sync()
        # what a process that was killed had sent may have landed since this was picked
        landed = {self.store.leaf(index).content for index in range(before, self.store.length)}
        picked = picked.without(landed)
        for leaf in (LIVE, DONE):
            contents = [each.content for each in picked.positions if each.leaf == leaf]
            self.store.prepare(leaf, contents, picked.numbers)
        self.store.prepare(MARKET, [content for _, _, content in picked.markets])
        authority, number = key.pubkey(), self.number
        packed = list(batches(picked.positions, authority, number))
        steps = [instructions_of(each, authority, number) for each in packed]
        counts = [len(each) for each in packed]
        steps += [[ax.archive_market(payer, number, market)] for market, payer, _ in picked.markets]
        requests = [(each, [key]) for each in steps]
        tally: Counter[str] = Counter()
        failed: Counter[str] = Counter()
        for i in range(0, len(requests), GROUP):
            group = requests[i : i + GROUP]
            results = await sender.send_many(group, compute_limit=COMPUTE, details=True)
            for at_request, result in enumerate(results, i):
                if isinstance(result, Receipt):
                    many = counts[at_request] if at_request < len(counts) else 0
                    tally["positions"] += many
                    tally["markets"] += not many
                    tally["landed"] += 1
            await self._note(results, failed)
            self._progress(f"{tally['positions']:,} archived, {i + len(group):,} transactions")
        await self.sync()
        return Pruned(tally["positions"], tally["markets"], tally["landed"], dict(failed))

    async def _note(self, results: Sequence[Receipt | BreakwaterError], failed: Counter[str]) -> None:
        """Write down what landed; errors are counted, unless it is unknown what became of the transaction."""
        events, decoder, landed = [], programs.event_decoder(), 0
        for result in results:
            if isinstance(result, Receipt):
                events += decoder.decode(result.logs)
                landed += 1
            elif isinstance(result, ProgramError):
                failed[str(result)] += 1
        changes, next_one = changes_of(events, self.number), self.store.sequence + 1
        gapless = [each for n, each in enumerate(changes, next_one) if each.sequence == n]
        if gapless and len(gapless) == len(changes):
            self.store.land(changes)
        elif landed:
            await self.sync()  # somebody else archived between us
        for result in results:
            if isinstance(result, BreakwaterError) and not isinstance(result, ProgramError):
                raise result

    def find(self, owner: Pubkey, market: int, outcome: int, kind: int) -> tuple[int, Leaf]:
        """The newest leaf of a position; one that can come back before others.

        Raises:
            InvalidInput: it was never archived here.
        """
        trader, address = bytes(at.trader(owner)), bytes(at.market(market))
        found = list(self.store.find(trader, market=address, outcome=outcome, kind=kind))
        if not found:
            raise InvalidInput(
                f"Name another position: outcome {outcome} of market {market} of {owner} is not archived."
            )
        return max(found, key=lambda each: (each[1].kind == LIVE, each[0]))

    def find_market(self, number: int) -> tuple[int, Leaf]:
        """The newest leaf of a market by its number.

        Raises:
            InvalidInput: it was never archived here.
        """
        found = list(self.store.find_market(number))
        if not found:
            raise InvalidInput(f"Name another market: {number} is not archived.")
        return max(found, key=lambda each: each[0])

    async def prove(self, index: int) -> tuple[Leaf, Proof]:
        """A leaf with its proof, which was checked against the chain's account.

        Raises:
            InvalidInput: there is no such leaf, or no log told its content.
            Fatal: store and chain disagree, or too little is known of what is beside it.
        """
        now = await self.sync()
        leaf = self.store.leaf(index)
        if not leaf.content:
            raise InvalidInput(f"Name another leaf: the content of leaf {index} was kept out of the logs.")
        proof = self.store.proof(index)
        if folded(index, proof.leaf, proof.siblings) != now.top(index):
            raise hidden(index) if self.store.doubtful else self._another()
        return leaf, proof

    async def verify(self, proof: Proof, payer: Pubkey) -> None:
        """Have the program verify a proof, without a transaction.

        Raises:
            ProgramError: it refuses, and says why.
        """
        call = ax.verify_leaf(self.number, proof.leaf, (proof.index, proof.sequence, proof.siblings))
        await simulate(self.engine, [call], payer)

    async def restore(
        self, sender: Sender, key: Keypair, content: bytes, proof: Proof, *more: Instruction
    ) -> Receipt:
        """Make an archived position's account again, and whatever else is to happen with it.

        Raises:
            ProgramError: it was restored before, is somebody else's, or the proof is no good.
        """
        given = (proof.index, proof.sequence, proof.siblings)
        call = ax.restore_position(key.pubkey(), self.number, content, given)
        return await self._change(sender, key, [call, *more])

    async def redeem(
        self, sender: Sender, key: Keypair, market: int, content: bytes, proof: Proof
    ) -> Receipt:
        """Pay an archived position of a settled market out to its trader; anybody may sign.

        Raises:
            ProgramError: the market is not settled, it was paid before, or the proof is no good.
        """
        given = (proof.index, proof.sequence, proof.siblings)
        return await self._change(sender, key, [ax.redeem_archived(market, self.number, content, given)])

    async def _change(self, sender: Sender, key: Keypair, calls: list[Instruction]) -> Receipt:
        receipt = await sender.send(calls, [key])
        await self._note([receipt], Counter())
        return receipt


async def market_of(engine: EmbeddedEngine | RpcEngine, content: bytes) -> int:
    """The number of an archived position's market.

    Raises:
        InvalidInput: the market is gone, and with it every claim on it.
    """
    (data,) = await read(engine, [Pubkey.from_bytes(content[32:64])])
    if data is None:
        raise InvalidInput("Name another position: its market is not on the chain any more.")
    return accounts.market(data).id


async def numbers_of(engine: EmbeddedEngine | RpcEngine, contents: Sequence[bytes]) -> dict[bytes, int]:
    """The numbers of archived positions' markets by their addresses, of those that are still on the chain."""
    addresses = sorted({content[32:64] for content in contents})
    found = await read(engine, [Pubkey.from_bytes(each) for each in addresses])
    pairs = zip(addresses, found, strict=True)
    return {address: accounts.market(data).id for address, data in pairs if data is not None}


async def somebody(engine: EmbeddedEngine | RpcEngine) -> Pubkey:
    """Somebody with lamports, who stands for the payer where nothing is sent: the exchange's operator."""
    (data,) = await read(engine, [at.config()])
    if data is None:
        raise InvalidInput("Name another engine: there is no exchange on this one.")
    return Pubkey.from_bytes(accounts.config(data).operator)
