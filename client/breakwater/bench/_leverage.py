"""What `open` does for leverage and no other trade does, called alone in the probe program."""

from __future__ import annotations

from typing import Final

from ._probe import OURS, Probes

__all__ = ["leverage_check"]

# numbers of tests/sbf/math_probe's functions, with operands that take their dearest way
_UNIT: Final = 10**6
_STEPS: Final = (
    (9, (16, 1 << 31)),  # cap of outcomes and coverage, while coverage binds
    (12, (777 * _UNIT + 1, 333)),  # margin
    (44, (411 * _UNIT + 7, 777 * _UNIT)),  # average price of the fill
    (43, (500 * _UNIT + 3, 1 << 27)),  # the loan's premium
    (26, (10**12, 10**11, 1 << 31)),  # cash covers the debt at risk
)


def leverage_check() -> int:
    """Compute units of cap, margin, fill price, premium and coverage together."""
    probes = Probes()
    units = 0
    for function, operands in _STEPS:
        cu = probes.call(OURS, function, operands).cu
        units += cu
    return units
