"""How dear and how small the archive is, here and now, beside what others have published.

- append: the tree's own work for one leaf, by the crate in the virtual machine, the dearest of a thousand;
  verify: the whole instruction, with a proof that is 63 changes old; prune: the whole instructions, by the
  position, on average; beside it the transaction, at least half full, in which it is dearest
- pruned a second: on the embedded engine, from the first byte to the store, which waits for the disk, until
  the last transaction's leaves are written down; beside it by the seconds of CPU, for machines that are busy
- retrieval: an archived position's content and its proof out of the open store, at random; cold: the store
  opened first
- archive ratio: accounts as a cluster keeps them, 128 bytes and their data, by the store's journal,
  dictionaries and index; beside it the data alone
- snapshot ratio: data alone of live markets by their file

The accounts are made by trades on the embedded engine (see `_population`), the same ones for the same seed.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain import programs
from breakwater.chain.archive_accounts import BUFFER, BYTES, DEPTH
from breakwater.errors import Fatal

from . import snapshot, transfer
from ._population import Population
from ._units import TreeProbe, units_of
from .figures import figures_of
from .leaves import leaf_for
from .picking import Picked, pick, read_exchange
from .service import Archive, open_chain_archive
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.chain.engine import Landed

__all__ = ["PUBLISHED", "TARGETS", "ArchiveFigures", "measure"]

TARGETS: Final[dict[str, float]] = {
    "append_cu": 4_000,
    "verify_cu": 6_000,
    "prune_cu_per_position": 2_500,
    "pruned_per_second": 2_000,
    "retrieval_p99_ms": 5.0,
    "archive_ratio": 20.0,
    "snapshot_ratio": 15.0,
    "chain_bytes_per_position": 1.0,
}
"""Rates and ratios at least, the others at most."""

PUBLISHED: Final[dict[str, float]] = {
    "append_cu": 7_972,
    "prune_cu_per_position": 5_000,
    "pruned_per_second": 1_000,
    "retrieval_p99_ms": 100.0,
    "archive_ratio": 10.0,
    "snapshot_ratio": 10.0,
}
"""An append of another concurrent tree in transaction logs; the rest is the original's own report."""

CLUSTER: Final = "bench"
AT_LEAST: Final = ("pruned_per_second", "archive_ratio", "snapshot_ratio")
TRADERS: Final = 300
OLD_SLOTS: Final = ax.PRUNE_AGE_SLOTS + 1
APPENDS: Final = 1_000
RETRIEVALS: Final = 2_000


@dataclass(frozen=True, slots=True)
class ArchiveFigures:
    """What was measured; `positions` were pruned, `markets` archived, `snapshot_markets` packed."""

    append_cu: int
    verify_cu: int
    prune_cu_per_position: float
    prune_cu_dearest: float
    pruned_per_second: float
    pruned_per_cpu_second: float
    retrieval_p50_ms: float
    retrieval_p99_ms: float
    retrieval_cpu_p99_ms: float
    retrieval_cold_ms: float
    archive_ratio: float
    archive_ratio_of_data: float
    stored_bytes_per_position: float
    snapshot_ratio: float
    snapshot_bytes_per_market: float
    chain_bytes_per_position: float
    positions: int
    markets: int
    transactions: int
    snapshot_markets: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON, with the targets and what others have published."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return own | {"targets": TARGETS, "published": PUBLISHED}

    def failures(self) -> list[str]:
        """One sentence for each target that is missed."""
        missed = []
        for name, target in TARGETS.items():
            value = getattr(self, name)
            if not (value >= target if name in AT_LEAST else value <= target):
                missed.append(f"{name} is {value:,.2f}, the target is {target:,.0f}.")
        return missed


