"""Every method, with parameters made from the document that the service serves: right ones, wrong ones, none.

What the document allows is never refused for its form; what it does not allow always is; nothing is a defect,
and when all of it is over every unit is there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair
from tests.integration.pools_ground import EVERY, Ground

from breakwater.pools import ServerConfig, application
from breakwater.pools.records import Rates
from breakwater.serving import Tokens

TOKEN = "of-our-own-choice-" * 2
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
INVALID_PARAMS = -32602
CODES = {INVALID_PARAMS, -32000, -32001, -32002}
FORM = "Change the parameters"
METHODS = (
    *("mint_and_send", "pools.clean_up", "pools.create", "pools.get", "pools.import", "pools.list"),
    *("rpc.discover", "service.alerts", "service.reconcile", "service.statistics"),
    *("threads.create", "threads.delete", "threads.empty", "threads.get", "threads.list", "threads.pause"),
    *("threads.set_rates", "threads.start", "threads.stop"),
)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=70),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=4,
)


class Served:
    """A service in this process, behind its gate, and its own description."""

    def __init__(self, on: Ground, runner: asyncio.Runner) -> None:
        self.on, self.runner = on, runner
        transport = httpx.ASGITransport(application(on.service, ServerConfig(Tokens([TOKEN]))))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS)
        self.document = runner.run(self.client.get("/openrpc.json")).json()
        self.methods = {each["name"]: each for each in self.document["methods"]}
        self.asked: dict[str, set[int]] = {name: set() for name in self.methods}
        runner.run(self.begin())

    async def begin(self) -> None:
        """Something to talk about: a pool with threads, of which half run."""
        pool = await self.on.pool()
        for number, (kind, side) in enumerate(EVERY):
            record = await self.on.service.create_thread(kind, pool.address, side, rates=Rates(1, 5))
            if number % 2:
                self.on.service.start_thread(record.id)

    def call(self, method: str, params: Any) -> Any:
        """The answer, which is always one."""
        body = {"jsonrpc": "2.0", "id": "x", "method": method, "params": params}
        response = self.runner.run(self.client.post("/rpc", content=json.dumps(body)))
        assert response.status_code == 200
        answer = response.json()
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", "x")
        assert ("result" in answer) != ("error" in answer)
        code = answer.get("error", {}).get("code", 0)
        assert code == 0 or (code in CODES and answer["error"]["message"].endswith(".")), answer
        self.asked[method].add(code)
        return answer

    def known(self, name: str) -> list[str]:
        """Values that mean something to the service."""
        service = self.on.service
        return {
            "pool": list(service.pools),
            "thread": list(service.threads),
            "to": [str(each.address) for each in service.books.wallets.values()],
        }.get(name, [])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with asyncio.Runner() as runner:
        on = Ground(tmp_path_factory.mktemp("fuzzed"))
        made = Served(on, runner)
        yield made
        runner.run(on.service.stop())
        on.service.store.close()


def allowed(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of the document allows."""
    if "anyOf" in schema:
        return st.one_of(*map(allowed, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "integer":
            least, most = schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1)
            return st.sampled_from([least, most]) | st.integers(least, min(most, max(least, 10**4)))
        case "string":
            text = st.characters(exclude_categories=["Cs"])
            return st.text(text, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 80))
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    raise AssertionError(f"the document has something new: {schema}")


def allows(schema: dict[str, Any], value: Any) -> bool:
    """Whether a schema of the document allows a value."""
    if "anyOf" in schema:
        return any(allows(each, value) for each in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return whole and schema.get("minimum", value) <= value <= schema.get("maximum", value)
        case "string":
            return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema.get(
                "maxLength", len(value)
            )
        case "boolean":
            return isinstance(value, bool)
    return value is None


def right(data: st.DataObject, served: Served, method: dict[str, Any]) -> dict[str, Any]:
    """Parameters that the document allows, as often as not about something that exists."""
    params = {}
    for each in method["params"]:
        if not each["required"] and data.draw(st.booleans(), label=f"leave out {each['name']}"):
            continue
        value, which = data.draw(allowed(each["schema"])), data.draw(st.integers(0, 15))
        known = served.known(each["name"])
        params[each["name"]] = known[which % len(known)] if known and which < 12 else value
    return params


def good(served: Served, method: dict[str, Any]) -> dict[str, Any]:
    """Parameters with which it is done."""
    service = served.on.service
    place = {"pool": next(iter(service.pools)), "kind": "deposit", "side": 1}
    started = served.call("threads.create", {**place, "start": True})["result"]["id"]
    values = {**place, "thread": started, "amount": 5, "to": str(Keypair().pubkey())}
    return {each["name"]: values[each["name"]] for each in method["params"] if each["required"]}


def test_the_document_names_all_methods(served: Served) -> None:
    assert sorted(served.methods) == sorted(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_what_the_document_allows_is_answered_and_what_it_does_not_is_refused(
    served: Served, name: str
) -> None:
    method = served.methods[name]
    assert "result" in served.call(name, good(served, method)), "it is really done"

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        params = right(data, served, method)
        answer = served.call(name, params)
        assert not answer.get("error", {}).get("message", "").startswith(FORM), (params, answer)

        wrong = dict(params)
        if method["params"] and data.draw(st.booleans(), label="a value"):
            which = data.draw(st.sampled_from(method["params"]))
            schema = which["schema"]
            wrong[which["name"]] = data.draw(ANYTHING.filter(lambda value: not allows(schema, value)))
        else:
            wrong[data.draw(st.sampled_from(["other", "", "Pool", "secret"]))] = data.draw(ANYTHING)
        refused = served.call(name, wrong)
        assert refused["error"]["code"] == INVALID_PARAMS, (wrong, refused)
        assert refused["error"]["message"].startswith(FORM)

        required = [each["name"] for each in method["params"] if each["required"]]
        if required:
            absent = data.draw(st.sampled_from(required))
            left_out = {key: value for key, value in params.items() if key != absent}
            assert served.call(name, left_out)["error"]["code"] == INVALID_PARAMS
        served.call(name, data.draw(st.lists(ANYTHING, max_size=4)))

    fuzz()


def test_after_all_of_it_every_unit_is_there(served: Served) -> None:
    service = served.on.service
    served.runner.run(service.mint_and_send(next(iter(service.pools)), 0, str(Keypair().pubkey()), 5))
    for name in list(service.threads):
        served.runner.run(service.stop_thread(name))
    found = served.runner.run(service.reconcile())
    assert (found.lost_units, found.differences) == (0, [])
    assert all(served.asked.values()), "every method was asked"
