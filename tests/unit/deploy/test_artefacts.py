"""What is to be deployed: the manifest's hashes, and keys that belong to the addresses."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.deploy import Artefact, reference, targets
from breakwater.errors import InvalidInput

BINARY = b"\x7fELF" + bytes(range(1, 200))
ARTEFACT = Artefact("oracle", at.ORACLE, hashlib.sha256(BINARY).hexdigest(), len(BINARY))


def test_the_shipped_binaries_are_those_of_the_manifest() -> None:
    for each in targets(programs.NAMES):
        assert hashlib.sha256(each.binary).hexdigest() == each.artefact.sha256
        assert each.key.pubkey() == each.address == programs.address(each.name)


@pytest.mark.parametrize("tail", [b"", bytes(1), bytes(1_000)])
def test_room_behind_the_binary_is_part_of_no_hash(tail: bytes) -> None:
    assert ARTEFACT.matches(BINARY + tail)


@pytest.mark.parametrize(
    "held",
    [
        b"",
        BINARY[:-1],
        BINARY[:-1] + b"\0",
        BINARY + b"\x01",
        BINARY + bytes(7) + b"\x01",
        bytes(len(BINARY)),
    ],
)
def test_a_byte_more_less_or_other_does_not_match(held: bytes) -> None:
    assert not ARTEFACT.matches(held)


def test_keys_of_ones_own_have_to_be_the_addresses(tmp_path: Path) -> None:
    development = at.development_keypair("oracle")
    (tmp_path / "oracle.json").write_text(json.dumps(list(bytes(development))))
    (only,) = targets(["oracle"], tmp_path)
    assert only.key == development

    (tmp_path / "oracle.json").write_text(json.dumps(list(bytes(Keypair()))))
    with pytest.raises(InvalidInput, match=f"Bring the key pair of {at.ORACLE}"):
        targets(["oracle"], tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": {}, "sources": ""}', '{"files": 3, "sources": ""}']
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(text)
    with pytest.raises(InvalidInput, match="Name a manifest that breakwater build wrote"):
        reference(file)
    with pytest.raises(InvalidInput, match="Name a manifest that exists"):
        reference(tmp_path / "none.json")


def test_a_copy_of_the_shipped_manifest_is_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(dict(programs.manifest())))
    assert reference(file) == reference()
