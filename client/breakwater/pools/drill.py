"""A drill: pools, threads, minutes of work, a kill in the middle, and sums that come out.

On a validator the service is a process of its own, asked over its API, killed halfway and started again.
On the embedded engine it runs in this process, in simulated time.
"""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import loader, programs
from breakwater.chain.engine import EmbeddedEngine, LocalEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput

from .crowd import Crowd
from .process import Process, cpu_seconds
from .records import Rates
from .service import Options, Service
from .simulate import slots
from .store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["DrillConfig", "DrillResult", "drill", "plan"]

SOL: Final = 10**9
CORE_SOL: Final = 2_000
DECIMALS: Final = ((6, 9), (0, 6), (9, 2), (6, 6), (8, 3))
RATIOS: Final = ((2, 3), (1, 1), (7, 1_000), (1, 42), (5, 8))
KINDS: Final = (
    ("deposit", 0),
    ("deposit", 1),
    ("swap", 0),
    ("swap", 1),
    ("withdraw", 0),
    ("withdraw", 1),
)
LEAST_SUCCESS: Final = 0.99
READ_P95_MS: Final = 50.0


@dataclass(frozen=True, slots=True)
class DrillConfig:
    """What to do: `seconds` of work, on the embedded engine simulated ones; `pace` makes pauses longer; on a
    validator `clients` read over the API meanwhile."""

    engine: str = "local"
    pools: int = 3
    threads: int = 30
    seconds: float = 120.0
    kill: bool = True
    seed: int | None = None
    pace: float = 1.0
    clients: int = 0


