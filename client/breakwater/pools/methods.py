"""The methods of the service's API, their parameters, and the OpenRPC document made of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from breakwater import __version__

from .jsonrpc import Method
from .records import Kind, Rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .service import Service

__all__ = ["document", "methods_of"]

Address = Annotated[str, Meta(min_length=32, max_length=44)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Side = Annotated[int, Meta(ge=0, le=1)]
Units = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Pause = Annotated[int, Meta(ge=1, le=3_600_000)]
Part = Annotated[int, Meta(ge=1, le=10_000)]
Decimals = Annotated[int, Meta(ge=0, le=9)]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


class CreatePool(Struct, frozen=True, forbid_unknown_fields=True):
    """`ratio_a` whole tokens a are worth `ratio_b` whole tokens b."""

    ratio_a: Units = 1
    ratio_b: Units = 1
    decimals_a: Decimals = 6
    decimals_b: Decimals = 6
    fee_ppm: Annotated[int, Meta(ge=0, le=100_000)] = 3_000


class OfPool(Struct, frozen=True, forbid_unknown_fields=True):
    """A pool by its address."""

    pool: Address


class CreateThread(Struct, frozen=True, forbid_unknown_fields=True):
    """A thread on side 0 (a) or 1 (b) of a pool; a swap pays that side in."""

    kind: Kind
    pool: Address
    side: Side
    min_ms: Pause = 750
    max_ms: Pause = 2_000
    min_bps: Part = 1
    max_bps: Part = 500
    funding: Units | None = None
    share: bool = True
    start: bool = False


class OfThread(Struct, frozen=True, forbid_unknown_fields=True):
    """A thread by its id."""

    thread: Name


class SetRates(Struct, frozen=True, forbid_unknown_fields=True):
    """Pauses in ms and parts in basis points."""

    thread: Name
    min_ms: Pause = 750
    max_ms: Pause = 2_000
    min_bps: Part = 1
    max_bps: Part = 500


class ListThreads(Struct, frozen=True, forbid_unknown_fields=True):
    """Threads of one pool, of one kind, or all."""

    pool: Address | None = None
    kind: Literal["deposit", "withdraw", "swap"] | None = None


class MintAndSend(Struct, frozen=True, forbid_unknown_fields=True):
    """So many units of a pool's token, to anybody."""

    pool: Address
    side: Side
    to: Address
    amount: Units


def methods_of(service: Service) -> Mapping[str, Method]:
    """What can be asked, by name."""
    methods = {**_pools(service), **_threads(service), **_monitoring(service)}
    described: dict[str, Any] = {}
    methods["rpc.discover"] = Method(Nothing, lambda _: described, "This document.")
    described |= document(methods)
    return methods


def _pools(service: Service) -> dict[str, Method]:
    async def create(p: CreatePool) -> Any:
        made = await service.create_pool((p.decimals_a, p.decimals_b), (p.ratio_a, p.ratio_b), p.fee_ppm)
        return service.show_pool(made)

    async def import_(p: OfPool) -> Any:
        return service.show_pool(await service.import_pool(p.pool))

    async def mint_and_send(p: MintAndSend) -> Any:
        return {"signature": await service.mint_and_send(p.pool, p.side, p.to, p.amount)}

    return {
        "pools.create": Method(CreatePool, create, "Make a pool with two mints of its own.", writes=True),
        "pools.import": Method(OfPool, import_, "Take in a pool that exists.", writes=True),
        "pools.list": Method(
            Nothing, lambda _: [service.show_pool(each) for each in service.pools.values()], "All pools."
        ),
        "pools.get": Method(OfPool, lambda p: service.show_pool(service.pool(p.pool)), "One pool."),
        "pools.clean_up": Method(
            Nothing, lambda _: service.clean_up(), "Forget pools that are gone.", writes=True
        ),
        "mint_and_send": Method(MintAndSend, mint_and_send, "Make tokens for anybody.", writes=True),
    }


def _threads(service: Service) -> dict[str, Method]:
    async def create(p: CreateThread) -> Any:
        rates = Rates(p.min_ms, p.max_ms, p.min_bps, p.max_bps)
        made = await service.create_thread(
            p.kind, p.pool, p.side, rates=rates, funding=p.funding, share=p.share
        )
        return service.show_thread(service.start_thread(made.id) if p.start else made)

    async def stop(p: OfThread) -> Any:
        return service.show_thread(await service.stop_thread(p.thread))

    async def empty(p: OfThread) -> Any:
        return msgspec.to_builtins(await service.empty_thread(p.thread))

    async def delete(p: OfThread) -> Any:
        return msgspec.to_builtins(await service.delete_thread(p.thread))

    def listed(p: ListThreads) -> Any:
        return [
            service.show_thread(each)
            for each in service.threads.values()
            if p.pool in (None, each.pool) and p.kind in (None, each.kind)
        ]

    def rates(p: SetRates) -> Any:
        made = Rates(p.min_ms, p.max_ms, p.min_bps, p.max_bps)
        return service.show_thread(service.set_rates(p.thread, made))

    show = service.show_thread
    return {
        "threads.create": Method(CreateThread, create, "Make a thread.", writes=True),
        "threads.list": Method(ListThreads, listed, "Threads."),
        "threads.get": Method(OfThread, lambda p: show(service.thread(p.thread)), "One thread."),
        "threads.start": Method(
            OfThread, lambda p: show(service.start_thread(p.thread)), "Let it run, or go on.", writes=True
        ),
        "threads.pause": Method(
            OfThread, lambda p: show(service.pause_thread(p.thread)), "Let it wait.", writes=True
        ),
        "threads.stop": Method(OfThread, stop, "Stop it after its move.", writes=True),
        "threads.set_rates": Method(SetRates, rates, "How often and how much.", writes=True),
        "threads.empty": Method(OfThread, empty, "Redeem, burn and return all it holds.", writes=True),
        "threads.delete": Method(OfThread, delete, "Empty it and forget it.", writes=True),
    }


def _monitoring(service: Service) -> dict[str, Method]:
    async def reconcile(_: Nothing) -> Any:
        return (await service.reconcile()).as_dict()

    return {
        "service.statistics": Method(Nothing, lambda _: service.statistics(), "Sums over all threads."),
        "service.alerts": Method(Nothing, lambda _: service.books.alerts, "What has to be looked at."),
        "service.reconcile": Method(Nothing, reconcile, "Compare all books with the chain."),
    }


def document(methods: Mapping[str, Method]) -> dict[str, Any]:
    """The OpenRPC document of these methods."""
    kinds = list(dict.fromkeys(each.params for each in methods.values()))
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    del schemas
    return {
        "openrpc": "1.3.2",
        "info": {"title": "Breakwater pools", "version": __version__},
        "methods": [
            {
                "name": name,
                "summary": each.about,
                "paramStructure": "either",
                "params": _params(components[each.params.__name__]),
                "result": {"name": "result", "schema": {}},
                "x-writes": each.writes,
            }
            for name, each in sorted(methods.items())
        ],
        "components": {"schemas": components},
    }


def _params(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", ())
    return [
        {"name": name, "required": name in required, "schema": each}
        for name, each in schema.get("properties", {}).items()
    ]
