"""Feeds, keepers and programs as rows, for the page, the terminal and `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

if TYPE_CHECKING:
    from .view import View

__all__ = ["tables_of"]

STATUS: Final = ("on duty", "suspended", "leaving")


def tables_of(view: View) -> dict[str, list[dict[str, Any]]]:
    """The rows by table."""
    return {"feeds": _feeds(view), "keepers": _keepers(view), "programs": _programs(view)}


def _feeds(view: View) -> list[dict[str, Any]]:
    rows = []
    for address, feed in view.feeds.items():
        age = (
            None if not feed.count or view.now_s is None else max(0.0, view.now_s - feed.timestamp_ms / 1000)
        )
        state = "never published" if age is None else "fresh" if age <= feed.max_age_s else "stale"
        rows.append(
            {
                "feed": feed.name,
                "price": f"{feed.price * 10.0**feed.exponent:.{max(0, -feed.exponent)}f}"
                if feed.count
                else None,
                "age_s": age,
                "max_age_s": feed.max_age_s,
                "markets": view.markets_of(address),
                "state": state,
            }
        )
    return sorted(rows, key=lambda each: str(each["feed"]))


def _keepers(view: View) -> list[dict[str, Any]]:
    allowed = None if view.registry is None else view.registry.heartbeat_slots
    rows = []
    for keeper in view.keepers.values():
        silent = None if view.slot is None else max(0, view.slot - keeper.heartbeat_slot)
        late = keeper.status == 0 and silent is not None and allowed is not None and silent > allowed
        rows.append(
            {
                "keeper": str(Pubkey.from_bytes(keeper.authority)),
                "state": "silent" if late else STATUS[keeper.status],
                "silent_slots": silent,
                "allowed_slots": allowed,
                "completed": keeper.completed,
                "failed": keeper.failed + keeper.missed,
                "tier": keeper.tier,
            }
        )
    return rows


def _programs(view: View) -> list[dict[str, Any]]:
    return [
        {
            "program": each.name,
            "address": each.address,
            "deployed": each.deployed,
            "authority": each.authority,
            "sha256": each.sha256,
            "matches": each.sha256 == each.expected,
        }
        for each in view.programs
    ]
