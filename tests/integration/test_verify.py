"""`breakwater verify` against real validators: a launch as it should be, and one with everything wrong."""

from __future__ import annotations

import base64
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater import deploy
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs
from breakwater.chain.engine import EmbeddedEngine, LocalEngine, RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.cli import main
from breakwater.config import settings
from breakwater.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]

SOL = 10**9
MMT_SUPPLY = 100_000_000 * 10**9


class World:
    """A chain, who launches on it, and the mints."""

    opened_early: str
    """What became of an exchange that was to open before the burn."""

    def __init__(self, place: Path) -> None:
        self.deployer, self.operator = Keypair(), Keypair().pubkey()
        self.collateral, self.mmt = Keypair(), Keypair()
        self.key_file = place / "deployer.json"
        self.key_file.write_text(json.dumps(list(bytes(self.deployer))))
        self.genesis = place / "genesis.toml"

    async def enter(self, engine: EmbeddedEngine | LocalEngine) -> None:
        """Go on with this chain, with some lamports on it."""
        self.sender = Sender(engine)
        await engine.airdrop(self.deployer.pubkey(), 10 * SOL)

    @property
    def engine(self) -> RpcEngine:
        """The validator."""
        assert isinstance(self.sender.engine, RpcEngine)
        return self.sender.engine

    async def mint(self, mint: Keypair, decimals: int, supply: int, *, burn: bool) -> None:
        """A mint with a supply, whose authorities are burned or not."""
        owner, address = self.deployer.pubkey(), mint.pubkey()
        rent = await loader.rent_of(self.sender, 82)
        token = at.TOKEN_PROGRAM
        account = CreateAccountParams(
            from_pubkey=owner, to_pubkey=address, lamports=rent, space=82, owner=token
        )
        fresh = spl.InitializeMintParams(
            decimals=decimals, program_id=token, mint=address, mint_authority=owner, freeze_authority=owner
        )
        made = [create_account(account), spl.initialize_mint(fresh)]
        if supply:
            wallet = spl.get_associated_token_address(owner, address)
            made.append(spl.create_associated_token_account(owner, owner, address))
            params = spl.MintToParams(
                program_id=token, mint=address, dest=wallet, mint_authority=owner, amount=supply
            )
            made.append(spl.mint_to(params))
        kinds = (spl.AuthorityType.MINT_TOKENS, spl.AuthorityType.FREEZE_ACCOUNT) if burn else ()
        made += [
            spl.set_authority(
                spl.SetAuthorityParams(
                    program_id=token, account=address, authority=kind, current_authority=owner
                )
            )
            for kind in kinds
        ]
        await self.sender.send(made, [self.deployer, mint])

    async def initialize(self, rules: ix.Rules) -> None:
        admin = self.deployer.pubkey()
        made = [ix.initialize(admin, self.operator, self.collateral.pubkey(), rules)]
        await self.sender.send(
            [*made, *(ix.create_shard(admin, i) for i in range(at.SHARDS))], [self.deployer]
        )
        feed = ix.create_feed(admin, "BTC/USD", self.operator, -2, 30)
        await self.sender.send([feed], [self.deployer])

    def expect(self) -> deploy.Expected:
        """What both worlds are held to, as a file."""
        self.genesis.write_text(
            f"""
            [keys]
            operator = "{self.operator}"
            collateral_mint = "{self.collateral.pubkey()}"
            collateral_fixed = true
            mmt_mint = "{self.mmt.pubkey()}"

            [[feeds]]
            name = "BTC/USD"
            publisher = "{self.operator}"
            authority = "{self.deployer.pubkey()}"
            """
        )
        return deploy.Expected.read(self.genesis)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def launched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Deployed, burned, initialised, renounced: as it should be."""
    async with open_engine("local") as engine:
        assert isinstance(engine, LocalEngine)
        world = World(tmp_path_factory.mktemp("launched"))
        await world.enter(engine)
        targets, deployer = deploy.targets(programs.NAMES), world.deployer
        await world.mint(world.collateral, 6, 0, burn=True)
        await world.mint(world.mmt, 9, MMT_SUPPLY, burn=True)
        for immutable in (False, True):
            options = deploy.Options(immutable=immutable)
            with deploy.Journal(world.key_file.with_name("journal.jsonl")) as journal:
                plan = await deploy.make_plan(
                    engine, deployer.pubkey(), targets, options, priority_fee=0, recorded=immutable
                )
                await deploy.deploy(world.sender, engine, deployer, plan, journal)
            if not immutable:
                with pytest.raises(ProgramError) as refused:
                    await world.initialize(ix.Rules())
                world.opened_early = refused.value.name
        await world.initialize(ix.Rules())
        await world.sender.send([ix.renounce_admin(deployer.pubkey())], [deployer])
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def botched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A tampered byte, live authorities and keys, a changed fee, mints that anybody's key can inflate."""
    world = World(tmp_path_factory.mktemp("botched"))
    accounts = await exchange_of_another_chain(world, ix.Rules(fee_base_ppm=301))
    engine = await LocalEngine.start(settings().validator_path(), accounts=accounts)
    try:
        await world.enter(engine)
        deployer = world.deployer
        for name in programs.NAMES:
            key = at.development_keypair(name)
            binary = programs.binary(name, "v3")
            await loader.deploy_program(
                world.sender,
                payer=deployer,
                program=key,
                buffer=loader.buffer_address(deployer.pubkey(), key.pubkey()),
                authority=deployer,
                binary=tampered(binary) if name == "exchange" else binary,
            )
        await loader.finalize(world.sender, payer=deployer, program=at.EXCHANGE, authority=deployer)
        left = loader.buffer_address(deployer.pubkey(), at.EXCHANGE)
        await loader.create_buffer(world.sender, payer=deployer, buffer=left, authority=deployer, size=100)
        await world.mint(world.mmt, 9, MMT_SUPPLY + 1, burn=False)
        yield world
    finally:
        await engine.close()


