"""Puts an IDL together from what Anchor's generated tests print: one marked block of JSON for each part."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import Any

BLOCK = re.compile(r"^--- IDL begin (\w+) ---\n(.*?)\n--- IDL end \1 ---$", re.DOTALL | re.MULTILINE)


def parse_idl(printed: str) -> str:
    """The IDL as JSON text with a line break at its end.

    Args:
        printed: standard output of the tests `__anchor_private_print_idl*`.

    Raises:
        ValueError: the program or its address was not printed, or a block is not JSON.
    """
    blocks: defaultdict[str, list[str]] = defaultdict(list)
    for name, body in BLOCK.findall(printed):
        blocks[name].append(body.strip())
    for name in ("program", "address"):
        if len(blocks[name]) != 1:
            raise ValueError(f"{len(blocks[name])} blocks tell its {name}")
    idl: dict[str, Any] = json.loads(blocks["program"][0])
    events = [json.loads(body) for body in blocks["event"]]
    idl["address"] = blocks["address"][0]
    idl["errors"] = [error for body in blocks["errors"] for error in json.loads(body)]
    idl["constants"] = [json.loads(body) for body in blocks["const"]]
    idl["events"] = [event["event"] for event in events]
    # an event brings the types it is made of; several may bring the same
    types = {kind["name"]: kind for kind in idl.get("types", ())}
    for event in events:
        for kind in event["types"]:
            types.setdefault(kind["name"], kind)
    idl["types"] = list(types.values())
    return json.dumps(idl, indent=2, ensure_ascii=False) + "\n"
