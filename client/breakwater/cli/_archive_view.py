"""How the archive is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..archive import MARKET, Document, Figures, Leaf, Picked, Pruned, State, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "document_text",
    "figures_table",
    "held_dicts",
    "held_table",
    "picked_table",
    "pruned_dict",
    "pruned_text",
    "state_dict",
    "state_text",
]

UNIT = 10**6


def picked_table(picked: Picked) -> Table:
    """What would be archived, and why the rest would not."""
    table = Table(title="To be archived")
    table.add_column("")
    table.add_column("accounts", justify="right")
    table.add_row("positions", f"{len(picked.positions):,}")
    table.add_row("markets", f"{len(picked.markets):,}")
    if picked.refused:
        table.add_section()
    for reason, count in sorted(picked.refused.items()):
        table.add_row(f"not: {reason}", f"{count:,}")
    return table


def pruned_dict(done: Pruned, picked: Picked) -> dict[str, Any]:
    """A pruning as plain values."""
    return {
        "positions": done.positions,
        "markets": done.markets,
        "transactions": done.transactions,
        "failed": done.failed,
        "not_picked": dict(picked.refused),
    }


def pruned_text(done: Pruned) -> str:
    """A pruning in a sentence."""
    failed = sum(done.failed.values())
    rest = f" {failed} were refused: {'; '.join(done.failed)}" if failed else ""
    return (
        f"Archived {done.positions:,} positions and {done.markets:,} markets in {done.transactions:,} "
        f"transactions.{rest}"
    )


def document_text(document: Document) -> str:
    """A proven leaf in a sentence."""
    leaf, proof = document.leaf, document.proof
    what = f"leaf {proof.index} of archive {document.number}"
    if leaf.kind == MARKET:
        number, winner = int.from_bytes(leaf.content[64:72], "little"), _winner(leaf.content)
        return f"Market {number}, {winner}, is {what} after {proof.sequence} changes."
    held = f"{_shares(leaf.content)} shares of outcome {leaf.content[96]}"
    return f"A position of {held} ({name_of(leaf.kind)}) is {what} after {proof.sequence} changes."


def held_dicts(found: Sequence[tuple[int, Leaf]], numbers: Mapping[bytes, int]) -> list[dict[str, Any]]:
    """An owner's leaves as plain values; a market that is gone has no number any more."""
    return [
        {
            "leaf": index,
            "market": numbers.get(leaf.content[32:64]),
            "outcome": leaf.content[96],
            "leveraged": bool(leaf.content[97]),
            "shares": _shares(leaf.content),
            "kind": name_of(leaf.kind),
        }
        for index, leaf in found
    ]


def held_table(found: Sequence[tuple[int, Leaf]], numbers: Mapping[bytes, int]) -> Table:
    """An owner's leaves."""
    table = Table(title="In the archive: live can come back, done was paid out or empty, spent is back")
    for name in ("leaf", "market", "outcome", "shares"):
        table.add_column(name, justify="right")
    table.add_column("kind")
    for each in held_dicts(found, numbers):
        market = "gone" if each["market"] is None else str(each["market"])
        kind = each["kind"] + (", leveraged" if each["leveraged"] else "")
        table.add_row(str(each["leaf"]), market, str(each["outcome"]), each["shares"], kind)
    return table


def _shares(content: bytes) -> str:
    shares = int.from_bytes(content[64:72], "little")
    return f"{shares // UNIT}.{shares % UNIT:06d}"


def _winner(content: bytes) -> str:
    from ..chain import accounts

    market = accounts.market(accounts.layout("Market")[0] + content)
    return f"outcome {market.winner} won" if market.status == 1 else "void"


def figures_table(found: Figures) -> Table:
    """An archive in numbers."""
    table = Table(title="Archive", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    rows: Mapping[str, str] = {
        "leaves": f"{found.leaves:,}",
        "positions that can come back": f"{found.kinds['live']:,}",
        "positions that are done": f"{found.kinds['done']:,}",
        "markets": f"{found.kinds['market']:,}",
        "came back": f"{found.kinds['spent']:,}",
        "kept out of the logs": f"{found.kinds['hidden']:,}",
        "claims on the chain": f"{found.claims:,}",
        "changes of the tree": f"{found.changes:,}",
        "written, not yet on the chain": f"{found.pending:,}",
        "accounts as a cluster keeps them, bytes": f"{found.accounts:,}",
        "their data alone": f"{found.data:,}",
        "stored here, index and dictionaries included": f"{found.stored:,}",
        "smaller by": f"{found.ratio:.1f}x ({found.data_ratio:.1f}x than the data alone)",
        "bytes on the chain for a leaf, of a full archive": f"{found.chain_bytes_per_leaf:.3f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def state_dict(state: State, size: int) -> dict[str, Any]:
    """A state as plain values."""
    return {
        "cluster": state.cluster,
        "slot": state.slot,
        "time": state.time,
        "accounts": len(state.accounts),
        "raw": state.raw,
        "size": size,
        "ratio": state.raw / size if size else 0.0,
        "root": state.root,
    }


def state_text(state: State, size: int) -> str:
    """A state in a sentence."""
    smaller = f" in {size:,} bytes, {state.raw / size:.1f}x smaller than their data" if size else ""
    return f"{len(state.accounts):,} accounts as of slot {state.slot:,}{smaller}; root {state.root}."
