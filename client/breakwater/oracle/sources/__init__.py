"""Where ticks come from: Polymarket's Gamma and CLOB over REST, its market channel, recorded files."""

from __future__ import annotations

from ._base import Clock, Emit, Quote, Source, Status, wall_ms
from ._rest import Rest
from .capture import CaptureSource, read_ticks
from .clob import Clob, ClobSource
from .gamma import Gamma, GammaSource
from .stream import Depth, StreamSource

__all__ = [
    "CaptureSource",
    "Clob",
    "ClobSource",
    "Clock",
    "Depth",
    "Emit",
    "Gamma",
    "GammaSource",
    "Quote",
    "Rest",
    "Source",
    "Status",
    "StreamSource",
    "read_ticks",
    "wall_ms",
]
