"""Exchanges that are broken on purpose, to see that they are caught.

A break is a change of one or two lines, made in a copy of the sources below the cache; a break whose lines
are not there any more is refused. What comes of it is loaded into simulations and nowhere else.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwater import build
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["BREAKS", "Break", "build_broken"]

SOURCES: Final = (
    *("Cargo.lock", "Cargo.toml", "rust-toolchain.toml"),
    *("crates", "programs", "scripts/sbf", "tests/sbf"),
)
EXCHANGE: Final = Path("programs", "exchange", "src")
COVERED: Final = "require!(covered, ExchangeError::CoverageTooLow);"


@dataclass(frozen=True, slots=True)
class Break:
    """What is taken out: by file, a piece of its text that occurs once, and what stands there instead."""

    what: str
    changes: tuple[tuple[str, str, str], ...]


BREAKS: Final[Mapping[str, Break]] = {
    "solvency": Break(
        "loans are made, and liquidity leaves, without a look at the coverage",
        (
            ("state/shard.rs", COVERED, "let _ = (covered, ExchangeError::CoverageTooLow);"),
            ("state/vault.rs", COVERED, "let _ = (covered, ExchangeError::CoverageTooLow);"),
        ),
    ),
    "sale": Break(
        "a sale pays a millionth more than it takes out of the market",
        (
            (
                "instructions/sell.rs",
                "self.trader.receive(amount)?;",
                "self.trader.receive(Collateral6::new(amount.raw().saturating_add(1)))?;",
            ),
        ),
    ),
    "loan": Break(
        "a purchase on credit is lent to nobody",
        (
            (
                "instructions/open.rs",
                "self.holding.borrow(debt)?;",
                "self.holding.borrow(Collateral6::ZERO)?;",
            ),
        ),
    ),
}
"""By the names that `breakwater simulate --broken` takes."""


def build_broken(name: str, *, cache: Path, progress: Callable[[str], None] = lambda _: None) -> bytes:
    """The exchange with a break, SBPF v0; built once for the same sources.

    Raises:
        InvalidInput: there is no such break, or the sources have changed from under it.
        EngineUnavailable: there is no toolchain.
        BuildFailed: the compiler refuses it.
    """
    if name not in BREAKS:
        raise InvalidInput(f"Name a break: {', '.join(BREAKS)}, not {name!r}.")
    root = build.find_root()
    copy = cache / "broken" / name / "breakwater"
    _copy(root, copy)
    for file, text, instead in BREAKS[name].changes:
        _replace(copy / EXCHANGE / file, text, instead)
    made = copy.parent / f"{_digest(copy)}.so"
    if not made.exists():
        progress(f"building an exchange that is broken: {BREAKS[name].what}")
        crate = next(each for each in build.programs(copy) if each.name == "exchange")
        target = cache / "target" / "broken"
        # two copies look alike to Cargo but for their times
        shutil.rmtree(target / "sbf" / "release" / ".fingerprint", ignore_errors=True)
        build.compile_program(
            build.find_toolchain(cache), crate, "v0", root=copy, target=target, to=made, locked=False
        )
    return made.read_bytes()


def _copy(root: Path, copy: Path) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    for name in SOURCES:
        source, to = root / name, copy / name
        if source.is_dir():
            shutil.copytree(source, to, ignore=shutil.ignore_patterns("target"))
        elif source.exists():
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, to)


def _replace(file: Path, text: str, instead: str) -> None:
    source = file.read_text()
    if source.count(text) != 1:
        raise InvalidInput(f"Mend the break: {file.name} has {source.count(text)} times {text!r}.")
    file.write_text(source.replace(text, instead))


def _digest(copy: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(each for each in copy.rglob("*") if each.is_file()):
        digest.update(f"{path.relative_to(copy)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
