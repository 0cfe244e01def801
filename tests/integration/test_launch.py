"""`breakwater launch`, and what `verify` and `genesis` say of its exchange: it is there, and for good."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.signature import Signature

from breakwater import bootstrap, deploy
from breakwater.chain import addresses as at
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import loader, mmt_mint
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import LocalEngine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter
from breakwater.cli import main
from breakwater.config import load_keypair, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

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
        with pytest.MonkeyPatch.context() as patch:
            printed: list[str] = []
            patch.setattr("typer.echo", lambda text, **_: printed.append(text))
            status = run("launch", "--engine", engine.url, "--place", str(place), "--json")
        assert status == 0
        (line,) = printed
        yield World(engine, place, json.loads(line))
    finally:
        await engine.close()


def run(*arguments: str) -> int:
    """A command in a thread, because it has an event loop of its own; its status."""
    ended: list[object] = []

    def target() -> None:
        try:
            main(list(arguments))
        except SystemExit as exit_:
            ended.append(exit_.code)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    (status,) = ended
    assert isinstance(status, int)
    return status


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """A command with --json: its status, and its answer of one line."""
    capsys.readouterr()
    status = run(*arguments, "--json")
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    return status, json.loads(out)


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


async def test_verify_holds_the_chain_to_the_signed_summary(
    launched: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = said(
        capsys, "verify", "--cluster", launched.engine.url, "--genesis", str(launched.summary)
    )
    assert (status, answer["ok"], answer["findings"]) == (0, True, [])
    assert {each["status"] for each in answer["rules"]} == {"holds"}


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


async def test_genesis_again_does_nothing_and_signs_the_same(
    launched: World, capsys: pytest.CaptureFixture[str]
) -> None:
    before = launched.summary.read_text()
    payer = launched.place / "payer.json"
    place = ("--cluster", launched.engine.url, "--keypair", str(payer))
    journal = ("--journal", str(launched.place / "genesis.jsonl"))
    status, plan = said(capsys, "genesis", str(launched.summary), *place, "--dry-run")
    assert (status, plan["left"], plan["differences"]) == (0, [], [])
    status, answer = said(capsys, "genesis", str(launched.summary), *place, *journal)
    assert (status, answer["paid"]) == (0, 0)
    assert {each["state"] for each in answer["steps"]} == {"found"}
    again = json.loads(launched.summary.read_text())["statement"]
    first = json.loads(before)["statement"]
    assert {**again, "file_sha256": None} == first


async def test_a_dry_run_names_what_the_chain_has_otherwise(
    launched: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
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
    status, plan = said(capsys, "genesis", str(file), *place, "--dry-run")
    assert (status, plan["ok"]) == (1, False)
    assert plan["differences"] == [
        {
            "rule": "parameters",
            "account": str(at.config()),
            "expected": "fee_base_ppm 301",
            "found": "fee_base_ppm 300",
            "conflict": True,
        }
    ]
    assert run("genesis", str(file), *place, "--yes") == 2
