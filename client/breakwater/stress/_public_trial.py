"""The public run, rehearsed: a validator behind a proxy with a public endpoint's manners."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain.engine import RpcEngine
from breakwater.errors import InvalidInput
from breakwater.faults import PUBLIC, Endpoint
from breakwater.keepers import wallet
from breakwater.trials import Outcome

from ._stage import UNIT, Stage, fresh_chain
from ._trades import spread
from .public import Patience, PublicRun, patient_engine, stress_public

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.trials import Context

__all__ = ["BUDGET", "COLLATERAL", "DEPTH", "LIQUIDITY", "collateral", "public_cluster"]

LIQUIDITY: Final = 1_000_000 * UNIT
DEPTH: Final = 20_000 * UNIT
COLLATERAL: Final = 100 * UNIT
BUDGET: Final = 200_000_000
USERS: Final = 4
DURATION_S: Final = 30.0
PER_SECOND: Final = 4.0
MARKETS: Final = 2


async def public_cluster(ctx: Context) -> Outcome:
    """Trade within a budget through 429s, latency and replicas that lag, and take everything back."""
    users = ctx.users or ctx.scaled(USERS, 2)
    async with fresh_chain(ctx.engine) as engine:
        if not isinstance(engine, RpcEngine):
            raise InvalidInput("Run it on local: there is no endpoint in this process.")
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress, books=False)
        (payer,) = await stage.join(1, UNIT)
        await collateral(stage, payer.pubkey(), users)
        await stage.markets(spread(MARKETS), DEPTH)
        await stage.fold()
        await stage.publish()
        counts: Counter[str] = Counter()
        async with Endpoint(engine.url, PUBLIC, seed=ctx.seed) as endpoint:
            patient = patient_engine(endpoint.url, Patience(), counts)
            try:
                with tempfile.TemporaryDirectory(prefix="breakwater-stress-") as place:
                    wanted = PublicRun(
                        BUDGET,
                        users,
                        ctx.duration_s or max(4.0, DURATION_S * ctx.scale),
                        PER_SECOND,
                        COLLATERAL,
                        Path(place) / "run.json",
                    )
                    done = await stress_public(patient, payer, wanted, counts, progress=ctx.progress)
            finally:
                await patient.close()
            manners = dict(endpoint.counts)
        broken = [*done.broken, *await stage.broken()]
    figures = done.as_dict()
    for name in ("broken", "passed", "success_rate"):
        figures.pop(name)
    figures["endpoint"] = manners
    return Outcome.judged(broken, done.succeeded, done.trades, figures, note=done.reason)


async def collateral(stage: Stage, owner: Pubkey, users: int) -> None:
    """More tokens for the payer's wallet, which `join` has made and emptied."""
    more = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=stage.ground.mint,
        dest=wallet(owner, stage.ground.mint),
        mint_authority=stage.ground.admin.pubkey(),
        amount=2 * users * COLLATERAL,
    )
    await stage.require([([spl.mint_to(more)], [stage.ground.admin])])
