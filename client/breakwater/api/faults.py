"""Errors -> HTTP: one JSON shape, and a status that fits the reaction."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    InsufficientFunds,
    InvalidInput,
    ProgramError,
    RateLimited,
    Retryable,
    TransactionRejected,
)

from .schemas import ErrorBody, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JSON", "Refusal", "answer", "fault_of", "limited", "refused", "status_of"]

JSON = "application/json"


class Refusal(InvalidInput):
    """A request that is turned away before any service looks at it.

    Args:
        status: of HTTP.
        name: short and stable, for machines.
        message: one sentence that says what to do.
        headers: more of them.
    """

    def __init__(
        self, status: HTTPStatus, name: str, message: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.name, self.headers = status, name, dict(headers or {})


def fault_of(error: BreakwaterError) -> Fault:
    """An error as it goes over the wire."""
    if isinstance(error, ProgramError):
        return Fault("program", error.name, error.message, code=error.code, signature=error.signature)
    name = type(error).__name__
    signature = getattr(error, "signature", None)
    if isinstance(error, Retryable):
        return Fault("retryable", name, str(error), retry_after_s=error.retry_after, signature=signature)
    if isinstance(error, Refusal):
        name = error.name
    elif isinstance(error, TransactionRejected):
        name = error.reason
    return Fault("fatal", name, str(error), signature=signature)


def status_of(error: BreakwaterError) -> HTTPStatus:
    """The status that goes with an error; a node that limits us is not the client's doing."""
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, ProgramError | TransactionRejected | InsufficientFunds):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if isinstance(error, BlockhashExpired):
        return HTTPStatus.CONFLICT
    if isinstance(error, InvalidInput):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, Retryable) else HTTPStatus.BAD_GATEWAY


def answer(error: BreakwaterError, status: HTTPStatus | None = None) -> Response:
    """The response to an error."""
    fault = fault_of(error)
    headers = dict(error.headers) if isinstance(error, Refusal) else {}
    if fault.retry_after_s is not None:
        # whole seconds, rounded up: who waits that long is not refused again
        headers["Retry-After"] = str(max(1, math.ceil(fault.retry_after_s)))
    return refused(fault, status or status_of(error), headers)


def refused(fault: Fault, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """The response that carries a fault."""
    return Response(msgspec.json.encode(ErrorBody(fault)), status, headers, JSON)


def limited(error: RateLimited) -> Response:
    """The response to a client that asks too often."""
    return answer(error, HTTPStatus.TOO_MANY_REQUESTS)
