"""IDL types -> decoders. Fixed-size structs become one `struct.Struct`; the rest is read as borsh."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from breakwater.errors import InvalidInput

__all__ = ["Decoder", "compile_type", "fixed_format"]

Decoder = Callable[[bytes, int], tuple[Any, int]]
"""(data, offset) -> (value, next offset); raises ValueError or IndexError when the data are too short."""

Types = Mapping[str, Mapping[str, Any]]

PRIMITIVES = {
    "bool": "?",
    "u8": "B",
    "i8": "b",
    "u16": "H",
    "i16": "h",
    "u32": "I",
    "i32": "i",
    "u64": "Q",
    "i64": "q",
    "f32": "f",
    "f64": "d",
    "pubkey": "32s",
    "publicKey": "32s",
}
WIDE = {"u128": False, "i128": True}


def compile_type(name: str, types: Types) -> Decoder:
    """The decoder of the struct `name`; it returns a dict by field.

    Raises:
        InvalidInput: the IDL does not define the type, or uses one this decoder does not know.
    """
    definition = types.get(name)
    if definition is None:
        raise InvalidInput(f"Rebuild the IDL: it does not define {name}.")
    body = definition["type"]
    if body["kind"] != "struct":
        raise InvalidInput(f"Make {name} a struct: events are structs.")
    fields = body.get("fields", ())
    names = tuple(field["name"] for field in fields)
    formats = [fixed_format(field["type"]) for field in fields]
    if all(each is not None for each in formats):
        return _packed(names, struct.Struct("<" + "".join(each or "" for each in formats)))
    decoders = [_decoder(field["type"], types) for field in fields]
    return _sequence(names, decoders)


def fixed_format(kind: Any) -> str | None:
    """The `struct` code of a type that is one value there, else None."""
    if isinstance(kind, str):
        return PRIMITIVES.get(kind)
    if "array" in kind and kind["array"][0] == "u8" and isinstance(kind["array"][1], int):
        return f"{kind['array'][1]}s"
    return None


def _packed(names: tuple[str, ...], layout: struct.Struct) -> Decoder:
    unpack, size = layout.unpack_from, layout.size

    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        try:
            return dict(zip(names, unpack(data, offset), strict=True)), offset + size
        except struct.error as error:
            raise ValueError(str(error)) from None

    return decode


def _sequence(names: tuple[str, ...], decoders: list[Decoder]) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        fields: dict[str, Any] = {}
        for name, each in zip(names, decoders, strict=True):
            fields[name], offset = each(data, offset)
        return fields, offset

    return decode


def _decoder(kind: Any, types: Types) -> Decoder:
    code = fixed_format(kind)
    if code is not None:
        return _single(struct.Struct("<" + code))
    if isinstance(kind, str):
        if kind in WIDE:
            return _wide(WIDE[kind])
        if kind in ("string", "bytes"):
            return _bytes(text=kind == "string")
    elif "array" in kind:
        return _repeated(_decoder(kind["array"][0], types), kind["array"][1])
    elif "vec" in kind:
        return _repeated(_decoder(kind["vec"], types), None)
    elif "option" in kind:
        return _option(_decoder(kind["option"], types))
    elif "defined" in kind:
        name = kind["defined"]["name"] if isinstance(kind["defined"], dict) else kind["defined"]
        return _defined(name, types)
    raise InvalidInput(f"Use another field type: {kind!r} is not understood.")


def _defined(name: str, types: Types) -> Decoder:
    body = types.get(name, {}).get("type", {})
    if body.get("kind") != "enum":
        return compile_type(name, types)
    variants = [each["name"] for each in body["variants"]]
    if any(each.get("fields") for each in body["variants"]):
        raise InvalidInput(f"Use plain variants in {name}: events carry no data in enums.")

    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        return variants[data[offset]], offset + 1

    return decode


def _single(layout: struct.Struct) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        try:
            return layout.unpack_from(data, offset)[0], offset + layout.size
        except struct.error as error:
            raise ValueError(str(error)) from None

    return decode


def _take(data: bytes, offset: int, size: int) -> bytes:
    piece = data[offset : offset + size]
    if len(piece) != size:
        raise ValueError("data end inside a field")
    return piece


def _wide(signed: bool) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        return int.from_bytes(_take(data, offset, 16), "little", signed=signed), offset + 16

    return decode


def _length(data: bytes, offset: int) -> int:
    return int.from_bytes(_take(data, offset, 4), "little")


def _bytes(*, text: bool) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        end = offset + 4 + _length(data, offset)
        piece = _take(data, offset + 4, end - offset - 4)
        return piece.decode() if text else piece, end

    return decode


def _repeated(item: Decoder, count: int | None) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        size = count
        if size is None:
            size, offset = _length(data, offset), offset + 4
        values = []
        for _ in range(size):
            value, offset = item(data, offset)
            values.append(value)
        return values, offset

    return decode


def _option(item: Decoder) -> Decoder:
    def decode(data: bytes, offset: int) -> tuple[Any, int]:
        return item(data, offset + 1) if data[offset] else (None, offset + 1)

    return decode
