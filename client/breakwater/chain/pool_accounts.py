"""A pool's account data -> a frozen value; what is kept by side has a's first."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as dataclass_fields

from . import accounts

__all__ = ["Pool", "pool"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Two tokens: `ratio[0]` units of a are worth `ratio[1]` of b; `fees` are the owner's."""

    owner: bytes
    mints: tuple[bytes, bytes]
    vaults: tuple[bytes, bytes]
    lp_mints: tuple[bytes, bytes]
    number: int
    ratio: tuple[int, int]
    reserve: tuple[int, int]
    fees: tuple[int, int]
    fee_ppm: int
    decimals: tuple[int, int]
    paused: bool

    def is_covered(self, supply_a: int, supply_b: int) -> bool:
        """Whether the reserves are worth at least all claims, exactly."""
        ratio_a, ratio_b = self.ratio
        spare_a, spare_b = self.reserve[0] - supply_a, self.reserve[1] - supply_b
        return spare_a * ratio_b + spare_b * ratio_a >= 0


def pool(data: bytes) -> Pool:
    """Decode a pool account.

    Raises:
        InvalidInput: the data are not those of a pool.
    """
    fields = accounts.read_fields("Pool", data)
    first, second = fields["decimals"]
    named = {each.name: fields[each.name] for each in dataclass_fields(Pool)}
    return Pool(**named | {"decimals": (first, second), "paused": bool(fields["paused"])})
