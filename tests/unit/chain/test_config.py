"""Settings come from the environment; key pairs are read and never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError
from solders.keypair import Keypair

from breakwater.config import Settings, load_keypair
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREAKWATER_PRIORITY_FEE", "12")
    monkeypatch.setenv("BREAKWATER_COMMITMENT", "finalized")
    chosen = Settings()
    assert (chosen.priority_fee, chosen.commitment) == (12, "finalized")
    monkeypatch.setenv("BREAKWATER_COMMITMENT", "hopeful")
    with pytest.raises(ValidationError):
        Settings()


def test_the_validator_is_looked_for_in_the_cache(tmp_path: Path) -> None:
    binary = tmp_path / "validator" / "bin" / "solana-test-validator"
    binary.parent.mkdir(parents=True)
    binary.touch()
    assert Settings(cache_dir=tmp_path).validator_path() == binary
    assert Settings(validator=tmp_path / "mine").validator_path() == tmp_path / "mine"


def test_key_pairs_are_read_and_never_shown(tmp_path: Path) -> None:
    key, file = Keypair(), tmp_path / "id.json"
    file.write_text(json.dumps(list(bytes(key))))
    assert load_keypair(file) == key
    assert str(key) not in repr(Settings(keypair=file))

    for content in ("[1, 2, 999]", "not json", json.dumps(list(bytes(key))[:63])):
        file.write_text(content)
        with pytest.raises(InvalidInput, match="64 bytes") as caught:
            load_keypair(file)
        assert content not in str(caught.value)
        assert caught.value.__cause__ is None
    with pytest.raises(InvalidInput, match="Create a key pair"):
        load_keypair(tmp_path / "absent")
