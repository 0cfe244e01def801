"""One interface for every chain: in this process, on this machine, or behind an address.

::

    async with open_engine("embedded") as engine:
        await engine.airdrop(key, 10**9)
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from breakwater.config import settings
from breakwater.errors import InvalidInput

from ._embedded import EmbeddedEngine
from ._rpc import RpcEngine
from ._state import AnyTransaction, Landed, Snapshot
from ._types import Blockhash, ErrJson, Receipt, Simulation, Status
from ._validator import LocalEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from solana.rpc.async_api import AsyncClient
    from solders.pubkey import Pubkey
    from solders.signature import Signature

    from breakwater.config import Settings

__all__ = [
    "AnyTransaction",
    "Blockhash",
    "EmbeddedEngine",
    "Engine",
    "ErrJson",
    "Landed",
    "LocalEngine",
    "Receipt",
    "RpcEngine",
    "Simulation",
    "Snapshot",
    "Status",
    "open_engine",
]

CLUSTERS = {
    "devnet": "https://api.devnet.solana.com",
    "testnet": "https://api.testnet.solana.com",
    "mainnet": "https://api.mainnet-beta.solana.com",
}


@runtime_checkable
class Engine(Protocol):
    """What services may use; transactions go through `breakwater.chain.sender.Sender`."""

    @property
    def name(self) -> str:
        """What messages call the engine."""

    @property
    def client(self) -> AsyncClient:
        """solana-py's client, whatever is behind it."""

    async def latest_blockhash(self) -> Blockhash:
        """The newest blockhash."""

    async def slot(self) -> int:
        """The current slot."""

    async def block_height(self) -> int:
        """The block height that decides whether a blockhash has expired."""

    async def now(self) -> int:
        """The chain's Unix time, in seconds."""

    async def airdrop(self, address: Pubkey, lamports: int) -> Signature:
        """Fund `address`; returns when the lamports are there."""

    async def close(self) -> None:
        """Release everything."""


@asynccontextmanager
async def open_engine(
    engine: str = "embedded",
    *,
    programs: Mapping[Pubkey, bytes] | None = None,
    start_time: int | None = None,
    ledger: Path | None = None,
    config: Settings | None = None,
) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    """Open an engine, and close it however the block ends.

    Args:
        engine: "embedded", "local", "devnet", "testnet", "mainnet", or an http(s) address.
        programs: to start with, upgradeable by nobody: SBPF v0 for "embedded", v3 for "local". Elsewhere, and
            without any, programs are deployed.
        start_time: for "embedded": first Unix time in seconds; None is now.
        ledger: for "local": ledger directory; None makes a temporary one.
        config: settings; None takes the process's.

    Raises:
        InvalidInput: no such engine.
        EngineUnavailable: the local validator is absent or does not start.
    """
    chosen = config or settings()
    opened: EmbeddedEngine | RpcEngine
    if engine == "embedded":
        opened = EmbeddedEngine(programs, start_time=start_time, commitment=chosen.commitment)
    elif engine == "local":
        opened = await LocalEngine.start(
            chosen.validator_path(),
            ledger=ledger,
            commitment=chosen.commitment,
            http_timeout=chosen.rpc_timeout,
            programs=programs,
            ticks_per_slot=chosen.ticks_per_slot,
        )
    else:
        opened = _remote(engine, chosen)
    try:
        yield opened
    finally:
        await opened.close()


def _remote(engine: str, chosen: Settings) -> RpcEngine:
    url = chosen.rpc_url if engine in CLUSTERS and chosen.rpc_url else CLUSTERS.get(engine, engine)
    if not url.startswith(("http://", "https://")):
        raise InvalidInput(
            f"Name an engine: embedded, local, {', '.join(CLUSTERS)} or an http address, not {engine!r}."
        )
    return RpcEngine(
        url,
        ws_url=chosen.ws_url,
        name=engine if engine in CLUSTERS else "rpc",
        commitment=chosen.commitment,
        timeout=chosen.rpc_timeout,
    )
