"""The exchange over HTTP: a server that holds nobody's keys, and its typed client.

`serving` answers /v1 while its block runs; `ApiClient` asks it, signs here and posts there. `schemas` are the
types of both sides.
"""

from __future__ import annotations

from .client import ApiClient, sign
from .clients import Limits, Tokens
from .service import ApiConfig, Serving, serving

__all__ = ["ApiClient", "ApiConfig", "Limits", "Serving", "Tokens", "serving", "sign"]
