"""JSON-RPC 2.0 to the letter: whatever arrives gets the answer the specification has for it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.errors import BlockhashExpired, InsufficientFunds, InvalidInput, ProgramError
from breakwater.pools.jsonrpc import Dispatcher, Method

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


class Two(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    a: int
    b: int = 2


async def subtract(p: Two) -> int:
    return p.a - p.b


def fails(error: Exception) -> Any:
    def call(_: Any) -> Any:
        raise error

    return call


METHODS = {
    "subtract": Method(Two, subtract, ""),
    "defect": Method(Two, fails(KeyError("secret")), ""),
    "invalid": Method(Two, fails(InvalidInput("Name it.")), ""),
    "fatal": Method(Two, fails(InsufficientFunds("Fund it.")), ""),
    "retryable": Method(Two, fails(BlockhashExpired("Again.")), ""),
    "program": Method(Two, fails(ProgramError("Paused", 6014, "paused")), ""),
}
DISPATCHER = Dispatcher(METHODS, batch=3)


async def asked(body: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = await DISPATCHER.answer(raw)
    return None if answer is None else json.loads(answer)


def request(method: str = "subtract", params: Any = None, ident: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": ident, "method": method} | ({} if params is None else {"params": params})


@pytest.mark.parametrize(("params", "result"), [([42, 23], 19), ([1], -1), ({"b": 3, "a": 7}, 4)])
async def test_parameters_come_by_position_or_by_name(params: Any, result: int) -> None:
    assert await asked(request(params=params)) == {"jsonrpc": "2.0", "id": 1, "result": result}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"NaN", -32700),
        (b"[" * 100_000, -32700),
        (b"[" * 64 + b"]" * 64, -32700),
        (1, -32600),
        ([], -32600),
        ([1] * 4, -32600),
        ({}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "subtract"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600),
        ({"jsonrpc": "2.0", "id": {}, "method": "subtract"}, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "subtract"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "subtract", "params": 7}, -32600),
        (request("no such"), -32601),
        (request("rpc.__class__"), -32601),
        (request(params=[1, 2, 3]), -32602),
        (request(params=["1"]), -32602),
        (request(params={"a": 1, "c": 1}), -32602),
        (request(params={}), -32602),
        (request("invalid", [1]), -32602),
        (request("defect", [1]), -32603),
        (request("fatal", [1]), -32000),
        (request("retryable", [1]), -32001),
        (request("program", [1]), -32002),
    ],
)
async def test_every_mistake_has_its_code(body: Any, code: int) -> None:
    answer = await asked(body)
    assert (answer["jsonrpc"], answer["error"]["code"]) == ("2.0", code)
    assert "result" not in answer


async def test_errors_say_how_to_react_and_keep_secrets() -> None:
    program = (await asked(request("program", [1])))["error"]
    assert program["data"] == {"reaction": "program", "name": "Paused", "code": 6014, "signature": None}
    assert (await asked(request("retryable", [1])))["error"]["data"]["reaction"] == "retryable"
    assert "secret" not in json.dumps(await asked(request("defect", [1])))


async def test_a_batch_is_answered_as_one_with_every_id() -> None:
    batch = [request(params=[5], ident="x"), 1, request("nothing", ident=None)]
    answers = await asked(batch)
    assert [each["id"] for each in answers] == ["x", None, None]
    assert [each.get("error", {}).get("code") for each in answers] == [None, -32600, -32601]


async def test_an_array_of_long_answers_is_answered_as_far_as_they_fit() -> None:
    long = {"long": Method(Two, lambda _: "x" * 400, "")}
    body = json.dumps([request("long", [1], number) for number in range(4)]).encode()
    raw = await Dispatcher(long, batch=4, most_bytes=1_000).answer(body)
    assert raw is not None
    answers = json.loads(raw)
    assert [each["id"] for each in answers] == [0, 1, 2, 3]
    assert [each.get("error", {}).get("code") for each in answers] == [None, None, -32000, -32000]
    assert len(raw) < 2_000


async def test_notifications_are_not_answered() -> None:
    silent = {"jsonrpc": "2.0", "method": "subtract", "params": [1]}
    assert await asked(silent) is None
    assert await asked([silent, {**silent, "method": "no such"}]) is None
    assert await asked([silent, request(params=[1])]) == [{"jsonrpc": "2.0", "id": 1, "result": -1}]


@settings(max_examples=150, deadline=None)
@given(
    JSON
    | st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(list(METHODS)), "id": JSON, "params": JSON}
    )
)
async def test_whatever_json_arrives_the_answer_is_one_of_the_specification(body: Any) -> None:
    answer = await asked(body)
    for each in answer if isinstance(answer, list) else [answer]:
        assert each is not None
        assert each["jsonrpc"] == "2.0"
        assert ("result" in each) != ("error" in each)
        code = each.get("error", {}).get("code", -32600)
        assert code in {-32600, -32601, -32602, -32603, -32000, -32001, -32002}
