"""`breakwater local` where no sandbox runs, for people and machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from breakwater import config
from breakwater.cli import main


@pytest.mark.parametrize(
    ("command", "said", "told"),
    [
        ("status", "No sandbox is running: breakwater local start starts one.", {"running": False}),
        ("stop", "No sandbox is running.", {"stopped": False}),
    ],
)
def test_without_a_sandbox_the_answer_is_no(
    command: str,
    said: str,
    told: dict[str, bool],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path))
    config.settings.cache_clear()
    for option in ((), ("--json",)):
        with pytest.raises(SystemExit) as ended:
            main(["local", command, *option])
        captured = capsys.readouterr()
        assert (ended.value.code, captured.err) == (1, "")
        if option:
            assert json.loads(captured.out) == told
        else:
            assert captured.out == f"{said}\n"
    config.settings.cache_clear()
