"""The pools' dashboard in chromium: what it shows is what the service says, and its buttons work."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect
from tests.integration.pools_ground import EVERY, Ground

from breakwater.pools import ServerConfig, serving
from breakwater.serving import Tokens

TOKEN = "of-our-own-choice-" * 2
PATIENCE_MS = 60_000


async def enter(page: Page, url: str, token: str) -> None:
    await page.goto(url)
    await page.fill("#token", token)
    await page.click("#login button")


async def test_the_page_shows_threads_pools_and_volumes_and_starts_and_stops_them(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    assert chromium, "run scripts/setup --browser: chromium was not found"
    on = Ground(tmp_path)
    expect.set_options(timeout=PATIENCE_MS)
    async with serving(on.service, ServerConfig(Tokens([TOKEN]))) as url, async_playwright() as driver:
        pool = await on.pool()
        threads = [await on.service.create_thread(kind, pool.address, side) for kind, side in EVERY]
        browser = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: wrong.append(said.text) if said.type == "error" and "401" not in said.text else None,
        )

        await enter(page, url, "not the token")
        await expect(page.locator("#refused")).to_be_visible()
        await enter(page, url, TOKEN)
        await expect(page.locator("#threads tr")).to_have_count(len(EVERY))
        row = page.locator(f"tr[data-thread={threads[0].id}]")
        await expect(row.locator("td").nth(1)).to_have_text("stopped")

        await row.locator("button[data-method='threads.start']").click()
        await expect(row.locator("td").nth(1)).to_have_text("running")
        assert threads[0].state == "running"
        await row.locator("button[data-method='threads.pause']").click()
        await expect(row.locator("td").nth(1)).to_have_text("paused")

        await page.click("#start-all")
        await expect(page.locator("#threads td.good")).to_have_count(len(EVERY))
        await on.until(10)
        await expect(page.locator("#operations")).not_to_have_text("0")
        await expect(page.locator("#tps-line polyline")).to_have_attribute("points", re.compile(r"\d"))
        reserve = page.locator("#pools tr td").nth(2)
        await expect(reserve).not_to_have_text("0")

        await page.click("#stop-all")
        await expect(page.locator("#threads td.good")).to_have_count(0)
        assert {each.state for each in threads} == {"stopped"}
        on.service.books.note_alert(threads[0].id, "<b>look</b>")
        await expect(page.locator("#alert-list li")).to_contain_text("<b>look</b>")
        assert wrong == []
        await browser.close()
    on.service.store.close()
