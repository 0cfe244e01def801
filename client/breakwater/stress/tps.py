"""Trades a second: on the embedded engine in several processes, on a validator beside plain transfers.

On the embedded engine every process has an engine of its own, as shards of load do; each trade is signed, its
signature is verified, and it is executed by the program one transaction at a time. On a validator, trades and
plain transfers take turns, signed beforehand and delivered by the same sender.
"""

from __future__ import annotations

import asyncio
import multiprocessing as mp
import os
import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from solders.system_program import TransferParams, transfer

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import Receipt
from breakwater.chain.sender import Sender
from breakwater.errors import Fatal
from breakwater.trials import Tally

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain
from ._tps_embedded import work
from ._trades import spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["LEAST_PER_SECOND", "LEAST_RATIO", "TpsFigures", "measure_tps"]

LEAST_PER_SECOND: Final = 6_000.0
LEAST_RATIO: Final = 0.8
PROCESSES: Final = 2
SETUP_S: Final = 300.0
ROUNDS: Final = 10
MOST: Final = 0.95
WARM_UP: Final = 200
TRADERS: Final = 32
MARKETS: Final = 16
LIQUIDITY: Final = 100_000_000 * UNIT
DEPTH: Final = 500_000 * UNIT
PURSE: Final = 1_000_000 * UNIT
SHARES: Final = 100 * UNIT
OPEN_UNITS, TRANSFER_UNITS = 12_000, 500


