"""A node that lags: what it says was true some slots ago.

It knows a chain only by asking another node, so it remembers what that one answered. A status, a slot and a
blockhash are shown as late as they should be, exactly. An account is shown as it was when it was last read
through the proxy at least so many slots ago, and not much longer ago; else as it was read first since.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEADS", "Replica", "question"]

REMEMBERED: Final = 256
"""Answers kept of every question, and questions of every kind."""

OLDEST: Final = 32
"""Slots beyond its lag after which a replica has surely seen more than what was read."""

ACCOUNT_READS: Final = frozenset(
    {"getAccountInfo", "getBalance", "getMultipleAccounts", "getProgramAccounts", "getTokenAccountBalance"}
)
HEADS: Final = frozenset({"getSlot", "getBlockHeight", "getLatestBlockhash", "getEpochInfo"})


class Replica:
    """What is remembered, and how it is answered `lag` slots late.

    Args:
        lag: slots.
        seen: what was answered, by question: shared by the replicas of one endpoint.
    """

    def __init__(self, lag: int, seen: dict[str, deque[tuple[int, Any]]]) -> None:
        self.lag, self._seen = lag, seen

    @staticmethod
    def memory() -> dict[str, deque[tuple[int, Any]]]:
        """An empty one."""
        return defaultdict(lambda: deque(maxlen=REMEMBERED))

    def answer(self, call: Mapping[str, Any], result: Any, slot: int) -> Any:
        """The result that this replica gives, `slot` being the newest and `result` the truth."""
        method = str(call.get("method"))
        then = slot - self.lag
        if method == "getSignatureStatuses":
            return self._statuses(result, then)
        if method == "getTransaction":
            return None if result is not None and result.get("slot", 0) > then else result
        if method in ACCOUNT_READS or method in HEADS:
            return self._late(call, result, slot)
        return result

    def remember(self, call: Mapping[str, Any], result: Any, slot: int) -> None:
        """Keep an answer for later."""
        if call.get("method") in ACCOUNT_READS | HEADS:
            asked = question(call)
            if len(self._seen) >= REMEMBERED and asked not in self._seen:
                self._seen.pop(next(iter(self._seen)))
            self._seen[asked].append((slot, result))

    def _late(self, call: Mapping[str, Any], result: Any, slot: int) -> Any:
        then = slot - self.lag
        known = [each for each in self._seen.get(question(call)) or () if each[0] >= then - OLDEST]
        old = next((value for when, value in reversed(known) if when <= then), None)
        if old is not None:
            return old
        return known[0][1] if known else result

    def _statuses(self, result: dict[str, Any], then: int) -> dict[str, Any]:
        shown = [each if each is not None and each["slot"] <= then else None for each in result["value"]]
        return {"context": {**result["context"], "slot": then}, "value": shown}


def question(call: Mapping[str, Any]) -> str:
    """What makes two calls the same."""
    return json.dumps([call.get("method"), call.get("params")], sort_keys=True)
