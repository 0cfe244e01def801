"""The decoders of MMT's and the keepers' accounts read what the IDL declares."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from typing import Any

import pytest

from breakwater.chain import keeper_accounts as accounts
from breakwater.chain import programs
from breakwater.errors import InvalidInput

READERS: dict[str, Callable[[bytes], Any]] = {
    "Season": accounts.season,
    "Stake": accounts.stake,
    "Registry": accounts.registry,
    "Keeper": accounts.keeper,
    "Task": accounts.task,
}
SIZES = {"u8": 1, "u32": 4, "u64": 8}


def sample(name: str) -> tuple[bytes, dict[str, Any]]:
    """Random account data and what the IDL says they mean."""
    rng, idl = random.Random(name), programs.idl("exchange")
    fields = next(each["type"]["fields"] for each in idl["types"] if each["name"] == name)
    raw = bytearray(next(bytes(each["discriminator"]) for each in idl["accounts"] if each["name"] == name))

    def value(kind: Any) -> Any:
        if kind == "pubkey":
            raw.extend(data := rng.randbytes(32))
            return data
        if isinstance(kind, dict):
            inner, length = kind["array"]
            return tuple(value(inner) for _ in range(length))
        raw.extend(data := rng.randbytes(SIZES[kind]))
        return int.from_bytes(data, "little")

    values: dict[str, Any] = {}
    for field in fields:
        if field["name"] == "count":
            raw.extend((3).to_bytes(8, "little"))
        else:
            values[field["name"]] = value(field["type"])
    return bytes(raw), values


@pytest.mark.parametrize("name", READERS)
def test_fields_are_where_the_idl_has_them(name: str) -> None:
    data, expected = sample(name)
    if name == "Registry":
        expected["keepers"] = expected["keepers"][:3]
    read = READERS[name](data)
    for field in dataclasses.fields(read):
        assert getattr(read, field.name) == expected[field.name], field.name


@pytest.mark.parametrize("name", READERS)
def test_other_data_are_refused(name: str) -> None:
    data, _ = sample(name)
    with pytest.raises(InvalidInput, match=f"Pass a {name} account"):
        READERS[name](data[:-1])
    with pytest.raises(InvalidInput, match=f"Pass a {name} account"):
        READERS[name](bytes(8) + data[8:])


def test_a_record_is_summed_up() -> None:
    data, _ = sample("Keeper")
    keeper = accounts.keeper(data)
    record = dataclasses.replace(keeper, completed=3, failed=1, missed=1, response_slots=12)
    assert (record.success_rate, record.mean_response_slots) == (0.6, 4.0)
    fresh = dataclasses.replace(record, completed=0, failed=0, missed=0, response_slots=0)
    assert (fresh.success_rate, fresh.mean_response_slots) == (1.0, 0.0)