@dataclass(frozen=True, slots=True)
class TpsFigures:
    """What was measured.

    Attributes:
        embedded_trades_per_second: of all processes together, by the wall clock.
        embedded_processes: with an engine each.
        embedded_trades_per_cpu_second: of one process, by its own CPU time; what another load can't change.
        local_trades_per_second, local_transfers_per_second: landed; None where it was not measured.
        local_ratio: of the two; None where it was not measured.
        reason: why throughput fell, if it did.
        broken: invariants and bounds that do not hold.
    """

    embedded_trades_per_second: float
    embedded_processes: int
    embedded_trades_per_cpu_second: float
    embedded_trades: int
    local_trades_per_second: float | None
    local_transfers_per_second: float | None
    local_ratio: float | None
    local_trades: int
    reason: str
    broken: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def measure_tps(
    trades: int = 20_000,
    processes: int = PROCESSES,
    local_trades: int = 6_000,
    *,
    local: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> TpsFigures:
    """Measure both.

    Args:
        trades: of each process on the embedded engine.
        processes: how many.
        local_trades: and as many transfers, on a validator.
        local: measure there as well.
        progress: called with the name of each step.

    Raises:
        EngineUnavailable: the validator can't be started.
        Fatal: a process ended early.
    """
    progress(f"embedded, {processes} processes")
    parts = await asyncio.to_thread(_embedded, trades, processes)
    broken = [sentence for each in parts for sentence in each["broken"]]
    failed = sum(each["failed"] for each in parts)
    broken += [f"{failed} trades failed."] if failed else []
    span = max(each["done"] for each in parts) - min(each["began"] for each in parts)
    rate = processes * trades / span
    cpu = sum(each["cpu_s"] for each in parts) / (processes * trades)
    if rate < LEAST_PER_SECOND:
        idle = 1 - sum(each["cpu_s"] for each in parts) / processes / span
        why = f", {idle:.0%} of the time without a CPU (load {os.getloadavg()[0]:.1f})" if idle > 0.1 else ""
        broken.append(
            f"The embedded engine does {rate:,.0f} trades a second, not {LEAST_PER_SECOND:,.0f}{why}."
        )
    landed: tuple[float, float, str] | None = None
    if local:
        landed, wrong = await _local(local_trades, progress)
        broken += wrong
    ratio = landed[0] / landed[1] if landed is not None and landed[1] else None
    if landed is not None and ratio is None:
        broken.append("No transfer landed: there is nothing to compare trades with.")
    if ratio is not None and ratio < LEAST_RATIO:
        broken.append(f"Trades land {ratio:.2f} times as fast as transfers, not {LEAST_RATIO} times.")
    return TpsFigures(
        round(rate, 1),
        processes,
        round(1 / cpu, 1),
        processes * trades,
        None if landed is None else round(landed[0], 1),
        None if landed is None else round(landed[1], 1),
        None if ratio is None else round(ratio, 3),
        local_trades // ROUNDS * ROUNDS if local else 0,
        "" if landed is None else landed[2],
        tuple(broken),
    )


def _embedded(trades: int, processes: int) -> list[dict[str, Any]]:
    """Set all processes up, let them begin together, collect what they did."""
    fresh = mp.get_context("spawn")
    lines, running = [], []
    try:
        for seed in range(processes):
            ours, theirs = fresh.Pipe()
            process = fresh.Process(target=work, args=(trades, seed + 1, theirs), daemon=True)
            process.start()
            theirs.close()
            lines.append(ours)
            running.append(process)
        for line in lines:
            _answer(line, "ready")
        for line in lines:
            line.send("go")
        return [_answer(line) for line in lines]
    finally:
        for process in running:
            process.join(5)
            if process.is_alive():
                process.kill()


def _answer(line: Any, expected: str | None = None) -> Any:
    try:
        if not line.poll(SETUP_S):
            raise Fatal(f"Free some CPU and try again: a process was silent for {SETUP_S:g} s.")
        said = line.recv()
    except EOFError:
        raise Fatal("Look at standard error: a process ended early.") from None
    if expected is not None and said != expected:
        raise Fatal(f"Look at standard error: a process said {said!r} instead of {expected!r}.")
    return said


async def _local(count: int, progress: Callable[[str], None]) -> tuple[tuple[float, float, str], list[str]]:
    """Landed trades and transfers a second, the median round of each; why throughput fell; what is broken."""
    async with fresh_chain("local") as engine:
        progress("local: an exchange")
        stage = await Stage.opened(engine, LIQUIDITY, 1, progress, books=False)
        people = await stage.join(TRADERS, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        await stage.require(
            [
                ([ix.create_position(key.pubkey(), numbers[i % MARKETS], outcome, ix.LEVERAGED)], [key])
                for i, key in enumerate(people)
                for outcome in (0, 1)
            ]
        )
        for kind in (_trades, _transfers):  # the first of each pays for connections and caches
            await _deliver(stage, kind(people, numbers, WARM_UP, 10**6), OPEN_UNITS, Tally())
        rates: tuple[list[float], list[float]] = ([], [])
        done, tally = 0, Tally()
        part = count // ROUNDS
        for number in range(ROUNDS):
            # by turns, and the other one first in every second round: a validator gets slower with its age
            for which in (0, 1) if number % 2 else (1, 0):
                progress(f"local: {('trades', 'transfers')[which]}, round {number + 1} of {ROUNDS}")
                await stage.publish()
                requests = (_trades, _transfers)[which](people, numbers, part, number * part)
                units = (OPEN_UNITS, TRANSFER_UNITS)[which]
                landed, took = await _deliver(stage, requests, units, tally)
                done += landed
                rates[which].append(landed / took)
        broken = await stage.broken()
    lost = 2 * ROUNDS * part - done
    if lost:
        broken.append(f"{lost} transactions did not land: {dict(tally.names)}.")
    # a validator stands still for seconds now and then, in the middle of whatever it is given
    trades, transfers = (median(each) for each in rates)
    return (trades, transfers, tally.note()), broken


def _trades(people: Sequence[Keypair], numbers: Sequence[int], count: int, first: int) -> list[Request]:
    found: list[Request] = []
    for i in range(first, first + count):
        who = i % len(people)
        key, number, outcome = people[who], numbers[who % MARKETS], i // len(people) % 2
        shares, leverage = SHARES + i, 100 + 700 * i % 4_901
        opened = ix.open_leveraged(key.pubkey(), number, at.feed(FEED), outcome, shares, leverage, ANY)
        found.append(([opened], [key]))
    return found


def _transfers(people: Sequence[Keypair], _: Sequence[int], count: int, first: int) -> list[Request]:
    found: list[Request] = []
    for i in range(first, first + count):
        key = people[i % len(people)]
        to = people[(i + 1) % len(people)].pubkey()
        pay = TransferParams(from_pubkey=key.pubkey(), to_pubkey=to, lamports=1 + i % 1_000)
        # two that are equal under one blockhash would be one: the sender sets them apart
        found.append(([transfer(pay)], [key]))
    return found


async def _deliver(stage: Stage, requests: Sequence[Request], units: int, tally: Tally) -> tuple[int, float]:
    """Sign, then deliver; how many landed, and the seconds that took.

    It is timed up to the moment when most have landed: a packet that is lost is repeated after two seconds,
    which would say more about it than about the rest.
    """
    sender = Sender(stage.engine, priority_fee=0, compute_limit=units, preflight=False, window=len(requests))
    signed = await sender.sign_many(requests)
    began = time.monotonic()
    times: list[float] = []

    def settled(_: int, result: Any) -> None:
        if isinstance(result, Receipt):
            times.append(time.monotonic() - began)
            tally.succeeded()
        else:
            tally.failed(result)

    await sender.deliver(signed, settled=settled)
    most = max(1, round(len(times) * MOST))
    return len(times), sorted(times)[most - 1] / MOST if times else 1e-9
