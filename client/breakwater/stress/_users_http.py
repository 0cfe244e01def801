"""A thousand users over HTTP: a validator, our API before it, and Locust's processes before that."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwater.api import ApiConfig, Tokens, serving
from breakwater.chain.engine import EmbeddedEngine
from breakwater.trials import CAUSES, Outcome

from ._stage import UNIT, Stage, fresh_chain
from ._trades import spread
from .load import MOST_P95_MS, Load, LoadResult, Member, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from breakwater.trials import Context

__all__ = ["Front", "front", "judged", "users_over_http"]

USERS: Final = 1_000
MARKETS: Final = 8
LIQUIDITY: Final = 100_000_000 * UNIT
DEPTH: Final = 1_000_000 * UNIT
PURSE: Final = 10_000 * UNIT
DURATION_S: Final = 60.0
PER_SECOND: Final = 50.0
CACHE_SLOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Front:
    """An exchange with an API before it, and users who may order."""

    stage: Stage
    url: str
    members: list[Member]
    markets: list[int]


@asynccontextmanager
async def front(ctx: Context) -> AsyncIterator[Front]:
    """A fresh validator, an exchange, funded users with a token each, and the API, while the block runs."""
    count = ctx.users or ctx.scaled(USERS, 10)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress, books=False)
        people = await stage.join(count, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        await stage.publish()
        members = [Member(bytes(key)[:32].hex(), secrets.token_urlsafe(24)) for key in people]
        tokens = Tokens(each.token for each in members)
        # a validator's clock runs by itself
        clock = asyncio.create_task(engine.run_clock()) if isinstance(engine, EmbeddedEngine) else None
        try:
            with tempfile.TemporaryDirectory(prefix="breakwater-stress-") as place:
                config = ApiConfig(tokens, Path(place) / "orders.db", cache_slots=CACHE_SLOTS)
                async with serving(engine, config) as served:
                    yield Front(stage, served.url, members, numbers)
        finally:
            if clock is not None:
                clock.cancel()


async def judged(ctx: Context, before: Front, result: LoadResult) -> Outcome:
    """What a load came to, once the books are checked."""
    figures = dict(result.figures)
    broken = [*figures.pop("broken"), *await before.stage.broken()]
    history = [each[0] for each in figures.pop("history")]
    causes = figures["causes"]
    note = ""
    if causes:
        worst = max(causes, key=causes.get)
        note = f"{figures['failures']:,} requests were refused, most because {CAUSES[worst]} ({worst})."
    total = figures["requests"]
    figures = {
        "users": len(before.members),
        "operations": total,
        "succeeded": total - figures["failures"],
        "operations_per_second": figures["requests_per_second"],
        "processes": max(1, figures.pop("workers")),
        **figures,
    }
    return Outcome.judged(
        broken,
        total - figures["failures"],
        total,
        figures,
        note=note,
        charts={"requests a second": [(float(i), rate) for i, rate in enumerate(history)]},
    )


async def users_over_http(
    ctx: Context,
    *,
    per_second: float = PER_SECOND,
    most_p95_ms: float = MOST_P95_MS,
    web_port: int | None = None,
    csv: Path | None = None,
    html: Path | None = None,
    others: int = 0,
    master_port: int = 0,
) -> Outcome:
    """Let Locust's users trade through the API.

    Args:
        ctx: how many users, for how long, from how many processes.
        per_second: requests of all users together.
        most_p95_ms: the 95th percentile of all requests, above which the load has failed.
        web_port: where Locust's page is served, on loopback.
        csv: prefix of Locust's CSV files.
        html: Locust's own report.
        others: workers that are started elsewhere and join.
        master_port: where they do; 0 takes one.
    """
    async with front(ctx) as before:
        ctx.progress(f"{len(before.members)} users over HTTP")
        wanted = Load(
            before.url,
            before.members,
            before.markets,
            ctx.duration_s or max(10.0, DURATION_S * ctx.scale),
            per_second,
            ctx.workers,
            others,
            master_port,
            most_p95_ms,
            web_port=web_port,
            csv=csv,
            html=html,
        )
        result = await load(wanted, progress=ctx.progress)
        return await judged(ctx, before, result)
