"""The repository's program crates, and the fingerprint of the sources that go into them."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidInput

# Sources of the programs and probes, relative to the root. Tests beside them do not change a program.
SOURCES = ("Cargo.lock", "Cargo.toml", "crates", "programs", "scripts/sbf", "tests/sbf")
NOT_SOURCES = frozenset({"benches", "examples", "proptest-regressions", "target", "tests"})


@dataclass(frozen=True, slots=True)
class Crate:
    """A crate that becomes a program.

    Attributes:
        name: the library's name, which the built files carry.
        package: the package's name, which Cargo knows it by.
        path: the crate's directory.
    """

    name: str
    package: str
    path: Path


def find_root(start: Path | None = None) -> Path:
    """The repository at or above a directory.

    Args:
        start: the directory; None takes the current one, and after it the checkout this package runs from.

    Raises:
        InvalidInput: there is none, as in a package installed without its sources.
    """
    here = (start or Path.cwd()).resolve()
    own = [Path(__file__).resolve().parents[3]] if start is None else []
    for candidate in (here, *here.parents, *own):
        if (candidate / "programs").is_dir() and (candidate / "client" / "breakwater").is_dir():
            return candidate
    raise InvalidInput(
        f"Run this in a checkout of Breakwater: {here} has no programs/ beside client/breakwater/."
    )


def programs(root: Path) -> list[Crate]:
    """The program crates of a repository, by name."""
    found = (_crate(path.parent) for path in (root / "programs").glob("*/Cargo.toml"))
    return sorted((crate for crate in found if crate is not None), key=lambda crate: crate.name)


def probes(root: Path) -> list[Crate]:
    """The programs that exist only for tests and benches, by name."""
    found = (_crate(path.parent) for path in (root / "tests" / "sbf").glob("*/Cargo.toml"))
    return sorted((crate for crate in found if crate is not None), key=lambda crate: crate.name)


def _crate(path: Path) -> Crate | None:
    manifest = _toml(path / "Cargo.toml")
    library: dict[str, Any] = manifest.get("lib", {})
    if "cdylib" not in library.get("crate-type", ()):
        return None
    package: str = manifest["package"]["name"]
    return Crate(library.get("name", package.replace("-", "_")), package, path)


def locked_version(root: Path, package: str) -> str:
    """The version of a dependency that Cargo.lock settles on, or "" where it names none."""
    for entry in _toml(root / "Cargo.lock").get("package", ()):
        if entry["name"] == package:
            version: str = entry["version"]
            return version
    return ""


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"Correct {path}: {error}.") from None


def source_hash(root: Path) -> str:
    """SHA-256 over the names and contents of all sources of the programs."""
    digest = hashlib.sha256()
    for path in source_files(root):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def source_files(root: Path) -> list[Path]:
    """The files `source_hash` covers, in its order."""
    files = (file for name in SOURCES for file in _walk(root / name))
    return sorted(files, key=lambda path: path.relative_to(root).as_posix())


def _walk(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in path.iterdir():
            if child.name not in NOT_SOURCES and not child.name.startswith("."):
                yield from _walk(child)
