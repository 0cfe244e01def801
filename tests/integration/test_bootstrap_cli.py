"""`breakwater bootstrap` as a person types it, against an embedded chain behind a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.keypair import Keypair

from breakwater import bootstrap, config
from breakwater.chain import addresses as at

from .bootstrap_ground import RULES, UNIT, World, launch, make_world
from .monitor_node import Node
from .typed import Typed, key_file, refusal, rows, typed, typed_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MMT = 10**9


class Town:
    """A launch behind a socket, and the files of who has a part in it."""

    def __init__(self, world: World, node: Node, place: Path) -> None:
        self.world, self.node, self.place = world, node, place
        self.maker = key_file(place, world.ground.admin)
        self.trader = key_file(place, world.trader)

    async def __call__(self, verb: str, *arguments: object) -> Typed:
        return await typed("bootstrap", verb, "--engine", self.node.url, *arguments)

    async def json(self, verb: str, *arguments: object) -> dict[str, object]:
        found: dict[str, object] = await typed_json("bootstrap", verb, "--engine", self.node.url, *arguments)
        return found


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("BREAKWATER_RPC_URL", raising=False)
    config.settings.cache_clear()
    world = await make_world()
    node = Node(world.engine)
    async with node.serving():
        yield Town(world, node, tmp_path)
    await world.engine.close()
    config.settings.cache_clear()


async def test_table_and_json_tell_the_same_of_a_launch_and_of_a_key(town: Town) -> None:
    await launch(town.world)
    await bootstrap.lock(town.world.sender, town.world.ground.admin, 200_000 * UNIT)
    market = await town.world.market()
    fees = [await town.world.buy(market, 300 * UNIT) for _ in range(2)]

    found = await town.json("status", "--owner", town.world.trader.pubkey())
    owner = found["owner"]
    assert isinstance(owner, dict)
    assert owner["credit"] == f"{2 * sum(fees) / UNIT:.6f}"
    assert owner["due_trades"] == f"{2 * sum(fees) * RULES.trade_rate // UNIT / MMT:.9f}"
    assert (owner["due_maker"], owner["locked"], owner["early"]) == ("0.000000000", "0.000000", "0.000000")

    shown = rows((await town("status", "--owner", town.world.trader.pubkey())).out)
    same = {
        "budget, MMT": found["budget"],
        "paid for trades, MMT": found["paid_trades"],
        "paid for liquidity, MMT": found["paid_makers"],
        "trades still credited twice": str(found["early_trades_left"]),
        "credit left, of": f"{found['credits_left']} of {found['credits']}",
        "fees set aside for good": found["fees_set_aside"],
        "MMT for a unit of credit": found["mmt_per_credit"],
        "MMT a slot for liquidity": found["mmt_per_slot"],
        "shares locked": found["locked"],
        "shares that will weigh twice": found["early_shares_left"],
        "owner": owner["address"],
        "credit": owner["credit"],
        "due for trades, MMT": owner["due_trades"],
        "due for liquidity, MMT": owner["due_maker"],
    }
    assert {name: shown.get(name) for name in same} == same
    slots_left = found["slots_left"]
    assert isinstance(slots_left, int)
    assert shown["days left"] == f"{slots_left / 216_000:,.1f}"
    assert "locked, of which twice" not in shown, "a trader has locked nothing"

    maker = rows((await town("status", "--keypair", town.maker)).out)
    assert maker["locked, of which twice"] == f"200000.000000, {RULES.early_shares / UNIT:.6f}"
    everybody = await town("status")
    assert (everybody.status, "owner" in rows(everybody.out)) == (0, False)


async def test_liquidity_is_locked_paid_for_and_unlocked_in_sentences_and_in_json(town: Town) -> None:
    await launch(town.world)
    world, signed = town.world, ("--keypair", town.maker, "--yes")
    locked = await town("lock", "200000", *signed)
    twice = f"{RULES.early_shares / UNIT:.6f}"
    assert locked.out == (
        f"Locked 200000.000000 shares; 200000.000000 are locked now, of which {twice} weigh twice.\n"
    )
    world.engine.advance_slots(1_000)
    before = await world.tokens(world.ground.admin)
    claimed = await town.json("claim", *signed)
    assert claimed["trades"] == "0.000000000"
    paid = await world.tokens(world.ground.admin) - before
    assert claimed["maker"] == f"{paid // MMT}.{paid % MMT:09d}" != "0.000000000"

    left = await town.json("unlock", "50000.5", *signed)
    assert (left["shares"], left["locked"]) == ("50000.500000", "149999.500000")
    done = await town("unlock", "all", *signed)
    assert done.out == "Unlocked 149999.500000 shares; 0.000000 are locked now.\n"
    assert refusal(await town("unlock", "all", *signed)).startswith("Lock liquidity first: ")


async def test_a_claim_names_what_was_received_and_the_second_one_is_refused(town: Town) -> None:
    await launch(town.world)
    fee = await town.world.buy(await town.world.market(), 300 * UNIT)
    signed = ("--keypair", town.trader, "--yes")
    done = await town("claim", *signed)
    due = 2 * fee * RULES.trade_rate // UNIT
    sentence = f"Received {due // MMT}.{due % MMT:09d} MMT for trades and 0.000000000 MMT for liquidity.\n"
    assert (done.status, done.out) == (0, sentence)
    assert await town.world.tokens(town.world.trader) == due
    owner = town.world.trader.pubkey()
    assert refusal(await town("claim", *signed)) == (
        f"Trade or lock liquidity first: nothing is due to {owner}."
    )


async def test_nothing_is_locked_without_a_yes(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    await launch(town.world)
    signed = ("--keypair", town.maker)
    assert refusal(await town("lock", "200000", *signed)).startswith("Add --yes")
    asked: list[str] = []

    def no(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", no)
    for verb, arguments in (("lock", ["200000"]), ("unlock", ["all"]), ("claim", [])):
        done = await town(verb, *arguments, *signed)
        assert (done.status, done.out, done.err) == (1, "", "breakwater: nothing was sent.\n")
    own = town.world.ground.admin.pubkey()
    assert asked == [f"Lock 200000 shares of {own}?", f"Unlock all shares of {own}?", f"Claim for {own}?"]
    assert town.world.engine.get_account(at.maker(at.trader(own))) is None


WRONG = {
    "status --owner nobody": "Give an address in base58, not 'nobody'.",
    "status --keypair /nowhere.json": "Create a key pair at /nowhere.json",
    "lock ten --keypair {maker} --yes": "Give the shares as a number such as 12.5, not 'ten'.",
    "lock 0 --keypair {maker} --yes": "Give a number above zero for the shares.",
    "lock 1.1234567 --keypair {maker} --yes": "Give the shares with at most 6 decimals",
    "lock 1 --keypair {maker} --yes": "LockTooSmall (6090): locked liquidity is nothing or at least",
    "lock 99999999 --keypair {maker} --yes": "InsufficientShares (60",
    "unlock some --keypair {maker} --yes": "Give the shares as a number such as 12.5, not 'some'.",
    "unlock 1 --keypair {stranger} --yes": "Lock liquidity first: ",
    "lock 2000 --keypair {stranger} --yes": "Run breakwater trade deposit first: ",
}


async def test_what_goes_wrong_is_one_sentence(town: Town) -> None:
    await launch(town.world)
    stranger = key_file(town.place, Keypair())
    for arguments, sentence in WRONG.items():
        words = arguments.format(maker=town.maker, stranger=stranger).split()
        assert sentence in refusal(await town(*words)), arguments


async def test_an_exchange_without_a_launch_and_a_node_that_is_none_are_told_apart(town: Town) -> None:
    sentence = refusal(await town("status"))
    assert sentence == "Choose another engine: this exchange was launched without incentives."
    gone = await typed("bootstrap", "status", "--engine", "http://127.0.0.1:1")
    assert refusal(gone).startswith("Start the node or name another with --engine: ")
    assert refusal(await typed("bootstrap", "status", "--engine", "embedded")).startswith(
        "Name a node that keeps its state"
    )
    assert refusal(await typed("bootstrap", "status")).startswith("Run breakwater local start first")
