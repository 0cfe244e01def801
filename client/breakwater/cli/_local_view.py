"""How the sandbox is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..localnet import Sandbox
from ..trading import read_markets
from ._session import connect, print_json, say

__all__ = ["print_sandbox", "print_status", "print_stopped"]

NEXT = """\
Next, in this terminal or another:
  breakwater trade deposit 1000 --yes
  breakwater market create 100000 --closes 5m --yes
  breakwater trade buy 1 yes --spend 50
  breakwater local stop"""


def sandbox_dict(sandbox: Sandbox) -> dict[str, Any]:
    """A sandbox as plain values."""
    return {
        "running": True,
        "pid": sandbox.pid,
        "url": sandbox.url,
        "ws_url": sandbox.ws_url,
        "feed": sandbox.feed,
        "mint": sandbox.mint,
        "interval_s": sandbox.interval,
        "keypairs": {role: str(sandbox.keypair_path(role)) for role in ("trader", "operator", "publisher")},
    }


def print_sandbox(sandbox: Sandbox, *, fresh: bool, as_json: bool) -> None:
    """A started sandbox, and what to type next."""
    if as_json:
        print_json(sandbox_dict(sandbox) | {"started": fresh})
        return
    say(f"The sandbox {'runs' if fresh else 'is running already'} at {sandbox.url}")
    _facts(sandbox)
    say(NEXT)


async def print_status(sandbox: Sandbox | None, *, as_json: bool) -> None:
    """Whether a sandbox runs, and its markets."""
    if sandbox is None:
        if as_json:
            print_json({"running": False})
        else:
            say("No sandbox is running: breakwater local start starts one.")
        return
    async with connect(sandbox.url) as opened:
        slot = await opened.engine.slot()
        markets = await read_markets(opened.engine)
    if as_json:
        print_json(sandbox_dict(sandbox) | {"slot": slot, "markets": len(markets)})
        return
    say(f"The sandbox runs at {sandbox.url} (process {sandbox.pid}), slot {slot}")
    _facts(sandbox)
    say(f"  markets   {len(markets)}")


def print_stopped(*, stopped: bool, as_json: bool) -> None:
    """That a sandbox was stopped, or that there was none."""
    if as_json:
        print_json({"stopped": stopped})
    else:
        say("The sandbox has stopped; its chain is gone." if stopped else "No sandbox is running.")


def _facts(sandbox: Sandbox) -> None:
    say(f"  feed      {sandbox.feed}, a random walk, one price every {sandbox.interval:g} s")
    for role in ("trader", "operator"):
        say(f"  {role:8}  {_short(sandbox.keypair_path(role))}")


def _short(path: Path) -> str:
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
