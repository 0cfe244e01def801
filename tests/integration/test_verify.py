"""`breakwater verify` against a validator on which everything is wrong: each is named, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl
from tests.integration.grounds import exchange_places, program_accounts
from tests.integration.typed import cells, refusal, typed, typed_json

from breakwater import deploy, genesis
from breakwater.chain import addresses as at
from breakwater.chain import loader, mmt_mint, programs
from breakwater.chain._account_files import account_files, held
from breakwater.chain.engine import EmbeddedEngine, LocalEngine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter
from breakwater.config import settings
from breakwater.errors import InvalidInput
from breakwater.steps import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]

FEE_BASE = slice(112, 116)
"""Of a config account: behind its tag, three keys and the least coverage."""

ADMIN = slice(8, 40)


@dataclass(frozen=True)
class World:
    """A validator, and the charter that its exchange breaks."""

    engine: LocalEngine
    deployer: Pubkey
    charter: Charter
    file: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def botched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A genesis as it should be, of which one byte after the other is then changed."""
    place, key = tmp_path_factory.mktemp("botched"), Keypair()
    charter, accounts = await exchange_of_another_chain(place, key)
    key_bytes = bytes(key.pubkey())
    config, mmt = at.config(), Pubkey.from_string(str(charter.keys.mmt_mint))
    change(accounts, config, FEE_BASE, (301).to_bytes(4, "little"))
    change(accounts, config, ADMIN, key_bytes)
    live = b"\x01\0\0\0" + key_bytes
    change(accounts, mmt, slice(0, 36), live)
    change(accounts, mmt, slice(36, 44), (mmt_mint.SUPPLY + 1).to_bytes(8, "little"))
    change(accounts, mmt, slice(46, 82), live)
    change(accounts, mmt_mint.sink(mmt), slice(64, 72), (mmt_mint.SUNK - 1).to_bytes(8, "little"))
    change(accounts, at.reward_vault(), slice(72, 108), live)
    programdata = loader.programdata_address(at.EXCHANGE)
    accounts |= program_accounts("oracle", key.pubkey()) | program_accounts("exchange")
    binary = accounts[programdata].data
    change(accounts, programdata, slice(len(binary) - 1, None), bytes([binary[-1] ^ 1]))
    left = loader.buffer_address(key.pubkey(), at.EXCHANGE).pubkey()
    accounts[left] = held(b"\x01\0\0\0\x01" + key_bytes + bytes(100), loader.LOADER)
    engine = await LocalEngine.start(
        settings().validator_path(), accounts=account_files(place / "accounts", accounts), ticks_per_slot=16
    )
    file = place / "charter.json"
    file.write_text(json.dumps({"statement": {"charter": charter.model_dump(mode="json")}}))
    try:
        yield World(engine, key.pubkey(), charter, file)
    finally:
        await engine.close()


async def exchange_of_another_chain(place: Path, key: Keypair) -> tuple[Charter, dict[Pubkey, Account]]:
    """A genesis in this process, and the accounts it made."""
    engine = EmbeddedEngine(programs.embedded_programs())
    sender, own, mint = Sender(engine, key), key.pubkey(), Keypair()
    engine.set_account(own, Account(10**10, b"", SYSTEM))
    token, rent = at.TOKEN_PROGRAM, engine.svm.minimum_balance_for_rent_exemption(82)
    account = CreateAccountParams(
        from_pubkey=own, to_pubkey=mint.pubkey(), lamports=rent, space=82, owner=token
    )
    fresh = spl.InitializeMintParams(
        decimals=6, program_id=token, mint=mint.pubkey(), mint_authority=own, freeze_authority=own
    )
    await sender.send([create_account(account), spl.initialize_mint(fresh)], [key, mint])
    keys = {"collateral_mint": str(mint.pubkey())}
    given = Charter.model_validate({"keys": keys, "feeds": [{"name": "BTC/USD"}]})
    plan = await genesis.make_plan(sender, engine, own, given, priority_fee=0)
    with Journal(place / "journal.jsonl") as journal:
        await genesis.run(sender, engine, key, plan, journal)
    fixed = plan.charter.keys.model_copy(update={"collateral_fixed": True})
    charter = plan.charter.model_copy(update={"keys": fixed})
    mmt = mmt_mint.address(own)
    places = [*exchange_places(), mint.pubkey(), mmt, mmt_mint.sink(mmt), at.feed("BTC/USD")]
    found = {each: engine.get_account(each) for each in places}
    return charter, {each: account for each, account in found.items() if account is not None}


def change(accounts: dict[Pubkey, Account], address: Pubkey, where: slice, what: bytes) -> None:
    """Other bytes in an account."""
    account = accounts[address]
    data = bytearray(account.data)
    data[where] = what
    assert len(data) == len(account.data)
    accounts[address] = Account(account.lamports, bytes(data), account.owner, account.executable)


