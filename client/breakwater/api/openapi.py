"""The OpenAPI document, made of the very types that are encoded and decoded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from breakwater import __version__

from . import schemas

__all__ = ["document"]

REF = "#/components/schemas/{name}"
ERRORS = {
    "400": "the request is wrong",
    "401": "the token is missing or wrong",
    "403": "the origin, or a program that is called, is not allowed",
    "404": "there is no such thing",
    "409": "the blockhash has expired: build and sign anew",
    "413": "the body is too long",
    "415": "the body is no JSON",
    "421": "the Host header is not one of the server's names",
    "422": "a program or the chain refuses",
    "429": "too many requests: wait as long as Retry-After says",
    "500": "a defect",
    "502": "the node answers what it never should",
    "503": "the node does not answer: ask again",
}


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    method: str
    summary: str
    answer: type[msgspec.Struct] | None
    parameters: tuple[tuple[str, dict[str, Any]], ...] = ()
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None


MARKET = (("market", {"type": "integer", "minimum": 0}),)
TEXT: dict[str, Any] = {"type": "string"}
OPERATIONS = (
    _Operation("/v1/markets", "get", "List markets.", schemas.Markets, query=schemas.MarketsQuery),
    _Operation("/v1/markets/{market}", "get", "Show a market.", schemas.Market, MARKET),
    _Operation(
        "/v1/markets/{market}/quote", "get", "Preview a trade.", schemas.Quote, MARKET, schemas.QuoteQuery
    ),
    _Operation("/v1/traders/{owner}", "get", "Show a trader.", schemas.Trader, (("owner", TEXT),)),
    _Operation("/v1/vault", "get", "Show the vault.", schemas.Vault),
    _Operation("/v1/feeds/{name}", "get", "Show a price feed.", schemas.Feed, (("name", TEXT),)),
    _Operation(
        "/v1/orders/build", "post", "Make an order to sign.", schemas.Built, body=schemas.BuildRequest
    ),
    _Operation("/v1/orders", "post", "Send a signed order.", schemas.OrderStatus, body=schemas.OrderRequest),
    _Operation(
        "/v1/orders/{signature}",
        "get",
        "Tell where an order stands.",
        schemas.OrderStatus,
        (("signature", TEXT),),
    ),
    _Operation("/health", "get", "Tell whether the chain answers.", schemas.Health),
    _Operation("/metrics", "get", "Show metrics for Prometheus.", None),
)


@lru_cache(maxsize=1)
def document() -> bytes:
    """The document, as JSON."""
    named: list[Any] = [schemas.ErrorBody]
    for each in OPERATIONS:
        named += [kind for kind in (each.answer, each.query, each.body) if kind is not None]
    _, components = msgspec.json.schema_components(named, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in OPERATIONS:
        paths.setdefault(each.path, {})[each.method] = _described(each, components)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Breakwater", "version": __version__, "description": schemas.__doc__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(whole)


def _described(operation: _Operation, components: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in operation.parameters
    ]
    if operation.query is not None:
        found = components[operation.query.__name__]
        parameters += [
            {"name": name, "in": "query", "required": name in found.get("required", ()), "schema": schema}
            for name, schema in found["properties"].items()
        ]
    media = {"text/plain": {}} if operation.answer is None else _content(operation.answer)
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "the answer", "content": media},
            **{
                status: {"description": why, "content": _content(schemas.ErrorBody)}
                for status, why in ERRORS.items()
            },
        },
    }
    if operation.body is schemas.OrderRequest:
        described["responses"]["202"] = {"description": "accepted, not landed yet", "content": media}
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
        described["security"] = [{"token": []}]
    return described


def _content(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(name=kind.__name__)}}}
