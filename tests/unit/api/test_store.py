"""Orders on disk: found again after a restart, settled once, in one server's hands."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from breakwater.api.schemas import Fault, Fill, OrderStatus
from breakwater.api.store import Pending, Store
from breakwater.errors import InvalidInput

ORDER = Pending("sig", b"\1\2", 99)
FILL = Fill(1, "t", "buy", 0, "1.000000", "0.5", "0.1", "0.6", "0", "0", "0", 1.0)
LANDED = OrderStatus("sig", "landed", 5, [FILL])


async def test_an_order_is_accepted_until_it_is_settled(tmp_path: Path) -> None:
    store = Store(tmp_path / "orders.sqlite")
    assert await store.find("sig") is None
    await store.accept(ORDER)
    assert await store.find("sig") == OrderStatus("sig", "accepted")
    assert await store.pending() == [ORDER]
    await store.settle(LANDED)
    assert await store.find("sig") == LANDED
    assert await store.pending() == []
    await store.close()


async def test_the_first_outcome_stays(tmp_path: Path) -> None:
    store = Store(tmp_path / "orders.sqlite")
    await store.accept(ORDER)
    await store.settle(LANDED)
    await store.accept(ORDER)
    await store.settle(OrderStatus("sig", "failed", error=Fault("fatal", "x", "y")))
    assert await store.find("sig") == LANDED
    await store.close()


async def test_a_restart_finds_what_was_left(tmp_path: Path) -> None:
    seconds: list[float] = []
    store = Store(tmp_path / "deep" / "orders.sqlite", on_write=seconds.append)
    await store.accept(ORDER)
    await store.accept(Pending("other", b"\3", 100))
    await store.settle(LANDED)
    await store.close()
    again = Store(tmp_path / "deep" / "orders.sqlite")
    assert await again.find("sig") == LANDED
    assert await again.pending() == [Pending("other", b"\3", 100)]
    await again.close()
    assert len(seconds) == 3


async def test_a_second_server_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "orders.sqlite")
    with pytest.raises(InvalidInput, match=r"^Name another --store than \S+: another server uses it\.$"):
        Store(tmp_path / "orders.sqlite")
    await store.close()
    await Store(tmp_path / "orders.sqlite").close()


async def test_orders_of_last_week_are_forgotten_but_not_those_without_an_outcome(tmp_path: Path) -> None:
    store = Store(tmp_path / "orders.sqlite")
    await store.accept(ORDER)
    await store.accept(Pending("other", b"\3", 100))
    await store.settle(LANDED)
    await store.close()
    with sqlite3.connect(tmp_path / "orders.sqlite") as db:
        db.execute("UPDATE orders SET received_s = received_s - 8 * 86400")
    db.close()
    again = Store(tmp_path / "orders.sqlite")
    assert await again.find("sig") is None
    assert await again.find("other") == OrderStatus("other", "accepted")
    await again.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "orders.sqlite"
    file.write_text("something else entirely, and long enough to be looked at" * 20)
    with pytest.raises(InvalidInput, match=r"it is no store: file is not a database\.$"):
        Store(file)
    assert file.read_text().startswith("something else")