@dataclass(slots=True)
class DrillResult:
    """What came of it."""

    engine: str
    pools: int
    threads: int
    seconds: float
    operations: int = 0
    succeeded: int = 0
    success_rate: float = 0.0
    operations_per_second: float = 0.0
    lost_units: int = 0
    reconciled: bool = False
    sums: int = 0
    differences: list[str] = field(default_factory=list)
    killed: int = 0
    recovered: dict[str, int] = field(default_factory=dict)
    operations_before_kill: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    alerts: int = 0
    compute_units: int = 0
    transactions: int = 0
    service_cpu_seconds: float = 0.0
    validator_cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    clients: int = 0
    reads: int = 0
    read_p50_ms: float = 0.0
    read_p95_ms: float = 0.0

    @property
    def broken(self) -> list[str]:
        """Bounds that do not hold."""
        rules = {
            f"{self.lost_units} units are lost": self.lost_units == 0 and self.reconciled,
            f"{self.success_rate:.2%} of operations succeeded": self.success_rate >= LEAST_SUCCESS,
            "nothing was done": self.operations > 0,
            f"{self.alerts} alerts": self.alerts == 0,
            f"5 of 100 reads took over {self.read_p95_ms:.1f} ms": self.read_p95_ms < READ_P95_MS,
        }
        return [what for what, holds in rules.items() if not holds]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def plan(pools: int, threads: int) -> list[tuple[int, str, int]]:
    """Pool, kind and side of every thread: dealt out evenly, one swap a direction of a pool."""
    made: list[tuple[int, str, int]] = []
    turn = 0
    while len(made) < threads:
        pool, (kind, side) = turn % pools, KINDS[turn // pools % len(KINDS)]
        again = turn // pools >= len(KINDS)
        if not (kind == "swap" and again):
            made.append((pool, kind, side))
        turn += 1
    return made


async def drill(config: DrillConfig, progress: Callable[[str], None] = lambda _: None) -> DrillResult:
    """Run one.

    Raises:
        InvalidInput: there is no such engine for drills.
        EngineUnavailable: the validator can't be started.
        Fatal: the service ended by itself.
    """
    began = time.monotonic()
    if config.engine == "embedded":
        result = await _embedded(config, progress)
    elif config.engine == "local":
        result = await _local(config, progress)
    else:
        raise InvalidInput(f"Drill on embedded or local, not {config.engine!r}.")
    result.wall_seconds = round(time.monotonic() - began, 3)
    return result


def _sum_up(result: DrillResult, stats: dict[str, Any], found: dict[str, Any], seconds: float) -> None:
    result.operations, result.succeeded = stats["operations"], stats["succeeded"]
    result.success_rate = stats["succeeded"] / max(1, stats["operations"])
    result.operations_per_second = round(stats["succeeded"] / max(seconds, 1e-9), 3)
    result.errors, result.alerts = stats["errors"], stats["alerts"]
    result.compute_units, result.transactions = stats["compute_units"], stats["sent"]
    result.lost_units, result.reconciled = found["lost_units"], found["ok"]
    result.sums, result.differences = found["sums"], found["differences"]


async def _embedded(config: DrillConfig, progress: Callable[[str], None]) -> DrillResult:
    """In this process; in simulated time if the loop is a simulated one."""
    engine = EmbeddedEngine(programs.embedded_programs(), history=1_000)
    core = Keypair()
    engine.fund(core.pubkey(), CORE_SOL * SOL)
    result = DrillResult("embedded", config.pools, config.threads, config.seconds)
    with tempfile.TemporaryDirectory(prefix="breakwater-pools-") as directory:
        store = Store(Path(directory), sync=False)
        service = Service(engine, core, store, Options(seed=config.seed))
        await service.start()
        clock = asyncio.create_task(slots(engine))
        made = [await service.create_pool(DECIMALS[i % 5], RATIOS[i % 5], 3_000) for i in range(config.pools)]
        for pool, kind, side in plan(config.pools, config.threads):
            record = await service.create_thread(
                kind,  # type: ignore[arg-type]  # of KINDS
                made[pool].address,
                side,
                rates=Rates(int(750 * config.pace), int(2_000 * config.pace)),
                funding=10_000 * 10 ** made[pool].decimals[side],
            )
            service.start_thread(record.id)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < config.seconds:
            await asyncio.sleep(min(600.0, config.seconds - (loop.time() - began)))
            progress(f"{(loop.time() - began) / 3600:.1f} h, {service.statistics()['succeeded']} operations")
        seconds = loop.time() - began
        clock.cancel()
        for name in list(service.threads):
            await service.stop_thread(name)
        found = (await service.reconcile()).as_dict()
        _sum_up(result, service.statistics(), found, seconds)
        await service.stop()
        store.close()
    return result


@asynccontextmanager
async def _ground() -> AsyncIterator[tuple[LocalEngine, Keypair]]:
    """A validator with the program, and a core wallet with SOL."""
    async with open_engine("local") as engine:
        if not isinstance(engine, LocalEngine):
            raise InvalidInput("Drill on embedded or local.")
        engine.give_way()  # reads are timed, and a service seldom has a validator beside it
        core = Keypair()
        await engine.airdrop(core.pubkey(), CORE_SOL * SOL)
        await loader.deploy_program(
            Sender(engine),
            payer=core,
            program=at.development_keypair("pools"),
            buffer=Keypair(),
            authority=core,
            binary=programs.binary("pools", "v3"),
        )
        yield engine, core


async def _local(config: DrillConfig, progress: Callable[[str], None]) -> DrillResult:
    result = DrillResult("local", config.pools, config.threads, config.seconds)
    progress("starting a validator and deploying")
    async with _ground() as (engine, core):
        with tempfile.TemporaryDirectory(prefix="breakwater-pools-") as name:
            directory = Path(name)
            key = directory / "core.json"
            key.touch(mode=0o600)
            key.write_text(json.dumps(list(bytes(core))))
            service = Process(engine.url, directory, key)
            try:
                await _work(config, service, engine, result, progress)
            finally:
                await service.end(signal.SIGTERM)
                result.service_cpu_seconds = round(service.cpu_seconds, 2)
    return result


async def _work(
    config: DrillConfig,
    service: Process,
    engine: LocalEngine,
    result: DrillResult,
    progress: Callable[[str], None],
) -> None:
    await service.start()
    pools = []
    for i in range(config.pools):
        (a, b), (ratio_a, ratio_b) = DECIMALS[i % 5], RATIOS[i % 5]
        made = await service.call(
            "pools.create", ratio_a=ratio_a, ratio_b=ratio_b, decimals_a=a, decimals_b=b
        )
        pools.append(made)
        progress(f"{i + 1} of {config.pools} pools")
    before_validator = cpu_seconds(engine.process.pid)
    threads = []
    for pool, kind, side in plan(config.pools, config.threads):
        funding = 10_000 * 10 ** pools[pool]["decimals"][side]
        made = await service.call(
            "threads.create", kind=kind, pool=pools[pool]["address"], side=side, funding=funding, start=True
        )
        threads.append(made["id"])
    began = time.monotonic()
    sent = 0
    half = config.seconds / 2 if config.kill else config.seconds
    async with Crowd(service, config.clients, threads) as crowd:
        await _wait(service, began, half, progress)
        if config.kill:
            before = await service.call("service.statistics")
            result.operations_before_kill, sent = before["succeeded"], before["sent"]
            await service.end(signal.SIGKILL)
            result.killed = 1
            progress("killed; starting again")
            await service.start()
            await _wait(service, began, config.seconds, progress)
    result.clients, result.reads = config.clients, len(crowd.seconds)
    result.read_p50_ms, result.read_p95_ms = crowd.milliseconds(0.5), crowd.milliseconds(0.95)
    seconds = time.monotonic() - began
    stats = await service.call("service.statistics")
    for thread in await service.call("threads.list"):
        if thread["state"] in ("running", "paused"):
            await service.call("threads.stop", thread=thread["id"])
    stats = await service.call("service.statistics")
    found = await service.call("service.reconcile")  # waits for what is still to be found out
    _sum_up(result, stats, found, seconds)
    result.transactions += sent
    result.recovered = (await service.call("service.statistics"))["moves_recovered"]
    result.seconds = round(seconds, 3)
    result.validator_cpu_seconds = round(cpu_seconds(engine.process.pid) - before_validator, 2)


async def _wait(service: Process, began: float, until: float, progress: Callable[[str], None]) -> None:
    while (left := until - (time.monotonic() - began)) > 0:
        await asyncio.sleep(min(5.0, left))
        stats = await service.call("service.statistics")
        progress(f"{time.monotonic() - began:.0f} s, {stats['succeeded']} operations")
