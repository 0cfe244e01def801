"""Drills of the API's store: no disk or memory left, a killed server, many clients, a backup under load."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from breakwater.api import ApiConfig, Tokens, serving
from breakwater.api.store import Pending, Store
from breakwater.errors import Fatal

from ._short import SIZE
from .busy import Busy
from .model import Drill, DrillResult
from .node import served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["DRILLS"]

TOKEN: Final = "a token of the drill"  # noqa: S105 - of a server on loopback, for seconds
CLIENTS: Final = 60
ORDERS: Final = 300
COPIES: Final = 3
"""Clients that post each order at the same time."""

FULL_BYTES: Final = 400_000
SPARE_BYTES: Final = 40_000_000
"""That a process may still take when it has none left: a few hundred orders, each with a ballast."""

START_S: Final = 60.0
PATIENCE_S: Final = 120.0
SPEED: Final = 0.25
"""Of a node's slots, so that a blockhash outlives the start of a server on a busy machine."""


async def _short(name: str, what: str, most: int) -> DrillResult:
    """What was acknowledged before it ran short is there afterwards, nothing by half; the store goes on."""
    result = DrillResult(name)
    with tempfile.TemporaryDirectory(prefix="breakwater-short-") as directory:
        file = Path(directory) / "orders.sqlite"
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "breakwater.faults._short", what, str(file), str(most)),
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode().split("\n")
        written = [each for each in said if each.startswith("order-")]
        result.struck = sum(each.startswith("short") for each in said)
        freed = time.monotonic()
        result.fault_s = freed - began
        store = Store(file)
        found = {each.signature: each for each in await store.pending()}
        later = Pending("later", bytes(SIZE), 0)
        await store.accept(later)
        if later not in await store.pending():
            result.wrong.append("The store takes no order any more.")
        await store.close()
        result.recovery_s = time.monotonic() - freed
    result.operations, result.succeeded = len(written), len(found.keys() & set(written))
    result.lost = len(set(written) - found.keys())
    result.figures = {"ended_with": next((each for each in said if each.startswith("short")), "")[6:]}
    extra = found.keys() - set(written)
    if len(extra) > 1 or any(len(each.wire) != SIZE for each in found.values()):
        result.wrong.append(f"{len(extra)} orders are there that nobody was told of.")
    return result


async def _full(part: float) -> DrillResult:
    return await _short("store-full", "disk", round(FULL_BYTES * max(part, 0.5)))


async def _memory(part: float) -> DrillResult:
    return await _short("store-memory", "memory", round(SPARE_BYTES * max(part, 0.5)))


