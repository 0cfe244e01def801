"""The page's data, alerts and metrics, and who may see them."""

from __future__ import annotations

import json

import httpx
import pytest

from breakwater.alerts import ConsoleSink, Notice, Notifier, Severity
from breakwater.cascade import Desk, Event, Exchange, Kind, Level, Side, dashboard_text
from breakwater.cascade.web import application
from breakwater.serving import Tokens

START = 1_750_000_000_000
TOKEN = "a token of the tests"  # noqa: S105 - it opens nothing
BEARER = {"authorization": f"Bearer {TOKEN}"}


class Heard:
    """A sink that keeps what it is told."""

    name, minimum = "heard", Severity.INFO

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    async def tell(self, notice: Notice) -> None:
        self.notices.append(notice)

    async def close(self) -> None:
        """Nothing to close."""


def burst(desk: Desk) -> None:
    for i in range(500):
        time_ms = START + 60_000 + 4 * i
        desk.take(
            Event(
                time_ms,
                Exchange(i % 4),
                "BTC",
                Kind.LIQUIDATION,
                Side.SELL,
                2 * 10**11,
                100.0 - i / 1000,
                i + 1,
            )
        )
    desk.clock(START + 63_000)


async def test_alerts_fire_with_the_level_and_clear_with_it() -> None:
    heard = Heard()
    async with Notifier([heard, ConsoleSink(Severity.EMERGENCY)]) as notifier:
        desk = Desk(notifier=notifier)
        burst(desk)
        desk.clock(START + 120_000)
    assert heard.notices[0].kind == "fired"
    assert {each.alert.severity for each in heard.notices if each.kind == "fired"} >= {Severity.CRITICAL}
    assert heard.notices[-1].kind == "cleared"
    assert dict(heard.notices[0].alert.labels) == {"symbol": "BTC"}


@pytest.fixture
async def client() -> httpx.AsyncClient:
    desk = Desk()
    burst(desk)
    app = application(desk, Tokens([TOKEN]))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8091")


async def test_nobody_without_a_token_sees_anything(client: httpx.AsyncClient) -> None:
    for path in ("/v1/view", "/metrics", "/events"):
        assert (await client.get(path)).status_code == 401
    door = await client.get("/")
    assert door.status_code == 401
    assert "Token" in door.text
    assert (await client.get("/v1/view", headers={**BEARER, "host": "evil.example"})).status_code == 421
    assert (
        await client.get("/v1/view", headers={**BEARER, "origin": "http://evil.example"})
    ).status_code == 403
    assert (await client.post("/login", json={"token": "another of sixteen"})).status_code == 401


async def test_a_browser_shows_its_token_once(client: httpx.AsyncClient) -> None:
    answer = await client.post("/login", json={"token": TOKEN})
    assert answer.status_code == 204
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = await client.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("cascade.js", "cascade.css"):
        assert (await client.get(f"/assets/{name}")).status_code == 200
    assert (await client.get("/assets/cascade.html")).status_code == 404


async def test_the_view_has_timeframes_heat_and_signals(client: httpx.AsyncClient) -> None:
    view = (await client.get("/v1/view", headers=BEARER)).json()
    (btc,) = view["symbols"]
    assert btc["level"] == "critical"
    assert len(btc["velocity"]) == len(btc["jerk"]) == len(view["frames_ms"]) == 5
    assert btc["heat"] == [125, 125, 125, 125, 0]
    assert view["signals"][-1]["level"] == "critical"
    assert view["events"]["okx:liquidation"] == 125


async def test_prometheus_reads_risk_level_velocity_and_counts(client: httpx.AsyncClient) -> None:
    text = (await client.get("/metrics", headers=BEARER)).text
    assert 'breakwater_cascade_level{symbol="BTC"} 3.0' in text
    assert 'breakwater_cascade_velocity_usd{frame_ms="60000",symbol="BTC"}' in text
    assert 'breakwater_cascade_feed_events_total{exchange="okx",kind="liquidation"} 125.0' in text
    assert 'breakwater_cascade_engine_events_total{symbol="BTC",what="counted"} 500.0' in text
    shown = json.loads(dashboard_text())
    for panel in shown["panels"]:
        expression = panel["targets"][0]["expr"]
        name = next(
            word
            for word in expression.replace("(", " ").replace("{", " ").split()
            if word.startswith("breakwater_")
        )
        assert name.split("[")[0] in text, name


def test_a_desk_that_is_full_follows_whom_it_knows() -> None:
    desk = Desk(capacity=1)
    burst(desk)
    desk.take(Event(START, Exchange.OKX, "ETH", Kind.LIQUIDATION, Side.SELL, 10**6, 1.0, 7))
    assert desk.engine.symbols == ["BTC"]
    assert desk.worst() is Level.CRITICAL


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"[" * 4_000, 400),
        (b'{"token": 1}', 401),
        (b'{"token": "\\ud800 is half a character"}', 401),
        (b"x" * 5_000, 413),
    ],
)
async def test_the_door_takes_nothing_but_a_token(
    client: httpx.AsyncClient, body: bytes, status: int
) -> None:
    assert (await client.post("/login", content=body)).status_code == status
