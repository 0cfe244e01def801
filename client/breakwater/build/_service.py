"""`build` writes the shipped programs; `check` builds them again elsewhere and compares."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput
from ._compile import compile_idl, compile_program
from ._crates import Crate, locked_version, probes, programs, source_hash
from ._manifest import MANIFEST, Artifact, Manifest, is_built
from ._toolchain import ARCHES, Toolchain

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build wrote.

    Attributes:
        directory: where the programs, the probes, their IDLs and the manifest are.
        manifest: the manifest written there.
    """

    directory: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How the shipped files compare with a fresh build.

    Attributes:
        checked: names of the files compared.
        differ: what does not match, each with the reason.
        unsettled: programs that differ, but were built by another toolchain than the one at hand.
        toolchain: what differs between the two toolchains, "name: shipped -> here"; empty if they are equal.
    """

    checked: tuple[str, ...]
    differ: dict[str, str]
    unsettled: tuple[str, ...]
    toolchain: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts the shipped files."""
        return not self.differ


def shipped(root: Path) -> Path:
    """Where a repository keeps its built programs."""
    return root / "client" / "breakwater" / "programs"


def build(
    root: Path, toolchain: Toolchain, *, cache: Path, progress: Progress = lambda _: None
) -> BuildResult:
    """Build the programs and probes of a repository into its Python package.

    Nothing shipped changes unless everything was built.
    """
    crates = _programs(root)
    with tempfile.TemporaryDirectory(prefix="breakwater-build-") as temporary:
        made = Path(temporary)
        manifest = _build_into(made, root, crates, toolchain, cache, progress, locked=False)
        directory = shipped(root)
        directory.mkdir(parents=True, exist_ok=True)
        for path in directory.iterdir():
            if is_built(path) and path.name not in manifest.files:
                path.unlink()
        for name in (*manifest.files, MANIFEST):
            _replace(made / name, directory / name)
    return BuildResult(directory, manifest)


def build_probes(
    root: Path, toolchain: Toolchain, *, cache: Path, progress: Progress = lambda _: None
) -> tuple[Path, ...]:
    """Build the probes alone into `target/deploy` of the cache, to be tried with BREAKWATER_PROGRAMS."""
    return _build_probes_into(cache / "target" / "deploy", root, toolchain, cache, progress, locked=False)


def check(
    root: Path,
    toolchain: Toolchain,
    *,
    cache: Path,
    progress: Progress = lambda _: None,
    recall: bool = False,
) -> CheckResult:
    """Build every program elsewhere and compare it with the shipped one, byte for byte.

    A program that differs where the toolchain differs as well proves nothing and is reported apart; the
    sources, the IDLs and the manifest's own hashes are compared in any case.

    Args:
        root: the repository.
        toolchain: what builds.
        cache: where builds are kept, and the checks in which everything matched.
        progress: told each step.
        recall: believe a check that this machine has made of the same files, sources and toolchain.

    Raises:
        InvalidInput: there is no manifest to compare with.
    """
    directory = shipped(root)
    manifest = Manifest.read(directory)
    differ = dict.fromkeys(manifest.damaged(directory), "is not the file the manifest lists")
    past = Manifest(source_hash(root), _versions(root, toolchain), manifest.files)
    matched = cache / "checked" / past.fingerprint()
    if recall and not differ and matched.exists():
        progress("these files were built from these sources before: not built again")
        return compare(manifest, past, differ)
    with tempfile.TemporaryDirectory(prefix="breakwater-check-") as temporary:
        fresh = _build_into(Path(temporary), root, _programs(root), toolchain, cache, progress, locked=True)
    result = compare(manifest, fresh, differ)
    if result.ok and fresh == past:
        matched.parent.mkdir(parents=True, exist_ok=True)
        matched.touch()
    return result


def compare(manifest: Manifest, fresh: Manifest, differ: dict[str, str]) -> CheckResult:
    """Judge the files of a manifest by those of a fresh build.

    Args:
        manifest: the shipped one.
        fresh: the one just made.
        differ: what is already known not to match, with reasons.
    """
    differ = dict(differ)
    if manifest.sources != fresh.sources:
        differ[MANIFEST] = "was made from other sources"
    shipped_by, here = dict(manifest.toolchain), dict(fresh.toolchain)
    toolchain = tuple(
        f"{name}: {shipped_by.get(name, 'none')} -> {here.get(name, 'none')}"
        for name in sorted(shipped_by.keys() | here.keys())
        if shipped_by.get(name) != here.get(name)
    )
    unsettled = []
    for name in sorted(manifest.files.keys() | fresh.files.keys()):
        if name not in fresh.files:
            differ.setdefault(name, "is shipped, but no source makes it")
        elif name not in manifest.files:
            differ.setdefault(name, "is made from the sources, but not shipped")
        elif manifest.files[name] != fresh.files[name]:
            if toolchain and manifest.sources == fresh.sources and name.endswith(".so"):
                unsettled.append(name)
            else:
                differ.setdefault(name, "differs from what its sources give")
    return CheckResult(tuple(sorted(fresh.files)), differ, tuple(unsettled), toolchain)


def _programs(root: Path) -> list[Crate]:
    crates = programs(root)
    if not crates:
        raise InvalidInput(f"{root / 'programs'} holds no program: a program is a crate with a cdylib.")
    return crates


def _build_into(
    directory: Path,
    root: Path,
    crates: list[Crate],
    toolchain: Toolchain,
    cache: Path,
    progress: Progress,
    *,
    locked: bool,
) -> Manifest:
    targets = cache / "target"
    for crate in crates:
        for arch in ARCHES:
            with _Step(progress, f"{crate.name} {arch}"):
                compile_program(
                    toolchain,
                    crate,
                    arch,
                    root=root,
                    target=targets / "sbf",
                    to=directory / f"{crate.name}.{arch}.so",
                    locked=locked,
                )
        with _Step(progress, f"{crate.name} IDL"):
            idl = compile_idl(crate, root=root, target=targets / "host", locked=locked)
            (directory / f"{crate.name}.json").write_text(idl)
    _build_probes_into(directory, root, toolchain, cache, progress, locked=locked)
    files = {path.name: Artifact.of(path) for path in sorted(directory.iterdir())}
    manifest = Manifest(source_hash(root), _versions(root, toolchain), files)
    manifest.write(directory)
    return manifest


def _versions(root: Path, toolchain: Toolchain) -> dict[str, str]:
    return {
        "name": toolchain.name,
        **toolchain.versions(),
        "anchor-lang": locked_version(root, "anchor-lang"),
    }


def _build_probes_into(
    directory: Path,
    root: Path,
    toolchain: Toolchain,
    cache: Path,
    progress: Progress,
    *,
    locked: bool,
) -> tuple[Path, ...]:
    made = []
    for crate in probes(root):
        to = directory / f"{crate.name}.v0.so"
        with _Step(progress, f"{crate.name} v0"):
            compile_program(
                toolchain, crate, "v0", root=root, target=cache / "target" / "sbf", to=to, locked=locked
            )
        made.append(to)
    return tuple(made)


def _replace(source: Path, to: Path) -> None:
    """Put a file in place at once: whoever reads meanwhile sees the old or the new one, never a part."""
    beside = to.with_name(f".{to.name}.new")
    shutil.copyfile(source, beside)
    beside.replace(to)


class _Step:
    """Reports a step and its seconds once it has succeeded."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._what = what

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._progress(f"{self._what}: {time.monotonic() - self._began:.1f} s")
