"""Breakwater's own programs: IDLs, binaries and anchorpy `Program` objects, all loaded when first asked for.

IDLs and binaries ship with the package. A program's address is the one its IDL declares.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anchorpy.idl_adapter import Idl
from anchorpy.program.core import Program
from anchorpy.provider import Provider, Wallet
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.errors import InvalidInput

from .events import EventDecoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._program_errors import ErrorNames
    from .engine import Engine

__all__ = [
    "NAMES",
    "SHIPPED_NAMES",
    "address",
    "binary",
    "embedded_programs",
    "error_names",
    "event_decoder",
    "idl",
    "manifest",
    "program",
    "validator_programs",
]

NAMES = ("oracle", "exchange")
"""The programs of the exchange, which are launched together."""

SHIPPED_NAMES = (*NAMES, "pools")
"""Every program of the package; pools stand alone."""

SHIPPED = Path(__file__).parent.parent / "programs"


@lru_cache
def idl(name: str) -> Mapping[str, Any]:
    """The IDL of a shipped program, as JSON.

    Raises:
        InvalidInput: there is no such program, or it is not built.
    """
    return _json(SHIPPED / f"{name}.json")


@lru_cache
def manifest() -> Mapping[str, Any]:
    """What the binaries are: digests and the toolchain that built them.

    Raises:
        InvalidInput: the programs are not built.
    """
    return _json(SHIPPED / "manifest.json")


@lru_cache
def address(name: str) -> Pubkey:
    """A program's address."""
    return Pubkey.from_string(idl(name)["address"])


@lru_cache
def binary(name: str, arch: str) -> bytes:
    """A program's binary; `arch` is "v0" for the embedded engine and "v3" for clusters.

    Raises:
        InvalidInput: it is not built, or is not the one the manifest describes.
    """
    file = SHIPPED / f"{name}.{arch}.so"
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(f"Build the programs first: {file.name} is absent.") from None
    if hashlib.sha256(data).hexdigest() != manifest()["files"].get(file.name, {}).get("sha256"):
        raise InvalidInput(f"Rebuild the programs: {file.name} is not the one in manifest.json.")
    return data


def embedded_programs() -> dict[Pubkey, bytes]:
    """Every shipped program, as `open_engine(programs=...)` takes them."""
    return {address(name): binary(name, "v0") for name in _built()}


def validator_programs() -> dict[Pubkey, bytes]:
    """Every shipped program as a validator takes it, for `open_engine(programs=...)`."""
    return {address(name): binary(name, "v3") for name in SHIPPED_NAMES}


def program(name: str, engine: Engine, payer: Keypair | None = None) -> Program:
    """An anchorpy `Program` on an engine, to fetch accounts and to build instructions.

    Args:
        name: "oracle", "exchange" or "pools".
        engine: where the program runs.
        payer: who `program.rpc` signs and pays with; None can only read and build.
    """
    provider = Provider(engine.client, Wallet(payer or Keypair()))
    return Program(_parsed(name), address(name), provider)


@lru_cache
def error_names() -> dict[str, ErrorNames]:
    """Error names and messages by program address, for every shipped program that is built."""
    names: dict[str, ErrorNames] = {}
    for each in _built():
        names[str(address(each))] = {
            error["code"]: (error["name"], error.get("msg") or error["name"])
            for error in idl(each).get("errors") or ()
        }
    return names


@lru_cache
def event_decoder() -> EventDecoder:
    """Reads the events of every shipped program that is built."""
    return EventDecoder({str(address(each)): idl(each) for each in _built()})


@lru_cache
def _parsed(name: str) -> Idl:
    return Idl.from_json(json.dumps(dict(idl(name))))


def _built() -> list[str]:
    return [each for each in SHIPPED_NAMES if (SHIPPED / f"{each}.json").exists()]


def _json(file: Path) -> Mapping[str, Any]:
    try:
        value: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        raise InvalidInput(f"Build the programs first: {file.name} is absent.") from None
    return value
