"""The page's files: our own beside this module, and uPlot from the package that carries it.

uPlot is a dependency like any other: `youplot` carries its two files as uPlot 1.6.31 has published them,
and nothing else of that package is used or even imported. A file is served only if it is that one.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from breakwater.errors import EngineUnavailable

__all__ = ["CARRIER", "Asset", "assets", "carried"]

CARRIER: Final = "youplot==1.0.0"
UPLOT: Final = {
    "uplot.iife.min.js": "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
    "uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of uPlot 1.6.31's dist/uPlot.iife.min.js and dist/uPlot.min.css."""

OWN: Final = ("monitor.html", "monitor.css", "monitor.js", "draw.js", "login.html", "login.js")
TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}

Asset = tuple[bytes, str]
"""A body and its content type."""


def assets() -> dict[str, Asset]:
    """Every file of the page, by name.

    Raises:
        EngineUnavailable: uPlot is absent, or is not uPlot.
    """
    page = files(__package__).joinpath("page")
    found = {name: page.joinpath(name).read_bytes() for name in OWN} | carried()
    return {name: (data, f"{TYPES[Path(name).suffix]}; charset=utf-8") for name, data in found.items()}


def carried(where: Path | None = None) -> dict[str, bytes]:
    """uPlot's files, from a directory or from where the package is installed; the rest as `assets`."""
    if where is None:
        spec = find_spec("youplot")  # finds, and does not import
        roots = [] if spec is None else list(spec.submodule_search_locations or ())
        where = Path(roots[0]) / "vendor" if roots else Path("/nonexistent")
    found = {}
    for name, digest in UPLOT.items():
        try:
            found[name] = (where / name).read_bytes()
        except OSError:
            raise EngineUnavailable(
                f"Run pip install {CARRIER}: the page draws with uPlot's {name}."
            ) from None
        if hashlib.sha256(found[name]).hexdigest() != digest:
            raise EngineUnavailable(f"Run pip install --force-reinstall {CARRIER}: its {name} was changed.")
    return found
