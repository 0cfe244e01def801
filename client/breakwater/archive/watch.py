"""What the chain did to an archive: from the events of its transactions, in its order, without a gap.

A transaction's log ends at ten thousand bytes, and who fills it beforehand keeps events out of it. What such
a transaction did is known as far as the changes around it and the archive's account tell: how many leaves
there are whose contents nobody has told. Any other gap is the node's, and an error.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey
from solders.signature import Signature

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, Status
from breakwater.chain.queries import answers
from breakwater.errors import Fatal

from .leaves import DONE, LIVE, MARKET, SPENT, Appended, Change, Hidden, Leaf, Replaced
from .tree import EMPTY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from breakwater.chain.archive_accounts import Archive
    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.events import Event

__all__ = ["Told", "changes_of", "filled", "read_history"]

PAGE: Final = 1_000
LOG_TRIES: Final = 40
LOG_PAUSE_S: Final = 0.25
HOLDING: Final = struct.Struct("<QQQQBB2sI")
CUT: Final = "Log truncated"
FIELDS: Final = ("shares", "cost", "debt", "opened_slot", "outcome", "kind", "reserved", "generation")


@dataclass(frozen=True, slots=True)
class Told:
    """What a transaction told: its events, and whether its log was cut off."""

    events: tuple[Event, ...]
    cut: bool = False


def filled(told: Sequence[Told], now: Archive, sequence: int, length: int) -> tuple[list[Change], bool]:
    """The changes of an archive behind those that are known, what was kept out of the logs among them.

    Args:
        told: its transactions in the chain's order.
        now: its account, read before them.
        sequence: changes that are known.
        length: leaves that are known.

    Returns:
        changes, and whether these transactions have told everything. Where no log was cut off a gap stays, to
        be refused by whoever takes the changes.
    """
    found = _behind(told, now.number, sequence)
    places = [change.index if isinstance(change, Appended) else None for change, _ in found]
    newest = max((change.sequence for change, _ in found if change is not None), default=sequence)
    changes: list[Change] = []
    for n, (change, after_cut) in enumerate(found):
        last = now.sequence if change is None else change.sequence - 1
        if after_cut and (change is None or last > sequence or places[n] not in (None, length)):
            place = next((each for each in places[n:] if each is not None), None)
            if place is None and newest > now.sequence:
                return changes, False  # how many leaves there are, a newer account tells
            count = max(0, (now.length if place is None else place) - length)
            if change is None and last <= sequence and not count:
                return changes, False  # up to the account nothing is missing
            changes += _untold(now, sequence, length, last, count)
            sequence, length = max(sequence, last), length + count
        if change is not None:
            changes.append(change)
            sequence = change.sequence
            length += len(change.leaves) if isinstance(change, Appended) else 0
    return changes, True


def _untold(now: Archive, sequence: int, length: int, last: int, count: int) -> list[Change]:
    """The changes behind `sequence` up to `last`, by which the archive became `count` leaves longer.

    The account tells what its last ones wrote where; of older ones there is only the sum.
    """
    exact: list[Change] = []
    end = length + count
    for each in range(last, sequence, -1):
        wrote = now.change(each)
        if wrote is None:
            break
        first, final, node = wrote
        if length <= first and final + 1 == end:
            exact.insert(0, Hidden(each, first, 1, end - first))
            end = first
        elif first < end:
            exact.insert(0, Replaced(each, first, SPENT if node == EMPTY else DONE))
        else:
            break
    older = last - sequence - len(exact)
    if older > 0 or end > length:
        exact.insert(0, Hidden(sequence + max(0, older), length, max(0, older), end - length))
    return exact


def _behind(told: Sequence[Told], number: int, sequence: int) -> list[tuple[Change | None, bool]]:
    """Changes that are not known, each with whether a log was cut off since leaves were put before it; at the
    end None."""
    found: list[tuple[Change | None, bool]] = []
    cut = False
    for each in told:
        cut = cut or each.cut  # a short event may still have fitted where a long one did not
        for change in changes_of(each.events, number):
            if change.sequence > sequence:
                found.append((change, cut))
            cut = each.cut or (cut and not isinstance(change, Appended))
    return [*found, (None, cut)]


def changes_of(events: Iterable[Event], number: int) -> list[Change]:
    """The changes of one archive that events tell of, in the chain's order.

    Raises:
        Fatal: an event is missing among those of one change.
    """
    appended: dict[int, list[tuple[int, Leaf]]] = {}
    replaced: list[Replaced] = []
    for event in events:
        fields = event.fields
        if event.program != str(at.EXCHANGE) or fields.get("archive") != number:
            continue
        if event.name == "PositionArchived":
            leaf = Leaf(DONE if fields["done"] else LIVE, _position(fields))
        elif event.name == "MarketArchived":
            leaf = Leaf(MARKET, bytes(fields["content"]))
        elif event.name in ("PositionRestored", "ArchivedRedeemed"):
            kind = SPENT if event.name == "PositionRestored" else DONE
            replaced.append(Replaced(fields["sequence"], fields["index"], kind))
            continue
        else:
            continue
        appended.setdefault(fields["sequence"], []).append((fields["index"], leaf))
    changes: list[Change] = [*replaced]
    for sequence, found in appended.items():
        found.sort(key=lambda each: each[0])
        first = found[0][0]
        if [index for index, _ in found] != list(range(first, first + len(found))):
            raise Fatal(f"Ask another node: an event of the archive's change {sequence} is missing.")
        changes.append(Appended(sequence, first, tuple(leaf for _, leaf in found)))
    return sorted(changes, key=lambda each: each.sequence)


def _position(fields: dict[str, Any]) -> bytes:
    holding = fields["holding"]
    values = [bytes(holding[name]) if name == "reserved" else holding[name] for name in FIELDS]
    return bytes(fields["trader"]) + bytes(fields["market"]) + HOLDING.pack(*values)


async def read_history(
    engine: EmbeddedEngine | RpcEngine,
    address: Pubkey,
    until: str,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[list[Told], tuple[int, str] | None]:
    """What all transactions about an account told since the one named, and the newest of these.

    Args:
        engine: a node that still knows them.
        address: the account.
        until: the last signature that is known; empty reads from the beginning.
        progress: told how far it is.

    Returns:
        what each told, the oldest first, and slot and signature of the newest.

    Raises:
        Fatal: the node does not give a transaction's logs.
        Retryable: the node does not answer.
    """
    found: list[tuple[int, str]] = []
    before: Signature | None = None
    known = Signature.from_string(until) if until else None
    newest: tuple[int, str] | None = None
    while True:
        with answers():
            page = await engine.client.get_signatures_for_address(
                address, before=before, until=known, limit=PAGE
            )
        for each in page.value:
            newest = newest or (each.slot, str(each.signature))
            if each.err is None:
                found.append((each.slot, str(each.signature)))
        if len(page.value) < PAGE:
            break
        before = page.value[-1].signature
        progress(f"{len(found):,} transactions found")
    told: list[Told] = []
    decoder = programs.event_decoder()
    for i in range(0, len(found), PAGE):
        part = list(reversed(found))[i : i + PAGE]
        receipts = await _receipts(engine, part)
        told += [Told(tuple(decoder.decode(each.logs)), CUT in each.logs) for each in receipts]
        progress(f"{i + len(part):,} of {len(found):,} transactions read")
    return told, newest


async def _receipts(engine: EmbeddedEngine | RpcEngine, wanted: Sequence[tuple[int, str]]) -> list[Receipt]:
    if isinstance(engine, EmbeddedEngine):
        landed = [engine.landed(Signature.from_string(signature)) for _, signature in wanted]
        return [each.receipt for each in landed if each is not None]
    asked = [(Signature.from_string(text), Status(slot, None, "confirmed")) for slot, text in wanted]
    receipts: dict[Signature, Receipt] = {}
    for _ in range(LOG_TRIES):
        missing = [pair for pair in asked if pair[0] not in receipts]
        for receipt in await engine.receipts(missing):
            if receipt.logs:
                receipts[receipt.signature] = receipt
        if len(receipts) == len(asked):
            return [receipts[signature] for signature, _ in asked]
        await asyncio.sleep(LOG_PAUSE_S)
    raise Fatal("Ask another node: this one names transactions of the archive and does not give their logs.")
