"""Where prices come from and how patient the oracle is: BREAKWATER_ORACLE_* in the environment or `.env`."""

from __future__ import annotations

from functools import lru_cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["OracleSettings", "oracle_settings"]


class OracleSettings(BaseSettings):
    """What an operator can turn; seconds are floats."""

    model_config = SettingsConfigDict(
        env_prefix="BREAKWATER_ORACLE_", env_file=".env", extra="ignore", frozen=True
    )

    gamma_url: str = Field(default="https://gamma-api.polymarket.com", description="markets, REST")
    clob_url: str = Field(default="https://clob.polymarket.com", description="order books, REST")
    stream_url: str = Field(
        default="wss://ws-subscriptions-clob.polymarket.com/ws/market", description="market channel"
    )
    poll_s: float = Field(default=2.0, gt=0, description="between two REST requests of one source")
    timeout_s: float = Field(default=5.0, gt=0, description="for one REST request or handshake")
    ping_s: float = Field(default=10.0, gt=0, description="between two keep-alives of the stream")
    wait_initial_s: float = Field(default=0.5, gt=0, description="first pause after a failure")
    wait_max_s: float = Field(default=15.0, gt=0, description="longest pause after a failure")
    fatal_pause_s: float = Field(default=60.0, gt=0, description="pause after an answer that is no")
    breaker_threshold: int = Field(default=5, gt=0, description="failures in a row that open a circuit")
    breaker_s: float = Field(default=20.0, gt=0, description="how long an open circuit rests")


@lru_cache(maxsize=1)
def oracle_settings() -> OracleSettings:
    """The settings of this process."""
    return OracleSettings()
