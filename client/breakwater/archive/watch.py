"""What the chain did to an archive: from the events of its transactions, in its order, without a gap."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey
from solders.signature import Signature

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, Status
from breakwater.chain.queries import answers
from breakwater.errors import Fatal

from .leaves import DONE, LIVE, MARKET, SPENT, Appended, Change, Leaf, Replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.events import Event

__all__ = ["changes_of", "read_history"]

PAGE: Final = 1_000
LOG_TRIES: Final = 40
LOG_PAUSE_S: Final = 0.25
HOLDING: Final = struct.Struct("<QQQQBB2sI")
FIELDS: Final = ("shares", "cost", "debt", "opened_slot", "outcome", "kind", "reserved", "generation")


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
) -> tuple[list[Event], tuple[int, str] | None]:
    """The events of all transactions about an account since the one named, and the newest of these.

    Args:
        engine: a node that still knows them.
        address: the account.
        until: the last signature that is known; empty reads from the beginning.
        progress: told how far it is.

    Returns:
        the events, oldest first, and slot and signature of the newest transaction.

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
    events: list[Event] = []
    decoder = programs.event_decoder()
    for i in range(0, len(found), PAGE):
        part = list(reversed(found))[i : i + PAGE]
        for receipt in await _receipts(engine, part):
            events += decoder.decode(receipt.logs)
        progress(f"{i + len(part):,} of {len(found):,} transactions read")
    return events, newest


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
