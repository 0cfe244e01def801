"""Reads an exchange off any engine: one look is a `View`, whatever the node does."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from solders.errors import SerdeJSONError

from breakwater.chain import accounts, keeper_accounts, kinds, queries
from breakwater.chain import addresses as at
from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.errors import BreakwaterError, Fatal, NodeBehind, RateLimited, Unreachable

from .programs import Programs
from .view import Mark, Node, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from solders.pubkey import Pubkey

__all__ = ["Looker"]

WINDOW_MS: Final = 10_000
"""Rates are over the last so many milliseconds."""

SLOT_MS: Final = 400
SCANNED: Final = ("Market", "Feed", "Keeper")
NONSENSE: Final = (ValueError, KeyError, TypeError, AttributeError, SerdeJSONError)


class Looker:
    """Looks at one exchange again and again.

    Args:
        engine: where it is.
        scan_s: seconds between two searches for markets, feeds and keepers; the vault is read at every look.
        timeout_s: a node that needs longer is down.
        clock: Unix seconds.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        *,
        scan_s: float = 0.0,
        timeout_s: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.engine = engine
        self._scan_s, self._timeout_s, self._clock = scan_s, timeout_s, clock
        self._programs = Programs(engine)
        self._past: deque[Mark] = deque()
        self._found: Mapping[str, dict[Pubkey, Any]] = {}
        self._scanned_s = float("-inf")
        self._moved: tuple[int, float] | None = None

    async def look(self) -> View:
        """Look once; a node that is down, or answers nonsense, is part of the answer."""
        time_s = self._clock()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._view(time_s)
        except TimeoutError:
            why = f"no answer within {self._timeout_s:g} s"
        except BreakwaterError as error:
            why = str(error)
        except NONSENSE as error:
            why = f"it answers nonsense: {type(error).__name__}"
        view = View(
            self.engine.name, time_s, self._rate_clock(time_s, None), Node(False, False, None, error=why)
        )
        return replace(view, still_s=None if self._moved is None else time_s - self._moved[1])

    async def _view(self, time_s: float) -> View:
        node, slot = await self._node()
        if self._moved is None or slot != self._moved[0]:
            self._moved = (slot, time_s)
        clock_ms = self._rate_clock(time_s, slot)
        self._mark(Mark(clock_ms, slot, node.transactions))
        fixed = [at.config(), at.vault(), at.registry(), at.token_vault()]
        shards = [at.shard(index) for index in range(at.SHARDS)]
        config, vault, registry, tokens, *ledgers = await queries.read(self.engine, [*fixed, *shards])
        now_s = await self.engine.now()
        if time_s - self._scanned_s >= self._scan_s:
            self._found = {each: await self._scan(each) for each in SCANNED}
            self._scanned_s = time_s
        return View(
            self.engine.name,
            time_s,
            clock_ms,
            node,
            slot,
            now_s,
            time_s - self._moved[1],
            None if config is None else accounts.config(config),
            None if vault is None else accounts.vault(vault),
            tuple(accounts.shard(each) for each in ledgers if each is not None),
            None if tokens is None else accounts.token_amount(tokens),
            markets=self._found["Market"],
            feeds=self._found["Feed"],
            keepers=self._found["Keeper"],
            registry=None if registry is None else keeper_accounts.registry(registry),
            programs=await self._programs.read(),
            past=tuple(self._past),
        )

    async def _node(self) -> tuple[Node, int]:
        """Health, slot and count of transactions, in one request."""
        began = time.perf_counter()
        if isinstance(self.engine, EmbeddedEngine):
            info = (await self.engine.client.get_epoch_info()).value
            slot, count, healthy = info.absolute_slot, info.transaction_count, True
        else:
            level = {"commitment": self.engine.commitment}
            calls: list[tuple[str, list[Any]]] = [("getHealth", []), ("getEpochInfo", [level])]
            health, answer = await self.engine.rpc.once(calls)
            healthy = health == "ok"
            for each in (health, answer):
                if isinstance(each, RateLimited | Fatal | Unreachable):
                    raise each
            if isinstance(answer, NodeBehind):
                raise answer
            slot, count = int(answer["absoluteSlot"]), answer.get("transactionCount")
        latency = (time.perf_counter() - began) * 1000
        return Node(True, healthy, round(latency, 3), None if count is None else int(count)), slot

    async def _scan(self, name: str) -> dict[Pubkey, Any]:
        program = at.ORACLE if name == "Feed" else at.EXCHANGE
        found = await queries.owned(self.engine, program, kinds.filter_of(name))
        decoded = {address: kinds.KINDS[name](data) for address, data in found}
        return dict(sorted(decoded.items(), key=lambda each: str(each[0])))

    def _rate_clock(self, time_s: float, slot: int | None) -> int:
        """The chain's own time where it is in this process, because it passes there as somebody wants."""
        if isinstance(self.engine, EmbeddedEngine):
            return (self.engine.clock.slot if slot is None else slot) * SLOT_MS
        return round(time_s * 1000)

    def _mark(self, mark: Mark) -> None:
        if self._past and _set_back(self._past[-1], mark):
            self._past.clear()
        self._past.append(mark)
        while len(self._past) > 2 and mark.clock_ms - self._past[1].clock_ms >= WINDOW_MS:
            self._past.popleft()


def _set_back(before: Mark, after: Mark) -> bool:
    """Whether this is another node, or a chain that was set back: rates begin anew."""
    if before.transactions is None or after.transactions is None:
        return before.transactions is not after.transactions or after.slot < before.slot
    return after.slot < before.slot or after.transactions < before.transactions