@asynccontextmanager
async def _server(url: str, directory: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The API as a process of its own."""
    token = directory / "token"
    if not token.exists():
        token.touch(mode=0o600)
        token.write_text(f"{TOKEN}\n")
    with (directory / "log").open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "from breakwater.cli import main; main()", "api", "serve", "--json"),
            *("--engine", url, "--port", "0", "--store", str(directory / "orders.sqlite")),
            *("--token-file", str(token)),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "BREAKWATER_CACHE_DIR": str(directory / "cache")},
        )
    if process.stdout is None:
        raise AssertionError("unreachable")
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        if not line:
            raise Fatal(f"Look into {directory / 'log'}: the server did not start.")
        yield process, str(json.loads(line)["url"])
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _post(client: httpx.AsyncClient, order: str) -> str:
    """The status an order is answered with; "" without an answer."""
    try:
        answer = await client.post("/v1/orders", json={"transaction": order})
    except httpx.HTTPError:
        return ""
    return str(answer.json().get("status", answer.text[:200]))


def _client(url: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {TOKEN}"}
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=90.0, trust_env=False)


async def _killed(part: float) -> DrillResult:
    """A server is killed while it delivers; the next one delivers what is recorded, and nothing twice.

    Nobody posts again until that is done; then everybody does, and what had never been recorded lands, too.
    """
    result, market = DrillResult("api-kill"), Busy()
    await market.open()
    with tempfile.TemporaryDirectory(prefix="breakwater-kill-") as name:
        directory = Path(name)
        async with served(market.engine, SPEED) as url:
            async with _server(url, directory) as (process, address), _client(address) as client:
                orders = [market.order() for _ in range(max(8, round(40 * part)))]
                posting = [asyncio.create_task(_post(client, each)) for each in orders]
                await _until(lambda: market.bought >= len(orders) // 4)
                process.send_signal(signal.SIGKILL)
                killed = time.monotonic()
                await process.wait()
                before = await asyncio.gather(*posting)
            answered, landed = sum(each == "landed" for each in before), market.bought
            recorded = _recorded(directory / "orders.sqlite")
            async with _server(url, directory) as (_, address), _client(address) as client:
                result.fault_s = time.monotonic() - killed
                started = time.monotonic()
                with contextlib.suppress(TimeoutError):
                    await _until(lambda: market.bought >= recorded)
                carried = market.bought
                result.recovery_s = time.monotonic() - started
                after = await asyncio.gather(*(_post(client, each) for each in orders))
    result.figures = {"answered_before": answered, "landed_before": landed, "recorded_before": recorded}
    result.struck = len(orders) - answered
    result.operations, result.succeeded = len(orders), sum(each == "landed" for each in after)
    result.lost = max(0, recorded - carried, len(orders) - market.bought)
    result.repeated = max(0, market.bought - len(orders))
    if max(answered, landed) > recorded:
        result.wrong.append(f"{answered} orders were answered and {landed} landed, {recorded} are recorded.")
    result.wrong += await market.wrong()
    return result


def _recorded(file: Path) -> int:
    """Orders in a store that nobody has open."""
    with closing(sqlite3.connect(file)) as db:
        return int(db.execute("SELECT count(*) FROM orders").fetchone()[0])


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - a chain has no event
            await asyncio.sleep(0.002)


async def _many(part: float) -> DrillResult:
    """Many clients, the same orders at once, a copy of the store meanwhile, and a server on the copy."""
    result, market = DrillResult("api-clients"), Busy()
    await market.open()
    orders = [market.order() for _ in range(max(60, round(ORDERS * part)))]
    many = 10**6
    with tempfile.TemporaryDirectory(prefix="breakwater-clients-") as name:
        directory = Path(name)
        config = ApiConfig(Tokens([TOKEN]), directory / "orders.sqlite", order_requests=many)
        async with serving(market.engine, config) as server:
            clients = [_client(server.url) for _ in range(CLIENTS)]

            async def work(number: int) -> list[str]:
                mine = [each for i, each in enumerate(orders) if (i - number) % CLIENTS < COPIES]
                return [await _post(clients[number], each) for each in mine]

            async def copy() -> int:
                await _until(lambda: market.bought >= len(orders) // 3)
                known = market.bought
                await server.store.backup(directory / "copy.sqlite")
                return known

            began = time.monotonic()
            copying = asyncio.create_task(copy())
            said = await asyncio.gather(*map(work, range(CLIENTS)))
            known = await copying
            result.fault_s = time.monotonic() - began
            for each in clients:
                await each.aclose()
        answers = [each for those in said for each in those]
        with closing(sqlite3.connect(directory / "copy.sqlite")) as db:
            sound = db.execute("PRAGMA integrity_check").fetchone()[0]
            (kept,) = db.execute("SELECT count(*) FROM orders").fetchone()
        restored = time.monotonic()
        config = ApiConfig(Tokens([TOKEN]), directory / "copy.sqlite", order_requests=many)
        async with serving(market.engine, config) as server, _client(server.url) as client:
            again = [await _post(client, each) for each in orders]
        result.recovery_s = time.monotonic() - restored
    result.operations = len(orders)
    result.succeeded = sum(each == "landed" for each in again)
    result.lost, result.repeated = max(0, len(orders) - market.bought), max(0, market.bought - len(orders))
    if any(each != "landed" for each in answers):
        result.wrong.append(
            f"{sum(each != 'landed' for each in answers)} answers say something else than landed."
        )
    if sound != "ok" or kept < known:
        result.wrong.append(f"The copy has {kept} orders of at least {known}, and says {sound}.")
    result.struck = len(answers) - len(orders)
    result.wrong += await market.wrong()
    result.figures = {"clients": CLIENTS, "posts": len(answers), "in_the_copy": kept}
    return result


DRILLS: Final = (
    Drill("store-full", "store", "the disk is full", _full),
    Drill("store-memory", "store", "no memory is left", _memory),
    Drill(
        "api-clients",
        "store",
        f"{CLIENTS} clients, every order {COPIES} times at once, a backup meanwhile",
        _many,
    ),
    Drill("api-kill", "api", "the server is killed while it delivers", _killed),
)
"""The API and its store."""
