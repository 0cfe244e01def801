"""What counts as agreed among endpoints that answer in any order, at different moments, or only in part."""

from __future__ import annotations

from typing import Any

import pytest

from breakwater.pools.ballot import Call, accepted, agreed, answers_of, calls_of, is_complete, merged

ACCOUNTS = Call(1, "getMultipleAccounts", [["a"]])
POLL = Call(1, "getSignatureStatuses", [["s"], {"searchTransactionHistory": False}])
SEARCH = Call(1, "getSignatureStatuses", [["s"], {"searchTransactionHistory": True}])


def heard(**results: Any) -> dict[Any, Any]:
    """Answers by id, of one endpoint."""
    return {
        int(name[1:]): {"jsonrpc": "2.0", "id": int(name[1:]), "result": each}
        for name, each in results.items()
    }


def status(level: str, slot: int = 9, err: Any = None) -> dict[str, Any]:
    return {"slot": slot, "err": err, "confirmations": 1, "confirmationStatus": level}


def statuses(*each: Any) -> dict[Any, Any]:
    return heard(n1={"context": {"slot": 1}, "value": list(each)})


def value(found: Any) -> Any:
    return None if found is None else found[0]["result"]["value"]


def test_answers_are_matched_by_their_ids_whatever_their_order() -> None:
    calls = calls_of(b'[{"id": 1, "method": "getAccountInfo"}, {"id": 2, "method": "getAccountInfo"}]')
    first = answers_of(b'[{"id": 1, "result": "x"}, {"id": 2, "result": "y"}]')
    second = answers_of(b'[{"id": 2, "result": "y"}, {"id": 1, "result": "x"}]')
    assert [each["result"] for each in agreed(calls, [first, second], 2) or ()] == ["x", "y"]


@pytest.mark.parametrize(
    "content", [b"<html>", b"[1]", b"null", b'{"id": 1}', b'[{"id": 1, "result": 2}, 3]']
)
def test_what_is_no_json_rpc_is_no_answer(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        answers_of(content)


def test_accounts_count_when_a_quorum_says_the_same_at_whatever_slot() -> None:
    said = [
        heard(n1={"context": {"slot": slot}, "value": each}) for slot, each in ((5, "x"), (6, "y"), (7, "x"))
    ]
    assert value(agreed([ACCOUNTS], said, 2)) == "x"
    assert agreed([ACCOUNTS], said[:2], 2) is None


@pytest.mark.parametrize(
    ("call", "seen", "expected"),
    [
        (POLL, ["processed", "finalized"], "processed"),
        (POLL, ["finalized", "confirmed", "processed"], "confirmed"),
        (POLL, [None, "confirmed"], None),
        (POLL, [None, "confirmed", "finalized"], "confirmed"),
        (SEARCH, [None, None, "confirmed"], None),
    ],
)
def test_a_transaction_is_as_far_as_a_quorum_has_seen_it(call: Call, seen: list[Any], expected: Any) -> None:
    said = [statuses(None if each is None else status(each)) for each in seen]
    (found,) = value(agreed([call], said, 2))
    assert (found and found["confirmationStatus"]) == expected


def test_who_searches_the_history_hears_unknown_only_from_a_quorum() -> None:
    assert agreed([SEARCH], [statuses(None), statuses(status("confirmed"))], 2) is None


def test_outcomes_that_differ_are_no_agreement() -> None:
    said = [
        statuses(status("confirmed")),
        statuses(status("confirmed", err={"InstructionError": [0, "Custom"]})),
    ]
    assert agreed([SEARCH], said, 2) is None
    assert value(agreed([POLL], said, 2)) == [None]


def test_an_answer_is_complete_when_no_signature_in_it_is_unknown() -> None:
    assert not is_complete(None)
    assert not is_complete(agreed([POLL], [statuses(None)], 1))
    assert is_complete(agreed([POLL], [statuses(status("confirmed"))], 1))
    assert is_complete(agreed([ACCOUNTS], [heard(n1={"value": [None]})], 1))


def test_what_different_endpoints_took_is_taken() -> None:
    calls = [Call(number, "sendTransaction", []) for number in (1, 2)]
    refused = {"id": 2, "error": {"code": 429, "message": "slow down"}}
    first, second = {**heard(n1="a"), 2: refused}, {**heard(n2="b"), 1: {**refused, "id": 1}}
    assert not accepted(calls, first)
    assert [each["result"] for each in merged(calls, [first, second])] == ["a", "b"]
    assert merged(calls, [{**first}])[1] == refused


@pytest.mark.parametrize(("quorum", "as_of"), [(1, 30), (2, 20), (3, 10)])
def test_what_is_unknown_is_unknown_as_of_a_slot_that_a_quorum_has_reached(quorum: int, as_of: int) -> None:
    """Who gives a transaction up compares it with the slot of the height that he was told."""
    said = [heard(n1={"context": {"slot": slot}, "value": [None]}) for slot in (20, 10, 30)]
    found = agreed([SEARCH], said, quorum)
    assert found is not None
    assert found[0]["result"] == {"context": {"slot": as_of}, "value": [None], "unknown": True}
