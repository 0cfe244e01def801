"""What is to be on the chain: each program's address, its binary, and the hash its manifest gives it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.config import load_keypair
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

__all__ = ["ARCH", "Artefact", "Reference", "Target", "reference", "targets"]

ARCH = "v3"
"""The SBPF version clusters take."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A program as its manifest describes it: hexadecimal SHA-256 and bytes of the binary for clusters."""

    name: str
    address: Pubkey
    sha256: str
    size: int

    def matches(self, held: bytes) -> bool:
        """Whether `held` is the binary, with nothing but zeros behind it."""
        return self.found(held) == self.sha256

    def found(self, held: bytes) -> str:
        """The SHA-256 of `held`: of its first bytes, or of all of it where something follows them."""
        tail = held[self.size :]
        return hashlib.sha256(held if any(tail) else held[: self.size]).hexdigest()


@dataclass(frozen=True, slots=True)
class Reference:
    """A manifest: the hash of the sources, and the programs built from them."""

    sources: str
    artefacts: Mapping[str, Artefact]


@dataclass(frozen=True, slots=True)
class Target:
    """A program to deploy, with the key pair of its address."""

    artefact: Artefact
    key: Keypair
    binary: bytes

    @property
    def name(self) -> str:
        """Its name in the manifest."""
        return self.artefact.name

    @property
    def address(self) -> Pubkey:
        """Where it goes."""
        return self.artefact.address


def reference(file: Path | None = None) -> Reference:
    """A manifest's programs; None takes the shipped one.

    Raises:
        InvalidInput: the file is absent or no manifest.
    """
    if file is None:
        return _reference(programs.manifest())
    try:
        return _reference(json.loads(file.read_text()))
    except FileNotFoundError:
        raise InvalidInput(f"Name a manifest that exists, not {file}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise InvalidInput(f"Name a manifest that breakwater build wrote, not {file}.") from None


def _reference(manifest: Mapping[str, Any]) -> Reference:
    files = manifest["files"]
    artefacts = {}
    for name in programs.NAMES:
        entry = files[f"{name}.{ARCH}.so"]
        artefacts[name] = Artefact(name, programs.address(name), str(entry["sha256"]), int(entry["bytes"]))
    return Reference(str(manifest["sources"]), artefacts)


def targets(names: Sequence[str], keys: Path | None = None) -> list[Target]:
    """The shipped programs of these names, each checked against the manifest.

    Args:
        names: "oracle", "exchange".
        keys: a directory with the key pair of each program's address, NAME.json; None takes the development
            keys, which everybody has.

    Raises:
        InvalidInput: a binary is not the manifest's, or a key is not the address's.
    """
    found = []
    for name, artefact in reference().artefacts.items():
        if name not in names:
            continue
        key = at.development_keypair(name) if keys is None else load_keypair(keys / f"{name}.json")
        if key.pubkey() != artefact.address:
            raise InvalidInput(
                f"Bring the key pair of {artefact.address}: the {name} program was built for that address."
            )
        found.append(Target(artefact, key, programs.binary(name, ARCH)))
    return found
