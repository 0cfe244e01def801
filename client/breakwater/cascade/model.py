"""What training has learnt, as a small versioned JSON file that ships with the package.

The file names the command that made it. `version` grows when the features change: a file of another version
is refused, since its weights would mean something else.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from breakwater.errors import InvalidInput

from ._detector import MODEL_WIDTH
from ._features import NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MODEL_VERSION", "SHIPPED", "Model", "load_model", "shipped_model"]

MODEL_VERSION = 1
SHIPPED = Path(__file__).parent / "model.json"


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A linear model of the features' log odds, its thresholds, and its calibration.

    Attributes:
        version: of the features.
        command: what made it.
        trained_on: seeds and counts of what it was made from.
        features: their names, in order.
        bias, weights: log odds for features that are centred and scaled.
        centre, scale: of each feature; scale multiplies.
        thresholds: evidence from which the levels watch, warning and critical hold.
        regimes: volatility beside the usual of trending, volatile, stressed; then a trend's efficiency.
        curve: slope and offset that turn evidence into a calibrated log odds.
    """

    version: int
    command: str
    trained_on: dict[str, str | int]
    features: tuple[str, ...]
    bias: float
    weights: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    thresholds: tuple[float, float, float]
    regimes: tuple[float, float, float, float]
    curve: tuple[float, float]

    def row(self) -> NDArray[np.float64]:
        """As the kernels read it."""
        parts = (
            (self.bias,),
            self.weights,
            self.centre,
            self.scale,
            self.thresholds,
            self.regimes,
            self.curve,
        )
        return np.array([x for part in parts for x in part])


def load_model(file: Path) -> Model:
    """Read and check a model file.

    Raises:
        InvalidInput: it is absent, damaged, or made for other features.
    """
    try:
        model = msgspec.json.decode(file.read_bytes(), type=Model)
    except OSError as error:
        raise InvalidInput(f"Name a model file: {file} cannot be read ({error.strerror}).") from None
    except msgspec.DecodeError as error:
        raise InvalidInput(f"Train {file} again: it is no model ({error}).") from None
    if model.version != MODEL_VERSION or model.features != NAMES or len(model.row()) != MODEL_WIDTH:
        raise InvalidInput(f"Train {file} again: it was made for other features.")
    if not (np.isfinite(model.row()).all() and list(model.thresholds) == sorted(model.thresholds)):
        raise InvalidInput(f"Train {file} again: its numbers make no sense.")
    return model


@lru_cache(maxsize=1)
def shipped_model() -> Model:
    """The model of the package."""
    return load_model(SHIPPED)