async def exchange_of_another_chain(world: World, rules: ix.Rules) -> dict[Pubkey, Path]:
    """Account files of an exchange, for a validator to start with.

    The programs open none while somebody can upgrade them, so it is made where nobody can.
    """
    async with open_engine("embedded", programs=programs.embedded_programs()) as engine:
        assert isinstance(engine, EmbeddedEngine)
        await world.enter(engine)
        await world.mint(world.collateral, 6, 0, burn=False)
        await world.initialize(rules)
        places = [at.config(), at.vault(), at.token_vault(), at.feed("BTC/USD"), world.collateral.pubkey()]
        files = {}
        for address in [*places, *map(at.shard, range(at.SHARDS))]:
            held = engine.get_account(address)
            assert held is not None
            account = {
                "lamports": held.lamports,
                "data": [base64.b64encode(held.data).decode(), "base64"],
                "owner": str(held.owner),
                "executable": False,
                "rentEpoch": held.rent_epoch,
                "space": len(held.data),
            }
            files[address] = world.key_file.with_name(f"{address}.json")
            files[address].write_text(json.dumps({"pubkey": str(address), "account": account}))
        return files


def tampered(binary: bytes) -> bytes:
    """One bit of the last byte: in the names of sections, which nothing runs."""
    return binary[:-1] + bytes([binary[-1] ^ 1])


async def test_a_launch_as_it_should_be_is_verified(launched: World) -> None:
    report = await deploy.verify(launched.engine, deploy.reference(), launched.expect())
    assert report.as_dict()["findings"] == []
    assert report.ok
    assert {report.status(rule) for rule in report.rules} == {"holds"}


async def test_the_powers_that_remain_are_listed_with_their_holders(launched: World) -> None:
    report = await deploy.verify(launched.engine, deploy.reference(), launched.expect())
    operator, deployer = str(launched.operator), str(launched.deployer.pubkey())
    assert [(each.power, each.holder) for each in report.powers] == [
        ("operator", operator),
        ("publisher", operator),
        ("feed authority", deployer),
    ]


async def test_the_deployers_record_is_found_and_agrees(launched: World) -> None:
    report = await deploy.verify(launched.engine, deploy.reference(), launched.expect())
    (found,) = report.as_dict()["records"]
    assert (found["deployer"], found["agrees"]) == (str(launched.deployer.pubkey()), True)


async def test_a_stranger_can_make_no_finding_by_signing_or_leaving_buffers(launched: World) -> None:
    stranger = Keypair()
    await launched.engine.airdrop(stranger.pubkey(), SOL)
    reference = deploy.reference()
    lie = deploy.sign(
        stranger,
        cluster=await deploy.genesis_hash(launched.engine),
        sources="0" * 64,
        artefacts=list(reference.artefacts.values()),
    )
    await launched.sender.send(deploy.memo_instructions(stranger.pubkey(), lie), [stranger])
    buffer = Keypair()
    await loader.create_buffer(launched.sender, payer=stranger, buffer=buffer, authority=stranger, size=100)
    report = await deploy.verify(launched.engine, reference, launched.expect())
    assert report.ok
    assert [each.deployer for each in report.facts.records] == [str(launched.deployer.pubkey())]


async def test_the_exchange_opened_only_after_the_burn(launched: World) -> None:
    assert launched.opened_early == "NotFinal"


