"""One look at what a launch monitor watches."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from breakwater.charter import read_held

if TYPE_CHECKING:
    from breakwater.chain.engine import RpcEngine
    from breakwater.charter import Charter

__all__ = ["Snapshot", "look"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The exchange at a slot, in micro-units; `coverage` is None while nothing is lent."""

    slot: int
    vault: int
    debt: int
    debt_at_risk: int
    coverage: float | None
    fees: int
    volume: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def look(engine: RpcEngine, charter: Charter) -> Snapshot:
    """Read the ledgers."""
    held = await read_held(engine, charter)
    shards = [each for each in held.shards if each is not None]
    vault = sum(each.cash for each in shards) + (0 if held.vault is None else held.vault.cash)
    risk = sum(each.debt_at_risk for each in shards)
    return Snapshot(
        slot=await engine.slot(),
        vault=vault,
        debt=sum(each.debt for each in shards),
        debt_at_risk=risk,
        coverage=vault / risk if risk else None,
        fees=sum(each.fees for each in shards),
        volume=sum(each.volume for each in shards),
    )
