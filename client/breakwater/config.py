"""Settings: read once, from BREAKWATER_* in the environment and from an optional `.env` beside the caller."""

from __future__ import annotations

import json
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from solders.keypair import Keypair

from .errors import InvalidInput

__all__ = ["Settings", "load_keypair", "settings"]

VALIDATOR = "solana-test-validator"


class Settings(BaseSettings):
    """What an operator can turn. A key pair is named by its path, so printing them is safe."""

    model_config = SettingsConfigDict(env_prefix="BREAKWATER_", env_file=".env", extra="ignore", frozen=True)

    cache_dir: Path = Field(
        default=Path("~/.cache/breakwater"),
        validation_alias=AliasChoices("BREAKWATER_CACHE_DIR", "BREAKWATER_CACHE", "cache_dir"),
        description="ledgers, journals, downloads",
    )
    rpc_url: str | None = Field(default=None, description="JSON-RPC address; None takes the engine's own")
    ws_url: str | None = Field(default=None, description="WebSocket address; None derives it from rpc_url")
    commitment: Literal["processed", "confirmed", "finalized"] = "confirmed"
    keypair: Path = Field(default=Path("~/.config/solana/id.json"), description="path of the payer's keys")
    priority_fee: int = Field(default=0, ge=0, description="micro-lamports per compute unit")
    validator: Path | None = Field(default=None, description="path of solana-test-validator")
    ticks_per_slot: int | None = Field(
        default=None, ge=1, le=64, description="of engine local, 6.25 ms each; None is a cluster's 64"
    )
    rpc_timeout: float = Field(default=30.0, gt=0, description="seconds for one HTTP request")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def cache(self) -> Path:
        """The cache directory, expanded; it is not created here."""
        return self.cache_dir.expanduser()

    def validator_path(self) -> Path | None:
        """The local validator's binary: the setting, else the cache, else PATH; None where there is none."""
        if self.validator is not None:
            return self.validator.expanduser()
        cached = self.cache / "validator" / "bin" / VALIDATOR
        found = str(cached) if cached.exists() else shutil.which(VALIDATOR)
        return Path(found) if found else None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process.

    Raises:
        InvalidInput: a variable of the environment, or a line of `.env`, is no such setting.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper().removeprefix("BREAKWATER_")
        raise InvalidInput(f"Set BREAKWATER_{name} to something else: {first['msg']}.") from None


def load_keypair(path: Path | None = None) -> Keypair:
    """Read a key pair file (a JSON array of 64 bytes), by default the configured one.

    `str()` and `repr()` of the result show the secret, so it must never reach a log or a message.

    Raises:
        InvalidInput: the file is absent or not a key pair; its contents are never quoted.
    """
    file = (path or settings().keypair).expanduser()
    try:
        return Keypair.from_bytes(bytes(json.loads(file.read_text())))
    except FileNotFoundError:
        raise InvalidInput(f"Create a key pair at {file}, or point BREAKWATER_KEYPAIR at one.") from None
    except (ValueError, TypeError, OSError):
        # `from None`: the original exception may quote the bytes.
        raise InvalidInput(f"Replace {file}: it must hold a JSON array of 64 bytes.") from None
