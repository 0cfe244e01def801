"""`breakwater genesis` and `launch` where no chain is needed to answer."""

from __future__ import annotations

import pytest

from breakwater.charter import default_text
from breakwater.cli import main


def test_the_defaults_are_printed_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["genesis", "--print-defaults"])
    assert stopped.value.code == 0
    assert capsys.readouterr() == (default_text(), "")


@pytest.mark.parametrize("engine", ["mainnet", "devnet", "https://node.invalid", "embedded"])
def test_a_launch_is_rehearsed_on_this_machine_alone(capsys: pytest.CaptureFixture[str], engine: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["launch", "--engine", engine])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, "")
    assert err.startswith("breakwater: Name local, or a validator of this machine")
