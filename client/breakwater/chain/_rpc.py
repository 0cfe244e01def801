"""The `rpc` engine: any cluster behind a JSON-RPC address."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment
from solders.hash import Hash
from solders.signature import Signature

from breakwater.errors import BreakwaterError, InvalidInput, RateLimited, Unreachable

from ._http import JsonRpc
from ._types import Blockhash, Receipt, Simulation, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx
    from solders.pubkey import Pubkey

__all__ = ["RpcEngine", "websocket_url"]

STATUSES_PER_CALL = 256
CALLS_PER_ARRAY = 100
ACCOUNT_CLOCK = "SysvarC1ock11111111111111111111111111111111"
LEVELS = ("processed", "confirmed", "finalized")
AIRDROP_TIMEOUT = 60.0


def websocket_url(url: str) -> str:
    """A node's WebSocket address: the same host, and the next port where one is given."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host = f"{host}:{parts.port + 1}"
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", host, parts.path, parts.query, ""))


class RpcEngine:
    """A cluster behind an address.

    Args:
        url: JSON-RPC address.
        ws_url: WebSocket address; None derives it.
        name: what messages call the engine.
        commitment: "processed", "confirmed" or "finalized": what counts as done.
        timeout: seconds for one HTTP request.
        transport: another httpx transport for the engine's own calls.
    """

    def __init__(
        self,
        url: str,
        *,
        ws_url: str | None = None,
        name: str = "rpc",
        commitment: str = "confirmed",
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if commitment not in LEVELS:
            raise InvalidInput(f"Choose a commitment out of {', '.join(LEVELS)}.")
        self.name = name
        self.url = url
        self.ws_url = ws_url or websocket_url(url)
        self.commitment = commitment
        self.floor = 0
        """Accounts are read as of this slot or later; for whoever has to know what a fresher node knew."""
        self.rpc = JsonRpc(url, timeout=timeout, transport=transport)
        self.client = AsyncClient(url, commitment=Commitment(commitment), timeout=timeout)

    @property
    def is_loopback(self) -> bool:
        """Whether the node is on this machine, where asking often costs nobody anything."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "::1", "localhost")

    def reached(self, level: str) -> bool:
        """Whether `level` is at least the engine's commitment."""
        return LEVELS.index(level) >= LEVELS.index(self.commitment)

    async def latest_blockhash(self) -> Blockhash:
        """The newest blockhash at the engine's commitment."""
        value = (await self.rpc.call("getLatestBlockhash", {"commitment": self.commitment}))["value"]
        return Blockhash(Hash.from_string(value["blockhash"]), value["lastValidBlockHeight"])

    async def slot(self) -> int:
        """The current slot."""
        return int(await self.rpc.call("getSlot", {"commitment": self.commitment}))

    async def block_height(self) -> int:
        """The finalised block height: beyond it, an expired transaction is expired on every fork."""
        return int(await self.rpc.call("getBlockHeight", {"commitment": "finalized"}))

    async def now(self) -> int:
        """The chain's Unix time, in seconds, from the Clock sysvar."""
        config = {"encoding": "base64", "commitment": self.commitment}
        value = (await self.rpc.call("getAccountInfo", ACCOUNT_CLOCK, config))["value"]
        return int.from_bytes(base64.b64decode(value["data"][0])[32:40], "little", signed=True)

    async def finalized(self) -> tuple[int, int]:
        """The finalised slot and its block height, of one answer."""
        info = await self.rpc.call("getEpochInfo", {"commitment": "finalized"})
        return int(info["absoluteSlot"]), int(info["blockHeight"])

    async def submit(self, wires: Sequence[bytes], *, preflight: bool) -> list[BreakwaterError | None]:
        """Hand signed transactions to the node, in one array; None stands for accepted, not for landed.

        Raises:
            Retryable: the whole array was refused, or it is unknown whether it arrived.
        """
        config = {
            "encoding": "base64",
            "skipPreflight": not preflight,
            "preflightCommitment": self.commitment,
            "maxRetries": 0,  # the sender repeats by itself, and knows when to stop
        }
        calls = [("sendTransaction", [base64.b64encode(wire).decode(), config]) for wire in wires]
        results = await self.rpc.batch(calls)
        return [each if isinstance(each, BreakwaterError) else None for each in results]

    async def statuses(self, signatures: Sequence[Signature], *, search: bool = False) -> list[Status | None]:
        """Where `signatures` stand; `search` also looks through the node's whole history."""
        return (await self.statuses_as_of(signatures, search=search))[1]

    async def statuses_as_of(
        self, signatures: Sequence[Signature], *, search: bool = False
    ) -> tuple[int, list[Status | None]]:
        """The same, and the slot of whoever answered: what is not known there may have landed since.

        Behind a balancer the next request may be answered by a node that lags.
        """
        calls = [
            (
                "getSignatureStatuses",
                [
                    [str(each) for each in signatures[i : i + STATUSES_PER_CALL]],
                    {"searchTransactionHistory": search},
                ],
            )
            for i in range(0, len(signatures), STATUSES_PER_CALL)
        ]
        found: list[Status | None] = []
        slots: list[int] = []
        for result in await self.rpc.batch(calls):
            if isinstance(result, BreakwaterError):
                raise result
            slots.append(int(result["context"]["slot"]))
            found += [None if each is None else _status(each) for each in result["value"]]
        return min(slots, default=0), found

    async def simulate(self, wire: bytes) -> Simulation:
        """What the transaction would do now; its signatures and its blockhash need not be valid."""
        config = {
            "encoding": "base64",
            "sigVerify": False,
            "replaceRecentBlockhash": True,
            "commitment": self.commitment,
        }
        value = (await self.rpc.call("simulateTransaction", base64.b64encode(wire).decode(), config))["value"]
        data = (value.get("returnData") or {}).get("data", ["", "base64"])[0]
        return Simulation(
            value["err"],
            tuple(value.get("logs") or ()),
            value.get("unitsConsumed") or 0,
            base64.b64decode(data),
        )

    async def receipts(self, landed: Sequence[tuple[Signature, Status]]) -> list[Receipt]:
        """The full receipts of landed transactions; without logs where the node does not have them (yet)."""
        level = "finalized" if self.commitment == "finalized" else "confirmed"
        config = {"encoding": "base64", "commitment": level, "maxSupportedTransactionVersion": 0}
        found: list[Any] = []
        for i in range(0, len(landed), CALLS_PER_ARRAY):
            part = landed[i : i + CALLS_PER_ARRAY]
            found += await self.rpc.batch([("getTransaction", [str(each), config]) for each, _ in part])
        return [_receipt(*pair, answer) for pair, answer in zip(landed, found, strict=True)]

    async def airdrop(self, address: Pubkey, lamports: int) -> Signature:
        """Ask the cluster's faucet, and wait until the transfer has landed.

        Raises:
            RateLimited: the faucet gives nothing now.
            Unreachable: the airdrop did not land within a minute.
        """
        try:
            text = await self.rpc.call("requestAirdrop", str(address), lamports)
        except BreakwaterError as error:
            raise RateLimited(f"Wait, or fund the key another way: {error}") from error
        signature = Signature.from_string(text)
        deadline = asyncio.get_running_loop().time() + AIRDROP_TIMEOUT
        while asyncio.get_running_loop().time() < deadline:
            (status,) = await self.statuses([signature])
            if status is not None and self.reached(status.level):
                return signature
            await asyncio.sleep(0.2)
        raise Unreachable("Ask the faucet again: the airdrop did not land within a minute.")

    async def close(self) -> None:
        """Close the connections."""
        await self.rpc.close()
        await self.client.close()


def _status(value: dict[str, Any]) -> Status:
    return Status(value["slot"], value["err"], value.get("confirmationStatus") or "processed")


def _receipt(signature: Signature, status: Status, answer: Any) -> Receipt:
    meta = {} if answer is None or isinstance(answer, BreakwaterError) else answer.get("meta") or {}
    logs = tuple(meta.get("logMessages") or ())
    return Receipt(signature, status.slot, status.err, logs, meta.get("computeUnitsConsumed") or 0)
