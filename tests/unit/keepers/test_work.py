"""What comes first, what is sent once, and who stands in for whom."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from breakwater.chain import keeper_accounts as ka
from breakwater.chain import keeper_instructions as kx
from breakwater.chain.accounts import Position
from breakwater.chain.engine import Receipt
from breakwater.errors import BreakwaterError, InsufficientFunds, ProgramError, Unreachable
from breakwater.keepers import KIND_URGENCY, Hands, Ledger, Work, rank
from breakwater.keepers.turns import is_needed, may_claim, stand_in
from breakwater.keepers.world import World

SUBJECT = Pubkey(bytes([7]) * 32)
KINDS = st.sampled_from(sorted(KIND_URGENCY))


def work(kind: str, value: int, subject: int = 1, since: int = 0) -> Work:
    return Work(kind, Pubkey(bytes([subject]) * 32), value, (), since_slot=since)


def test_urgency_comes_before_value() -> None:
    works = [work("pruning", 10**9), work("liquidation", 1), work("resolution", 5), work("halt", 0)]
    assert [each.kind for each in rank(works, 0)] == ["halt", "liquidation", "resolution", "pruning"]


def test_value_decides_between_equals() -> None:
    works = [work("liquidation", value, value) for value in (3, 9, 5)]
    assert [each.value for each in rank(works, 0)] == [9, 5, 3]


def test_waiting_lifts_a_work_three_levels_at_most() -> None:
    old, new = work("pruning", 1, 1, since=0), work("liquidation", 1, 2, since=1_000)
    assert rank([old, new], 1_000)[0] is new
    assert rank([old, work("resolution", 1, 2, since=1_000)], 1_000)[0] is old


@given(st.lists(st.tuples(KINDS, st.integers(0, 2**63), st.integers(0, 255)), max_size=20), st.randoms())
def test_everybody_has_the_same_order(items: list[tuple[str, int, int]], chance: random.Random) -> None:
    works = list({(kind, at): work(kind, value, at) for kind, value, at in items}.values())
    shuffled = list(works)
    chance.shuffle(shuffled)
    assert rank(shuffled, 50) == rank(works, 50)


class Node:
    """Answers each transaction with what is next; a sender's place is taken only here, to make it fail."""

    def __init__(self, *answers: BreakwaterError | None) -> None:
        self.answers, self.sent, self.signs = list(answers), 0, True

    async def send(self, *_: Any, signed: Callable[[], None]) -> Receipt:
        self.sent += 1
        answer = self.answers.pop(0)
        if self.signs:
            signed()
        if answer is not None:
            raise answer
        return Receipt(Signature.default(), 5, None, (), 0)


def hands(*answers: BreakwaterError | None) -> tuple[Hands, Node]:
    node = Node(*answers)
    return Hands(node, Keypair(), Ledger(), seed=1), node  # type: ignore[arg-type]


def refusal(name: str) -> ProgramError:
    return ProgramError(name, 6_000, "no")


async def test_another_size_is_tried_after_a_refusal_that_is_about_the_size() -> None:
    able, node = hands(refusal("LiquidationTooLarge"), None)
    outcome = await able.do("liquidation", SUBJECT, [[], []], [], 10)
    assert (outcome.result, node.sent) == ("done", 2)


async def test_other_refusals_end_the_attempt() -> None:
    able, node = hands(refusal("MarketClosed"), None)
    outcome = await able.do("liquidation", SUBJECT, [[], []], [], 10)
    assert (outcome.result, outcome.error, node.sent) == ("refused", "MarketClosed", 1)


async def test_pauses_double_and_are_the_subjects_own() -> None:
    able, _ = hands(*[refusal("Unexpected")] * 6)
    slot, waits = 100, []
    for _ in range(6):
        await able.do("resolution", SUBJECT, [[]], [], slot)
        until = able.ledger.pauses["resolution", SUBJECT].until_slot
        waits.append(until - slot)
        assert not able.ledger.is_free(("resolution", SUBJECT), until - 1)
        assert able.ledger.is_free(("pruning", SUBJECT), slot)
        slot = until
    assert all(2 << i <= wait <= 3 << i for i, wait in enumerate(waits)), waits


async def test_a_loans_pause_stays_short() -> None:
    able, _ = hands(*[refusal("Healthy")] * 20)
    slot = 0
    for _ in range(20):
        await able.do("liquidation", SUBJECT, [[]], [], slot)
        slot = able.ledger.pauses["liquidation", SUBJECT].until_slot
    assert slot <= 20 * 12


async def test_nothing_is_sent_while_a_transaction_of_unknown_fate_may_land() -> None:
    able, node = hands(Unreachable("no answer"), None)
    assert (await able.do("stop", SUBJECT, [[]], [], 10)).result == "unknown"
    assert (await able.do("stop", SUBJECT, [[]], [], 160)).result == "busy"
    assert node.sent == 1
    assert (await able.do("stop", SUBJECT, [[]], [], 191)).result == "done"


