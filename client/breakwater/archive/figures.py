"""What an archive holds and what it costs, on the chain and off it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain.archive_accounts import BYTES, DEPTH

from .leaves import HIDDEN, name_of

if TYPE_CHECKING:
    from breakwater.chain.archive_accounts import Archive as OnChain

    from .store import Store

__all__ = ["OVERHEAD", "Figures", "figures_of"]

OVERHEAD: Final = 128
"""Bytes beside an account's data that a cluster keeps, and takes rent for, for each account."""
DISCRIMINATOR: Final = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """An archive in numbers; sizes in bytes.

    `data` is what the archived accounts' data were, `accounts` the same with what a cluster keeps of each
    account beside. `stored` is the journal, contents and dictionaries in it, and the index.
    """

    leaves: int
    changes: int
    claims: int
    kinds: dict[str, int]
    pending: int
    data: int
    accounts: int
    stored: int
    dictionaries: int
    index: int
    chain_bytes_per_leaf: float

    @property
    def ratio(self) -> float:
        """How many times smaller than the accounts as a cluster keeps them."""
        return self.accounts / self.stored if self.stored else 0.0

    @property
    def data_ratio(self) -> float:
        """How many times smaller than the accounts' data alone."""
        return self.data / self.stored if self.stored else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__slots__} | {
            "ratio": self.ratio,
            "data_ratio": self.data_ratio,
        }


def figures_of(store: Store, chain: OnChain) -> Figures:
    """Count what a store holds."""
    kinds: Counter[str] = Counter()
    data = 0
    for leaf in store:
        kinds[name_of(leaf.kind)] += 1
        data += len(leaf.content) + DISCRIMINATOR if leaf.content else 0
    size = store.size
    return Figures(
        leaves=store.length,
        changes=store.sequence,
        claims=chain.claims,
        kinds={name_of(kind): kinds[name_of(kind)] for kind in range(HIDDEN + 1)},
        pending=store.pending,
        data=data,
        accounts=data + OVERHEAD * (store.length - store.hidden),
        stored=size["journal"] + size["index"] + size["index_log"],
        dictionaries=size["dictionaries"],
        index=size["index"] + size["index_log"],
        chain_bytes_per_leaf=BYTES / (1 << DEPTH),
    )
