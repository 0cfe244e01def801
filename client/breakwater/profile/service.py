"""Plays a scene on an engine and returns its profile."""

from __future__ import annotations

from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine, open_engine
from breakwater.config import settings
from breakwater.errors import InvalidInput, Unreachable
from breakwater.scenario import Scenario

from .probe import Probe, TimedEngine
from .result import Profile
from .scene import Take, find

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

__all__ = ["ROUNDS_EMBEDDED", "profile"]

ROUNDS_EMBEDDED = 20
"""Rounds where a round takes milliseconds; elsewhere one is the default."""

MOST_ROUNDS = 1_000
"""The vault's liquidity and the wallet's tokens last for as many."""


async def profile(
    scenario: str,
    engine: str = "embedded",
    *,
    repeat: int | None = None,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Profile:
    """Play a scenario on the real programs and measure every transaction.

    Args:
        scenario: one of `registry()`.
        engine: "embedded", "local" for a validator of its own, or the address of a node whose exchange is not
            initialised: the profile deploys the programs and initialises it.
        repeat: rounds, at most 1,000; None is 20 on the embedded engine and 1 elsewhere.
        seed: of the amounts from the second round on; the first round's are fixed.
        progress: called with the name of each step.

    Raises:
        InvalidInput: no such scenario or engine, or the node has an exchange already.
        EngineUnavailable, Unreachable: the validator does not start, or the node does not answer.
        BreakwaterError: an instruction failed.
    """
    scene = find(scenario)
    if repeat is not None and not 1 <= repeat <= MOST_ROUNDS:
        raise InvalidInput(f"Repeat the scenario 1 to {MOST_ROUNDS:,} times, not {repeat:,}.")
    rounds = repeat or (ROUNDS_EMBEDDED if engine == "embedded" else 1)
    async with _open(engine) as opened:
        probe = Probe(opened)
        life = Scenario(opened, probe, progress)
        if isinstance(opened, RpcEngine):
            await _require_empty(opened)
            await life.deploy()
        await scene.play(Take(life, probe, rounds, Random(seed)))
        return Profile(scene.name, scene.sentence, opened.name, rounds, seed, tuple(probe.samples))


@asynccontextmanager
async def _open(engine: str) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    if engine == "embedded":
        yield TimedEngine(programs.embedded_programs(), commitment=settings().commitment)
        return
    async with open_engine(engine) as opened:
        yield opened


async def _require_empty(engine: RpcEngine) -> None:
    try:
        await engine.rpc.once([("getHealth", [])])
    except Unreachable:
        raise Unreachable(
            f"Start the node or name another with --engine: {engine.url} does not answer."
        ) from None
    if (await engine.client.get_account_info(at.config())).value is not None:
        raise InvalidInput(
            "Name a node without an exchange, embedded or local: a profile initialises one of its own, "
            "and this node's is taken."
        )
