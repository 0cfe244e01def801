"""The page as a person meets it, in Debian's chromium, and /metrics as a real Prometheus does."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.integration.monitor_ground import UNIT, Ground, make_ground

from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.config import settings
from breakwater.errors import InvalidInput
from breakwater.monitor import History, Monitor, PageConfig, Sample, WatchConfig, dashboard, watch
from breakwater.monitor.grafana import names_in
from breakwater.serving import Tokens

TOKEN = "-".join(("a", "token", "of", "the", "launch", "crew"))
BEARER = {"authorization": f"Bearer {TOKEN}"}
PATIENCE_S = 30.0
BANNER_S = 2.0


@dataclass
class Watched:
    """A running watch."""

    url: str
    samples: list[Sample]

    async def until(self, condition: Callable[[Sample], bool]) -> Sample:
        """The first sample from now on that is as wanted."""
        seen, deadline = len(self.samples), time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for sample in self.samples[seen:]:
                if condition(sample):
                    return sample
            seen = len(self.samples)
            await asyncio.sleep(0.02)
        raise AssertionError(self.samples[-1].as_dict())


@pytest.fixture
async def ground() -> AsyncIterator[Ground]:
    """A market with a loan, a keeper, and time that passes."""
    ground = await make_ground()
    market = await ground.market(100_000 * UNIT)
    await ground.lend(market, 1, 20_000 * UNIT)
    await ground.keeper()
    await ground.have_cash(2 * ground.at_risk)
    await ground.send(ix.fold())
    clock = asyncio.create_task(ground.engine.run_clock())
    yield ground
    clock.cancel()
    with suppress(asyncio.CancelledError):
        await clock
    await ground.engine.close()


@asynccontextmanager
async def watching(ground: Ground, history: Path | None, interval_s: float = 0.25) -> AsyncIterator[Watched]:
    stop, listening, samples = asyncio.Event(), asyncio.get_running_loop().create_future(), list[Sample]()
    config = WatchConfig(interval_s, history, PageConfig(Tokens([TOKEN])))
    running = asyncio.create_task(
        watch(
            Monitor(ground.engine),
            config,
            on_sample=samples.append,
            on_listening=listening.set_result,
            stop=stop,
        )
    )
    await asyncio.wait([running, listening], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Watched(listening.result(), samples)
    finally:
        stop.set()
        assert await running == len(samples)


def tool(name: str) -> str:
    """A program on the PATH, or in the cache."""
    unpacked = settings().cache / "prometheus" / "usr" / "bin"
    found = shutil.which(name) or shutil.which(name, path=str(unpacked))
    assert found, f"run scripts/setup --browser: {name} was not found"
    return found


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    chromium = tool("chromium")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


async def card(page: Page, metric: str) -> str:
    return (await page.text_content(f"[data-metric={metric}] .value")) or ""


async def enter(page: Page, url: str) -> None:
    await page.goto(f"{url}/#token={TOKEN.replace(' ', '%20')}")
    await page.wait_for_selector("#link[data-state=live]", timeout=PATIENCE_S * 1000)


# The page


async def test_the_page_is_live_and_a_fall_of_coverage_is_critical_within_two_seconds(
    ground: Ground, tmp_path: Path
) -> None:
    history = tmp_path / "history.sqlite"
    async with browsing() as browser:
        context = await browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        page = await context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        asked, errors = list[str](), list[str]()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        async with watching(ground, history) as watched:
            # a token is needed; it leaves the address at once, and a wrong one leads nowhere
            answer = await page.goto(watched.url)
            assert answer is not None
            assert answer.status == 401
            await page.fill("#token", "not a token at all")
            await page.click("button")
            await page.wait_for_selector("#wrong:has-text('not a token')")
            await enter(page, watched.url)
            assert TOKEN not in page.url

            # figures change with a trade
            await page.wait_for_selector("#banner[data-worst=warning]")
            before = {metric: await card(page, metric) for metric in ("volume", "open_interest", "vault")}
            assert (await card(page, "coverage"), await card(page, "keepers_on_duty")) == ("2", "1")
            await ground.buy(ground_market(watched), 1, 1_000 * UNIT)
            volume = page.locator("[data-metric=volume] .value")
            await expect(volume).not_to_have_text(before["volume"], timeout=PATIENCE_S * 1000)
            assert await card(page, "open_interest") == "21,000.00" != before["open_interest"]
            # a rate needs two seconds
            await expect(page.locator("#charts canvas")).to_have_count(6, timeout=PATIENCE_S * 1000)
            assert "fresh" in (await page.text_content("#feeds") or "")
            assert "nobody" in (await page.text_content("#programs") or "")

            # liquidity leaves: a real instruction takes coverage to 0.4; a busy machine has three tries
            took: list[float] = []
            while not took or (min(took) >= BANNER_S and len(took) < 3):
                await ground.have_cash(2 * ground.at_risk)
                await page.wait_for_selector("#banner:not([data-worst=critical])")
                began = time.monotonic()
                await ground.have_cash(ground.at_risk * 2 // 5)
                await page.wait_for_selector("#banner[data-worst=critical] [data-rule=coverage_low]")
                took.append(time.monotonic() - began)
            assert min(took) < BANNER_S, took
            assert await card(page, "coverage") == "0.4"
            since = await page.text_content("[data-rule=coverage_low] time")

            # dark on a phone: nothing is wider than the screen
            await page.set_viewport_size({"width": 390, "height": 844})
            light = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            await page.click("#theme")
            assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != light
            assert await page.evaluate("document.documentElement.scrollWidth") == 390

        # the server is gone, and comes back with what it knew; the page finds it by itself
        await page.wait_for_selector("#link[data-state=down]")
        port = int(watched.url.rpartition(":")[2])
        assert port
        async with watching(ground, history) as again:
            second = await context.new_page()
            await second.goto(again.url)
            await second.wait_for_selector("#link[data-state=live]", timeout=PATIENCE_S * 1000)
            assert await second.text_content("[data-rule=coverage_low] time") == since
            assert again.samples[0].notices == (), "what was told before is not told again"
            chart = await context.request.get(f"{again.url}/v1/history?metric=coverage")
            kept = await chart.json()
            assert {2.0, 0.4} <= {round(value, 3) for value in kept["series"][0]["values"]}
        assert errors == []
        assert {httpx.URL(each).host for each in asked if not each.startswith("data:")} == {"127.0.0.1"}


def ground_market(watched: Watched) -> int:
    (market,) = watched.samples[-1].view.open_markets.values()
    return market.id


# The door


async def test_nothing_but_the_door_answers_without_a_token(ground: Ground) -> None:
    async with (
        watching(ground, None) as watched,
        httpx.AsyncClient(base_url=watched.url, trust_env=False) as http,
    ):
        await watched.until(lambda _: True)
        for path in (
            "/",
            "/events",
            "/metrics",
            "/v1/sample",
            "/v1/history?metric=tps",
            "/v1/alerts",
            "/nothing",
        ):
            assert (await http.get(path)).status_code == 401, path
            wrong = {"authorization": "Bearer another token of no use"}
            assert (await http.get(path, headers=wrong)).status_code == 401, path
            assert (await http.get(path, headers={b"cookie": b"breakwater_monitor=\xe9"})).status_code == 401
        assert (await http.get("/health")).json() == {"ok": True}
        sample = await http.get("/v1/sample", headers=BEARER)
        assert sample.json()["values"]["coverage"] == 2.0
        assert "default-src 'none'" in sample.headers["content-security-policy"]
        foreign = {"origin": "http://elsewhere.example"}
        assert (await http.get("/v1/sample", headers=BEARER | foreign)).status_code == 403
        rebound = {"host": "elsewhere.example"}
        assert (await http.get("/v1/sample", headers=BEARER | rebound)).status_code == 421
        for query in (
            "",
            "?metric=no",
            "?metric=tps&seconds=x",
            "?metric=tps&seconds=nan",
            "?metric=tps&until=nan",
        ):
            assert (await http.get(f"/v1/history{query}", headers=BEARER)).status_code == 400, query

        entered = await http.post("/login", json={"token": TOKEN})
        cookie = entered.headers["set-cookie"].lower()
        assert (entered.status_code, "httponly" in cookie, "samesite=strict" in cookie) == (204, True, True)
        assert TOKEN not in cookie
        assert (await http.get("/v1/sample")).status_code == 200
        for body, status in ((b"", 400), (b"[]", 400), (b'{"token":1}', 401), (b"x" * 5_000, 413)):
            assert (await http.post("/login", content=body)).status_code == status
        while (guess := await http.post("/login", json={"token": "a guess like others"})).status_code == 401:
            pass
        assert guess.status_code == 429


# Prometheus


@asynccontextmanager
async def prometheus(target: str, directory: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A real one that scrapes the target five times a second, with the token from a file."""
    binary = tool("prometheus")
    secret = directory / "token"
    secret.write_text(TOKEN)
    job = {
        "job_name": "breakwater",
        "scrape_interval": "200ms",
        "scrape_timeout": "200ms",
        "authorization": {"credentials_file": str(secret)},
        "static_configs": [{"targets": [target.removeprefix("http://")]}],
    }
    config = directory / "prometheus.yml"  # JSON is YAML
    config.write_text(json.dumps({"scrape_configs": [job]}))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = await asyncio.create_subprocess_exec(
        binary,
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=error",
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://{address}/api/v1", trust_env=False) as http:
            yield http
    finally:
        process.terminate()
        await process.wait()


async def eventually(ask: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool]) -> Any:
    deadline, found = time.monotonic() + PATIENCE_S, None
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError, ValueError, KeyError):
            found = await ask()
            if wanted(found):
                return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_real_prometheus_scrapes_every_metric_of_the_dashboard(
    ground: Ground, tmp_path: Path
) -> None:
    (keeper,) = ground.keepers
    async with watching(ground, None) as watched, prometheus(watched.url, tmp_path) as http:

        async def names() -> set[str]:
            return set((await http.get("/label/__name__/values")).json()["data"])

        async def query(text: str) -> list[tuple[dict[str, str], float]]:
            found = (await http.get("/query", params={"query": text})).json()["data"]["result"]
            return [(each["metric"], float(each["value"][1])) for each in found]

        # made of the same table; the shipped file is what `--print-grafana` prints
        asked = names_in(dashboard()["panels"])
        await eventually(names, lambda found: asked <= found)
        assert await eventually(lambda: query("breakwater_coverage"), lambda found: found[0][1] == 2.0)
        ((labels, silence),) = await query("breakwater_keeper_silence")
        assert labels["keeper"] == str(keeper.pubkey())
        assert 0 <= silence <= 1
        await ground.have_cash(ground.at_risk // 4)
        await eventually(
            lambda: query('breakwater_alert{severity="critical", rule="coverage_low"}'),
            lambda found: [value for _, value in found] == [1.0],
        )
        await ground.send(kx.heartbeat(keeper.pubkey()), key=keeper)
        await ground.have_cash(2 * ground.at_risk)
        await eventually(lambda: query('breakwater_alert{rule="coverage_low"}'), lambda found: found == [])


# History


async def test_history_has_one_writer(ground: Ground, tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite"
    async with watching(ground, file):
        with pytest.raises(InvalidInput, match="another monitor uses it"):
            History(file)
