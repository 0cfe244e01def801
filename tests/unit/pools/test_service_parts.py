"""The parts around the service: memory, processors, the systemd unit, plans, terms, the clock that jumps."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from breakwater.errors import InvalidInput
from breakwater.pools import DrillResult, MemoryGuard, pin, run_simulated, unit_text
from breakwater.pools.drill import plan
from breakwater.pools.guard import available_bytes, resident_bytes
from breakwater.pools.venues import terms_of


def test_memory_is_short_when_the_process_holds_too_much_or_the_machine_has_too_little() -> None:
    assert not MemoryGuard(0, 0).look()
    assert MemoryGuard(resident_bytes() // 2, 0).look()
    assert MemoryGuard(0, available_bytes() * 2).look()
    guard = MemoryGuard(0, 0)
    guard.look()
    assert guard.pressed is False


def test_a_process_is_kept_on_the_processors_named() -> None:
    first = min(os.sched_getaffinity(0))
    script = (
        f"import os; from breakwater.pools import pin; pin([{first}]); print(sorted(os.sched_getaffinity(0)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([first])
    pin([])
    with pytest.raises(InvalidInput, match="Name processors out of"):
        pin([100_000])


def test_the_unit_starts_the_service_closed_off_and_lets_moves_end() -> None:
    unit = unit_text(Path("/opt/breakwater/bin/breakwater"), ["--endpoint", "http://127.0.0.1:8899"], "1G")
    lines = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
    assert lines["ExecStart"] == (
        "/opt/breakwater/bin/breakwater pools serve --state %S/breakwater-pools --endpoint http://127.0.0.1:8899"
    )
    assert (lines["KillSignal"], lines["MemoryMax"], lines["UMask"]) == ("SIGTERM", "1G", "0077")
    assert int(lines["TimeoutStopSec"]) > 60


def test_what_systemd_would_fill_in_or_split_reaches_the_service_as_it_was_given() -> None:
    arguments = [
        "--endpoint",
        "https://node/?key=a%2Fb$x",
        "--name",
        'a "b\\c',
        "--core",
        "/etc/my keys/100%.json",
    ]
    unit = unit_text(Path("/opt/my programs/breakwater"), arguments)
    assert "LoadCredential=core:/etc/my keys/100%%.json\n" in unit
    (command,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert command == (
        'ExecStart="/opt/my programs/breakwater" pools serve --state %S/breakwater-pools --core %d/core '
        '--endpoint https://node/?key=a%%2Fb$$x --name "a \\"b\\\\c"'
    )
    with pytest.raises(InvalidInput, match="can't be printed"):
        unit_text(Path("/b"), ["--name", "a\nExecStartPre=/bin/sh"])


def test_a_drill_deals_threads_out_with_one_swap_a_direction() -> None:
    made = plan(3, 30)
    assert len(made) == 30
    assert [sum(pool == each for pool, _, _ in made) for each in range(3)] == [10, 10, 10]
    swaps = [each for each in made if each[1] == "swap"]
    assert len(swaps) == len(set(swaps)) == 6


def test_a_drill_says_what_is_broken() -> None:
    good = DrillResult("local", 1, 1, 1.0, operations=10, succeeded=10, success_rate=1.0, reconciled=True)
    assert good.broken == []
    bad = DrillResult("local", 1, 1, 1.0, success_rate=0.5, lost_units=3, alerts=2, read_p95_ms=61.25)
    assert bad.broken == [
        "3 units are lost",
        "50.00% of operations succeeded",
        "nothing was done",
        "2 alerts",
        "5 of 100 reads took over 61.2 ms",
    ]


@pytest.mark.parametrize(
    ("decimals", "tokens", "ratio"),
    [
        ((6, 9), (2, 3), (2, 3_000)),
        ((0, 0), (1, 1), (1, 1)),
        ((9, 0), (1, 7), (10**9, 7)),
        ((6, 6), (50, 10), (5, 1)),
    ],
)
def test_whole_tokens_become_units(
    decimals: tuple[int, int], tokens: tuple[int, int], ratio: tuple[int, int]
) -> None:
    terms = terms_of(decimals, tokens, 250)
    assert (terms.ratio_a, terms.ratio_b, terms.fee_ppm) == (*ratio, 250)


@pytest.mark.parametrize(
    ("decimals", "tokens", "fee_ppm"),
    [
        ((10, 0), (1, 1), 0),
        ((-1, 0), (1, 1), 0),
        ((0, 0), (0, 1), 0),
        ((0, 0), (1, 1), 100_001),
        ((9, 0), (2**63, 1), 0),
    ],
)
def test_terms_out_of_range_are_refused(
    decimals: tuple[int, int], tokens: tuple[int, int], fee_ppm: int
) -> None:
    with pytest.raises(InvalidInput, match="Give decimals from 0 to 9"):
        terms_of(decimals, tokens, fee_ppm)


def test_a_jumping_clock_keeps_the_order_and_takes_no_time() -> None:
    order: list[str] = []

    async def after(hours: float, what: str) -> None:
        await asyncio.sleep(hours * 3_600)
        order.append(what)

    async def main() -> float:
        await asyncio.gather(after(3, "c"), after(1, "a"), after(2, "b"))
        return asyncio.get_running_loop().time()

    began = time.monotonic()
    assert run_simulated(main()) >= 3 * 3_600
    assert order == ["a", "b", "c"]
    assert time.monotonic() - began < 30
