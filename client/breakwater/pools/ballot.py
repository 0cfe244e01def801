"""What several endpoints said, made one answer; pure.

An answer counts when a quorum says the same, call by call, in whatever order an array comes back. The status
of a transaction is how far a quorum of endpoints has seen it: one that is a moment ahead is no dispute.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Answers = Mapping[Any, Mapping[str, Any]]

__all__ = [
    "HEIGHT",
    "STATUSES",
    "Call",
    "accepted",
    "agreed",
    "answers_of",
    "calls_of",
    "height_of",
    "is_behind",
    "is_complete",
    "merged",
]

LEVELS: Final = ("processed", "confirmed", "finalized")
STATUSES: Final = "getSignatureStatuses"
HEIGHT: Final = "getBlockHeight"
BEHIND: Final = frozenset({-32005, -32016, -32429, 429})
"""Codes with which a node says that it lags or wants a pause: somebody else may know."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a request."""

    ident: Any
    method: str
    params: Sequence[Any]

    @property
    def is_final(self) -> bool:
        """Whether the whole history is asked for: then "unknown" decides something."""
        config = self.params[1] if len(self.params) > 1 else None
        searched = isinstance(config, dict) and bool(config.get("searchTransactionHistory"))
        return self.method == STATUSES and searched


def calls_of(body: bytes) -> list[Call]:
    """The calls of a request or an array."""
    given = json.loads(body or b"{}")
    return [
        Call(each.get("id"), str(each.get("method")), each.get("params") or ())
        for each in (given if isinstance(given, list) else [given])
    ]


def answers_of(content: bytes) -> Answers:
    """Answers by id.

    Raises:
        ValueError: it is no JSON-RPC.
    """
    given = json.loads(content)
    every = given if isinstance(given, list) else [given]
    if not all(isinstance(each, dict) and ("result" in each or "error" in each) for each in every):
        raise ValueError("no JSON-RPC answer")
    return {each.get("id"): each for each in every}


def is_behind(answers: Answers) -> bool:
    """Whether an endpoint says of itself that it lags, or has no time."""
    return any(_code(each) in BEHIND for each in answers.values())


def _code(answer: Mapping[str, Any]) -> Any:
    error = answer.get("error")
    return error.get("code") if isinstance(error, dict) else None


def accepted(calls: Sequence[Call], answers: Answers) -> bool:
    """Whether every call has a result."""
    return all("result" in answers.get(each.ident, {}) for each in calls)


def merged(calls: Sequence[Call], heard: Sequence[Answers]) -> list[Mapping[str, Any]]:
    """Of every call a result where anybody has one, else what the first said."""
    made = []
    for call in calls:
        said = [each[call.ident] for each in heard if call.ident in each]
        made += [next((each for each in said if "result" in each), each) for each in said[:1]]
    return made


def agreed(calls: Sequence[Call], heard: Sequence[Answers], quorum: int) -> list[Mapping[str, Any]] | None:
    """What a quorum says to every call; None while it says nothing."""
    made = []
    for call in calls:
        said = [each[call.ident] for each in heard if call.ident in each]
        answer = _statuses(call, said, quorum) if call.method == STATUSES else None
        answer = answer or _same(said, quorum)
        if answer is None:
            return None
        made.append(answer)
    return made


def is_complete(answers: Sequence[Mapping[str, Any]] | None) -> bool:
    """Whether nobody else can add anything: agreed, and no signature among them that is unknown."""
    if answers is None:
        return False
    results = [each.get("result") for each in answers]
    return all(not isinstance(each, dict) or "unknown" not in each for each in results)


def height_of(call: Call, answers: Answers) -> int:
    """How far an endpoint is, told by its height or its newest blockhash; -1: it is not told."""
    result = answers.get(call.ident, {}).get("result")
    if call.method != HEIGHT:
        value = result.get("value") if isinstance(result, dict) else None
        result = value.get("lastValidBlockHeight") if isinstance(value, dict) else None
    return result if isinstance(result, int) and not isinstance(result, bool) else -1


def _same(said: Sequence[Mapping[str, Any]], quorum: int) -> Mapping[str, Any] | None:
    meanings = [_meaning(each) for each in said]
    for meaning, votes in Counter(meanings).most_common(1):
        if votes >= quorum:
            return said[meanings.index(meaning)]
    return None


def _meaning(answer: Mapping[str, Any]) -> str:
    """What it says, without where and how exactly that was found."""
    if "result" not in answer:
        return json.dumps(["error", _code(answer)])
    result = answer["result"]
    return json.dumps(result.get("value", result) if isinstance(result, dict) else result, sort_keys=True)


def _statuses(call: Call, said: Sequence[Mapping[str, Any]], quorum: int) -> Mapping[str, Any] | None:
    asked = len(call.params[0]) if call.params and isinstance(call.params[0], list) else -1
    heard = [each["result"] for each in said if _is_row(each.get("result"), asked)]
    if len(heard) < quorum:
        return None
    rows, slots = [each["value"] for each in heard], [_slot(each) for each in heard]
    value: list[Any] = []
    as_of = max(slots)
    for column in zip(*rows, strict=True):
        known = [each for each in column if each is not None]
        best = _furthest(known, quorum)
        # between "landed" and "unknown" a poll may say "not yet"; who gives a transaction up may not
        if best is None and call.is_final and len(column) - len(known) < quorum:
            return None
        value.append(best)
        if best is None:
            # what is unknown is unknown as of a slot that a quorum of those who say so has reached
            told = [slot for slot, each in zip(slots, column, strict=True) if each is None]
            as_of = min(as_of, sorted(told, reverse=True)[quorum - 1] if len(told) >= quorum else 0)
    unknown = {"unknown": True} if None in value else {}
    result = {"context": {"slot": as_of}, "value": value, **unknown}
    return {"jsonrpc": "2.0", "id": call.ident, "result": result}


def _slot(result: Mapping[str, Any]) -> int:
    context = result.get("context")
    slot = context.get("slot") if isinstance(context, dict) else None
    return slot if isinstance(slot, int) and not isinstance(slot, bool) else 0


def _is_row(result: Any, asked: int) -> bool:
    value = result.get("value") if isinstance(result, dict) else None
    return (
        isinstance(value, list)
        and len(value) == asked
        and all(each is None or (isinstance(each, dict) and "slot" in each) for each in value)
    )


def _furthest(known: Sequence[Mapping[str, Any]], quorum: int) -> dict[str, Any] | None:
    """How far a quorum has seen it, at one slot and with one outcome."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for each in known:
        groups.setdefault(json.dumps([each["slot"], each.get("err")], sort_keys=True), []).append(each)
    largest = max(groups.values(), key=len, default=[])
    if len(largest) < quorum:
        return None
    levels = sorted((_level(each) for each in largest), reverse=True)
    return {**largest[0], "confirmationStatus": LEVELS[levels[quorum - 1]]}


def _level(status: Mapping[str, Any]) -> int:
    name = status.get("confirmationStatus")
    return LEVELS.index(name) if name in LEVELS else 0