async def test_each_thing_that_is_wrong_is_named(botched: World) -> None:
    report = await deploy.verify(
        botched.engine, deploy.reference(), botched.charter, deployers=[botched.deployer]
    )
    config, deployer, keys = str(at.config()), str(botched.deployer), botched.charter.keys
    sha256 = programs.manifest()["files"]["exchange.v3.so"]["sha256"]
    changed = next(each for each in report.facts.programs if each.artefact.name == "exchange")
    assert changed.state is not None
    wrong = changed.artefact.found(changed.state.binary)
    assert wrong != sha256
    left = loader.buffer_address(botched.deployer, at.EXCHANGE).pubkey()
    (buffer,) = report.facts.buffers
    reward = str(at.reward_vault())
    sink = str(mmt_mint.sink(Pubkey.from_string(str(keys.mmt_mint))))
    found = [(each.rule, each.subject, each.expected, each.found) for each in report.findings]
    assert found == [
        ("bytes", "exchange", f"sha256 {sha256}", f"sha256 {wrong}"),
        ("upgrade authority", "oracle", "nobody", deployer),
        ("buffers", str(left), f"no buffer of {deployer}", f"{buffer.lamports} lamports in it"),
        ("admin", config, "nobody", deployer),
        ("parameters", config, "fee_base_ppm 300", "fee_base_ppm 301"),
        ("collateral", keys.collateral_mint, "no mint authority", f"mint authority {deployer}"),
        ("collateral", keys.collateral_mint, "no freeze authority", f"freeze authority {deployer}"),
        ("mmt", keys.mmt_mint, "no mint authority", f"mint authority {deployer}"),
        ("mmt", keys.mmt_mint, "no freeze authority", f"freeze authority {deployer}"),
        (
            "mmt",
            keys.mmt_mint,
            f"a supply of {mmt_mint.SUPPLY}",
            f"a supply of {mmt_mint.SUPPLY + 1}",
        ),
        ("sink", sink, f"at least {mmt_mint.SUNK} sunk", f"{mmt_mint.SUNK - 1} sunk"),
        ("mmt vaults", reward, "no delegate", f"delegate {deployer}"),
    ]


async def test_other_keys_than_were_named_are_findings(botched: World) -> None:
    named, feed = str(Pubkey.new_unique()), str(at.feed("BTC/USD"))
    expected = Charter.model_validate(
        {
            "keys": {"operator": named, "collateral_mint": named, "mmt_mint": named},
            "feeds": [
                {"name": "BTC/USD", "publisher": named, "authority": named, "max_age_s": 31},
                {"name": "ETH/USD"},
            ],
        }
    )
    report = await deploy.verify(botched.engine, deploy.reference(), expected)
    rules = ("operator", "collateral", "feeds")
    found = [(each.rule, each.subject, each.expected) for each in report.findings if each.rule in rules]
    assert found == [
        ("operator", str(at.config()), named),
        ("collateral", botched.charter.keys.collateral_mint, f"collateral {named}"),
        ("feeds", feed, f"publisher {named}"),
        ("feeds", feed, f"authority {named}"),
        ("feeds", feed, "max_age_s 31"),
        ("feeds", str(at.feed("ETH/USD")), "the feed ETH/USD"),
    ]
    assert f"MMT {named}" in {each.expected for each in report.findings}


async def test_genesis_opens_no_exchange_on_other_bytes_even_if_nobody_can_change_them(
    botched: World,
) -> None:
    engine = botched.engine
    with pytest.raises(InvalidInput, match="Build for other addresses: the exchange program here is another"):
        await genesis.make_plan(Sender(engine), engine, botched.deployer, botched.charter, priority_fee=0)


async def test_every_live_key_is_a_power(botched: World) -> None:
    report = await deploy.verify(botched.engine, deploy.reference(), botched.charter)
    assert [each.power for each in report.powers] == [
        "upgrade authority",
        "admin",
        "operator",
        "publisher",
        "feed authority",
        "mint authority",
        "freeze authority",
        "mint authority",
        "freeze authority",
        "delegate",
    ]
    assert {each.holder for each in report.powers} == {str(botched.deployer)}


async def test_the_command_names_them_with_status_1_in_tables_and_in_json(botched: World) -> None:
    place = ("--cluster", botched.engine.url, "--deployer", botched.deployer)
    answer = await typed_json("verify", *place, status=1)
    assert answer["ok"] is False
    assert {"rule", "program", "expected", "found"} == answer["findings"][0].keys()
    assert {"rule", "account", "expected", "found"} == answer["findings"][-1].keys()
    broken = {each["rule"] for each in answer["findings"]}
    assert broken == {
        "bytes",
        "upgrade authority",
        "buffers",
        "admin",
        "parameters",
        "mmt",
        "sink",
        "mmt vaults",
    }
    done = await typed("verify", *place)
    assert (done.status, done.err) == (1, "")
    tables = cells(done.out)
    assert {each[1] for each in tables if each[0] == "broken"} == broken
    findings = [[e["rule"], e.get("program", e.get("account")), e["expected"], e["found"]]
                for e in answer["findings"]]  # fmt: skip
    assert [each for each in tables if each in findings] == findings
    assert done.out.endswith(f"Not verified: {len(findings)} findings.\n")


async def test_before_genesis_the_exchange_is_not_asked_for(botched: World) -> None:
    place = ("--cluster", botched.engine.url, "--programs-only")
    answer = await typed_json("verify", *place, status=1)
    assert {each["rule"] for each in answer["findings"]} == {"bytes", "upgrade authority"}
    done = await typed("verify", *place)
    judged = {each["rule"]: each["status"] for each in answer["rules"]}
    assert {each[1]: each[0] for each in cells(done.out) if each[0] in judged.values()} == judged
    assert done.out.endswith("Not verified: 2 findings.\n")


async def test_what_cannot_be_looked_for_is_one_sentence(botched: World) -> None:
    place = ("verify", "--cluster", botched.engine.url)
    assert refusal(await typed(*place, "--deployer", "me")) == (
        "Name a deployer by its base58 address, not me."
    )
    assert refusal(await typed(*place, "--manifest", "/nowhere.json")) == (
        "Name a manifest that exists, not /nowhere.json."
    )
    assert refusal(await typed(*place, "--manifest", botched.file)).startswith("Name a manifest that ")
