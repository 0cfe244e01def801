"""Events of one archive become changes in the chain's order; a missing one is noticed."""

from __future__ import annotations

from typing import Any

import pytest

from breakwater.archive.leaves import DONE, LIVE, MARKET, SPENT, Appended, Leaf, Replaced
from breakwater.archive.watch import changes_of
from breakwater.chain import addresses as at
from breakwater.chain.events import Event
from breakwater.errors import Fatal

HOLDING = {"shares": 5, "cost": 4, "debt": 0, "opened_slot": 9, "outcome": 1, "kind": 0}
CONTENT = (
    bytes([1]) * 32
    + bytes([2]) * 32
    + b"".join(value.to_bytes(8, "little") for value in (5, 4, 0, 9))
    + bytes([1, 0, 0, 0])
    + (9).to_bytes(4, "little")
)


def event(name: str, sequence: int, index: int, *, archive: int = 0, **more: Any) -> Event:
    fields = {"archive": archive, "sequence": sequence, "index": index, **more}
    return Event(str(at.EXCHANGE), name, fields)


def archived(sequence: int, index: int, *, done: int = 0, archive: int = 0) -> Event:
    holding = HOLDING | {"reserved": b"\0\0", "generation": 9}
    more = {"trader": bytes([1]) * 32, "market": bytes([2]) * 32, "holding": holding, "done": done}
    return event("PositionArchived", sequence, index, archive=archive, **more)


def test_events_become_changes_in_order() -> None:
    events = [
        event("PositionRestored", 4, 0),
        archived(2, 2),
        event("MarketArchived", 3, 3, content=b"market"),
        archived(1, 1, done=1),
        archived(1, 0),
        event("ArchivedRedeemed", 5, 2),
        archived(1, 0, archive=7),
        Event(str(at.EXCHANGE), "Redeemed", {}),
        Event(str(at.POOLS), "PositionArchived", {"archive": 0, "sequence": 1, "index": 9}),
    ]
    assert changes_of(events, 0) == [
        Appended(1, 0, (Leaf(LIVE, CONTENT), Leaf(DONE, CONTENT))),
        Appended(2, 2, (Leaf(LIVE, CONTENT),)),
        Appended(3, 3, (Leaf(MARKET, b"market"),)),
        Replaced(4, 0, SPENT),
        Replaced(5, 2, DONE),
    ]


def test_a_change_with_a_missing_event_is_no_change() -> None:
    with pytest.raises(Fatal, match="an event of the archive's change 1 is missing"):
        changes_of([archived(1, 0), archived(1, 2)], 0)
