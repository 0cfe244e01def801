"""One shipped rule of the monitor, alone over a chain."""

from __future__ import annotations

from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.monitor import Check, Looker, Monitor, Sample, built_in, read_rules

NOW = 1_800_000_000.0
RULES = {each.name: each for each in read_rules().rules}


class Watch:
    """One rule, alone, over the ground; `time_s` is the monitor's clock and moves when told."""

    def __init__(self, engine: EmbeddedEngine | RpcEngine, rule: str, *more: Check) -> None:
        self.rule, self.time_s = RULES[rule], NOW
        looker = Looker(engine, timeout_s=2.0, clock=lambda: self.time_s)
        book = read_rules().model_copy(update={"rules": (self.rule,)})
        self.monitor = Monitor(engine, book, checks=[*built_in(), *more], looker=looker)

    async def fires(self) -> bool:
        """Whether the alert holds after another look."""
        return bool((await self.monitor.sample()).alerts)

    async def look(self) -> Sample:
        return await self.monitor.sample()
