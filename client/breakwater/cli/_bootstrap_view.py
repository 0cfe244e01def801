"""How a launch's incentives and what a key has of them are shown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from ..bootstrap import Claim, Moved, Status

__all__ = ["claim_dict", "claim_text", "moved_dict", "moved_text", "status_dict", "status_table"]

SLOTS_A_DAY = 216_000


def _units(micro: int) -> str:
    return f"{micro // 10**6}.{micro % 10**6:06d}"


def _mmt(amount: int) -> str:
    return f"{amount // 10**9}.{amount % 10**9:09d}"


def status_dict(found: Status) -> dict[str, Any]:
    """A launch as plain values; amounts as strings, in units or MMT."""
    launch = found.launch
    values: dict[str, Any] = {
        "budget": _mmt(launch.budget),
        "paid_trades": _mmt(launch.paid_traders),
        "paid_makers": _mmt(launch.paid_makers),
        "early_trades_left": found.early_trades_left,
        "credits": _units(launch.trade_credits),
        "credits_left": _units(found.credits_left),
        "fees_set_aside": _units(found.reserved),
        "mmt_per_credit": _mmt(launch.trade_rate),
        "mmt_per_slot": _mmt(launch.mining_rate),
        "end_slot": launch.end_slot,
        "slots_left": found.slots_left,
        "locked": _units(launch.locked),
        "early_shares_left": _units(launch.early_shares),
    }
    if found.owner is not None:
        maker = found.maker
        values["owner"] = {
            "address": str(found.owner),
            "credit": _units(found.credit),
            "locked": _units(maker.shares if maker else 0),
            "early": _units(maker.early if maker else 0),
            "due_trades": _mmt(found.due_trades),
            "due_maker": _mmt(found.due_maker),
        }
    return values


def status_table(found: Status) -> Table:
    """A launch for people."""
    launch = found.launch
    table = Table(title="Launch incentives", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("budget, MMT", _mmt(launch.budget))
    table.add_row("paid for trades, MMT", _mmt(launch.paid_traders))
    table.add_row("paid for liquidity, MMT", _mmt(launch.paid_makers))
    table.add_row("trades still credited twice", str(found.early_trades_left))
    table.add_row("credit left, of", f"{_units(found.credits_left)} of {_units(launch.trade_credits)}")
    table.add_row("fees set aside for good", _units(found.reserved))
    table.add_row("MMT for a unit of credit", _mmt(launch.trade_rate))
    table.add_row("MMT a slot for liquidity", _mmt(launch.mining_rate))
    table.add_row("days left", f"{found.slots_left / SLOTS_A_DAY:,.1f}")
    table.add_row("shares locked", _units(launch.locked))
    table.add_row("shares that will weigh twice", _units(launch.early_shares))
    if found.owner is not None:
        table.add_section()
        table.add_row("owner", str(found.owner))
        table.add_row("credit", _units(found.credit))
        if found.maker is not None:
            table.add_row(
                "locked, of which twice", f"{_units(found.maker.shares)}, {_units(found.maker.early)}"
            )
        table.add_row("due for trades, MMT", _mmt(found.due_trades))
        table.add_row("due for liquidity, MMT", _mmt(found.due_maker))
    return table


def claim_dict(done: Claim) -> dict[str, Any]:
    """A payment as plain values."""
    return {"trades": _mmt(done.trades), "maker": _mmt(done.maker), "signature": done.signature}


def claim_text(done: Claim) -> str:
    """A payment in a sentence."""
    return f"Received {_mmt(done.trades)} MMT for trades and {_mmt(done.maker)} MMT for liquidity."


def moved_dict(done: Moved) -> dict[str, Any]:
    """Liquidity that was locked or unlocked, as plain values."""
    return {
        "shares": _units(done.shares),
        "locked": _units(done.locked),
        "early": _units(done.early),
        "signature": done.signature,
    }


def moved_text(done: Moved, verb: str) -> str:
    """Liquidity that was locked or unlocked, in a sentence."""
    twice = f", of which {_units(done.early)} weigh twice" if done.early else ""
    return f"{verb} {_units(done.shares)} shares; {_units(done.locked)} are locked now{twice}."
