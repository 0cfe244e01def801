"""JSON-RPC 2.0: requests and batches in, answers out; which method does what is somebody else's.

Codes: -32700 no JSON, -32600 no request, -32601 no such method, -32602 wrong parameters, -32603 a defect of
ours; -32000 the service refuses (`data.reaction` is "fatal"), -32001 try again ("retryable"), -32002 a
program refused ("program", with its name and code).
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog

from breakwater.errors import BreakwaterError, InvalidInput, ProgramError, Retryable

__all__ = [
    "INTERNAL",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE",
    "Dispatcher",
    "Method",
]

PARSE: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL: Final = -32603
REFUSED: Final = -32000
RETRYABLE: Final = -32001
PROGRAM: Final = -32002
MOST_DEPTH: Final = 32
MOST_BYTES: Final = 8 * 1024 * 1024
TOO_MUCH: Final = "Ask for less at once: the answers of this array are too long."

log = structlog.get_logger(__name__)
Handler = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """A method: the type of its parameters, what it does with them, and whether it changes anything."""

    params: type[msgspec.Struct]
    call: Handler
    about: str
    writes: bool = False


class Dispatcher:
    """Answers bodies.

    Args:
        methods: by name.
        batch: calls of one array, at most.
        most_bytes: of the answers to one array.
        answered: told method, seconds' start and code (0 for success) of every call.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        *,
        batch: int = 100,
        most_bytes: int = MOST_BYTES,
        answered: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self.methods, self._batch, self._answered = dict(methods), batch, answered
        self._most_bytes = most_bytes

    async def answer(self, body: bytes) -> bytes | None:
        """The answer to a body; None where only notifications were in it."""
        try:
            parsed = msgspec.json.decode(body)
            if _depth(parsed) > MOST_DEPTH:
                raise ValueError("too deep")
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError):
            return _encoded(_error(None, PARSE, f"Send JSON, nested at most {MOST_DEPTH} deep."))
        if not isinstance(parsed, list):
            answer = await self._one(parsed)
            return None if answer is None else _encoded(answer)
        if not parsed or len(parsed) > self._batch:
            message = f"Send an array of 1 to {self._batch} calls."
            return _encoded(_error(None, INVALID_REQUEST, message))
        answers = [each for each in await asyncio.gather(*map(self._one, parsed)) if each is not None]
        return await self._array(answers) if answers else None

    async def _array(self, answers: list[dict[str, Any]]) -> bytes:
        """All answers that fit; a hundred times the longest list there is would fill the memory."""
        parts: list[bytes] = []
        left = self._most_bytes
        for each in answers:
            part = _encoded(each)
            if len(part) > left:
                part = _encoded(
                    _error(each["id"], REFUSED, TOO_MUCH, {"reaction": "fatal", "name": "TooMuch"})
                )
            else:
                left -= len(part)
            parts.append(part)
            await asyncio.sleep(0)
        return b"[" + b",".join(parts) + b"]"

    async def _one(self, request: Any) -> dict[str, Any] | None:
        if not _is_request(request):
            self._answered("invalid", INVALID_REQUEST)
            ident = request.get("id") if isinstance(request, dict) else None
            return _error(ident if _is_id(ident) else None, INVALID_REQUEST, "Send a JSON-RPC 2.0 request.")
        name = request["method"]
        answer = await self._call(name, request.get("params"), request.get("id"))
        error = answer.get("error")
        self._answered(name if name in self.methods else "unknown", error["code"] if error else 0)
        return answer if "id" in request else None

    async def _call(self, name: str, params: Any, ident: Any) -> dict[str, Any]:
        method = self.methods.get(name)
        if method is None:
            return _error(ident, METHOD_NOT_FOUND, "Ask rpc.discover which methods there are.")
        try:
            given = _parameters(method.params, params)
        except (msgspec.ValidationError, TypeError) as error:
            return _error(ident, INVALID_PARAMS, f"Change the parameters: {error}.")
        try:
            result = method.call(given)
            if inspect.isawaitable(result):
                result = await _awaited(result)
        except InvalidInput as error:
            return _error(ident, INVALID_PARAMS, str(error))
        except ProgramError as error:
            data: dict[str, Any] = {
                "reaction": "program",
                "name": error.name,
                "code": error.code,
                "signature": error.signature,
            }
            return _error(ident, PROGRAM, error.message, data)
        except Retryable as error:
            data = {"reaction": "retryable", "name": type(error).__name__, "retry_after_s": error.retry_after}
            return _error(ident, RETRYABLE, str(error), data)
        except BreakwaterError as error:
            return _error(ident, REFUSED, str(error), {"reaction": "fatal", "name": type(error).__name__})
        except Exception as error:
            log.exception("rpc_broke", method=name, error=repr(error))
            return _error(ident, INTERNAL, "Report this with the server's log: it is a defect.")
        return {"jsonrpc": "2.0", "id": ident, "result": result}


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _parameters(kind: type[msgspec.Struct], params: Any) -> Any:
    """By name or by position."""
    if params is None:
        params = {}
    if isinstance(params, list):
        fields = kind.__struct_fields__
        if len(params) > len(fields):
            raise TypeError(f"there are at most {len(fields)}")
        params = dict(zip(fields, params, strict=False))
    return msgspec.convert(params, kind)


def _is_request(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.get("jsonrpc") == "2.0"
        and isinstance(value.get("method"), str)
        and isinstance(value.get("params", {}), dict | list)
        and _is_id(value.get("id"))
    )


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _depth(value: Any, level: int = 0) -> int:
    if level > MOST_DEPTH or not isinstance(value, dict | list):
        return level
    inner = value.values() if isinstance(value, dict) else value
    return max((_depth(each, level + 1) for each in inner), default=level)


def _error(ident: Any, code: int, message: str, data: Any = None) -> dict[str, Any]:
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return {"jsonrpc": "2.0", "id": ident, "error": error}


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)
