"""One look at an exchange: decoded accounts and what the node did, without any judgement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Config, Feed, Market, Shard, Vault
    from breakwater.chain.keeper_accounts import Keeper, Registry

__all__ = ["Mark", "Node", "ProgramFacts", "View"]


@dataclass(frozen=True, slots=True)
class Node:
    """The node; `error` says why it is not up, `transactions` is its count since genesis."""

    up: bool
    healthy: bool
    latency_ms: float | None
    transactions: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where the chain was when; `clock_ms` has any origin, and not every node counts transactions."""

    clock_ms: int
    slot: int
    transactions: int | None


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """A program on the chain.

    Attributes:
        deployed: whether a loader has it.
        authority: who can change it; None for nobody.
        sha256: of its bytes, as far as the manifest says they reach.
        expected: what the manifest says.
    """

    name: str
    address: str
    deployed: bool
    authority: str | None
    sha256: str | None
    expected: str


@dataclass(frozen=True, slots=True)
class View:
    """What was seen. What does not exist, or was not seen because the node is down, is None or empty.

    Attributes:
        engine: what messages call the engine.
        time_s: Unix time of the monitor.
        clock_ms: the clock that rates are measured by.
        slot: the node's newest slot.
        now_s: the chain's Unix time.
        still_s: seconds since the slot last moved.
        node: how the node did.
        token_balance: of the token account that holds all collateral, in micro-units.
        past: marks of the last seconds, oldest first, this look's included.
    """

    engine: str
    time_s: float
    clock_ms: int
    node: Node
    slot: int | None = None
    now_s: int | None = None
    still_s: float | None = None
    config: Config | None = None
    vault: Vault | None = None
    shards: tuple[Shard, ...] = ()
    token_balance: int | None = None
    markets: Mapping[Pubkey, Market] = field(default_factory=dict)
    feeds: Mapping[Pubkey, Feed] = field(default_factory=dict)
    keepers: Mapping[Pubkey, Keeper] = field(default_factory=dict)
    registry: Registry | None = None
    programs: tuple[ProgramFacts, ...] = ()
    past: tuple[Mark, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the node answered everything."""
        return self.node.up

    @property
    def open_markets(self) -> dict[Pubkey, Market]:
        """Markets that are neither resolved nor voided."""
        return {address: each for address, each in self.markets.items() if each.status == 0}

    def markets_of(self, feed: Pubkey) -> int:
        """Open markets that settle by a feed."""
        return sum(each.feed == bytes(feed) for each in self.open_markets.values())

    def is_halted(self, market: Market) -> bool:
        """Whether a circuit breaker, the market's own or its group's, holds trades up now."""
        group = self.shards[market.shard].halts[market.group] if self.shards else 0
        return self.slot is not None and max(market.halted_until_slot, group) > self.slot
