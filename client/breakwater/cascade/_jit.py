"""One way to compile a hot function, and where the compiled code is kept.

Compiled code goes to the cache directory, under a digest of this package's sources: numba itself notices
only a change of the file a function stands in, not of the functions and constants that were compiled into it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

from breakwater.config import settings

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("_*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


setattr(config, "CACHE_DIR", str(settings().cache / "numba" / _digest()))  # noqa: B010 - made at import


def kernel(function: Function) -> Function:
    """Compile at first use, once for all processes; it runs without the interpreter's lock."""
    return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
