"""A repository with two programs, and a compiler that copies its source."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from breakwater.build import Crate

COMPILER = """
import pathlib, sys
source, to, arch = sys.argv[1:]
text = pathlib.Path(source).read_text()
if "syntax error" in text:
    sys.exit("error: syntax error")
pathlib.Path(to).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(to).write_text(arch + text)
"""


@dataclass
class FakeToolchain:
    """Makes a "program" of a crate's lib.rs."""

    rustc: str = "1.96"
    flavour: str = ""
    name: str = "fake"
    locked: list[bool] = field(default_factory=list)

    def versions(self) -> dict[str, str]:
        return {"rustc": self.rustc}

    def command(self, crate: Crate, arch: str, target: Path, *, locked: bool) -> list[str]:
        self.locked.append(locked)
        source, to = str(crate.path / "src" / "lib.rs"), str(self.output(crate, target))
        return [sys.executable, "-c", COMPILER, source, to, arch + self.flavour]

    def environment(self, root: Path, target: Path) -> dict[str, str]:
        return {}

    def output(self, crate: Crate, target: Path) -> Path:
        return target / f"{crate.name}.so"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def crate_toml(package: str, library: str, kind: str = "cdylib") -> str:
    return f'[package]\nname = "{package}"\n[lib]\nname = "{library}"\ncrate-type = ["{kind}", "lib"]\n'


def make_repository(place: Path) -> Path:
    """A repository with two programs, one test program and one plain crate."""
    repository = place / "repository"
    (repository / "client" / "breakwater").mkdir(parents=True)
    write(repository / "Cargo.toml", "[workspace]\n")
    write(repository / "Cargo.lock", '[[package]]\nname = "anchor-lang"\nversion = "2.0.0-rc.2"\n')
    for name in ("oracle", "exchange"):
        write(repository / "programs" / name / "Cargo.toml", crate_toml(f"breakwater-{name}", name))
        write(repository / "programs" / name / "src" / "lib.rs", f"// {name}\n")
    write(repository / "programs" / "shared" / "Cargo.toml", crate_toml("shared", "shared", "rlib"))
    write(repository / "scripts" / "sbf" / "rustflags", "-O\n")
    write(repository / "crates" / "math" / "src" / "lib.rs", "// math\n")
    write(repository / "tests" / "sbf" / "math_probe" / "Cargo.toml", crate_toml("math-probe", "math_probe"))
    write(repository / "tests" / "sbf" / "math_probe" / "src" / "lib.rs", "// probe\n")
    return repository


def printed_idl(crate: Crate, *, root: Path, target: Path, locked: bool) -> str:
    """Stands for `cargo test`, which takes minutes with Anchor."""
    return json.dumps({"name": crate.name})
