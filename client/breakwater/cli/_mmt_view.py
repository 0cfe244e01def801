"""How MMT's ledger and what a key has of it are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..mmt import Claim, Moved, Status

__all__ = ["claim_dict", "claim_text", "moved_dict", "moved_text", "status_dict", "status_table"]

SLOTS_A_DAY = 216_000


def _mmt(amount: int) -> str:
    return f"{amount // 10**9}.{amount % 10**9:09d}"


def status_dict(found: Status) -> dict[str, Any]:
    """The ledger as plain values; amounts in MMT, as strings."""
    ledger = found.ledger
    values: dict[str, Any] = {
        "mint": str(found.mint),
        "slot": found.slot,
        "season": found.season,
        "mmt_per_slot": _mmt(found.rate),
        "keepers_ppm": ledger.keepers_ppm,
        "emitted": _mmt(ledger.emitted),
        "paid": _mmt(ledger.paid),
        "keepers_pot": _mmt(ledger.keeper_pot),
        "total_weight": _mmt(ledger.total_weight),
        "cooldown_slots": ledger.cooldown_slots,
    }
    if found.owner is not None:
        stake = found.stake
        values["owner"] = {
            "address": str(found.owner),
            "tokens": _mmt(found.tokens),
            "staked": _mmt(stake.amount if stake else 0),
            "tier": found.tier,
            "weight": _mmt(stake.weight if stake else 0),
            "due": _mmt(found.due),
            "unbonding": _mmt(stake.unbonding if stake else 0),
            "unlock_slot": stake.unlock_slot if stake else 0,
        }
    return values


def status_table(found: Status) -> Table:
    """The ledger for people."""
    ledger = found.ledger
    table = Table(title="MMT", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    season = "over" if found.season is None else f"{found.season + 1} of {len(ledger.rates)}"
    table.add_row("season", season)
    table.add_row("emitted a slot, MMT", _mmt(found.rate))
    table.add_row("of it to keepers", f"{ledger.keepers_ppm / 10**4:g} %")
    table.add_row("emitted so far, MMT", _mmt(ledger.emitted))
    table.add_row("paid so far, MMT", _mmt(ledger.paid))
    table.add_row("staked, weighted, MMT", _mmt(ledger.total_weight))
    table.add_row("cool-down, days", f"{ledger.cooldown_slots / SLOTS_A_DAY:,.1f}")
    if found.owner is not None:
        table.add_section()
        table.add_row("owner", str(found.owner))
        table.add_row("in its account, MMT", _mmt(found.tokens))
        if found.stake is not None:
            table.add_row("staked, MMT", _mmt(found.stake.amount))
            table.add_row("tier", str(found.tier))
            table.add_row("due, MMT", _mmt(found.due))
            if found.stake.unbonding:
                left = max(0, found.stake.unlock_slot - found.slot)
                table.add_row("unstaked, MMT", _mmt(found.stake.unbonding))
                table.add_row("free in days", f"{left / SLOTS_A_DAY:,.1f}")
    return table


def claim_dict(done: Claim) -> dict[str, Any]:
    """A payment as plain values."""
    return {"amount": _mmt(done.amount), "signature": done.signature}


def claim_text(done: Claim) -> str:
    """A payment in a sentence."""
    return f"Received {_mmt(done.amount)} MMT."


def moved_dict(done: Moved) -> dict[str, Any]:
    """What was moved, as plain values."""
    return {
        "moved": _mmt(done.moved),
        "staked": _mmt(done.amount),
        "unbonding": _mmt(done.unbonding),
        "unlock_slot": done.unlock_slot,
        "signature": done.signature,
    }


def moved_text(done: Moved, verb: str) -> str:
    """What was moved, in a sentence."""
    waits = f", {_mmt(done.unbonding)} are free in slot {done.unlock_slot:,}" if done.unbonding else ""
    return f"{verb} {_mmt(done.moved)} MMT; {_mmt(done.amount)} are staked now{waits}."
