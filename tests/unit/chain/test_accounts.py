"""The struct decoders read exactly what the IDL's own decoder reads."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest
from solders.pubkey import Pubkey

from breakwater.chain import accounts, programs
from breakwater.errors import InvalidInput

READERS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    "Config": ("exchange", accounts.config),
    "Trader": ("exchange", accounts.trader),
    "Vault": ("exchange", accounts.vault),
    "Shard": ("exchange", accounts.shard),
    "Market": ("exchange", accounts.market),
    "Position": ("exchange", accounts.position),
    "Chain": ("exchange", accounts.chain),
    "Feed": ("oracle", accounts.feed),
}
SIZES = {"u8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "i64": 8, "pubkey": 32}


def test_mint_and_token_account() -> None:
    assert accounts.mint_supply(bytes(36) + (7).to_bytes(8, "little") + bytes(38)) == 7
    assert accounts.token_amount(bytes(64) + (9).to_bytes(8, "little") + bytes(93)) == 9


def sample(name: str) -> tuple[bytes, dict[str, Any]]:
    """Random account data and what the IDL says they mean."""
    rng = random.Random(name)
    idl = programs.idl(READERS[name][0])
    types = {each["name"]: each["type"] for each in idl["types"]}
    discriminator = next(each["discriminator"] for each in idl["accounts"] if each["name"] == name)
    raw = bytearray(discriminator)

    def value(kind: Any) -> Any:
        if kind == {"array": ["u8", 32]}:
            raw.extend(data := rng.randbytes(32))
            return data
        if isinstance(kind, dict) and "array" in kind:
            return [value(kind["array"][0]) for _ in range(kind["array"][1])]
        if isinstance(kind, dict):
            defined = kind["defined"]["name"]
            return {field["name"]: value(field["type"]) for field in types[defined]["fields"]}
        data = rng.randbytes(SIZES[kind])
        raw.extend(data)
        return data if kind == "pubkey" else int.from_bytes(data, "little", signed=kind.startswith("i"))

    fields = {}
    for field in types[name]["fields"]:
        if (name, field["name"]) == ("Market", "outcomes"):
            raw.append(3)
            fields["outcomes"] = 3
        elif (name, field["name"]) == ("Chain", "count"):
            raw.extend((2).to_bytes(8, "little"))
            fields["count"] = 2
        elif "defined" in field["type"]:
            # a struct inside is read as if its fields stood in its place
            fields |= value(field["type"])
        else:
            fields[field["name"]] = value(field["type"])
    return bytes(raw), fields


HOLDING = ("shares", "cost", "debt", "opened_slot", "outcome")
BY_OUTCOME = {"shares", "debt", "reference", "traded_s", "taken_shares", "taken_debt"}


@pytest.mark.parametrize("name", READERS)
def test_fields_are_where_the_idl_has_them(name: str) -> None:
    data, expected = sample(name)
    read = READERS[name][1](data)
    for field in dataclasses.fields(read):
        got: Any = getattr(read, field.name)
        want: Any = expected.get(field.name)
        if (name, field.name) == ("Feed", "name"):
            continue
        if field.name == "history":
            oldest = expected["count"] % accounts.HISTORY
            want = [(each["timestamp_ms"], each["price"]) for each in want[oldest:] + want[:oldest]]
        if name == "Market" and field.name in BY_OUTCOME:
            want = want[:3]
        if field.name == "legs":
            want = [
                accounts.Leg(leg["market"], *(leg["holding"][each] for each in HOLDING)) for leg in want[:2]
            ]
        if (name, field.name) == ("Market", "strikes"):
            want = want[:2]
        assert (list(got) if isinstance(got, tuple) else got) == want, field.name


@pytest.mark.parametrize("name", READERS)
def test_other_accounts_are_refused(name: str) -> None:
    data, _ = sample(name)
    for wrong in (b"", data[:-1], data + b"\0", b"\0" + data[1:]):
        with pytest.raises(InvalidInput, match=f"Pass a {name} account"):
            READERS[name][1](wrong)


@pytest.mark.parametrize("name", ["Trader", "Shard", "Market", "Position"])
def test_anchorpy_agrees(name: str) -> None:
    data, _ = sample(name)
    program = programs.program(READERS[name][0], engine=_NoEngine())  # type: ignore[arg-type]
    theirs = program.coder.accounts.decode(data)
    ours = READERS[name][1](data)
    for field in dataclasses.fields(ours):
        inside = (getattr(theirs, each, None) for each in INNER)
        owner = next((each for each in (theirs, *inside) if hasattr(each, field.name)), None)
        want = getattr(owner, field.name)
        got = getattr(ours, field.name)
        if isinstance(want, Pubkey):
            want = bytes(want)
        if isinstance(got, tuple):
            want = tuple(want)[: len(got)]
        assert got == want, field.name


INNER = ("holding", "breaker", "cascade", "liquidation", "launch")
"""Structs inside accounts, whose fields are read as the account's own."""


class _NoEngine:
    client = None


def test_a_young_feed_shows_only_what_was_published() -> None:
    data, _ = sample("Feed")
    young = bytearray(data)
    young[104:112] = (2).to_bytes(8, "little")
    feed = accounts.feed(bytes(young))
    assert feed.count == 2
    assert len(feed.history) == 2


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"BTC/USD", "BTC/USD"),
        ("Zürich €".encode(), "Zürich €"),
        (b"\x1b[2Jx\r\n", "\ufffd[2Jx\ufffd\ufffd"),
        ("a\u202eb".encode(), "a\ufffdb"),
        (b"\xff", "\ufffd"),
    ],
)
def test_no_byte_of_a_feeds_name_steers_a_terminal(raw: bytes, name: str) -> None:
    data, _ = sample("Feed")
    before = accounts.read_fields("Feed", data)["id"]
    assert data.count(before) == 1
    assert accounts.feed(data.replace(before, raw.ljust(32, b"\0"))).name == name
