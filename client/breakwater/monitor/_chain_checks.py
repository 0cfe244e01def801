"""What the node, the keepers, the feeds and the programs say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.alerts import Reading, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .view import View

__all__ = ["FEEDS", "KEEPERS", "NODE", "PROGRAMS", "feeds", "keepers", "node", "programs"]

ON_DUTY: Final = 0
SUSPENDED: Final = 1
SHORTEST_MS: Final = 2_000
"""A rate over less is noise."""

NODE: Final = ("tps", "slot", "slots_per_s", "slot_still", "rpc_up", "rpc_healthy", "rpc_latency")
KEEPERS: Final = (
    "keepers_registry",
    "keepers_on_duty",
    "keepers_suspended",
    "keeper_silence",
    "keeper_suspended",
    "keeper_success",
)
FEEDS: Final = ("feed_age", "feed_silence", "feed_markets")
PROGRAMS: Final = ("program_immutable", "program_matches", "admin_present")


def node(view: View) -> Iterator[Reading]:
    """The node, and how fast the chain moves."""
    yield Reading("rpc_up", int(view.node.up))
    yield Reading("rpc_healthy", int(view.node.healthy))
    yield Reading("rpc_latency", view.node.latency_ms)
    yield Reading("slot_still", view.still_s)
    yield Reading("slot", view.slot)
    tps = slots = None
    if len(view.past) > 1:
        first, last = view.past[0], view.past[-1]
        passed = last.clock_ms - first.clock_ms
        if passed >= SHORTEST_MS:
            if first.transactions is not None and last.transactions is not None:
                tps = (last.transactions - first.transactions) * 1000 / passed
            slots = (last.slot - first.slot) * 1000 / passed
    yield Reading("tps", tps)
    yield Reading("slots_per_s", slots)


def keepers(view: View) -> Iterator[Reading]:
    """Keepers that are, or should be, on duty; one that leaves of its own will is no failure."""
    if not view.complete:
        return
    yield Reading("keepers_registry", int(view.registry is not None))
    found = view.keepers.values()
    yield Reading("keepers_on_duty", sum(each.status == ON_DUTY and bool(each.listed) for each in found))
    yield Reading("keepers_suspended", sum(each.status == SUSPENDED for each in found))
    for each in found:
        labels = labels_of(keeper=str(Pubkey.from_bytes(each.authority)))
        if each.status in (ON_DUTY, SUSPENDED):
            yield Reading("keeper_suspended", int(each.status == SUSPENDED), labels)
            yield Reading("keeper_success", each.success_rate, labels)
        if each.status == ON_DUTY and view.registry is not None and view.slot is not None:
            silent = max(0, view.slot - each.heartbeat_slot)
            yield Reading("keeper_silence", silent / view.registry.heartbeat_slots, labels)


def feeds(view: View) -> Iterator[Reading]:
    """Every feed's age; one that was never published to has none."""
    if not view.complete or view.now_s is None:
        return
    for address, feed in view.feeds.items():
        labels = labels_of(feed=feed.name)
        yield Reading("feed_markets", view.markets_of(address), labels)
        if feed.count:
            age = max(0.0, view.now_s - feed.timestamp_ms / 1000)
            yield Reading("feed_age", age, labels)
            yield Reading("feed_silence", age / max(1, feed.max_age_s), labels)


def programs(view: View) -> Iterator[Reading]:
    """Whether the programs are what they should be, for good."""
    for each in view.programs:
        labels = labels_of(program=each.name)
        yield Reading("program_immutable", int(each.deployed and each.authority is None), labels)
        yield Reading("program_matches", int(each.sha256 == each.expected), labels)
    if view.config is not None:
        yield Reading("admin_present", int(any(view.config.admin)))
