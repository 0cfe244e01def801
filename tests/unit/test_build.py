"""The build service, with a compiler that copies its source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.build_ground import FakeToolchain, make_repository, printed_idl, write

from breakwater.build import (
    MANIFEST,
    Artifact,
    BuildFailed,
    Crate,
    Manifest,
    PlatformTools,
    RegistryToolchain,
    build,
    build_probes,
    check,
    find_root,
    find_toolchain,
    programs,
)
from breakwater.build import _service as service
from breakwater.build._compile import claim
from breakwater.build._crates import source_files, source_hash
from breakwater.errors import EngineUnavailable, InvalidInput


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two programs, one test program and one plain crate."""
    monkeypatch.setattr(service, "compile_idl", printed_idl)
    return make_repository(tmp_path)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_programs_are_the_crates_with_a_cdylib(root: Path) -> None:
    assert [(crate.name, crate.package) for crate in programs(root)] == [
        ("exchange", "breakwater-exchange"),
        ("oracle", "breakwater-oracle"),
    ]


def test_a_build_ships_both_versions_the_idl_and_a_manifest_of_them(root: Path, cache: Path) -> None:
    steps: list[str] = []
    result = build(root, FakeToolchain(), cache=cache, progress=steps.append)

    shipped = root / "client" / "breakwater" / "programs"
    assert result.directory == shipped
    assert {path.name for path in shipped.iterdir()} == {
        MANIFEST,
        "math_probe.v0.so",
        *(f"{name}.{end}" for name in ("exchange", "oracle") for end in ("json", "v0.so", "v3.so")),
    }
    assert (shipped / "oracle.v0.so").read_text() == "v0// oracle\n"
    assert (shipped / "oracle.v3.so").read_text() == "v3// oracle\n"
    manifest = Manifest.read(shipped)
    assert manifest == result.manifest
    assert manifest.sources == source_hash(root)
    assert manifest.toolchain == {"name": "fake", "rustc": "1.96", "anchor-lang": "2.0.0-rc.2"}
    assert manifest.files["oracle.v0.so"] == Artifact.of(shipped / "oracle.v0.so")
    assert MANIFEST not in manifest.files
    assert [step.split(":")[0] for step in steps][:3] == ["exchange v0", "exchange v3", "exchange IDL"]


def test_probes_are_shipped_for_the_embedded_engine_and_built_alone_to_be_tried(
    root: Path, cache: Path
) -> None:
    result = build(root, FakeToolchain(), cache=cache)
    assert [name for name in result.manifest.files if "probe" in name] == ["math_probe.v0.so"]
    assert (result.directory / "math_probe.v0.so").read_text() == "v0// probe\n"
    (probe,) = build_probes(root, FakeToolchain(), cache=cache)
    assert probe == cache / "target" / "deploy" / "math_probe.v0.so"
    assert probe.read_text() == "v0// probe\n"


