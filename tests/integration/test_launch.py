"""`breakwater launch`, and what `verify` and `genesis` say of its exchange: it is there, and for good."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.signature import Signature
from tests.integration.typed import cells, refusal, typed, typed_json

from breakwater import bootstrap, deploy
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import loader, mmt_mint
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import LocalEngine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter
from breakwater.cli import _launch_view
from breakwater.config import load_keypair, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from breakwater.launch import Launched

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]

SOL = 10**9
TICKS_PER_SLOT = 16
STAGES = [
    "fund the keys",
    "deploy",
    "verify the programs",
    "make a test collateral",
    "genesis",
    "verify the exchange",
    "provide liquidity",
    "publish a price, open a market",
    "first trades",
    "try to upgrade",
    "try every admin instruction",
    "verify again",
    "monitor",
]
SENDS_NOTHING = {"verify the programs", "verify the exchange", "verify again", "monitor"}


@dataclass(frozen=True)
class World:
    """A validator after a launch, and what the command said of it."""

    engine: LocalEngine
    place: Path
    answer: dict[str, Any]
    done: Launched

    @property
    def summary(self) -> Path:
        return self.place / "genesis.summary.json"

    def key(self, role: str) -> Keypair:
        return load_keypair(self.place / f"{role}.json")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def launched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One command on a fresh validator."""
    engine = await LocalEngine.start(settings().validator_path(), ticks_per_slot=TICKS_PER_SLOT)
    try:
        place = tmp_path_factory.mktemp("launch")
        shown, kept = _launch_view._print, []

        def printed(done: Launched, directory: Path, *, as_json: bool) -> None:
            kept.append(done)
            shown(done, directory, as_json=as_json)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_launch_view, "_print", printed)
            answer = await typed_json("launch", "--engine", engine.url, "--place", place)
        yield World(engine, place, answer, *kept)
    finally:
        await engine.close()


async def test_it_ends_with_every_step_its_seconds_and_its_signatures(launched: World) -> None:
    steps = launched.answer["steps"]
    assert [each["step"] for each in steps] == STAGES
    assert all(each["seconds"] > 0 for each in steps)
    assert {each["step"] for each in steps if not each["signatures"]} == SENDS_NOTHING
    attempts = {"try to upgrade", "try every admin instruction"}
    good = [one for each in steps if each["step"] not in attempts for one in each["signatures"]]
    statuses = await launched.engine.statuses([Signature.from_string(each) for each in good], search=True)
    assert all(each is not None and each.err is None for each in statuses)
    assert launched.answer["ok"]


async def test_upgrades_and_admin_instructions_were_refused_on_the_chain(launched: World) -> None:
    refusals = launched.answer["refusals"]
    errors = {each["attempt"]: each["error"] for each in refusals}
    assert [errors[f"upgrade {name}"] for name in ("oracle", "exchange")] == ["Immutable"] * 2
    assert [errors[f"take the authority over {name}"] for name in ("oracle", "exchange")] == ["Immutable"] * 2
    assert (errors["set_operator"], errors["renounce_admin"]) == ("NotAdmin", "NotAdmin")
    assert errors["rotate_publisher of BTC/USD"] == "NotAuthority"
    assert {"initialize", "create_shard", "initialize_mmt"} <= errors.keys()
    signatures = [Signature.from_string(each["signature"]) for each in refusals]
    statuses = await launched.engine.statuses(signatures, search=True)
    assert all(each is not None and each.err is not None for each in statuses)


async def test_first_trades_paid_fees_into_a_vault_of_nothing_but_the_liquidity(launched: World) -> None:
    summary = json.loads(launched.summary.read_text())["statement"]
    assert (summary["vault"], summary["coverage_q32"]) == (0, 0)
    values = launched.answer["monitor"]["values"]
    assert values["vault"] > 0
    assert values["volume"] > 0
    assert values["fees"] > 0
    assert values["loans"] > 0
    rewards = await bootstrap.status(launched.engine, launched.key("trader").pubkey())
    assert rewards.early_trades_left == 100 - 3
    assert rewards.launch.trade_credits - rewards.credits_left == rewards.credit > 0


