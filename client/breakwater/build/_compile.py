"""Runs the compilers: a crate to a program, and a crate to its IDL."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Fatal
from ._crates import Crate
from ._idl import parse_idl
from ._toolchain import Toolchain


class BuildFailed(Fatal):
    """A compiler refused the sources, and has said why on standard error."""


def compile_program(
    toolchain: Toolchain, crate: Crate, arch: str, *, root: Path, target: Path, to: Path, locked: bool
) -> None:
    """Build a crate for one SBPF version into a file.

    Raises:
        BuildFailed: the compiler or the linker refused it.
    """
    with _alone_in(target):
        _compile(toolchain, crate, arch, root=root, target=target, to=to, locked=locked)


@contextmanager
def _alone_in(target: Path) -> Iterator[None]:
    """Wait until no other build of ours uses a target directory: Cargo's own lock ends before we copy."""
    target.mkdir(parents=True, exist_ok=True)
    with (target / ".breakwater.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(
    toolchain: Toolchain, crate: Crate, arch: str, *, root: Path, target: Path, to: Path, locked: bool
) -> None:
    made = toolchain.output(crate, target)
    made.unlink(missing_ok=True)  # Cargo puts it back; a stale one of the other version must not pass for it
    status = subprocess.run(
        toolchain.command(crate, arch, target, locked=locked),
        check=False,
        cwd=crate.path,
        env=toolchain.environment(root, target),
        stdin=subprocess.DEVNULL,
        stdout=2,  # our standard output is for the result alone
    ).returncode
    if status or not made.exists():
        raise BuildFailed(f"Building {crate.name} for SBPF {arch} failed; the compiler's messages are above.")
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, to)


def compile_idl(crate: Crate, *, root: Path, target: Path, locked: bool) -> str:
    """The IDL of a crate as JSON text, printed by the tests that Anchor generates for it.

    Raises:
        BuildFailed: the crate does not compile for this machine or has no such tests.
    """
    claim(target, root)
    command = [
        *("cargo", "test", "--quiet", "--lib", "--package", crate.package, "--features", "idl-build"),
        *(("--locked",) if locked else ()),
        *("__anchor_private_print_idl", "--", "--show-output", "--test-threads=1"),
    ]
    done = subprocess.run(
        command,
        check=False,
        cwd=crate.path,
        env={**os.environ, "CARGO_TARGET_DIR": str(target)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise BuildFailed(f"Building the IDL of {crate.name} failed; the compiler's messages are above.")
    try:
        return parse_idl(done.stdout)
    except ValueError as error:
        raise BuildFailed(f"The IDL of {crate.name} is incomplete: {error}.") from error


def claim(target: Path, root: Path) -> None:
    """Make a target directory forget our own crates if another checkout used it last.

    Cargo tells their changes by time stamps alone, and takes the crates of two checkouts for the same.
    """
    owner = target / ".checkout"
    if not owner.exists() or owner.read_text().strip() != str(root):
        for stale in target.glob("*/.fingerprint/breakwater-*"):
            shutil.rmtree(stale, ignore_errors=True)
        target.mkdir(parents=True, exist_ok=True)
        owner.write_text(f"{root}\n")
