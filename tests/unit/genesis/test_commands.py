"""`breakwater genesis` and `launch` where no chain is needed to answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair

from breakwater.charter import Charter, default_text
from breakwater.cli import main
from breakwater.steps import Signed

if TYPE_CHECKING:
    from pathlib import Path


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


@pytest.mark.parametrize("said", [{"payer": str(Keypair().pubkey())}, {"vault": 1}, {}])
def test_a_summary_that_its_payer_has_not_signed_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, said: dict[str, object]
) -> None:
    payer, file = Keypair(), tmp_path / "genesis.summary.json"
    statement = {"payer": str(payer.pubkey()), "charter": Charter().model_dump(mode="json")}
    signed = Signed.by(payer, statement)
    file.write_text(Signed(statement | said, signed.signature).text())
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--cluster", "http://127.0.0.1:1", "--genesis", str(file)])
    err = capsys.readouterr().err
    assert stopped.value.code == 2
    refused = err.startswith(f"breakwater: Get {file} again from who launched: its payer ")
    assert refused == bool(said)


def test_a_summary_without_a_signature_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "genesis.summary.json"
    file.write_text(json.dumps({"statement": {"charter": Charter().model_dump(mode="json")}}))
    with pytest.raises(SystemExit) as stopped:
        main(["verify", "--cluster", "http://127.0.0.1:1", "--genesis", str(file)])
    err = capsys.readouterr().err
    assert (stopped.value.code, err) == (
        2,
        f"breakwater: Name a summary that breakwater genesis has signed, not {file}.\n",
    )