async def test_verify_holds_the_chain_to_the_signed_summary(launched: World) -> None:
    place = ("--cluster", launched.engine.url, "--genesis", launched.summary)
    answer = await typed_json("verify", *place)
    assert (answer["ok"], answer["findings"]) == (True, [])
    assert {each["status"] for each in answer["rules"]} == {"holds"}
    done = await typed("verify", *place)
    assert (done.status, done.err) == (0, "")
    tables = cells(done.out)
    assert [each[:2] for each in tables if each[0] == "holds"] == [
        ["holds", each["rule"]] for each in answer["rules"]
    ]
    powers = [[each["power"], each["holder"], each["can"]] for each in answer["powers"]]
    assert [each for each in tables if each in powers] == powers
    (record,) = answer["records"]
    last = f"{record['deployer']} has signed the same hashes: {record['transaction']}\nVerified.\n"
    assert done.out.endswith(last)


async def test_the_powers_that_remain_are_listed_with_their_holders(launched: World) -> None:
    report = await deploy.verify(launched.engine, deploy.reference(), Charter.read(launched.summary))
    holders = {role: str(launched.key(role).pubkey()) for role in ("payer", "operator", "publisher")}
    powers = [(each.power, each.holder) for each in report.powers if each.power != "keeper"]
    assert powers == [
        ("operator", holders["operator"]),
        ("publisher", holders["publisher"]),
        ("feed authority", holders["payer"]),
        ("mint authority", holders["payer"]),  # of the rehearsal's own collateral
    ]


async def test_a_keeper_on_duty_is_a_power(launched: World) -> None:
    payer = launched.key("payer")
    own, mint = payer.pubkey(), mmt_mint.address(payer.pubkey())
    source = mmt_mint.wallet(own, mint)
    registered = kx.register_keeper(own, source, mint, 100 * mx.MMT, own)
    await Sender(launched.engine).send([registered], [payer])
    report = await deploy.verify(launched.engine, deploy.reference(), Charter.read(launched.summary))
    found = [(each.account, each.holder) for each in report.powers if each.power == "keeper"]
    assert found == [(str(at.keeper(own)), str(own))]
    assert report.ok


async def test_the_deployers_record_is_found_and_agrees(launched: World) -> None:
    report = await deploy.verify(launched.engine, deploy.reference(), Charter.read(launched.summary))
    (found,) = report.as_dict()["records"]
    assert (found["deployer"], found["agrees"]) == (str(launched.key("payer").pubkey()), True)


async def test_a_stranger_can_make_no_finding_by_signing_or_leaving_buffers(launched: World) -> None:
    stranger, sender = Keypair(), Sender(launched.engine)
    await launched.engine.airdrop(stranger.pubkey(), SOL)
    reference = deploy.reference()
    lie = deploy.sign(
        stranger,
        cluster=await deploy.genesis_hash(launched.engine),
        sources="0" * 64,
        artefacts=list(reference.artefacts.values()),
    )
    await sender.send(deploy.memo_instructions(stranger.pubkey(), lie), [stranger])
    buffer = Keypair()
    await loader.create_buffer(sender, payer=stranger, buffer=buffer, authority=stranger, size=100)
    report = await deploy.verify(launched.engine, reference, Charter.read(launched.summary))
    assert report.ok
    assert [each.deployer for each in report.facts.records] == [str(launched.key("payer").pubkey())]


async def test_genesis_again_does_nothing_and_signs_the_same(launched: World) -> None:
    before = launched.summary.read_text()
    payer = launched.place / "payer.json"
    place = ("--cluster", launched.engine.url, "--keypair", str(payer))
    journal = ("--journal", str(launched.place / "genesis.jsonl"))
    plan = await typed_json("genesis", launched.summary, *place, "--dry-run")
    assert (plan["left"], plan["differences"]) == ([], [])
    answer = await typed_json("genesis", launched.summary, *place, *journal)
    assert answer["paid"] == 0
    assert {each["state"] for each in answer["steps"]} == {"found"}
    again = json.loads(launched.summary.read_text())["statement"]
    first = json.loads(before)["statement"]
    assert {**again, "file_sha256": None} == first


