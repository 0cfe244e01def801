"""`breakwater keeper` as a person reads it: the registry, a crew of several, drills and their verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain.sender import Sender
from breakwater.cli import main
from breakwater.keepers import derived
from breakwater.keepers._genesis import SOL, UNIT, bonded, found
from breakwater.keepers._subjects import sink
from breakwater.keepers.crew import SHARE

from .conftest import refused
from .keeper_office import COOLDOWN, open_booth, open_office
from .shore import Shore, shore

Drilled = Callable[..., tuple[int, str, str]]


@pytest.fixture
def on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shore]:
    with shore(tmp_path, capsys.readouterr) as made:
        yield made


@pytest.fixture
def drilled(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Drilled:
    """`breakwater keeper` with arguments on a chain of its own; status, output with single spaces, errors."""
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(["keeper", *map(str, arguments)])
        assert isinstance(stopped.value.code, int)
        captured = capsys.readouterr()
        return stopped.value.code, " ".join(captured.out.split()), captured.err

    return run


def test_a_keepers_life_in_the_registry_from_register_to_the_bond(on: Shore) -> None:
    office = on.do(open_office(on.engine))
    key, earner = Keypair(), office.keeper.hands.key

    async def enlist() -> None:
        await on.engine.airdrop(key.pubkey(), 10 * SOL)
        await office.ground.sender.send(
            bonded(office.ground, office.mmt, key.pubkey(), office.bond), [office.ground.admin]
        )
        on.engine.advance_slots(1)

    on.do(enlist())
    signs = ("--keypair", on.keypair(key))
    wrong = refused(on.bw("keeper", "register", "--beneficiary", "me", *signs))
    assert wrong == "Name an address in base58, not 'me'."
    low = refused(on.bw("keeper", "register", "--bond", "0.000000001", *signs))
    assert low == f"Bond at least {Decimal(office.bond) / 10**9:f} MMT."
    much = refused(on.bw("keeper", "register", "--bond", "1234567.000000001", *signs))
    assert much.startswith("Put 1234567.000000001 MMT into "), "to the unit, however large"
    assert on.says("keeper", "register", *signs).startswith("On duty in slot ")
    on.call(on.engine.advance_slots, 1)
    assert on.says("keeper", "heartbeat", *signs).startswith("Noted in slot ")
    assert set(on.js("keeper", "heartbeat", *signs)) == {"signature", "slot"}

    on.do(office.work(40))  # by the other keeper, who alone earns for it
    found, table = on.js("keeper", "status"), on.says("keeper", "status")
    assert f"2 keepers on duty, slot {found['slot']}" in table
    worker = next(each for each in found["keepers"] if each["authority"] == str(earner.pubkey()))
    idle = next(each for each in found["keepers"] if each["authority"] == str(key.pubkey()))
    assert (worker["completed"] > 0, idle["completed"]) == (True, 0)
    for each in (worker, idle):
        row = table[table.index(each["authority"]) :].split("│")
        assert row[1].strip() == each["state"]
        assert float(row[2]) == int(each["bond"]) / 10**9, "MMT, where the JSON has billionths"
        assert int(row[4]) == each["completed"]
        assert row[6].strip() == f"{each['success_rate']:.1%}"
    assert f"{found['tasks']['waiting']} waiting, {found['tasks']['claimed']} claimed" in table
    assert "Do tasks first" in refused(on.bw("keeper", "claim", *signs))

    mmt = on.do(office.tokens(earner.pubkey()))
    said = on.says("keeper", "claim", "--keypair", on.keypair(earner))
    gained = on.do(office.tokens(earner.pubkey())) - mmt
    assert gained > 0
    assert said.startswith(f"Paid {Decimal(gained) / 10**9:f} MMT of rewards into ")

    assert refused(on.bw("keeper", "withdraw", *signs)).startswith("Run breakwater keeper unregister first")
    assert on.says("keeper", "unregister", *signs).startswith("Off duty in slot ")
    assert "the bond is free in slot" in refused(on.bw("keeper", "withdraw", *signs))
    on.call(on.engine.advance_slots, COOLDOWN + 1)
    before = on.do(office.tokens(key.pubkey()))
    said = on.says("keeper", "withdraw", *signs)
    assert said.startswith(f"Paid {Decimal(office.bond) / 10**9:f} MMT of the bond into ")
    assert on.do(office.tokens(key.pubkey())) - before == office.bond


def test_a_crew_out_of_one_key_is_funded_once_and_its_summary_says_what_it_did(on: Shore) -> None:
    key = Keypair()

    async def ground() -> None:
        made = await found(Sender(on.engine), Keypair(), 1_000_000 * UNIT)
        await sink(made)
        await on.engine.airdrop(key.pubkey(), SOL)
        on.engine.advance_slots(1)

    on.do(ground())
    crew = derived(key, 3)
    assert (crew[0], len({each.pubkey() for each in crew})) == (key, 3)
    assert derived(key, 3) == crew, "nothing has to be stored"
    run = ("keeper", "run", "--once", "--no-socket", "--count", 3, "--seconds", 60, "--keypair")
    status, out, err = on.bw(*run, on.keypair(key), "--json")
    assert status == 0, err
    *works, last = [json.loads(line) for line in out.splitlines()]
    assert [each["kind"] for each in works].count("liquidation") == 1
    assert works[0]["keeper"] in {str(each.pubkey()) for each in crew}
    assert (last["summary"]["keepers"], last["summary"]["done"]["liquidation"]) == (3, 1)

    def lamports(owner: Keypair) -> int:
        account = on.engine.get_account(owner.pubkey())
        return 0 if account is None else account.lamports

    held = [on.call(lamports, each) for each in crew[1:]]
    assert all(0 < each <= SHARE for each in held)
    said = on.says(*run, on.keypair(key))
    assert "3 keepers on the" in said
    assert "done │ none" in said
    assert "of unknown fate │ 0" in said
    assert [on.call(lamports, each) for each in crew[1:]] == held, "who has enough gets nothing more"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--price", "BTC/USD"), "Give a price as FEED=SOURCE, such as BTC/USD=ticks.csv, not 'BTC/USD'."),
        (("--price", "BTC/USD=no.csv"), "Name a file of ticks that exists, not 'no.csv'."),
        (("--publisher", "none.json"), "Create a key pair at none.json"),
        (("--count", "101"), "Invalid value for '--count'"),
        (("--seconds", "nan"), "Invalid value for '--seconds'"),
    ],
)
def test_a_keeper_that_can_not_begin_says_why(on: Shore, options: tuple[str, ...], sentence: str) -> None:
    key = on.keypair(Keypair())
    assert refused(on.bw("keeper", "run", "--once", "--keypair", key, *options)).startswith(sentence)


def test_a_first_key_without_sol_funds_nobody(on: Shore) -> None:
    key = Keypair()
    said = refused(on.bw("keeper", "run", "--count", 2, "--once", "--keypair", on.keypair(key)))
    assert said == "Fund the fee payer before sending."
    assert on.call(on.engine.get_account, derived(key, 2)[1].pubkey()) is None


def test_an_exchange_without_a_registry_has_no_bond_to_pay(on: Shore) -> None:
    booth = on.do(open_booth(on.engine))
    assert on.js("keeper", "status")["keepers"] == []
    for verb in ("heartbeat", "unregister", "claim", "withdraw"):
        assert refused(on.bw("keeper", verb, "--keypair", on.keypair(booth.trader)))
    assert on.call(on.engine.get_account, at.registry()) is None


def test_a_drill_shows_its_bounds_and_ends_with_1_when_one_is_broken(drilled: Drilled) -> None:
    status, out, _ = drilled("drill", "--keepers", 3, "--tasks", 15, "--kill", 0)
    assert (status, out.endswith("Every bound holds.")) == (0, True)
    for row in ("Drill: 15 tasks, 3 keepers, embedded", "tasks done │ 15 │ 15", "keepers killed │ 0 │"):
        assert row in out
    for kind in ("liquidation", "stop loss", "resolution"):
        assert f"{kind} │ 3" in out
    # one keeper is left, and does much more than a third
    status, out, _ = drilled("drill", "--keepers", 3, "--tasks", 30, "--kill", 2)
    assert (status, "keepers killed │ 2 │" in out, "tasks done │ 30 │ 30" in out) == (1, True, True)
    assert "Every bound holds" not in out
    assert "are outside" in out[out.index("Loads of ") :]
    assert drilled("drill", "--keepers", 3, "--kill", 3)[::2] == (
        2,
        "breakwater: Take 1 to 100 keepers, 5 to 5000 tasks and fewer deaths than keepers.\n",
    )


def test_a_race_pays_one_rival_what_the_table_says(drilled: Drilled) -> None:
    status, out, _ = drilled("race", "--keepers", 2, "--engine", "embedded")
    assert (status, out.endswith("One was paid, once.")) == (0, True)
    assert "2 rivals at one loan, embedded" in out
    assert "units were owed, 0.000000 are; the loan was called by 1 transaction." in out


def test_a_cascade_shows_where_every_unit_went(drilled: Drilled) -> None:
    status, out, _ = drilled("cascade", "--positions", 4, "--gap", 12)
    assert (status, out.endswith("Every bound holds.")) == (0, True)

    def row(name: str) -> list[str]:
        return [each.strip().replace(",", "") for each in out[out.index(name) :].split("│")[1:3]]

    together, before = row("these together")
    parts: list[Any] = [row(name)[0] for name in ("repaid by", "paid by the", "lost by the")]
    assert sum(round(float(each) * UNIT) for each in parts) == round(float(together) * UNIT)
    assert before == together == row("loans before the gap")[0]
    for name in ("insurance funds after", "tokens in the vault", "still owed"):
        measured, bound = row(name)
        assert measured == bound, name
