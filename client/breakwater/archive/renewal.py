"""A store that is made anew takes the old one's place when it is whole and the chain's, and not before.

It is made beside the old one, in a directory whose name ends in `.new`, which a later attempt begins again.
So a node that has forgotten the history, a kill or the wrong directory costs nothing but the attempt.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

from .service import Archive, read_archive
from .store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from breakwater.chain.archive_accounts import Archive as OnChain
    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

__all__ = ["adopt", "forget_index", "rebuild"]

INDEX: Final = ("index", "index-wal", "index-shm")


async def rebuild(
    engine: EmbeddedEngine | RpcEngine,
    directory: Path,
    *,
    cluster: str,
    number: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[OnChain, Path | None]:
    """Make a store from the chain's history alone.

    Returns:
        the archive's account, and where the old store is now, if there was one.

    Raises:
        InvalidInput: another process has the store, or the archive is not open.
        Fatal: the node has forgotten; the old store is where it was.
    """
    await read_archive(engine, number)
    with _held(directory):
        fresh = _beside(directory)
        with Store(fresh, cluster=cluster, number=number) as store:
            now = await Archive(engine, store, progress).sync()
        return now, _exchange(directory, fresh)


async def adopt(
    engine: EmbeddedEngine | RpcEngine,
    directory: Path,
    other: Path,
    *,
    cluster: str,
    number: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[OnChain, int]:
    """Go on with the store of the cluster that this exchange came from.

    Args:
        engine: this exchange's chain.
        directory: where its store will be.
        other: the other cluster's store, which stays as it is.
        cluster: what this chain is called.
        number: the archive's.
        progress: told what is being done.

    Returns:
        the archive's account, and how many leaves were taken over.

    Raises:
        InvalidInput: there is a store with contents already, or the other one is not of this archive.
        Fatal: the node does not tell what happened since.
    """
    _require_two(directory, other)
    now = await read_archive(engine, number)
    _require_empty(directory, cluster, number)
    with _held(directory):
        fresh = _beside(directory)
        with (
            Store(other, cluster=None, number=number) as old,
            Store(fresh, cluster=cluster, number=number) as store,
        ):
            ended = old.sequence
            if ended > now.sequence or (ended == now.sequence and old.tree.root != now.root):
                raise InvalidInput(f"Name another directory: {other} is not the archive of this chain.")
            store.take_over(old)
            now = await Archive(engine, store, progress).sync()
            leaves = store.length
        shutil.rmtree(directory, ignore_errors=True)
        _exchange(directory, fresh)
    return now, leaves


def _require_two(directory: Path, other: Path) -> None:
    if not (other / "journal").exists():
        raise InvalidInput(f"Name another directory: {other} holds no archive.")
    if other.resolve() == directory.resolve():
        raise InvalidInput(f"Name the other cluster's store: {other} is this one's.")


def _require_empty(directory: Path, cluster: str, number: int) -> None:
    if (directory / "journal").exists():
        with Store(directory, cluster=cluster, number=number) as store:
            if store.length or store.pending:
                raise InvalidInput(f"Name a new directory: {directory} has contents already.")
    elif directory.exists() and any(directory.iterdir()):
        raise InvalidInput(f"Name a new or empty directory: {directory} holds something.")


def forget_index(directory: Path) -> None:
    """Remove a store's index, which the journal makes again.

    Raises:
        InvalidInput: another process has the store.
    """
    with _held(directory):
        for name in INDEX:
            (directory / name).unlink(missing_ok=True)


@contextmanager
def _held(directory: Path) -> Iterator[None]:
    """Hold a store's lock, whatever is in its journal."""
    try:
        file = os.open(directory / "journal", os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(f"End the other command first: it has the archive {directory}.") from None
        yield
    finally:
        os.close(file)


def _beside(directory: Path) -> Path:
    """Where the new store is made; what a killed attempt left there goes."""
    fresh = directory.with_name(f"{directory.name}.new")
    with _held(fresh):
        shutil.rmtree(fresh, ignore_errors=True)
    return fresh


def _exchange(directory: Path, fresh: Path) -> Path | None:
    """Put the new store in the old one's place; where the old one is now."""
    aside = None
    if directory.exists():
        aside = directory.with_name(f"{directory.name}.{time.time_ns() // 1_000_000}")
        directory.rename(aside)
    fresh.rename(directory)
    return aside