async def measure(
    *,
    positions: int = 10_000,
    markets: int = 21_000,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> ArchiveFigures:
    """Measure everything.

    Args:
        positions: to prune.
        markets: of the snapshot.
        seed: of the accounts.
        progress: told what is being done.
    """
    progress("measuring the tree")
    append_cu = _append_cu()
    with tempfile.TemporaryDirectory(prefix="breakwater-archive-") as place:
        pruned = await _Pruning(Path(place), seed, progress).run(positions)
    progress("making markets for the snapshot")
    crowd = Population(seed + 1, progress)
    await crowd.found(TRADERS)
    await crowd.open_markets(markets, (24, 24 * 60))
    await crowd.trade(markets + markets // 2, pause_slots=250, together=16)
    state = await transfer.read_live(crowd.engine)
    only = tuple(each for each in state.accounts if snapshot.kind_of(each) == "Market")
    packed = snapshot.State(state.cluster, state.slot, state.time, only)
    file = snapshot.pack(packed)
    if snapshot.unpack(file) != packed:
        raise Fatal("Report this: a snapshot did not come back as it was written.")
    return ArchiveFigures(
        append_cu=append_cu,
        snapshot_ratio=packed.raw / len(file),
        snapshot_bytes_per_market=len(file) / len(only),
        chain_bytes_per_position=BYTES / (1 << DEPTH),
        snapshot_markets=len(only),
        **pruned,
    )


def _append_cu() -> int:
    probe, rng = TreeProbe(), random.Random(3)
    return max(probe.append(rng.randbytes(32)) for _ in range(APPENDS))


class _Pruning:
    """An exchange some weeks after its markets closed, and what becomes of its positions."""

    def __init__(self, place: Path, seed: int, progress: Callable[[str], None]) -> None:
        self._place, self._progress = place, progress
        self._population = Population(seed, progress)
        self._logs: list[tuple[str, ...]] = []

    async def run(self, positions: int) -> dict[str, Any]:
        crowd = self._population
        picked = await self._picked(positions)
        await open_chain_archive(crowd.sender, crowd.operator)
        engine, key = crowd.engine, crowd.operator
        engine.on_landed.append(self._landed)
        with Store(self._place, cluster=CLUSTER) as store:
            archive = Archive(engine, store, self._progress)
            began, worked = time.perf_counter(), time.process_time()
            done = await archive.prune(crowd.sender, key, picked)
            seconds, work = time.perf_counter() - began, time.process_time() - worked
            if done.positions != len(picked.positions) or done.failed:
                raise Fatal(f"Report this: {done.positions} of {len(picked.positions)}, {done.failed}.")
            engine.on_landed.remove(self._landed)
            await self._archive_markets(archive)
            now = await archive.sync()
            markets = store.length - done.positions
        cold, warm, work_of_each = self._retrieve(picked)
        with Store(self._place, cluster=CLUSTER) as store:
            found = figures_of(store, now)
            verify_cu = await self._verify_cu(Archive(engine, store))
        costs = self._units()
        full = max(count for _, count in costs)
        dearest = max(units / count for units, count in costs if count >= full // 2)
        return {
            "verify_cu": verify_cu,
            "prune_cu_per_position": sum(units for units, _ in costs) / done.positions,
            "prune_cu_dearest": dearest,
            "pruned_per_second": done.positions / seconds,
            "pruned_per_cpu_second": done.positions / work,
            "retrieval_p50_ms": statistics.median(warm) * 1e3,
            "retrieval_p99_ms": statistics.quantiles(warm, n=100)[-1] * 1e3,
            "retrieval_cpu_p99_ms": statistics.quantiles(work_of_each, n=100)[-1] * 1e3,
            "retrieval_cold_ms": cold * 1e3,
            "archive_ratio": found.ratio,
            "archive_ratio_of_data": found.data_ratio,
            "stored_bytes_per_position": found.stored / found.leaves,
            "positions": done.positions,
            "markets": markets,
            "transactions": done.transactions,
        }

    async def _picked(self, positions: int) -> Picked:
        """Positions of markets that closed a month ago; nearly all are settled, most winners were paid."""
        crowd = self._population
        await crowd.found(TRADERS)
        await crowd.open_markets(max(20, positions // 40), (24, 96))
        while len(crowd.positions) < positions * 1.06:
            await crowd.trade(500)
        await crowd.leave(0.12)
        await crowd.settle(0.96, 0.8)
        crowd.engine.warp(crowd.engine.clock.slot + OLD_SLOTS)
        books = await read_exchange(crowd.engine, None)
        picked = pick(books, crowd.operator.pubkey())
        if len(picked.positions) < positions:
            raise Fatal(f"Report this: only {len(picked.positions)} positions are old: {picked.refused}.")
        return Picked(picked.positions[:positions], (), picked.refused, picked.numbers)

    def _landed(self, landed: Landed) -> None:
        self._logs.append(landed.receipt.logs)

    def _units(self) -> list[tuple[int, int]]:
        """Compute units of each transaction that archived positions, and how many these were."""
        decoder, found = programs.event_decoder(), []
        for logs in self._logs:
            count = sum(each.name == "PositionArchived" for each in decoder.decode(logs))
            if count:
                found.append((units_of(logs, str(at.EXCHANGE)), count))
        return found

    async def _verify_cu(self, archive: Archive) -> int:
        """With a proof as old as can be: single positions are archived after it."""
        crowd, store = self._population, archive.store
        await archive.sync()
        first = store.proof(0)
        books = await read_exchange(crowd.engine, None)
        rest = pick(books, crowd.operator.pubkey()).positions[: BUFFER - 1]
        for each in rest:
            crowd.engine.advance_slots(1)
            await archive.prune(crowd.sender, crowd.operator, Picked((each,)))
        if store.sequence - first.sequence != BUFFER - 1:
            raise Fatal(f"Report this: only {store.sequence - first.sequence} changes were made.")
        call = ax.verify_leaf(0, first.leaf, (0, first.sequence, first.siblings))
        receipt = await crowd.sender.send([call], [crowd.operator])
        return units_of(receipt.logs, str(at.EXCHANGE))

    async def _archive_markets(self, archive: Archive) -> None:
        crowd = self._population
        picked = pick(await read_exchange(crowd.engine, None), crowd.operator.pubkey())
        await archive.prune(crowd.sender, crowd.operator, Picked((), picked.markets))

    def _retrieve(self, picked: Picked) -> tuple[float, list[float], list[float]]:
        """Seconds: the first retrieval from a closed store; many from an open one; the CPU of these."""
        rng = random.Random(9)
        chosen = [rng.choice(picked.positions) for _ in range(RETRIEVALS + 1)]
        began = time.perf_counter()
        with Store(self._place, cluster=CLUSTER) as store:
            times, works, worked = [], [], time.process_time()
            for each in chosen:
                archive = Archive(self._population.engine, store)
                index, leaf = archive.find(each.owner, each.market, each.outcome, each.kind)
                proof = store.proof(index)
                if leaf.content != each.content or proof.leaf != leaf_for(leaf.kind, leaf.content):
                    raise Fatal("Report this: a position did not come back as it was archived.")
                now, work = time.perf_counter(), time.process_time()
                times.append(now - began)
                works.append(work - worked)
                began, worked = now, work
        return times[0], times[1:], works[1:]
