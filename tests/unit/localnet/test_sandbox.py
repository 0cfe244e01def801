"""The sandbox's lock and keys, and how it fails, without a validator."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from breakwater import config, localnet
from breakwater.errors import EngineUnavailable, InvalidInput
from breakwater.localnet import _state
from breakwater.localnet.stage import Walk

HOLD = "import sys, time; from pathlib import Path; from breakwater.localnet import _state\n" + (
    "lock = _state.take_lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path))
    config.settings.cache_clear()
    yield tmp_path
    config.settings.cache_clear()


def held(cache: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(cache / "localnet")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_the_lock_says_who_runs_and_stop_ends_it(cache: Path) -> None:
    directory = _state.place(cache)
    assert _state.holder(directory) is None
    process = held(cache)
    assert _state.holder(directory) == process.pid
    assert _state.take_lock(directory) is None
    assert localnet.current(cache) is None  # it is not ready

    assert localnet.stop()
    assert process.wait(10) == -signal.SIGTERM
    assert _state.holder(directory) is None
    assert not localnet.stop()


def test_a_process_that_is_only_named_is_never_stopped(cache: Path) -> None:
    directory = _state.place(cache)
    directory.mkdir()
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        # what a sandbox that was killed leaves behind, its number in use again
        (directory / "lock").write_text(str(bystander.pid))
        state = localnet.Sandbox(bystander.pid, "http://127.0.0.1:1", "", "F", "", 1.0, str(directory))
        _state.write_state(directory, state)
        assert localnet.current(cache) is None
        assert not localnet.stop()
        time.sleep(0.1)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_keys_are_private_and_stay(cache: Path) -> None:
    first = _state.keys(cache)
    assert set(first) == {"trader", "operator", "publisher"}
    file = cache / "trader.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bytes(json.loads(file.read_text())) == bytes(first["trader"])
    assert _state.keys(cache) == first
    file.chmod(0o644)
    with pytest.raises(InvalidInput, match="chmod 600"):
        _state.keys(cache)


def test_a_sandbox_without_a_validator_is_explained(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKWATER_VALIDATOR", str(cache / "none"))
    steps: list[str] = []
    with pytest.raises(EngineUnavailable, match="Install solana-test-validator"):
        localnet.start(progress=steps.append)
    assert _state.holder(_state.place(cache)) is None


def test_a_sandbox_whose_validator_ends_is_explained(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = cache / "validator"
    broken.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    broken.chmod(0o755)
    monkeypatch.setenv("BREAKWATER_VALIDATOR", str(broken))
    with pytest.raises(EngineUnavailable, match="ended with code 3"):
        localnet.start()
    assert localnet.current(cache) is None


def test_the_walk_starts_at_a_round_price_and_never_runs_back() -> None:
    walk = Walk(seed=1)
    steps = [walk.step(slot, now) for slot, now in ((1, 1_000), (2, 900), (3, 2_000))]
    assert [each.timestamp_ms for each in steps] == [1_000, 1_000, 2_000]
    assert [each.sequence for each in steps] == [1, 2, 3]
    assert steps[0].price == 10_000_000
    assert len({each.price for each in steps}) == 3
    again = Walk(seed=1)
    assert [again.step(slot, now) for slot, now in ((1, 1_000), (2, 900), (3, 2_000))] == steps
