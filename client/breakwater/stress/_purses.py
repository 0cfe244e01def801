"""What everybody's balance has to be, from what trades and chains say they moved."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from breakwater.chain.events import Event

__all__ = ["Purses"]

BUY, OPEN = 0, 2


def _traded(f: Mapping[str, Any]) -> int:
    return -int(f["amount"]) if f["side"] in (BUY, OPEN) else int(f["amount"]) - int(f["shortfall"])


MOVES: Final[dict[str, Callable[[Mapping[str, Any]], int]]] = {
    "BalanceMoved": lambda f: int(f["deposited"]) - int(f["withdrawn"]),
    "LiquidityMoved": lambda f: int(f["withdrawn"]) - int(f["deposited"]),
    "ChainOpened": lambda f: -int(f["payment"]),
    "ChainUnwound": lambda f: int(f["amount"]) - int(f["shortfall"]),
}
CHAINED: Final = frozenset({"ChainOpened", "ChainUnwound"})


class Purses:
    """Balances by trader account, micro-units; what a chain's legs move among themselves is the chain's."""

    def __init__(self) -> None:
        self.balances: defaultdict[bytes, int] = defaultdict(int)

    def apply(self, events: Iterable[Event]) -> None:
        """The events of one transaction."""
        every = list(events)
        chained = any(each.name in CHAINED for each in every)
        for each in every:
            if each.name == "Traded" and not chained:
                self.balances[each.fields["trader"]] += _traded(each.fields)
            elif each.name in MOVES:
                self.balances[each.fields["trader"]] += MOVES[each.name](each.fields)
