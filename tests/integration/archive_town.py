"""An embedded chain with an archive behind a socket, and `breakwater archive` as a person types it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import archive, config
from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.cli import main

from .archive_ground import Ground
from .monitor_node import Node

Run = Callable[..., Any]


class Town:
    """A chain behind a socket, a store of its archive, and claims in it."""

    def __init__(self, ground: Ground, node: Node, place: Path, picked: archive.Picked) -> None:
        self.ground, self.node, self.place, self.picked = ground, node, place, picked
        self.keys: dict[Pubkey, Path] = {}

    def keypair(self, key: Keypair) -> Path:
        """A key pair's file."""
        file = self.place / f"{key.pubkey()}.json"
        file.write_text(json.dumps(list(bytes(key))))
        return file

    def live(self) -> archive.Candidate:
        """A claim that is archived."""
        return next(each for each in self.picked.positions if each.leaf == archive.LIVE)

    def balance(self, owner: Pubkey) -> int:
        """What an owner could withdraw."""
        account = self.ground.engine.get_account(at.trader(owner))
        assert account is not None
        return accounts.trader(account.data).balance


@asynccontextmanager
async def open_town(place: Path, patch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """A town in a directory, with a cache of its own."""
    patch.setenv("BREAKWATER_CACHE_DIR", str(place / "cache"))
    patch.delenv("BREAKWATER_RPC_URL", raising=False)
    config.settings.cache_clear()
    ground = await Ground.make(place / "unused", settled=0.3)
    node, picked = Node(ground.engine), await ground.pick()
    async with node.serving():
        yield Town(ground, node, place, picked)
    config.settings.cache_clear()


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """`breakwater archive` with arguments, in a thread of its own: the chain lives in this one."""

    def typed(arguments: tuple[object, ...]) -> int:
        with pytest.raises(SystemExit) as stopped:
            main(["archive", *map(str, arguments)])
        assert isinstance(stopped.value.code, int)
        return stopped.value.code

    async def started(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = await asyncio.to_thread(typed, arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return started


async def succeeds(run: Run, *arguments: object) -> Any:
    """The JSON that a command prints, which has to succeed."""
    status, out, err = await run(*arguments, "--json")
    assert (status, out.count("\n")) == (0, 1), err
    return json.loads(out)


def named(each: archive.Candidate) -> tuple[object, ...]:
    """The options that name a position."""
    kind = ("--leveraged",) if each.kind else ()
    return ("--market", each.market, "--outcome", each.outcome, *kind)
