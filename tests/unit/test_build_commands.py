"""`breakwater build` as a person types it, and what `deploy` and `verify` say after a build of their own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.build_ground import FakeToolchain, make_repository, printed_idl, write

from breakwater import build, config
from breakwater.build import BuildFailed, PlatformTools, RegistryToolchain, find_toolchain
from breakwater.build import _service as service
from breakwater.build._compile import compile_idl
from breakwater.build._crates import Crate
from breakwater.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def toolchain(monkeypatch: pytest.MonkeyPatch) -> FakeToolchain:
    """What the commands find instead of a compiler for Solana, which takes minutes."""
    fake = FakeToolchain()
    monkeypatch.setattr(build, "find_toolchain", lambda cache: fake)
    return fake


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path / "cache"))
    config.settings.cache_clear()
    monkeypatch.setattr(service, "compile_idl", printed_idl)
    yield make_repository(tmp_path)
    config.settings.cache_clear()


@pytest.fixture
def run(root: Path, toolchain: FakeToolchain, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command at the repository: its status, standard output and standard error."""

    def typed(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, "--root", str(root)])
        assert isinstance(stopped.value.code, int)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return stopped.value.code, out, err

    return typed


def test_a_build_lists_every_file_with_its_hash_and_so_does_json(run: Run, root: Path) -> None:
    status, out, err = run("build")
    assert status == 0
    assert "exchange v0: " in err
    *lines, last = out.splitlines()
    shipped = root / "client" / "breakwater" / "programs"
    assert last == f"built into {shipped}"
    files = {name: (sha256, int(size)) for sha256, size, name in (line.split() for line in lines)}
    assert files == {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)
        for file in shipped.iterdir()
        if file.name != build.MANIFEST
    }
    status, out, _ = run("build", "--json")
    found = json.loads(out)
    assert (status, found["directory"]) == (0, str(shipped))
    listed = found["manifest"]["files"]
    assert {name: (each["sha256"], each["bytes"]) for name, each in listed.items()} == files


def test_a_check_that_agrees_is_status_0_and_one_that_does_not_names_the_file(run: Run, root: Path) -> None:
    run("build")
    status, out, _ = run("build", "--check")
    assert (status, out) == (0, "All 7 files match their sources, byte for byte.\n")
    status, out, err = run("build", "--check", "--recall", "--json")
    answer = {"ok": True, "differ": {}, "unsettled": [], "toolchain": []}
    found = json.loads(out)
    assert (status, len(found.pop("checked")), found) == (0, 7, answer)
    assert "not built again" in err

    write(root / "client" / "breakwater" / "programs" / "oracle.v3.so", "v3// other\n")
    status, out, _ = run("build", "--check")
    assert (status, out.splitlines()) == (
        1,
        [
            "oracle.v3.so is not the file the manifest lists",
            "The shipped programs are not what the sources give: run breakwater build and commit the result.",
        ],
    )
    status, out, _ = run("build", "--check", "--json")
    found = json.loads(out)
    assert (status, found["ok"]) == (1, False)
    assert found["differ"] == {"oracle.v3.so": "is not the file the manifest lists"}


def test_what_another_toolchain_built_is_said_to_be_unsettled(run: Run, toolchain: FakeToolchain) -> None:
    run("build")
    toolchain.rustc, toolchain.flavour = "1.97", "other"
    status, out, _ = run("build", "--check")
    assert (status, out.splitlines()) == (
        0,
        [
            "not comparable, built by another toolchain: exchange.v0.so, exchange.v3.so, math_probe.v0.so, "
            "oracle.v0.so, oracle.v3.so",
            "  rustc: 1.96 -> 1.97",
            "2 of 7 files match their sources; the rest is unsettled.",
        ],
    )
    assert json.loads(run("build", "--check", "--json")[1])["toolchain"] == ["rustc: 1.96 -> 1.97"]


def test_probes_are_built_alone_and_their_places_are_the_result(run: Run, root: Path) -> None:
    status, out, _ = run("build", "--probes")
    (place,) = out.splitlines()
    assert (status, Path(place).read_text()) == (0, "v0// probe\n")
    status, out, _ = run("build", "--probes", "--json")
    assert (status, json.loads(out)) == (0, [place])
    assert not (root / "client" / "breakwater" / "programs").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--check", "--probes"],
            "Leave out --probes: --check builds and compares everything, probes too.",
        ),
        (["--recall"], "Add --check: --recall believes an earlier one."),
    ],
)
def test_a_check_that_would_not_be_made_is_refused(run: Run, options: list[str], sentence: str) -> None:
    assert run("build", *options) == (2, "", f"breakwater: {sentence}\n")


