"""Events of one archive become changes in the chain's order; a missing one is noticed, a hidden one is
counted."""

from __future__ import annotations

from typing import Any

import pytest

from breakwater.archive.leaves import DONE, LIVE, MARKET, SPENT, Appended, Hidden, Leaf, Replaced
from breakwater.archive.watch import Told, changes_of, filled
from breakwater.chain import addresses as at
from breakwater.chain.archive_accounts import Archive
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


class Forgetful(Archive):
    """An archive's account to which all that it is asked about was too long ago."""

    def change(self, sequence: int) -> None:
        return None


def account(sequence: int, length: int) -> Archive:
    return Forgetful(0, 0, sequence, length, bytes(32), b"", b"")


def one(sequence: int, index: int) -> Appended:
    return Appended(sequence, index, (Leaf(LIVE, CONTENT),))


def told(*events: Event, cut: bool = False) -> Told:
    return Told(events, cut)


FULL = told(cut=True)


def test_what_full_logs_kept_back_is_counted_by_the_changes_around_it() -> None:
    before, after = told(archived(1, 0)), told(archived(4, 6))
    changes = [one(1, 0), Hidden(3, 1, 2, 5), one(4, 6)]
    assert filled([before, FULL, FULL, after], account(4, 7), 0, 0) == (changes, True)


def test_what_a_full_log_kept_back_last_is_counted_by_the_account() -> None:
    assert filled([FULL], account(200, 205), 100, 100) == ([Hidden(200, 100, 100, 105)], True)


def test_leaves_that_a_full_log_left_out_belong_to_the_change_before_them() -> None:
    changes = [one(1, 0), Hidden(1, 1, 0, 3), one(2, 4)]
    half = told(archived(1, 0), cut=True)
    assert filled([half, told(archived(2, 4))], account(2, 5), 0, 0) == (changes, True)


def test_a_replacement_behind_hidden_leaves_finds_them_there() -> None:
    replaced = told(event("PositionRestored", 3, 2))
    changes = [one(1, 0), Hidden(2, 1, 1, 2), Replaced(3, 2, SPENT), one(4, 3)]
    assert filled([told(archived(1, 0)), FULL, replaced, told(archived(4, 3))], account(4, 4), 0, 0) == (
        changes,
        True,
    )


def test_what_a_newer_account_has_to_tell_is_left_for_it() -> None:
    replaced = told(event("PositionRestored", 3, 0))
    assert filled([told(archived(1, 0)), FULL, replaced], account(1, 1), 0, 0) == ([one(1, 0)], False)
    assert filled([told(archived(1, 0)), FULL], account(1, 1), 0, 0) == ([one(1, 0)], False)


def test_a_gap_without_a_full_log_stays_one() -> None:
    gap = [told(archived(1, 0)), told(archived(3, 2))]
    assert filled(gap, account(3, 3), 0, 0) == ([one(1, 0), one(3, 2)], True)
    # nor does a full log before what is known explain one behind it
    assert filled([FULL, *gap], account(3, 3), 0, 0) == ([one(1, 0), one(3, 2)], True)


def test_a_full_log_that_kept_nothing_back_changes_nothing() -> None:
    every = [told(archived(1, 0)), FULL, told(archived(2, 1)), told(archived(3, 2), cut=True)]
    assert filled(every, account(3, 3), 0, 0) == ([one(1, 0), one(2, 1), one(3, 2)], False)
