"""What commands that talk to a chain share: which one, whose key, and how a question is asked."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import structlog
import typer
from rich.console import Console, RenderableType
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from ..chain.engine import RpcEngine, open_engine
from ..chain.sender import Sender
from ..config import load_keypair, settings
from ..errors import InvalidInput, Unreachable
from ..localnet import Sandbox, current
from ._options import Common

__all__ = [
    "Session",
    "confirm",
    "connect",
    "note",
    "plain_console",
    "print_json",
    "say",
    "show",
    "sign",
    "whose",
]

Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Session:
    """A chain that answers, and how to find keys for it."""

    engine: RpcEngine
    sandbox: Sandbox | None

    def key(self, given: Path | None, role: str = "trader") -> Keypair:
        """The key pair to sign with."""
        if given is None and self.sandbox is not None:
            given = self.sandbox.keypair_path(role)
        return load_keypair(given)

    @property
    def sender(self) -> Sender:
        """Sends; each signer pays for itself."""
        return Sender(self.engine)


@asynccontextmanager
async def connect(engine: str | None) -> AsyncIterator[Session]:
    """Open the engine that the option means, and make sure that it answers.

    Raises:
        InvalidInput: no engine is named and no sandbox runs.
        Unreachable: nothing answers at its address.
    """
    # what libraries log belongs to standard error, like everything that is not the result
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    name = engine or settings().rpc_url or "local"
    sandbox = current(settings().cache)
    if name == "local":
        if sandbox is None:
            raise InvalidInput("Run breakwater local start first, or name a node with --engine.")
        name = sandbox.url
    elif name == "embedded":
        raise InvalidInput("Name a node that keeps its state: local, devnet or an http address.")
    elif sandbox is not None and name != sandbox.url:
        sandbox = None
    async with open_engine(name) as opened:
        if not isinstance(opened, RpcEngine):
            raise InvalidInput("Name a node that keeps its state: local, devnet or an http address.")
        await require_answer(opened)
        yield Session(opened, sandbox)


async def require_answer(engine: RpcEngine) -> None:
    """Find out at once, and by its address, that nothing answers.

    Raises:
        Unreachable: so it is.
    """
    try:
        await engine.rpc.once([("getHealth", [])])
    except Unreachable:
        raise Unreachable(
            f"Start the node or name another with --engine: {engine.url} does not answer."
        ) from None


def plain_console(*, stderr: bool = False) -> Console:
    """Where text is shown as it is: names come from a chain, where anybody may put brackets into one."""
    return Console(stderr=stderr, markup=False, emoji=False)


def note(*parts: RenderableType) -> None:
    """Show something that is not the result, on standard error; sentences are never wrapped."""
    sentence = all(isinstance(each, str) for each in parts)
    plain_console(stderr=True).print(*parts, highlight=False, soft_wrap=sentence)


def show(*parts: RenderableType) -> None:
    """Show the result to a person, on standard output."""
    plain_console().print(*parts, highlight=False)


def say(sentence: str) -> None:
    """A sentence of the result, never wrapped."""
    plain_console().print(sentence, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """The result as one line of JSON."""
    typer.echo(json.dumps(value))


def confirm(question: str, *, yes: bool) -> None:
    """Ask on standard error unless `yes`; exit status 1 when the answer is no.

    Raises:
        InvalidInput: there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInput("Add --yes: there is no terminal to ask for a confirmation.")
    if not typer.confirm(question, err=True):
        typer.echo("breakwater: nothing was sent.", err=True)
        raise typer.Exit(1)


def sign(
    told: Common,
    question: Callable[[Keypair], str],
    act: Callable[[Sender, Keypair], Awaitable[Done]],
    as_dict: Callable[[Done], Any],
    as_text: Callable[[Done], str],
) -> None:
    """Connect, ask, act and show: what a command does that signs one thing.

    Args:
        told: the command's options.
        question: what to ask before anything is sent.
        act: what the answer yes means.
        as_dict: what was done, for --json.
        as_text: what was done, in a sentence.
    """

    async def run() -> Done:
        async with connect(told.engine) as opened:
            key = opened.key(told.keypair)
            confirm(question(key), yes=told.yes)
            return await act(opened.sender, key)

    done = asyncio.run(run())
    if told.as_json:
        print_json(as_dict(done))
    else:
        say(as_text(done))


def whose(opened: Session, owner: str | None, keypair: Path | None) -> Pubkey | None:
    """Whom to look at: the owner that is named, else the signer; None where there is neither.

    Raises:
        InvalidInput: the owner is no address, or the key can't be read.
    """
    if owner is not None:
        try:
            return Pubkey.from_string(owner)
        except ValueError:
            raise InvalidInput(f"Give an address in base58, not {owner!r}.") from None
    if keypair is None and opened.sandbox is None:
        return None
    return opened.key(keypair).pubkey()
