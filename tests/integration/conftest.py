"""A sandbox on a real validator, and `breakwater` as a person types it."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from breakwater import config, localnet
from breakwater.cli import main
from breakwater.localnet import Sandbox

Run = Callable[..., tuple[int, str, str]]

# A shell's background job ignores Ctrl-C, and so would every command that it starts
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def short_slots() -> Iterator[None]:
    """Slots of 100 ms, so that a test waits for what it does and not for the clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_TICKS_PER_SLOT", "16")
        config.settings.cache_clear()
        yield
    config.settings.cache_clear()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox of our own, found by every command through the settings."""
    cache = tmp_path_factory.mktemp("cache")
    validator = config.settings().validator_path()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_CACHE_DIR", str(cache))
        patch.setenv("BREAKWATER_VALIDATOR", str(validator))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.delenv("BREAKWATER_RPC_URL", raising=False)
        config.settings.cache_clear()
        try:
            started, fresh = localnet.start(1.0)
            assert fresh
            yield started
        finally:
            localnet.stop()
    config.settings.cache_clear()


@pytest.fixture
def bw(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `breakwater` with arguments; its status, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([str(each) for each in arguments])
        assert isinstance(stopped.value.code, int)
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def js(bw: Run) -> Callable[..., Any]:
    """Run a command with `--json` that has to succeed."""

    def run(*arguments: object) -> Any:
        status, out, err = bw(*arguments, "--json")
        assert (status, out.count("\n")) == (0, 1), err
        return json.loads(out)

    return run


def refused(result: tuple[int, str, str]) -> str:
    """The one sentence of a command that failed."""
    status, out, err = result
    assert (status, out) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("breakwater: ")]
    assert len(lines) == 1
    assert "Traceback" not in err
    return lines[0].removeprefix("breakwater: ")
