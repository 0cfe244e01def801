"""Program logs -> typed values, by the event discriminators and types of the IDLs.

Events written with `#[event(bytemuck)]` are packed little-endian structs and are read by one precompiled
`struct.Struct` each; the default encoding (borsh) is read field by field.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._layout import Decoder, compile_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Event", "EventDecoder"]

DATA = "Program data: "
TRUNCATED = "Log truncated"
DISCRIMINATOR = 8


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `fields` holds integers, bools, `bytes`, strings, lists, and addresses as 32 bytes."""

    program: str
    name: str
    fields: dict[str, Any]


class EventDecoder:
    """Reads the events of the programs whose IDLs it was given.

    Args:
        idls: IDL JSON (spec 0.1.0) by program address.
    """

    def __init__(self, idls: Mapping[str, Mapping[str, Any]]) -> None:
        self._known: dict[str, dict[bytes, tuple[str, Decoder]]] = {}
        for program, idl in idls.items():
            types = {each["name"]: each for each in idl.get("types", ())}
            self._known[program] = {
                bytes(event["discriminator"]): (event["name"], compile_type(event["name"], types))
                for event in idl.get("events", ())
            }

    def decode(self, logs: Sequence[str]) -> list[Event]:
        """The events of one transaction, in order, each attributed to the program that logged it.

        A failed transaction logs events too, but undoes them: leave its logs out.

        Data of unknown programs, unknown discriminators and malformed data are passed over: anybody may log
        anything, and only what a known program logs under its own invocation counts.
        """
        return list(self._walk(logs))

    def _walk(self, logs: Iterable[str]) -> Iterator[Event]:
        stack: list[str] = []
        for line in logs:
            if line.startswith(DATA):
                if stack and (event := self._event(stack[-1], line[len(DATA) :])) is not None:
                    yield event
            elif line.startswith("Program "):
                # What programs write themselves starts with "Program log:" and can imitate anything else.
                if line.startswith(("Program log:", "Program return:")):
                    continue
                words = line.split(" ", 3)
                if len(words) < 3:
                    continue
                if words[2] == "invoke":
                    stack.append(words[1])
                elif words[2] in ("success", "failed:") and stack and stack[-1] == words[1]:
                    stack.pop()
            elif line.startswith(TRUNCATED):
                return

    def _event(self, program: str, text: str) -> Event | None:
        known = self._known.get(program)
        if known is None:
            return None
        try:
            # several slices passed to one sol_log_data call are separated by spaces
            raw = (
                b"".join(map(binascii.a2b_base64, text.split(" "))) if " " in text else base64.b64decode(text)
            )
            found = known.get(raw[:DISCRIMINATOR])
            if found is None:
                return None
            name, decoder = found
            return Event(program, name, decoder(raw, DISCRIMINATOR)[0])
        except (ValueError, IndexError):
            return None
