"""Pictures of the monitor's page; scripts/screenshots runs it.

Usage: screenshots.py DIRECTORY
"""

from __future__ import annotations

import asyncio
import math
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from tests.integration.monitor_ground import FEED, UNIT, Ground, make_ground

from breakwater import monitor as service
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.model import PriceEvent
from breakwater.serving import Tokens

PAST_S, STEP_S = 900, 5
TOKEN = "-".join(("token", "of", "these", "pictures"))
QUIET = {"tps_low"}
"""An engine in this process carries nobody else's transactions."""

FEEDS = {FEED: 100_000_00, "ETH/USD": 3_421_00, "SOL/USD": 187_45}


class Life:
    """Trades, prices and heartbeats, seeded."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.chance = ground, random.Random(7)
        self.prices = dict(FEEDS)
        self.sequence = dict.fromkeys(FEEDS, 1)
        self.market = 0
        self.steps = 0

    async def set_up(self) -> None:
        ground, own = self.ground, self.ground.admin.pubkey()
        for name in list(FEEDS)[1:]:
            await ground.send(ix.create_feed(own, name, own, -2, 30))
        self.market = await ground.market(100_000 * UNIT)
        await ground.lend(self.market, 1, 20_000 * UNIT)
        await ground.lend(self.market, 0, 9_000 * UNIT)
        for _ in range(3):
            await ground.keeper()
        await ground.send(ix.renounce_admin(own))

    async def step(self, quiet: frozenset[str] = frozenset()) -> None:
        """What happens in five seconds."""
        ground, self.steps = self.ground, self.steps + 1
        for name in FEEDS:
            if name not in quiet and self.chance.random() < 0.7:
                await self.publish(name)
        for _ in range(self.chance.randint(0, 4)):
            await ground.buy(self.market, self.chance.randint(0, 1), self.chance.randint(5, 400) * UNIT)
        for key in ground.keepers if self.steps % 6 == 0 else ():
            await ground.send(kx.heartbeat(key.pubkey()), key=key)

    async def provide(self) -> None:
        """Liquidity comes and goes."""
        wave = 2.4 + 0.5 * math.sin(self.steps / 23) + self.chance.gauss(0, 0.04)
        await self.ground.have_cash(int(self.ground.at_risk * wave))
        await self.ground.send(ix.fold())

    async def publish(self, name: str) -> None:
        self.prices[name] = max(1, round(self.prices[name] * (1 + self.chance.gauss(0, 2e-4))))
        if name == FEED:
            await self.ground.publish(price=self.prices[name])
            return
        self.sequence[name] += 1
        price, own = self.prices[name], self.ground.admin.pubkey()
        now_ms = await self.ground.engine.now() * 1000
        event = PriceEvent(name, price, -2, max(1, price // 10_000), self.sequence[name], 0, now_ms)
        await self.ground.send(ix.publish(own, event))


async def past(life: Life, rules: service.Monitor, history: service.History) -> None:
    """A quarter of an hour, as fast as it goes, in the history with its own times."""
    began = life.ground.engine.clock.unix_timestamp
    for i in range(PAST_S // STEP_S):
        await life.step()
        if i % 4 == 0:
            await life.provide()
        life.ground.engine.advance_time(max(0.4, began + STEP_S * (i + 1) - await life.ground.engine.now()))
        await history.record(await rules.sample())


async def picture(browser: Browser, url: str, file: Path, *, scheme: str, phone: bool, worst: str) -> None:
    """One page, in a context of its own."""
    size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 860}
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # a TypedDict
        color_scheme=scheme,  # type: ignore[arg-type]  # a Literal
        device_scale_factor=2 if phone else 1,
    )
    page = await context.new_page()
    await page.goto(f"{url}/#token={TOKEN}")
    await page.wait_for_selector(f"#banner[data-worst={worst}]", timeout=60_000)
    await page.wait_for_selector("#charts .chart:nth-child(6) canvas", timeout=60_000)
    await page.wait_for_timeout(2_500)  # the figures and lines of a few looks
    await page.screenshot(path=file, full_page=not phone)
    await context.close()
    print(file)


async def take(directory: Path, work: Path) -> None:
    ground = await make_ground(start_time=int(time.time()) - PAST_S)
    life, engine = Life(ground), ground.engine
    await life.set_up()
    book = service.read_rules()
    book = book.model_copy(update={"rules": tuple(e for e in book.rules if e.name not in QUIET), "sinks": ()})
    began = engine.clock.unix_timestamp

    def clock() -> float:
        """The chain's time while it is past, the real one afterwards."""
        now = engine.clock.unix_timestamp
        return float(now) if now < began + PAST_S else time.time()

    monitor = service.Monitor(engine, book, looker=service.Looker(engine, clock=clock))
    history = service.History(work / "history.sqlite")
    await past(life, monitor, history)
    await history.close()

    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    page = service.PageConfig(Tokens([TOKEN]))
    config = service.WatchConfig(1.0, work / "history.sqlite", page)
    running = asyncio.create_task(
        service.watch(monitor, config, on_listening=listening.set_result, stop=stop)
    )
    late: set[str] = set()

    async def go_on() -> None:
        while True:
            await life.step(frozenset(late))
            await asyncio.sleep(1)

    ticking, living = asyncio.create_task(engine.run_clock()), asyncio.create_task(go_on())
    async with async_playwright() as driver:
        chromium = shutil.which("chromium")
        browser = await driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        url = await listening
        await picture(
            browser, url, directory / "monitor-light.png", scheme="light", phone=False, worst="none"
        )
        await ground.have_cash(ground.at_risk * 43 // 100)
        for phone, name in ((False, "dark"), (True, "phone")):
            file = directory / f"monitor-{name}.png"
            await picture(browser, url, file, scheme="dark", phone=phone, worst="critical")
        await browser.close()
    for task in (ticking, living):
        task.cancel()
    stop.set()
    await asyncio.gather(ticking, living, return_exceptions=True)
    await running


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(take(Path(sys.argv[1]), Path(scratch)))
