"""What a profile plays: a scene sends instructions, and says which of them are measured."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING

from breakwater.errors import InvalidInput
from breakwater.scenario import shares_of

from . import scenes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractContextManager

    from breakwater.scenario import Scenario

    from .probe import Probe

__all__ = ["UNIT", "Scene", "Take", "drain", "find", "registry"]

UNIT = 10**6


@dataclass(frozen=True, slots=True)
class Take:
    """One playing of a scene: the exchange's life, its probe, how many rounds, and what varies them."""

    scenario: Scenario
    probe: Probe
    rounds: int
    random: Random = field(default_factory=Random)

    def measured(self, group: str) -> AbstractContextManager[None]:
        """Measure what is sent inside the block, under that name."""
        return self.probe.measured(group)

    def sizes(self, index: int) -> Callable[[int], int]:
        """Micro-shares by outcome for a round: those of `bench cu` in the first, then any part of them."""
        part = self.random.uniform(0.05, 1) if index else 1.0
        return lambda outcome: int(shares_of(outcome) * part)


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario that can be profiled; `sentence` says to a person what happens in it."""

    name: str
    sentence: str
    play: Callable[[Take], Awaitable[None]]


async def drain(steps: AsyncIterator[object]) -> None:
    """Let all steps happen; the probe sees them."""
    async for _ in steps:
        pass


@lru_cache
def registry() -> dict[str, Scene]:
    """Every scene by name: `SCENE` of each module of the package `scenes`."""
    found = [
        importlib.import_module(f"{scenes.__name__}.{each.name}").SCENE
        for each in pkgutil.iter_modules(scenes.__path__)
    ]
    return {each.name: each for each in sorted(found, key=lambda scene: scene.name)}


def find(name: str) -> Scene:
    """The scene of that name.

    Raises:
        InvalidInput: there is none.
    """
    scene = registry().get(name)
    if scene is None:
        raise InvalidInput(f"Name a scenario: {', '.join(registry())}, not {name!r}.")
    return scene
