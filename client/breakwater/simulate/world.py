"""What everybody in a simulation shares."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import queries
from breakwater.chain.sender import Sender
from breakwater.errors import BreakwaterError

from .claims import Claims
from .network import Hazards, Link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.terms import MarketTerms

    from .checker import Checker
    from .ground import Ground
    from .leader import Leader
    from .node import Node
    from .trace import Trace

__all__ = ["Listing", "World"]

UNITS = 400_000
"""Compute units of what is signed without asking a node."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A market that was opened."""

    id: int
    terms: MarketTerms

    @property
    def outcomes(self) -> int:
        """How many."""
        return len(self.terms.strikes) + 1


@dataclass(slots=True)
class World:
    """The chain, the way to it, and what is known to everybody.

    `quiet` is set when nobody begins anything new; `calm` when no fault happens any more.
    """

    seed: int
    ground: Ground
    leader: Leader
    nodes: Sequence[Node]
    hazards: Hazards
    trace: Trace
    checker: Checker
    claims: Claims = field(default_factory=Claims)
    links: list[Link] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    calm: bool = False
    ended: list[str] = field(default_factory=list)
    """Why keepers have ended by themselves, which they should not."""

    def chance(self, name: str) -> random.Random:
        """Somebody's own luck: what others do does not change it."""
        return random.Random(f"{self.seed} {name}")

    def link(self, name: str) -> Link:
        """Somebody's own way to the nodes."""
        link = Link(name, self.nodes, self.hazards, self.chance(f"link {name}"), self.trace)
        self.links.append(link)
        return link

    def sender(self, name: str) -> Sender:
        """Somebody's own sender."""
        return Sender(self.link(name).connect())

    async def pause(self, seconds: float) -> bool:
        """Wait; whether to go on."""
        try:
            async with asyncio.timeout(seconds):
                await self.quiet.wait()
        except TimeoutError:
            return True
        return False

    async def read(self, sender: Sender, kind: str, *addresses: object) -> list[bytes | None] | None:
        """Accounts' data; None if the node does not answer."""
        try:
            return await queries.read(sender.engine, list(addresses))  # type: ignore[arg-type]
        except BreakwaterError as error:
            self.trace.note("blind", f"{kind} {type(error).__name__}")
            return None

    def open_listings(self) -> list[Listing]:
        """Markets that trade now, as far as anybody knows."""
        now_ms = self.ground.engine.clock.unix_timestamp * 1000
        return [each for each in self.listings if each.terms.close_ms > now_ms]

    @property
    def unsettled(self) -> list[int]:
        """Numbers of markets past their close that nobody has settled."""
        now_ms = self.ground.engine.clock.unix_timestamp * 1000
        markets = self.checker.books.markets
        late = (each.id for each in self.listings if each.terms.close_ms <= now_ms)
        found = ((number, markets.get(at.market(number))) for number in late)
        return [number for number, market in found if market is not None and market.status == 0]
