"""JSON-RPC over the embedded engine: what solana-py's client sends, answered in this process."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from solana.rpc.core import RPCException
from solders.errors import SerdeJSONError
from solders.rpc.requests import Body, SendRawTransaction
from solders.rpc.responses import RPCError, SendTransactionResp
from solders.transaction import VersionedTransaction

from breakwater.errors import BreakwaterError

from ._rpc_methods import METHODS, RpcFault, preflight_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._embedded import EmbeddedEngine

__all__ = ["EmbeddedProvider"]

T = TypeVar("T")
RPC_ERRORS = get_args(RPCError)


class EmbeddedProvider:
    """Stands where solana-py expects an HTTP provider, and behaves like a node behind it.

    A method that is not implemented is answered with JSON-RPC's -32601.
    """

    endpoint_uri = "http://embedded.invalid"
    logger = logging.getLogger("breakwater.chain.embedded")

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self.session = _Session(self.answer)

    async def make_request(self, body: Body, parser: type[T]) -> T:
        """Answer `body`.

        Raises:
            RPCException: the answer is a JSON-RPC error, as with a node.
        """
        if isinstance(body, SendRawTransaction):
            return self._send(body, parser)
        parsed = parser.from_json(self.answer(body.to_json()))  # type: ignore[attr-defined]
        if isinstance(parsed, RPC_ERRORS):
            raise RPCException(parsed)
        return parsed  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> EmbeddedProvider:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def answer(self, request: str) -> str:
        """Answer one request, or an array of them."""
        try:
            parsed = json.loads(request)
        except ValueError:
            return json.dumps(_error(None, RpcFault(-32700, "Parse error")))
        if isinstance(parsed, list):
            return json.dumps([self._answer_one(each) for each in parsed])
        return json.dumps(self._answer_one(parsed))

    def _answer_one(self, request: dict[str, Any]) -> dict[str, Any]:
        ident = request.get("id")
        try:
            method = METHODS.get(request["method"])
            if method is None:
                raise RpcFault(-32601, "Method not found")
            result = method(self._engine, *(request.get("params") or ()))
        except RpcFault as fault:
            return _error(ident, fault)
        except BreakwaterError as error:
            return _error(ident, RpcFault(-32600, str(error)))
        except (TypeError, ValueError, KeyError, IndexError) as error:
            return _error(ident, RpcFault(-32602, f"Invalid params: {error}"))
        return {"jsonrpc": "2.0", "result": result, "id": ident}

    def _send(self, body: SendRawTransaction, parser: type[T]) -> T:
        # The hottest call goes without JSON; only its failures need the node's words.
        try:
            tx = VersionedTransaction.from_bytes(body.tx)
        except (ValueError, SerdeJSONError) as error:
            fault = RpcFault(-32602, f"failed to deserialize transaction: {error}")
        else:
            config = body.config
            skip = config is not None and config.skip_preflight
            receipt = self._engine.execute(tx, preflight=not skip)
            if receipt.err is None or skip:
                return SendTransactionResp(receipt.signature)  # type: ignore[return-value]
            fault = preflight_fault(receipt)
        parsed = parser.from_json(json.dumps(_error(body.id, fault)))  # type: ignore[attr-defined]
        raise RPCException(parsed)


def _error(ident: Any, fault: RpcFault) -> dict[str, Any]:
    error: dict[str, Any] = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    return {"jsonrpc": "2.0", "error": error, "id": ident}


class _Answer:
    """As much of an httpx response as callers of `session.post` read."""

    status_code = 200

    def __init__(self, text: str) -> None:
        self.text = text

    def raise_for_status(self) -> None:
        """There is no status to raise for."""


class _Session:
    """anchorpy's `fetch_multiple` posts its batches to the provider's HTTP session directly."""

    def __init__(self, answer: Callable[[str], str]) -> None:
        self._answer = answer

    async def post(self, _url: str, *, content: str, **_: object) -> _Answer:
        """Answer a request body."""
        return _Answer(self._answer(content))