async def test_every_admin_instruction_is_refused_afterwards(launched: World) -> None:
    admin = launched.deployer.pubkey()
    for instruction in (ix.set_operator(admin, admin), ix.renounce_admin(admin)):
        with pytest.raises(ProgramError) as refused:
            await launched.sender.send([instruction], [launched.deployer])
        assert refused.value.name == "NotAdmin"


async def test_the_command_is_one_line_of_json_and_status_0(
    launched: World, capsys: pytest.CaptureFixture[str]
) -> None:
    launched.expect()
    status, answer = command(capsys, launched, "--genesis", str(launched.genesis))
    assert (status, answer["ok"], answer["findings"]) == (0, True, [])
    assert [each["power"] for each in answer["powers"]] == ["operator", "publisher", "feed authority"]


async def test_each_thing_that_is_wrong_is_named(botched: World) -> None:
    report = await deploy.verify(botched.engine, deploy.reference(), botched.expect())
    config, mmt, collateral = str(at.config()), str(botched.mmt.pubkey()), str(botched.collateral.pubkey())
    deployer = str(botched.deployer.pubkey())
    files = programs.manifest()["files"]
    right = files["exchange.v3.so"]["sha256"]
    found = {(each.rule, each.subject, each.expected, each.found) for each in report.findings}
    changed = next(each for each in report.facts.programs if each.artefact.name == "exchange")
    assert changed.state is not None
    wrong = changed.artefact.found(changed.state.binary)
    assert wrong != right
    left = loader.buffer_address(botched.deployer.pubkey(), at.EXCHANGE).pubkey()
    rent = await loader.rent_of(botched.sender, loader.BUFFER_HEADER + 100)
    assert found == {
        ("bytes", "exchange", f"sha256 {right}", f"sha256 {wrong}"),
        ("upgrade authority", "oracle", "nobody", deployer),
        ("buffers", str(left), f"no buffer of {deployer}", f"{rent} lamports in it"),
        ("admin", config, "nobody", deployer),
        ("parameters", config, "fee_base_ppm 300", "fee_base_ppm 301"),
        ("collateral", collateral, "no mint authority", f"mint authority {deployer}"),
        ("collateral", collateral, "no freeze authority", f"freeze authority {deployer}"),
        ("mmt", mmt, "no mint authority", f"mint authority {deployer}"),
        ("mmt", mmt, "no freeze authority", f"freeze authority {deployer}"),
        ("mmt", mmt, f"a supply of {MMT_SUPPLY}", f"a supply of {MMT_SUPPLY + 1}"),
    }


async def test_other_keys_than_were_named_are_findings(botched: World) -> None:
    named, feed = str(Pubkey.new_unique()), str(at.feed("BTC/USD"))
    expected = deploy.Expected.model_validate(
        {
            "keys": {"operator": named, "collateral_mint": named},
            "feeds": [
                {"name": "BTC/USD", "publisher": named, "authority": named},
                {"name": "ETH/USD"},
            ],
        }
    )
    report = await deploy.verify(botched.engine, deploy.reference(), expected)
    found = [
        (each.rule, each.subject, each.expected)
        for each in report.findings
        if each.rule in ("operator", "collateral", "feeds")
    ]
    assert found == [
        ("operator", str(at.config()), named),
        ("collateral", str(botched.collateral.pubkey()), f"collateral {named}"),
        ("feeds", feed, f"publisher {named}"),
        ("feeds", feed, f"authority {named}"),
        ("feeds", str(at.feed("ETH/USD")), "the feed ETH/USD"),
    ]


async def test_every_live_key_is_a_power(botched: World) -> None:
    report = await deploy.verify(botched.engine, deploy.reference(), botched.expect())
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
    ]


async def test_the_command_names_them_with_status_1(
    botched: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status, answer = command(capsys, botched)
    assert (status, answer["ok"]) == (1, False)
    assert {"rule", "program", "expected", "found"} == answer["findings"][0].keys()
    assert {each["rule"] for each in answer["findings"]} == {
        "bytes",
        "upgrade authority",
        "buffers",
        "admin",
        "parameters",
    }


def command(capsys: pytest.CaptureFixture[str], world: World, *more: str) -> tuple[int, Any]:
    """`breakwater verify --json`: its status, and its answer."""
    ended: list[object] = []

    def run() -> None:  # a command has an event loop of its own
        try:
            main(["verify", "--cluster", world.engine.url, "--json", *more])
        except SystemExit as exit_:
            ended.append(exit_.code)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    (status,) = ended
    assert isinstance(status, int)
    return status, json.loads(out)