async def test_a_node_that_is_silent_before_anything_is_signed_holds_nobody_up() -> None:
    able, node = hands(Unreachable("no answer"), None)
    node.signs = False
    outcome = await able.do("liquidation", SUBJECT, [[]], [], 10)
    assert (outcome.result, outcome.error) == ("failed", "Unreachable")
    assert not able.ledger.unknown
    assert (await able.do("liquidation", SUBJECT, [[]], [], 14)).result == "done"


async def test_a_keeper_that_cannot_pay_says_so() -> None:
    able, _ = hands(InsufficientFunds("fund it"))
    try:
        await able.do("stop", SUBJECT, [[]], [], 10)
    except InsufficientFunds:
        assert not able.ledger.flying
    else:
        raise AssertionError("it went on")


# Turns

KEEPERS = [Pubkey(bytes(Hash.new_unique())) for _ in range(4)]
TASK = ka.Task(
    bytes(SUBJECT), bytes(32), bytes(32), 0, 0, 0, 6, 100, 0, 0, 0, 0, 0, kx.PRUNING, 0, kx.UNCLAIMED
)
REGISTRY = ka.Registry(20, 4, 8, 150, 300, 216_000, 0, 1, tuple(bytes(each) for each in KEEPERS))


def keeper(completed: int = 0, heartbeat: int = 100, status: int = 0) -> ka.Keeper:
    return ka.Keeper(bytes(32), bytes(32), 1, 0, 0, 0, heartbeat, 0, completed, 0, 0, 0, 0, 0, 0, status, 1)


def crowd(slot: int, **others: ka.Keeper) -> World:
    world = World()
    world.tick(slot, 0)
    world._kinds["Registry"] = {SUBJECT: REGISTRY}
    made = {f"k{i}": keeper() for i in range(4)} | others
    world._kinds["Keeper"] = {KEEPERS[i]: made[f"k{i}"] for i in range(4)}
    return world


def claimers(world: World, task: ka.Task) -> list[int]:
    return [i for i, each in enumerate(KEEPERS) if may_claim(world, each, task)]


def test_in_its_first_slots_a_task_is_its_turns_alone() -> None:
    # (6 + 100 // 100) % 4
    assert [claimers(crowd(slot), TASK) for slot in (100, 101, 103)] == [[3], [3], [3]]


def test_then_the_least_loaded_stands_in_and_one_more_with_every_slot() -> None:
    loaded = {"k0": keeper(9), "k1": keeper(2), "k2": keeper(1), "k3": keeper(5)}
    assert claimers(crowd(104, **loaded), TASK) == [2]
    assert claimers(crowd(105, **loaded), TASK) == [1, 2]
    assert claimers(crowd(107, **loaded), TASK) == [0, 1, 2, 3]


def test_the_silent_and_the_suspended_stand_in_for_nobody() -> None:
    world = crowd(200, k0=keeper(heartbeat=100), k1=keeper(heartbeat=199, status=1), k2=keeper(heartbeat=190))
    assert KEEPERS[0] not in stand_in(world, SUBJECT)
    assert KEEPERS[1] not in stand_in(world, SUBJECT)
    assert KEEPERS[2] in stand_in(world, SUBJECT)


def test_a_claimed_task_is_left_alone_until_its_deadline_is_over() -> None:
    held = replace(TASK, state=kx.CLAIMED, claimed_by=bytes(KEEPERS[3]), deadline_slot=120)
    assert claimers(crowd(120), held) == []
    assert len(claimers(crowd(121), held)) == 1


def test_a_task_is_needed_while_its_subject_says_what_it_said() -> None:
    world = World()
    position = Position(bytes(32), bytes(32), 50, 0, 40, 0, 0, 1)
    world._kinds["Position"] = {SUBJECT: position}
    for kind, witness, needed in (
        (kx.LIQUIDATION, 40, True),
        (kx.LIQUIDATION, 41, False),
        (kx.STOP_LOSS, 50, True),
        (kx.STOP_LOSS, 51, False),
        (kx.PRUNING, 0, True),
        (kx.RESOLUTION, 0, False),
        (kx.PRICE_UPDATE, 0, True),
    ):
        assert is_needed(world, replace(TASK, kind=kind, witness=witness)) == needed, (kind, witness)
    assert not is_needed(World(), replace(TASK, kind=kx.LIQUIDATION))


def test_what_is_gone_for_long_is_forgotten_and_what_is_there_is_not() -> None:
    world, other = World(), Pubkey(bytes([8]) * 32)
    world.apply(SUBJECT, None, 5)
    world.apply(other, None, 9)
    world.forget(6)
    assert world._seen == {other: 9}


def test_older_news_never_replace_newer_ones() -> None:
    world = World()
    tag = bytes(8)
    world.apply(SUBJECT, tag, 5)
    world.apply(SUBJECT, None, 4)
    assert world._seen[SUBJECT] == 5
