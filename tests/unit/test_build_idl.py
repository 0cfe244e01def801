"""IDLs from what Anchor's generated tests print."""

from __future__ import annotations

import json
from typing import Any

import pytest

from breakwater.build._idl import parse_idl


def block(name: str, body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    return f"--- IDL begin {name} ---\n{text}\n--- IDL end {name} ---\n"


PROGRAM = block("program", {"metadata": {"name": "oracle"}, "instructions": [], "types": [{"name": "Feed"}]})
ADDRESS = block("address", "11111111111111111111111111111112")


def test_the_parts_are_put_together() -> None:
    idl = json.loads(
        parse_idl(
            "running 5 tests\n"
            + ADDRESS
            + block("const", {"name": "LIMIT", "value": "5"})
            + block("errors", [{"code": 6000, "name": "Stale"}])
            + block("event", {"event": {"name": "Published"}, "types": [{"name": "Feed"}, {"name": "Price"}]})
            + block("event", {"event": {"name": "Rotated"}, "types": [{"name": "Price"}]})
            + PROGRAM
            + "test result: ok\n"
        )
    )
    assert idl["address"] == "11111111111111111111111111111112"
    assert idl["metadata"] == {"name": "oracle"}
    assert idl["errors"] == [{"code": 6000, "name": "Stale"}]
    assert idl["constants"] == [{"name": "LIMIT", "value": "5"}]
    assert [event["name"] for event in idl["events"]] == ["Published", "Rotated"]
    assert [kind["name"] for kind in idl["types"]] == ["Feed", "Price"]


def test_a_program_without_events_errors_or_constants_is_whole() -> None:
    idl = json.loads(parse_idl(PROGRAM + ADDRESS))
    assert (idl["events"], idl["errors"], idl["constants"]) == ([], [], [])


@pytest.mark.parametrize("printed", ["", PROGRAM, ADDRESS, PROGRAM + PROGRAM + ADDRESS])
def test_the_program_and_its_address_must_be_there_once(printed: str) -> None:
    with pytest.raises(ValueError, match="blocks tell its"):
        parse_idl(printed)
