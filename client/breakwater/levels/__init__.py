"""Service levels: percentiles and rates of every path, beside their targets, and memory over a soak."""

from .model import Level, Levels
from .service import measure

__all__ = ["Level", "Levels", "measure"]
