"""The two toolchains that build Solana programs, and how each is asked."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import EngineUnavailable
from ._crates import Crate

ARCHES = ("v0", "v3")
"""SBPF versions: v0 runs in the embedded engine, v3 is what clusters take."""

RUSTFLAGS = Path("scripts", "sbf", "rustflags")
"""Compiler flags of the registry toolchain, one a line; they are sources of the programs."""


class Toolchain(Protocol):
    """Builds one crate for one SBPF version."""

    @property
    def name(self) -> str:
        """What the manifest calls it."""
        ...

    def versions(self) -> dict[str, str]:
        """Versions of everything that decides about the bytes of a program."""
        ...

    def command(self, crate: Crate, arch: str, target: Path, *, locked: bool) -> list[str]:
        """The command that builds a crate, to be run in its directory."""
        ...

    def environment(self, root: Path, target: Path) -> dict[str, str]:
        """The environment of that command."""
        ...

    def output(self, crate: Crate, target: Path) -> Path:
        """Where that command leaves the program."""
        ...


def find_toolchain(cache: Path, environ: Mapping[str, str] = os.environ) -> Toolchain:
    """`cargo build-sbf` where it is on the PATH, else the toolchain in the cache.

    BREAKWATER_TOOLCHAIN=registry takes the cached one in any case.

    Raises:
        EngineUnavailable: neither is there.
    """
    if environ.get("BREAKWATER_TOOLCHAIN") != "registry" and shutil.which(
        "cargo-build-sbf", path=environ.get("PATH")
    ):
        return PlatformTools(environ)
    if (cache / "sbf" / "env").exists():
        return RegistryToolchain(cache / "sbf", environ)
    raise EngineUnavailable("No toolchain builds Solana programs here: run scripts/setup --sbf.")


@dataclass(frozen=True, slots=True)
class RegistryToolchain:
    """Debian's rustc with a std that knows Solana, and sbpf-linker; scripts/setup --sbf makes it.

    Paths of the machine are mapped to fixed ones: equal sources give equal bytes wherever they are built.
    """

    prefix: Path
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        return "registry"

    def versions(self) -> dict[str, str]:
        changelogs = self.prefix.glob("llvm/usr/share/doc/libllvm*/changelog.Debian.gz")
        entry = next((gzip.decompress(path.read_bytes())[:200].decode() for path in changelogs), "")
        llvm = re.search(r"\((?:\d+:)?([^)]+)\)", entry)
        return {
            "rustc": first_line("/usr/bin/rustc", "--version").removeprefix("rustc "),
            "llvm": llvm[1] if llvm else "unknown",
            "sbpf-linker": first_line(str(self.prefix / "bin" / "sbf-link"), "--version").split()[-1],
        }

    def command(self, crate: Crate, arch: str, target: Path, *, locked: bool) -> list[str]:
        # The version is an argument of the last step alone: everything before it is compiled once for both.
        return [
            *("cargo", "rustc", "--quiet", "--release", "--lib", "--crate-type", "cdylib"),
            *("--package", crate.package, "--target", str(self.prefix / "sbf.json")),
            *(("--locked",) if locked else ()),
            *("--", f"-Clink-arg=--arch={arch}"),
        ]

    def environment(self, root: Path, target: Path) -> dict[str, str]:
        environment = self._sourced()
        home = Path(environment.get("CARGO_HOME") or Path(environment.get("HOME", "/")) / ".cargo")
        # rustc takes the last mapping that fits, so the more special comes later
        places = {root: "/breakwater", home: "/cargo", self.prefix / "std": "/rust", target: "/target"}
        mapped = [f"--remap-path-prefix={path}={name}" for path, name in places.items()]
        flags = [*(root / RUSTFLAGS).read_text().split(), *mapped]
        # the encoded form, because a path may hold a space; target-specific flags would be ignored beside it
        for name in ("SBF_RUSTFLAGS", "CARGO_TARGET_SBF_RUSTFLAGS", "RUSTFLAGS"):
            environment.pop(name, None)
        environment["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(flags)
        environment["CARGO_TARGET_DIR"] = str(target)
        return {name: value for name, value in environment.items() if not _alters_builds(name)}

    def output(self, crate: Crate, target: Path) -> Path:
        return target / "sbf" / "release" / f"lib{crate.name}.so"

    def _sourced(self) -> dict[str, str]:
        script = 'set -eu; . "$1"; exec env -0'
        shell = ["bash", "-c", script, "bash", str(self.prefix / "env")]
        out = subprocess.run(shell, check=True, capture_output=True, env=dict(self.environ)).stdout
        return dict(entry.split("=", 1) for entry in out.decode().split("\0") if entry)


@dataclass(frozen=True, slots=True)
class PlatformTools:
    """`cargo build-sbf` and Solana's platform-tools: the ordinary way."""

    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        return "platform-tools"

    def versions(self) -> dict[str, str]:
        lines = output_lines("cargo-build-sbf", "--version")
        words = (line.split() for line in lines)
        return {word[0]: word[-1] for word in words if len(word) > 1}

    def command(self, crate: Crate, arch: str, target: Path, *, locked: bool) -> list[str]:
        return [
            *("cargo", "build-sbf", "--arch", arch, "--sbf-out-dir", str(target / "deploy")),
            *("--manifest-path", str(crate.path / "Cargo.toml")),
            *(("--", "--locked") if locked else ()),
        ]

    def environment(self, root: Path, target: Path) -> dict[str, str]:
        flags = f"{self.environ.get('RUSTFLAGS', '')} --remap-path-prefix={root}=/breakwater".strip()
        return {**self.environ, "RUSTFLAGS": flags, "CARGO_TARGET_DIR": str(target)}

    def output(self, crate: Crate, target: Path) -> Path:
        return target / "deploy" / f"{crate.name}.so"


def _alters_builds(variable: str) -> bool:
    """Whether a variable of the caller's would change what a build gives."""
    return variable == "RUSTUP_TOOLCHAIN" or variable.startswith("CARGO_PROFILE_")


def first_line(*command: str) -> str:
    """The first line a command prints, or "unknown" where it prints none."""
    return next(iter(output_lines(*command)), "unknown")


def output_lines(*command: str) -> list[str]:
    """What a command that only tells a version prints; nothing where it cannot be run."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
    except FileNotFoundError:
        return []
    return done.stdout.strip().splitlines()
