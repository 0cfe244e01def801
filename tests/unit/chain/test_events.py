"""Logs -> events: layouts, attribution, and what must be passed over."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from breakwater.chain._layout import compile_type
from breakwater.chain.events import EventDecoder
from breakwater.errors import InvalidInput

OURS = "oursEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEq"
THEIRS = "theirsEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEq"
SPOT = bytes(range(8))
NOTE = bytes(range(8, 16))


def field(name: str, kind: Any) -> dict[str, Any]:
    return {"name": name, "type": kind}


IDL: dict[str, Any] = {
    "events": [
        {"name": "Spot", "discriminator": list(SPOT)},
        {"name": "Note", "discriminator": list(NOTE)},
    ],
    "types": [
        {
            "name": "Spot",
            "type": {
                "kind": "struct",
                "fields": [
                    field("market", "pubkey"),
                    field("price", "u64"),
                    field("delta", "i64"),
                    field("fee", "u32"),
                    field("outcome", "u16"),
                    field("side", "u8"),
                    field("pad", {"array": ["u8", 5]}),
                ],
            },
        },
        {
            "name": "Note",
            "type": {
                "kind": "struct",
                "fields": [
                    field("text", "string"),
                    field("wide", "i128"),
                    field("maybe", {"option": "u16"}),
                    field("list", {"vec": {"defined": {"name": "Pair"}}}),
                    field("grid", {"array": ["u64", 2]}),
                    field("mood", {"defined": {"name": "Mood"}}),
                ],
            },
        },
        {"name": "Pair", "type": {"kind": "struct", "fields": [field("a", "u8"), field("b", "bool")]}},
        {"name": "Mood", "type": {"kind": "enum", "variants": [{"name": "Calm"}, {"name": "Stressed"}]}},
    ],
}
KEY = bytes(range(32))
SPOT_DATA = SPOT + KEY + struct.pack("<QqIHB5s", 2**64 - 1, -7, 30, 3, 1, b"\0" * 5)


def data(raw: bytes) -> str:
    return "Program data: " + base64.b64encode(raw).decode()


@pytest.fixture
def decoder() -> EventDecoder:
    return EventDecoder({OURS: IDL})


def test_packed_events(decoder: EventDecoder) -> None:
    (event,) = decoder.decode([f"Program {OURS} invoke [1]", data(SPOT_DATA), f"Program {OURS} success"])
    assert (event.program, event.name) == (OURS, "Spot")
    assert event.fields == {
        "market": KEY,
        "price": 2**64 - 1,
        "delta": -7,
        "fee": 30,
        "outcome": 3,
        "side": 1,
        "pad": b"\0" * 5,
    }


def test_borsh_events(decoder: EventDecoder) -> None:
    raw = (
        NOTE
        + struct.pack("<I", 3)
        + "né".encode()
        + (-(2**100)).to_bytes(16, "little", signed=True)
        + b"\1\5\0"
        + struct.pack("<IB?B?", 2, 1, True, 2, False)
        + struct.pack("<QQ", 8, 9)
        + b"\1"
    )
    (event,) = decoder.decode([f"Program {OURS} invoke [1]", data(raw)])
    assert event.fields == {
        "text": "né",
        "wide": -(2**100),
        "maybe": 5,
        "list": [{"a": 1, "b": True}, {"a": 2, "b": False}],
        "grid": [8, 9],
        "mood": "Stressed",
    }


def test_events_belong_to_the_program_that_runs(decoder: EventDecoder) -> None:
    logs = [
        f"Program {THEIRS} invoke [1]",
        data(SPOT_DATA),  # theirs, imitating ours
        f"Program log: Program {OURS} invoke [2]",
        data(SPOT_DATA),
        f"Program {OURS} invoke [2]",
        data(SPOT_DATA),  # ours
        f"Program {THEIRS} invoke [3]",
        data(SPOT_DATA),
        f"Program {THEIRS} failed: custom program error: 0x1",
        data(SPOT_DATA),  # ours again
        f"Program {OURS} consumed 604 of 200000 compute units",
        f"Program return: {OURS} AQ==",
        f"Program {OURS} success",
        data(SPOT_DATA),
        f"Program {THEIRS} success",
        data(SPOT_DATA),
    ]
    assert len(decoder.decode(logs)) == 2


@pytest.mark.parametrize(
    "raw", [b"", SPOT, SPOT_DATA[:-1], b"another!" + SPOT_DATA[8:], NOTE + b"\xff" * 40, NOTE + b"\0" * 21]
)
def test_malformed_data_are_passed_over(decoder: EventDecoder, raw: bytes) -> None:
    assert decoder.decode([f"Program {OURS} invoke [1]", data(raw), data(SPOT_DATA)])[-1].name == "Spot"


def test_odd_lines_are_passed_over(decoder: EventDecoder) -> None:
    odd = [
        "Program data: !!!",
        "Program data: ",
        "Program",
        "Program x",
        "Program data: AAA",
        "",
        "Log truncated",
    ]
    assert decoder.decode([f"Program {OURS} invoke [1]", *odd, data(SPOT_DATA)]) == []


def test_slices_of_one_call_are_one_event(decoder: EventDecoder) -> None:
    parts = " ".join(base64.b64encode(each).decode() for each in (SPOT_DATA[:8], SPOT_DATA[8:]))
    (event,) = decoder.decode([f"Program {OURS} invoke [1]", f"Program data: {parts}"])
    assert event.name == "Spot"


def test_types_that_are_not_understood_are_named() -> None:
    types = {"T": {"type": {"kind": "struct", "fields": [field("x", "u256")]}}}
    with pytest.raises(InvalidInput, match="u256"):
        compile_type("T", types)
    with pytest.raises(InvalidInput, match="does not define"):
        compile_type("U", types)