async def test_a_dry_run_names_what_the_chain_has_otherwise(launched: World, tmp_path: Path) -> None:
    charter = Charter.read(launched.summary)
    file = tmp_path / "other.toml"
    file.write_text(
        f"""
        [rules]
        fee_base_ppm = 301
        [keys]
        collateral_mint = "{charter.keys.collateral_mint}"
        operator = "{charter.keys.operator}"
        """
    )
    place = ("--cluster", launched.engine.url, "--keypair", str(launched.place / "payer.json"))
    plan = await typed_json("genesis", file, *place, "--dry-run", status=1)
    assert plan["ok"] is False
    assert plan["differences"] == [
        {
            "rule": "parameters",
            "account": str(at.config()),
            "expected": "fee_base_ppm 301",
            "found": "fee_base_ppm 300",
            "conflict": True,
        }
    ]
    done = await typed("genesis", file, *place, "--dry-run")
    assert (done.status, done.err) == (1, "")
    assert ["≠", "parameters", "fee_base_ppm 301", "fee_base_ppm 300"] in cells(done.out)
    assert done.out.endswith("The chain contradicts the file in 1 value: nothing can be done.\n")
    assert refusal(await typed("genesis", file, *place, "--yes")) == (
        f"Correct the file, or deploy anew: {at.config()} has fee_base_ppm 300 where fee_base_ppm 301 is "
        "wanted; --dry-run shows all."
    )


async def test_its_tables_say_what_its_json_does(launched: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "400")
        _launch_view._print(launched.done, launched.place, as_json=False)
    out = capsys.readouterr().out
    tables, answer = cells(out), launched.answer
    refusals = [[each["attempt"], each["error"], each["signature"]] for each in answer["refusals"]]
    assert [each for each in tables if each in refusals] == refusals
    powers = [[e["power"], e["holder"], e["can"]] for e in answer["verification"]["powers"]]
    assert [each for each in tables if each in powers] == powers
    steps = {each[0]: each[2] for each in tables if len(each) == 4}
    assert {name: steps[name] for name in STAGES} == {e["step"]: e["result"] for e in answer["steps"]}
    assert steps["together"] == f"{answer['paid'] / SOL:.9f} SOL"
    trades = next(each for each in answer["steps"] if each["step"] == "first trades")["signatures"]
    shown = next(each[3] for each in tables if each[0] == "first trades")
    assert shown == f"{trades[0][:12]}, {trades[1][:12]} and {len(trades) - 2} more"
    assert out.endswith(f"Launched. Journals, keys and the signed summary are in {launched.place}\n")


async def test_a_second_launch_on_the_same_chain_is_refused(
    launched: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path))
    settings.cache_clear()
    done = await typed("launch", "--engine", launched.engine.url)
    settings.cache_clear()
    (place,) = (tmp_path / "launch").iterdir()
    assert {each.stat().st_mode & 0o077 for each in (place, *place.glob("*.json"))} == {0}
    assert refusal(done).startswith("Correct the file, or deploy anew: ")


async def test_no_name_of_a_strangers_feed_steers_the_terminal_or_breaks_a_command(launched: World) -> None:
    """Anybody may open a feed, of any name; `verify` shows them all to everybody."""
    stranger, name = Keypair(), "[/red]\x1b[2J:bug:\u202ex"
    await launched.engine.airdrop(stranger.pubkey(), SOL)
    opened = ix.create_feed(stranger.pubkey(), name, stranger.pubkey(), -2, 30)
    await Sender(launched.engine).send([opened], [stranger])
    place = ("--cluster", launched.engine.url, "--genesis", launched.summary)
    done, answer = await typed("verify", *place), await typed_json("verify", *place)
    assert (done.status, done.out.splitlines()[-1]) == (0, "Verified.")
    assert "\x1b" not in done.out
    can = "publish [/red]\ufffd[2J:bug:\ufffdx, which settles its markets"
    assert ["publisher", str(stranger.pubkey()), can] in cells(done.out)
    assert can in {each["can"] for each in answer["powers"]}
    shown = await typed("monitor", "--once", "--engine", launched.engine.url)
    assert (shown.status, "\x1b" in shown.out) == (0, False)
