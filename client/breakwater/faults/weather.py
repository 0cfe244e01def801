"""What happens to bytes on their way: values that a `Wire` carries out."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from breakwater.errors import InvalidInput

__all__ = ["CLEAR", "Weather"]


@dataclass(frozen=True, slots=True)
class Weather:
    """The conditions of a connection, each way.

    Attributes:
        latency_s: before a piece of bytes is passed on.
        jitter_s: the same again, anything from nothing to this.
        loss: part of the pieces that are lost once and come late, as TCP repeats them.
        repeat_s: by how much later a lost piece comes.
        reset: part of the pieces at which the connection is reset.
        slice_bytes: the most bytes of a piece; None passes on what came.
        bandwidth: bytes a second; None knows no limit.
        hole: nothing passes, and nobody is told.
        refuse: connections are reset as soon as they are made.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    repeat_s: float = 0.3
    reset: float = 0.0
    slice_bytes: int | None = None
    bandwidth: int | None = None
    hole: bool = False
    refuse: bool = False

    def __post_init__(self) -> None:
        for name in ("latency_s", "jitter_s", "repeat_s"):
            if getattr(self, name) < 0:
                raise InvalidInput(f"Give {name} as seconds from 0, not {getattr(self, name)}.")
        for name in ("loss", "reset"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInput(f"Give {name} as a part from 0 to 1, not {getattr(self, name)}.")
        for name in ("slice_bytes", "bandwidth"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise InvalidInput(f"Give {name} as bytes from 1, not {getattr(self, name)}.")

    @property
    def what(self) -> str:
        """What is not as usual, for people."""
        usual = Weather()
        differ = (each.name for each in fields(self) if getattr(self, each.name) != getattr(usual, each.name))
        return ", ".join(f"{name} {getattr(self, name)}" for name in differ) or "clear"


CLEAR: Final = Weather()
"""Everything passes at once."""
