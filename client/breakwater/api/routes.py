"""The endpoints: each parses, asks, encodes."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST
from solders.signature import Signature
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from breakwater.errors import BreakwaterError, InvalidInput

from . import schemas
from .faults import JSON, Refusal, answer, refused
from .openapi import document

if TYPE_CHECKING:
    from starlette.requests import Request

    from .exchange import Exchange
    from .metrics import Metrics
    from .relay import Relay

__all__ = ["Endpoints", "application"]

log = structlog.get_logger(__name__)
T = TypeVar("T", bound=msgspec.Struct)
STATUS = {
    "accepted": HTTPStatus.ACCEPTED,
    "landed": HTTPStatus.OK,
    "failed": HTTPStatus.UNPROCESSABLE_ENTITY,
    "expired": HTTPStatus.CONFLICT,
}


@dataclass(frozen=True, slots=True, eq=False)
class Endpoints:
    """One method an endpoint."""

    exchange: Exchange
    relay: Relay
    metrics: Metrics

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/v1/markets", self.markets),
            Route("/v1/markets/{market:int}", self.market),
            Route("/v1/markets/{market:int}/quote", self.quote),
            Route("/v1/traders/{owner}", self.trader),
            Route("/v1/vault", self.vault),
            Route("/v1/feeds/{name:path}", self.feed),
            Route("/v1/orders", self.post_order, methods=["POST"]),
            Route("/v1/orders/build", self.build_order, methods=["POST"]),
            Route("/v1/orders/{signature}", self.order),
            Route("/health", self.health),
            Route("/metrics", self.page),
            Route("/openapi.json", self.openapi),
        ]

    async def markets(self, request: Request) -> Response:
        """List markets."""
        return _json(await self.exchange.markets(_query(request, schemas.MarketsQuery)))

    async def market(self, request: Request) -> Response:
        """Show one market."""
        return _json(await self.exchange.market(request.path_params["market"]))

    async def quote(self, request: Request) -> Response:
        """Preview a trade."""
        query = _query(request, schemas.QuoteQuery)
        return _json(await self.exchange.quote(request.path_params["market"], query))

    async def trader(self, request: Request) -> Response:
        """Show an owner's balance and positions."""
        return _json(await self.exchange.trader(request.path_params["owner"]))

    async def vault(self, _: Request) -> Response:
        """Show the vault."""
        return _json(await self.exchange.vault())

    async def feed(self, request: Request) -> Response:
        """Show a price feed."""
        return _json(await self.exchange.feed(request.path_params["name"]))

    async def post_order(self, request: Request) -> Response:
        """Carry a signed transaction to the chain."""
        order = await self.relay.post(await _body(request, schemas.OrderRequest))
        if order.error is not None:
            return refused(
                msgspec.structs.replace(order.error, signature=order.signature), STATUS[order.status]
            )
        return _json(order, STATUS[order.status])

    async def build_order(self, request: Request) -> Response:
        """Make an unsigned transaction for an order."""
        return _json(await self.exchange.build(await _body(request, schemas.BuildRequest)))

    async def order(self, request: Request) -> Response:
        """Tell where an order stands."""
        try:
            signature = str(Signature.from_string(request.path_params["signature"]))
        except ValueError:
            raise InvalidInput("Give a transaction's signature in base58.") from None
        found = await self.relay.find(signature)
        if found is None:
            message = "Look the signature up on the chain: it was not posted here."
            raise Refusal(HTTPStatus.NOT_FOUND, "NotFound", message)
        return _json(found)

    async def health(self, _: Request) -> Response:
        """Tell whether the chain answers."""
        found = await self.exchange.health()
        return _json(found, HTTPStatus.OK if found.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE)

    async def page(self, _: Request) -> Response:
        """Show metrics in Prometheus' format."""
        return Response(self.metrics.page(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def openapi(self, _: Request) -> Response:
        """Describe all of this."""
        return Response(document(), media_type=JSON)


def application(endpoints: Endpoints, routes: list[Route]) -> Starlette:
    """The routes, with every error in the one shape."""
    return Starlette(
        routes=routes,
        exception_handlers={
            BreakwaterError: _refused,
            HTTPException: _unrouted,
            Exception: _broken,
        },
    )


def _json(value: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, media_type=JSON)


def _query(request: Request, kind: type[T]) -> T:
    given = request.query_params.multi_items()
    if len({name for name, _ in given}) != len(given):
        raise InvalidInput("Give each parameter of the query once.")
    try:
        return msgspec.convert(dict(given), kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"Change the query: {error}.") from None


async def _body(request: Request, kind: type[T]) -> T:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        message = f"Send the body as {JSON}."
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "NotJson", message)
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"Change the body: {error}.") from None


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, BreakwaterError):
        raise error
    return answer(error)


async def _unrouted(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(sorted((error.headers or {}).get("Allow", "GET").split(", ")))
        return answer(Refusal(status, "MethodNotAllowed", f"Use {allowed} here.", headers={"Allow": allowed}))
    return answer(Refusal(status, "NotFound", "Look at /openapi.json: there is nothing at this address."))


async def _broken(request: Request, error: Exception) -> Response:
    log.error("request_failed", method=request.method, path=request.url.path, error=repr(error))
    fault = schemas.Fault("fatal", "InternalError", "Report this with the server's log: it is a defect.")
    return refused(fault, HTTPStatus.INTERNAL_SERVER_ERROR)