def test_check_names_a_probe_that_was_changed(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    write(shipped / "math_probe.v0.so", "v0// cheaper\n")
    assert check(root, FakeToolchain(), cache=cache).differ == {
        "math_probe.v0.so": "is not the file the manifest lists"
    }


def test_a_failed_build_changes_nothing_that_is_shipped(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    before = {path.name: path.read_bytes() for path in shipped.iterdir()}
    write(root / "programs" / "exchange" / "src" / "lib.rs", "// changed\n")
    write(root / "programs" / "oracle" / "src" / "lib.rs", "syntax error\n")
    with pytest.raises(BuildFailed, match="Building oracle for SBPF v0 failed"):
        build(root, FakeToolchain(), cache=cache)
    assert {path.name: path.read_bytes() for path in shipped.iterdir()} == before


def test_a_build_removes_what_no_source_makes_any_more(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    write(shipped / "pools.v0.so", "old")
    write(shipped / "README", "kept")
    build(root, FakeToolchain(), cache=cache)
    assert not (shipped / "pools.v0.so").exists()
    assert (shipped / "README").exists()


def test_check_agrees_with_what_was_just_built_and_changes_nothing(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    before = {path.name: path.stat().st_mtime_ns for path in shipped.iterdir()}
    toolchain = FakeToolchain()
    result = check(root, toolchain, cache=cache)
    assert result.ok
    assert not result.unsettled
    assert len(result.checked) == 7
    assert all(toolchain.locked)
    assert {path.name: path.stat().st_mtime_ns for path in shipped.iterdir()} == before


def test_a_check_is_recalled_while_files_sources_and_toolchain_are_the_same(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory

    def built(toolchain: FakeToolchain, *, recall: bool = True) -> tuple[bool, bool]:
        """Whether everything matches, and whether it was built again."""
        result = check(root, toolchain, cache=cache, recall=recall)
        return result.ok and not result.unsettled, bool(toolchain.locked)

    assert built(FakeToolchain()) == (True, True)
    assert built(FakeToolchain()) == (True, False)
    assert built(FakeToolchain(), recall=False) == (True, True)
    assert built(FakeToolchain(rustc="1.97")) == (True, True)
    write(shipped / "oracle.v3.so", "v3// oracle, and a back door\n")
    assert built(FakeToolchain()) == (False, True)
    replace(Manifest.read(shipped), files={}).write(shipped)
    assert built(FakeToolchain()) == (False, True)
    build(root, FakeToolchain(), cache=cache)
    assert built(FakeToolchain()) == (True, False)
    write(root / "programs" / "oracle" / "src" / "lib.rs", "// oracle, changed\n")
    assert built(FakeToolchain()) == (False, True)


def test_check_names_a_file_that_was_changed(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    write(shipped / "oracle.v3.so", "v3// oracle, and a back door\n")
    assert check(root, FakeToolchain(), cache=cache).differ == {
        "oracle.v3.so": "is not the file the manifest lists"
    }


def test_check_is_not_fooled_by_a_manifest_that_was_changed_as_well(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    manifest = Manifest.read(shipped)
    write(shipped / "oracle.v3.so", "v3// oracle, and a back door\n")
    forged = {**manifest.files, "oracle.v3.so": Artifact.of(shipped / "oracle.v3.so")}
    replace(manifest, files=forged).write(shipped)
    assert check(root, FakeToolchain(), cache=cache).differ == {
        "oracle.v3.so": "differs from what its sources give"
    }


def test_check_names_what_follows_from_changed_sources(root: Path, cache: Path) -> None:
    build(root, FakeToolchain(), cache=cache)
    write(root / "programs" / "oracle" / "src" / "lib.rs", "// better\n")
    assert set(check(root, FakeToolchain(), cache=cache).differ) == {MANIFEST, "oracle.v0.so", "oracle.v3.so"}


def test_check_names_files_that_are_absent_or_unknown(root: Path, cache: Path) -> None:
    shipped = build(root, FakeToolchain(), cache=cache).directory
    (shipped / "oracle.json").unlink()
    write(shipped / "extra.so", "?")
    assert set(check(root, FakeToolchain(), cache=cache).differ) == {"oracle.json", "extra.so"}


def test_a_program_from_another_toolchain_is_unsettled_not_wrong(root: Path, cache: Path) -> None:
    build(root, FakeToolchain(), cache=cache)
    result = check(root, FakeToolchain(rustc="1.97", flavour="+"), cache=cache)
    assert result.ok
    programs = ("exchange.v0.so", "exchange.v3.so", "math_probe.v0.so", "oracle.v0.so", "oracle.v3.so")
    assert result.unsettled == programs
    assert result.toolchain == ("rustc: 1.96 -> 1.97",)
    equal_bytes = check(root, FakeToolchain(rustc="1.97"), cache=cache)
    assert equal_bytes.ok
    assert not equal_bytes.unsettled


def test_another_toolchain_is_no_excuse_for_other_sources(root: Path, cache: Path) -> None:
    build(root, FakeToolchain(), cache=cache)
    write(root / "programs" / "oracle" / "src" / "lib.rs", "// better\n")
    result = check(root, FakeToolchain(rustc="1.97", flavour="+"), cache=cache)
    assert {MANIFEST, "oracle.v0.so"} <= set(result.differ)


def test_check_without_a_build_says_what_to_do(root: Path, cache: Path) -> None:
    with pytest.raises(InvalidInput, match="run breakwater build"):
        check(root, FakeToolchain(), cache=cache)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "files": 3}', '{"format": 2, "files": {}}'])
def test_a_broken_manifest_says_what_to_do(tmp_path: Path, text: str) -> None:
    write(tmp_path / MANIFEST, text)
    with pytest.raises(InvalidInput, match="run breakwater build"):
        Manifest.read(tmp_path)


def test_a_repository_without_programs_is_refused(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "programs").mkdir()
    with pytest.raises(InvalidInput, match="holds no program"):
        build(tmp_path, FakeToolchain(), cache=cache)


def test_the_root_is_found_from_inside_and_nowhere_else(root: Path, tmp_path: Path) -> None:
    assert find_root(root / "programs" / "oracle") == root
    with pytest.raises(InvalidInput, match="checkout"):
        find_root(tmp_path)


def test_tests_and_products_are_no_sources(root: Path) -> None:
    before = source_hash(root)
    for name in ("tests/buy.rs", "target/debug/x", "benches/b.rs", ".hidden"):
        write(root / "programs" / "oracle" / name, "x")
    write(root / "client" / "breakwater" / "model.py", "x")
    assert source_hash(root) == before


@pytest.mark.parametrize(
    "name",
    [
        "Cargo.toml",
        "Cargo.lock",
        "crates/math/src/lib.rs",
        "programs/oracle/src/lib.rs",
        "scripts/sbf/rustflags",
        "tests/sbf/math_probe/src/lib.rs",
    ],
)
def test_every_source_counts(root: Path, name: str) -> None:
    before = source_hash(root)
    assert root / name in source_files(root)
    write(root / name, (root / name).read_text() + "\n")
    assert source_hash(root) != before


def test_a_renamed_source_counts(root: Path) -> None:
    before = source_hash(root)
    (root / "crates" / "math" / "src" / "lib.rs").rename(root / "crates" / "math" / "src" / "other.rs")
    assert source_hash(root) != before


def test_a_target_directory_forgets_the_crates_of_another_checkout(tmp_path: Path) -> None:
    target = tmp_path / "target"
    ours = target / "debug" / ".fingerprint" / "breakwater-oracle-1"
    theirs = target / "debug" / ".fingerprint" / "anchor-lang-1"

    def use(root: str) -> list[bool]:
        claim(target, Path(root))
        return [ours.exists(), theirs.exists()]

    for path in (ours, theirs):
        path.mkdir(parents=True)
    assert use("/first") == [False, True]
    ours.mkdir()
    assert use("/first") == [True, True]
    assert use("/second") == [False, True]


class TestToolchain:
    @pytest.fixture
    def prefix(self, cache: Path) -> Path:
        """What scripts/setup --sbf leaves behind, as far as the service reads it."""
        write(cache / "sbf" / "env", 'export SBF_RUSTFLAGS=no CARGO_TARGET_SBF_RUSTFLAGS=no FOO="a b"\n')
        return cache / "sbf"

    @pytest.fixture
    def tools(self, tmp_path: Path) -> str:
        """A PATH with a `cargo build-sbf`."""
        write(tmp_path / "bin" / "cargo-build-sbf", "#!/bin/sh\n")
        (tmp_path / "bin" / "cargo-build-sbf").chmod(0o755)
        return f"{tmp_path / 'bin'}:/usr/bin:/bin"

    def test_cargo_build_sbf_is_the_ordinary_way(self, cache: Path, prefix: Path, tools: str) -> None:
        assert isinstance(find_toolchain(cache, {"PATH": tools}), PlatformTools)

    def test_the_cached_one_can_be_asked_for(self, cache: Path, prefix: Path, tools: str) -> None:
        environ = {"PATH": tools, "BREAKWATER_TOOLCHAIN": "registry"}
        assert isinstance(find_toolchain(cache, environ), RegistryToolchain)

    def test_the_cached_one_is_used_where_there_is_no_other(self, cache: Path, prefix: Path) -> None:
        assert isinstance(find_toolchain(cache, {"PATH": "/usr/bin:/bin"}), RegistryToolchain)

    def test_none_says_what_to_do(self, cache: Path) -> None:
        with pytest.raises(EngineUnavailable, match="scripts/setup --sbf"):
            find_toolchain(cache, {"PATH": "/nonexistent"})

    def test_no_path_of_the_machine_reaches_a_program(self, prefix: Path, tmp_path: Path) -> None:
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/home/me",
            "RUSTFLAGS": "--cfg stray",
            "CARGO_PROFILE_RELEASE_LTO": "off",
        }
        root, target = tmp_path / "a place", tmp_path / "target"
        write(root / "scripts" / "sbf" / "rustflags", "-Zunstable-options\n-Cpanic=immediate-abort\n")
        environment = RegistryToolchain(prefix, environ).environment(root, target)
        flags = environment["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")
        assert flags[:2] == ["-Zunstable-options", "-Cpanic=immediate-abort"]
        mapped = {flag.removeprefix("--remap-path-prefix=") for flag in flags[2:]}
        assert mapped == {
            f"{root}=/breakwater",
            "/home/me/.cargo=/cargo",
            f"{prefix / 'std'}=/rust",
            f"{target}=/target",
        }
        assert environment["CARGO_TARGET_DIR"] == str(target)
        assert environment["FOO"] == "a b"
        stray = {"SBF_RUSTFLAGS", "RUSTFLAGS", "CARGO_TARGET_SBF_RUSTFLAGS", "CARGO_PROFILE_RELEASE_LTO"}
        assert not stray & environment.keys()

    @pytest.mark.parametrize("arch", ["v0", "v3"])
    def test_the_version_is_named_in_the_last_step_alone(
        self, prefix: Path, tmp_path: Path, arch: str
    ) -> None:
        crate = Crate("oracle", "breakwater-oracle", tmp_path)
        registry = RegistryToolchain(prefix, {})
        command = registry.command(crate, arch, tmp_path, locked=True)
        assert command[-2:] == ["--", f"-Clink-arg=--arch={arch}"]
        assert "--locked" in command
        tools = PlatformTools({})
        command = tools.command(crate, arch, tmp_path, locked=False)
        assert command[:4] == ["cargo", "build-sbf", "--arch", arch]
        assert tools.output(crate, tmp_path) == tmp_path / "deploy" / "oracle.so"
