"""Statistics: spreads, rows by instruction, locks by account, the tree of the flame picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput
from breakwater.profile import Call, Profile, Spread, names, percentile, registry
from breakwater.profile.figures import accounts_of, rows_of, tree_of
from breakwater.profile.probe import Lock, Measured, Sample
from breakwater.profile.scene import find

Make = Callable[..., Sample]


def measured(name: str, cu: int | None, inner: Sequence[int] = ()) -> Measured:
    calls = [Call(str(at.TOKEN_PROGRAM), 2, each, says="TransferChecked") for each in inner]
    return Measured(name, Call(str(at.EXCHANGE), 1, cu, calls=calls), 3, 2, 1, ("Traded",))


def sample(*instructions: Measured, ms: float = 1.0, group: str = "", locks: Sequence[Lock] = ()) -> Sample:
    return Sample(group, instructions, False, ms / 1e3, None, 300, 0, 32_768, tuple(locks))


@pytest.mark.parametrize(
    ("part", "expected"), [(0.01, 1), (0.5, 50), (0.501, 51), (0.99, 99), (0.991, 100), (1, 100)]
)
def test_a_percentile_is_the_value_of_the_nearest_rank(part: float, expected: int) -> None:
    assert percentile(range(1, 101), part) == expected


def test_percentiles_of_one_value_are_that_value() -> None:
    assert [percentile([7], part) for part in (0.001, 0.5, 0.99, 1)] == [7, 7, 7, 7]


@given(st.lists(st.integers(0, 10**6), min_size=1), st.floats(0.01, 1))
def test_at_least_that_part_of_the_values_is_no_larger(values: list[int], part: float) -> None:
    found = percentile(sorted(values), part)
    assert sum(each <= found for each in values) >= part * len(values)
    assert sum(each < found for each in values) < part * len(values)


def test_a_spread_of_nothing_is_none() -> None:
    assert Spread.of([]) is None
    assert Spread.of([3, 1, 2]) == Spread(1, 2, 2, 3, 3, 6)


def test_units_count_by_call_and_latency_by_transaction() -> None:
    (row,) = rows_of(
        [sample(*[measured("oracle.publish", 84)] * 10, ms=3), sample(measured("oracle.publish", 97))]
    )
    assert (row.calls, row.transactions) == (11, 2)
    assert row.cu is not None
    assert (row.cu.total, row.cu.most) == (937, 97)
    assert (row.latency.total, row.latency.most) == (4, 3)
    assert row.events == {"Traded": 11}


def test_calls_inside_have_rows_of_their_own_and_leave_the_rest_to_the_caller() -> None:
    (row,) = rows_of([sample(measured("exchange.deposit", 8_232, [6_174]))])
    (inner,) = row.inner
    assert row.own is not None
    assert inner.cu is not None
    assert (row.own.total, inner.name, inner.cu.total) == (2_058, "token.TransferChecked", 6_174)


def test_a_call_cut_off_counts_for_latency_only() -> None:
    (row,) = rows_of([sample(measured("exchange.buy", None)), sample(measured("exchange.buy", 1_600))])
    assert row.cu is not None
    assert (row.calls, row.transactions, row.cu.total, row.cu.mean) == (2, 2, 1_600, 1_600)


def test_groups_are_kept_apart_and_the_dearest_comes_first() -> None:
    samples = [
        sample(measured("exchange.buy", cu), group=group) for cu, group in ((10, "a"), (30, "b"), (15, "a"))
    ]
    assert [(row.title, row.calls) for row in rows_of(samples)] == [
        ("exchange.buy (b)", 1),
        ("exchange.buy (a)", 2),
    ]


def test_the_tree_adds_up_on_every_level() -> None:
    samples = [
        sample(measured("exchange.deposit", 8_232, [6_174]), measured("exchange.fold", 1_500), group="a"),
        sample(measured("exchange.deposit", 8_000, [6_000]), group="b"),
        sample(measured("exchange.deposit", None), group="b"),
    ]
    tree = tree_of("funds", samples)
    assert (tree["name"], tree["cu"], tree["n"]) == ("funds", 17_732, 3)
    a, b = tree["children"]
    assert (a["cu"], b["cu"], b["n"]) == (9_732, 8_000, 1)
    deposit, fold = a["children"]
    assert (deposit["cu"], deposit["own"], deposit["children"][0]["cu"]) == (8_232, 2_058, 6_174)
    assert (fold["cu"], fold["children"]) == (1_500, [])


def test_the_account_most_written_is_a_shared_one_if_there_is_one() -> None:
    trader, shard = Lock("T", "trader", shared=False), Lock("S", "shard 0", shared=True)
    buy = measured("exchange.buy", 1_600)
    samples = (
        sample(buy, locks=[trader, shard]),
        sample(buy, locks=[trader]),
        sample(buy, locks=[trader, shard]),
    )
    assert [(each.name, each.writes) for each in accounts_of(samples)] == [("trader", 3), ("shard 0", 2)]
    result = Profile("trade", "", "embedded", 1, 1, samples)
    assert result.bottlenecks() == {
        "compute": "exchange.buy takes most compute: 4,800 of 4,800 CU (100%) in 3 calls.",
        "latency": "exchange.buy has the longest p99: 1.00 ms from sending to confirmation, "
        "1.00 ms on average.",
        "lock": "The shared account most written is shard 0 S…: 67% of the transactions lock it "
        "and cannot run in parallel.",
    }
    alone = Profile("trade", "", "embedded", 1, 1, (sample(buy, locks=[trader]),))
    assert alone.bottlenecks()["lock"].startswith("The account most written is trader T…: 100%")
    market = Lock("M", "market", shared=True)
    tied = Profile("trade", "", "embedded", 1, 1, (sample(buy, locks=[shard, market]),))
    assert "is market M…, as often as 1 other: 100% of" in tied.bottlenecks()["lock"]


def test_one_account_by_two_names_is_one_account() -> None:
    samples = [
        sample(measured("oracle.publish", 84), locks=[Lock("F", "feed", shared=True)]),
        sample(measured("oracle.read", 401), locks=[Lock("F", "source", shared=True)]),
    ]
    assert [(each.name, each.writes) for each in accounts_of(samples)] == [("feed", 2)]


def test_instructions_are_named_by_their_discriminators() -> None:
    owner = at.config()
    for instruction, name in (
        (ix.buy(owner, 1, 0, 1, 1), "exchange.buy"),
        (ix.open_leveraged(owner, 1, owner, 0, 1, 100, 1), "exchange.open"),
        (ix.read_feed("A", 1), "oracle.read"),
    ):
        program, data = str(instruction.program_id), bytes(instruction.data)
        assert names.instruction_name(program, data) == name
        assert len(names.account_names(program, data)) == len(instruction.accounts)
    assert names.instruction_name(str(at.EXCHANGE), b"12345678") == "exchange.unknown"
    assert names.instruction_name(str(at.TOKEN_PROGRAM), b"\x03") == "token"
    assert names.program_name("9" * 32) == "99999999…"


def test_every_module_of_scenes_is_a_scenario_with_a_sentence() -> None:
    found = registry()
    assert {"trade", "lifecycle", "publish", "funds", "settlement"} <= set(found)
    for name, scene in found.items():
        assert scene.name == name
        assert scene.sentence.endswith(".")
        assert find(name) is scene


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"^Name a scenario: funds, .*, trade, not 'sail'\.$"):
        find("sail")
