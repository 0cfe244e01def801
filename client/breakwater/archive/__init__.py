"""Closed and old positions and settled markets off the chain: 32 bytes of hash there, the content here.

* `Archive` archives (`prune`), proves, verifies, restores and pays out; `Store` keeps the contents on this
  machine.
* `rebuild` makes a store from the chain's history, `adopt` from another cluster's store.
* `pick` says what may be archived now and by whom, by the accounts that `read_exchange` reads.
* `read_state`, `pack`, `unpack` and `write_genesis` take a whole exchange to another cluster; `read_live` is
  for indexers.
"""

from .bench import ArchiveFigures, measure
from .documents import Document, document_of, read_document
from .figures import Figures, figures_of
from .leaves import DONE, HIDDEN, LIVE, MARKET, SPENT, Leaf, name_of
from .picking import Candidate, Picked, pick, read_exchange
from .renewal import adopt, forget_index, rebuild
from .service import (
    Archive,
    Pruned,
    market_of,
    numbers_of,
    open_chain_archive,
    place_of,
    read_archive,
    somebody,
)
from .snapshot import State, pack, root_of, unpack
from .store import Store
from .transfer import read_live, read_state, write_genesis
from .tree import Proof, Tree

__all__ = [
    "DONE",
    "HIDDEN",
    "LIVE",
    "MARKET",
    "SPENT",
    "Archive",
    "ArchiveFigures",
    "Candidate",
    "Document",
    "Figures",
    "Leaf",
    "Picked",
    "Proof",
    "Pruned",
    "State",
    "Store",
    "Tree",
    "adopt",
    "document_of",
    "figures_of",
    "forget_index",
    "market_of",
    "measure",
    "name_of",
    "numbers_of",
    "open_chain_archive",
    "pack",
    "pick",
    "place_of",
    "read_archive",
    "read_document",
    "read_exchange",
    "read_live",
    "read_state",
    "rebuild",
    "root_of",
    "somebody",
    "unpack",
    "write_genesis",
]
