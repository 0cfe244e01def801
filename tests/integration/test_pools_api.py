"""The pools' API over HTTP: who may ask, what every mistake is answered with, and many clients at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from solders.keypair import Keypair
from tests.integration.pools_ground import Ground

from breakwater.pools import ServerConfig, serving
from breakwater.serving import Tokens
from breakwater.serving_patience import Patient

TOKEN = "of-our-own-choice-" * 2
AUTHORISED = {"authorization": f"Bearer {TOKEN}"}


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[tuple[Ground, httpx.AsyncClient]]:
    on = Ground(directory)
    async with (
        serving(on.service, ServerConfig(Tokens([TOKEN]), batch=10)) as url,
        httpx.AsyncClient(base_url=url, headers=AUTHORISED, timeout=60) as client,
    ):
        yield on, client
    on.service.store.close()


async def call(client: httpx.AsyncClient, method: str, **params: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = (await client.post("/rpc", json=body)).json()
    assert "error" not in answer, answer
    return answer["result"]


async def test_pools_and_threads_live_their_lives_over_the_api(tmp_path: Path) -> None:
    async with served(tmp_path) as (on, client):
        pool = await call(client, "pools.create", ratio_a=2, ratio_b=3, decimals_a=6, decimals_b=9)
        assert pool["ratio"] == [2, 3000]
        made = await call(
            client,
            "threads.create",
            kind="deposit",
            pool=pool["address"],
            side=0,
            min_ms=1,
            max_ms=2,
            start=True,
        )
        assert "secret" not in made
        await on.until(3)
        assert (await call(client, "threads.pause", thread=made["id"]))["state"] == "paused"
        assert (await call(client, "threads.start", thread=made["id"]))["state"] == "running"
        changed = await call(client, "threads.set_rates", thread=made["id"], min_ms=5, max_ms=6)
        assert changed["rates"] == {"min_ms": 5, "max_ms": 6, "min_bps": 1, "max_bps": 500}
        assert (await call(client, "threads.stop", thread=made["id"]))["state"] == "stopped"
        (listed,) = await call(client, "threads.list", pool=pool["address"])
        assert listed["stats"]["succeeded"] >= 3
        assert (await call(client, "service.reconcile"))["lost_units"] == 0
        to = str(Keypair().pubkey())
        sent = await call(client, "mint_and_send", pool=pool["address"], side=1, to=to, amount=5)
        assert sent["signature"]
        await call(client, "threads.delete", thread=made["id"])
        assert await call(client, "threads.list") == []
        assert (await call(client, "service.statistics"))["alerts"] == 0
        assert await call(client, "service.alerts") == []


async def test_the_document_describes_every_method_and_its_parameters(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        document = (await client.get("/openrpc.json")).json()
        assert document == await call(client, "rpc.discover")
        assert document["openrpc"] == "1.3.2"
        named = {each["name"]: each for each in document["methods"]}
        assert {"pools.create", "pools.import", "threads.create", "mint_and_send", "rpc.discover"} <= set(
            named
        )
        params = {each["name"]: each for each in named["threads.create"]["params"]}
        assert (params["kind"]["required"], params["min_ms"]["required"]) == (True, False)
        assert params["side"]["schema"]["maximum"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {"authorization": ""}}, 401),
        ({"headers": {"authorization": "Bearer wrong-token-of-somebody"}}, 401),
        ({"headers": {"authorization": f"Basic {TOKEN}"}}, 401),
        ({"headers": {"host": "evil.example"}}, 421),
        ({"headers": {"host": "127.0.0.1.evil.example"}}, 421),
        ({"headers": {"origin": "http://evil.example"}}, 403),
        ({"headers": {"origin": "null"}}, 403),
        ({"content": b"x" * 70_000}, 413),
        ({"headers": {"content-type": "text/plain"}, "content": b"{}"}, 415),
    ],
)
async def test_who_may_not_ask_is_turned_away(tmp_path: Path, change: dict[str, Any], status: int) -> None:
    async with served(tmp_path) as (_, client):
        headers = {"content-type": "application/json"} | change.get("headers", {})
        answer = await client.post("/rpc", headers=headers, content=change.get("content", b"{}"))
        assert answer.status_code == status
        assert answer.json()["error"]["message"]


async def test_a_body_without_a_length_is_cut_off_too(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b" " * 1_000

        answer = await client.post("/rpc", headers={"content-type": "application/json"}, content=chunks())
        assert answer.status_code == 413


async def test_everything_but_the_page_and_health_wants_the_token(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        client.headers.pop("authorization")
        found = {
            path: (await client.get(path)).status_code
            for path in ("/", "/health", "/metrics", "/openrpc.json")
        }
        assert found == {"/": 200, "/health": 200, "/metrics": 401, "/openrpc.json": 401}
        page = await client.get("/")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert TOKEN not in page.text
        own = {"origin": str(client.base_url).rstrip("/")} | AUTHORISED
        body = {"jsonrpc": "2.0", "id": 1, "method": "pools.list"}
        assert (await client.post("/rpc", json=body, headers=own)).json()["result"] == []


async def test_batches_notifications_and_their_limit(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, client):
        one = {"jsonrpc": "2.0", "id": 7, "method": "pools.list"}
        answers = (await client.post("/rpc", json=[one] * 10)).json()
        assert [each["result"] for each in answers] == [[]] * 10
        refused = (await client.post("/rpc", json=[one] * 11)).json()
        assert refused["error"]["code"] == -32600
        silent = await client.post("/rpc", json={"jsonrpc": "2.0", "method": "pools.list"})
        assert (silent.status_code, silent.content) == (204, b"")


async def test_prometheus_reads_the_metrics(tmp_path: Path) -> None:
    async with served(tmp_path) as (on, client):
        await on.threads(await on.pool())
        await on.until(10)
        await call(client, "service.statistics")
        families = {
            each.name: each for each in text_string_to_metric_families((await client.get("/metrics")).text)
        }
        operations = families["breakwater_pools_operations"].samples
        assert sum(each.value for each in operations if each.labels["result"] == "succeeded") >= 10
        assert families["breakwater_pools_rpc_calls"].samples[0].labels == {
            "method": "service.statistics",
            "code": "0",
        }
        assert {each.labels["side"] for each in families["breakwater_pools_reserve"].samples} == {"a", "b"}


async def test_a_hundred_clients_lose_no_update_and_read_quickly(tmp_path: Path) -> None:
    async with served(tmp_path) as (on, client):
        pool = (await on.pool()).address
        on.service.start_thread((await on.service.create_thread("deposit", pool, 0)).id)
        seconds: list[float] = []

        async def one(number: int) -> str:
            async with httpx.AsyncClient(base_url=client.base_url, headers=AUTHORISED, timeout=60) as own:
                made = await call(own, "threads.create", kind="deposit", pool=pool, side=1)
                for turn in range(3):
                    await asyncio.sleep((number * 7 + turn * 13) % 100 / 50)
                    began = time.perf_counter()
                    await call(own, "threads.get", thread=made["id"])
                    seconds.append(time.perf_counter() - began)
                await call(own, "threads.set_rates", thread=made["id"], min_ms=number + 1, max_ms=5_000)
                return str(made["id"])

        made = await asyncio.gather(*map(one, range(100)))
        assert len(set(made)) == 100
        assert {on.service.threads[name].rates.min_ms for name in made} == set(range(1, 101))
        to = str(Keypair().pubkey())
        sums = [call(client, "mint_and_send", pool=pool, side=1, to=to, amount=n) for n in range(1, 21)]
        await asyncio.gather(*sums)
        mint = on.service.pools[pool].mints[1]
        assert on.service.books.held("outside", mint) == 210
        middle = sorted(seconds)[len(seconds) // 2]
        # what is promised holds on an idle machine; this finds a read that waits for somebody
        assert middle < 0.5, f"{middle * 1000:.0f} ms"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b"HTTP/1.1 408 "),
        (b"\r\n", b"HTTP/1.1 408 "),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"HTTP/1.1 408 "),
        (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000, b"HTTP/1.1 431 "),
        (b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\nContent-Length: 9\r\n\r\n{", b""),
    ],
)
async def test_who_does_not_get_to_the_end_is_cut_off(
    tmp_path: Path, sent: bytes, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patient, "request_s", 0.8)
    async with served(tmp_path) as (_, client):
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        known = f"Content-Type: application/json\r\nAuthorization: Bearer {TOKEN}"
        writer.write(sent.replace(b"%s", known.encode()))
        await writer.drain()
        async with asyncio.timeout(60):
            assert (await reader.read()).startswith(answer)
        writer.close()
        assert (await client.get("/health")).status_code == 200, "everybody else is served"


async def test_who_hangs_up_leaves_no_traceback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with served(tmp_path) as (_, client):
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        head = f"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
        await writer.drain()
        writer.close()
        await client.get("/health")
    assert [each for each in caplog.records if each.exc_info] == []
    assert reader is not None