def test_sources_that_do_not_compile_are_one_sentence(run: Run, root: Path) -> None:
    write(root / "programs" / "oracle" / "src" / "lib.rs", "syntax error")
    status, out, err = run("build")
    assert (status, out) == (2, "")
    assert "breakwater: Building oracle for SBPF v0 failed; the compiler's messages are above.\n" in err


@pytest.mark.parametrize("command", [("deploy", "--yes"), ("verify",)])
def test_a_rebuild_that_differs_ends_the_command_before_it_looks_at_a_chain(
    run: Run, root: Path, toolchain: FakeToolchain, command: tuple[str, ...]
) -> None:
    there = (*command, "--cluster", "http://127.0.0.1:1", "--rebuild")
    assert "holds no built programs: run breakwater build." in run(*there)[2]
    run("build")
    status, out, err = run(*there)
    assert (status, out) == (2, "")
    assert f"breakwater: Install the package from {root}: it ships other programs.\n" in err
    toolchain.rustc, toolchain.flavour = "1.97", "other"
    assert "not comparable, built by another toolchain: exchange.v0.so" in run(*there)[2]
    toolchain.rustc, toolchain.flavour = "1.96", ""
    write(root / "client" / "breakwater" / "programs" / "oracle.v3.so", "v3// other\n")
    sentence = run(*there)[2].splitlines()[-1]
    assert "oracle.v3.so is not the file the manifest lists" in sentence


PROGRAM = """
#[cfg(all(test, feature = "idl-build"))]
mod tests {
    #[test]
    fn __anchor_private_print_idl_program() {
        println!("--- IDL begin program ---\\n{}\\n--- IDL end program ---", "{\\"instructions\\": []}");
    }
    #[test]
    fn __anchor_private_print_idl_address() {
        println!("--- IDL begin address ---\\nHere\\n--- IDL end address ---");
    }
}
"""


def test_an_idl_is_what_the_crates_own_tests_print(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With the real `cargo`, on a crate without dependencies."""
    place, target = tmp_path / "tiny", tmp_path / "target"
    crate = Crate("tiny", "tiny", place)
    write(place / "Cargo.toml", '[package]\nname = "tiny"\nedition = "2021"\n[features]\nidl-build = []\n')
    write(place / "src" / "lib.rs", PROGRAM)

    def built() -> Any:
        return json.loads(compile_idl(crate, root=tmp_path, target=target, locked=False))

    assert built() == {
        "instructions": [],
        "address": "Here",
        "errors": [],
        "constants": [],
        "events": [],
        "types": [],
    }
    write(place / "src" / "lib.rs", PROGRAM.replace("begin address", "begin nothing"))
    with pytest.raises(BuildFailed, match="The IDL of tiny is incomplete: 0 blocks tell its address"):
        built()
    write(place / "src" / "lib.rs", "not Rust")
    with pytest.raises(BuildFailed, match="Building the IDL of tiny failed; the compiler's messages are"):
        built()
    assert "error: " in capfd.readouterr().err


def test_what_decides_about_the_bytes_is_named_by_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "cargo-build-sbf"
    versions = "solana-cargo-build-sbf 2.1.0\\nplatform-tools v1.43\\nrustc 1.79.0\\n"
    write(tool, f"#!/bin/sh\nprintf '{versions}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    found = find_toolchain(tmp_path)
    assert isinstance(found, PlatformTools)
    assert found.versions() == {
        "solana-cargo-build-sbf": "2.1.0",
        "platform-tools": "v1.43",
        "rustc": "1.79.0",
    }
    environment = PlatformTools({"RUSTFLAGS": "-Cmetadata=x"}).environment(tmp_path, tmp_path / "target")
    assert environment == {
        "RUSTFLAGS": f"-Cmetadata=x --remap-path-prefix={tmp_path}=/breakwater",
        "CARGO_TARGET_DIR": str(tmp_path / "target"),
    }


def test_a_toolchain_that_is_not_whole_has_unknown_versions(tmp_path: Path) -> None:
    versions = RegistryToolchain(tmp_path / "sbf", {}).versions()
    assert (versions["llvm"], versions["sbpf-linker"]) == ("unknown", "unknown")
