"""How `breakwater pools` runs and looks."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import structlog
import typer
import uvloop
from rich.console import Console
from rich.table import Table

from .. import pools
from ..config import load_keypair, settings
from ..errors import Fatal, InvalidInput
from ..serving import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Status", "Wanted", "call", "drilled", "logs_to_stderr", "print_drill", "run", "serve"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Options of `serve`."""

    endpoints: list[str]
    quorum: int
    connections: int
    state: Path | None
    core: Path | None
    host: str
    port: int
    names: frozenset[str]
    allow_remote: bool
    token_file: Path | None
    processors: list[int]
    memory_bytes: int


def default_state() -> Path:
    """Where a service keeps what it remembers."""
    return settings().cache / "pools"


def logs_to_stderr(*, as_json: bool, quiet: bool = False) -> None:
    """Structured logs on standard error: lines of JSON for machines."""
    level = logging.ERROR if quiet else logging.getLevelNamesMapping()[settings().log_level.upper()]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)


async def serve(wanted: Wanted, *, as_json: bool) -> None:
    """Serve until a signal."""
    url = settings().rpc_url
    endpoints = wanted.endpoints or ([url] if url else [])
    if not endpoints:
        raise InvalidInput("Name at least one --endpoint, or set BREAKWATER_RPC_URL.")
    pools.pin(wanted.processors)
    directory = wanted.state or default_state()
    core = load_keypair(wanted.core)
    store = pools.Store(directory)
    token_file = wanted.token_file or directory / "token"
    config = pools.ServerConfig(
        Tokens.make(token_file), wanted.host, wanted.port, wanted.names, wanted.allow_remote
    )
    engine = pools.open_cluster(endpoints, quorum=wanted.quorum, connections=wanted.connections)
    options = pools.Options(pools.MemoryGuard(wanted.memory_bytes))
    service = pools.Service(engine, core, store, options)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with pools.serving(service, config) as at:
            said = {"url": at, "token_file": str(token_file)}
            line = json.dumps(said) if as_json else f"{at}, token in {token_file}"
            typer.echo(line)
            sys.stdout.flush()
            await stop.wait()
    finally:
        store.close()
        await engine.close()


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run the service on the loop that answers fastest."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def drilled(config: pools.DrillConfig, progress: Callable[[str], None]) -> pools.DrillResult:
    """Run a drill; SIGTERM ends it in order, so that neither service nor validator stays behind."""
    task = asyncio.ensure_future(pools.drill(config, progress))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise Fatal("Run the drill again: it was ended before it was over.") from None


def call(url: str, token_file: Path | None, method: str, params: str) -> Any:
    """One call to a running service.

    Raises:
        InvalidInput: the parameters are no JSON object.
        Fatal: it does not answer, or refuses.
    """
    try:
        given = json.loads(params)
    except ValueError:
        raise InvalidInput("Give the parameters as a JSON object.") from None
    token = _token(token_file or default_state() / "token")
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given}
    try:
        response = httpx.post(
            f"{url.rstrip('/')}/rpc", json=body, headers={"authorization": f"Bearer {token}"}, timeout=120
        )
        answer = response.json()
    except httpx.InvalidURL:
        raise InvalidInput(f"Give --url as an http address, not {url!r}.") from None
    except (httpx.HTTPError, ValueError) as error:
        raise Fatal(
            f"Start breakwater pools serve: nothing answers at {url} ({type(error).__name__})."
        ) from None
    refused = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(refused, dict):
        raise Fatal(f"{refused.get('message')}")
    if not isinstance(answer, dict) or "result" not in answer:
        raise Fatal(f"Name the address of breakwater pools serve: what answers at {url} is something else.")
    return answer["result"]


def _token(file: Path) -> str:
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    found = next((each.strip() for each in lines if each.strip() and not each.startswith("#")), None)
    if found is None:
        raise InvalidInput(f"Name the service's --token-file: there is no token in {file}.")
    return found


class Status:
    """What a drill is doing, on standard error."""

    def __init__(self) -> None:
        self._status = Console(stderr=True).status("drill")

    def __enter__(self) -> Status:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, what: str) -> None:
        """Replace the line."""
        self._status.update(what)


def print_drill(result: pools.DrillResult) -> None:
    """A drill's result as a table."""
    table = Table(title=f"{result.pools} pools, {result.threads} threads on {result.engine}")
    table.add_column("figure")
    table.add_column("value", justify="right")
    rows = {
        "operations": f"{result.operations:,}",
        "succeeded": f"{result.succeeded:,} ({result.success_rate:.2%})",
        "operations a second": f"{result.operations_per_second:,.1f}",
        "lost units": f"{result.lost_units:,}",
        "sums compared": f"{result.sums:,}",
        "kills": f"{result.killed} (after {result.operations_before_kill:,} operations)",
        "moves recovered": json.dumps(result.recovered),
        "compute units an operation": f"{result.compute_units / max(1, result.succeeded):,.0f}",
    }
    if result.engine == "local":  # elsewhere there are no clients and no processes to measure
        rows |= {
            f"reads of {result.clients} clients": f"{result.reads:,}",
            "95 of 100 reads within": f"{result.read_p95_ms:.1f} ms",
            "CPU of the service": f"{result.service_cpu_seconds:.1f} s",
            "CPU of the validator": f"{result.validator_cpu_seconds:.1f} s",
        }
    for name, value in rows.items():
        table.add_row(name, value)
    Console(file=sys.stdout).print(table)
