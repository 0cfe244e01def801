"""`breakwater deploy` against a real validator: killed at every step, continued, paid once, and final."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from tests.integration.mortals import Mortals, mortals

from breakwater import deploy
from breakwater.chain import loader, programs
from breakwater.chain.engine import LocalEngine
from breakwater.chain.sender import Sender
from breakwater.config import settings
from breakwater.deploy import record
from breakwater.errors import InsufficientFunds, InvalidInput, ProgramError
from breakwater.steps import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]

SOL = 10**9
TICKS_PER_SLOT = 8

STEPS = ("buffer", "write", "deploy", "record", "burn")
CASES = {
    **{f"{step}, announced": (step, "begin", "after") for step in STEPS},
    **{f"{step}, landed and not noted": (step, "done", "before") for step in STEPS},
    **{f"{step}, noted": (step, "done", "after") for step in STEPS},
    "read back": ("read", "done", "after"),
    "planned": ("plan", "done", "after"),
    "the first writes": ("chunks", "1"),
    "half of the writes": ("chunks", "11"),
}
"""Where the process is killed: at a line of the journal, or when so many chunks are confirmed."""


@dataclass(frozen=True)
class Ended:
    """A deployment that was killed once and run again."""

    deployer: Keypair
    program: Keypair
    journal: Path
    killed: int
    finished: int
    errors: str
    funded: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LocalEngine]:
    # what was begun and never sent is waited out, 180 slots long
    opened = await LocalEngine.start(settings().validator_path(), ticks_per_slot=TICKS_PER_SLOT)
    try:
        yield opened
    finally:
        await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(engine: LocalEngine) -> Keypair:
    key = Keypair()
    await engine.airdrop(key.pubkey(), 1_000 * SOL)
    return key


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ended(
    engine: LocalEngine, bank: Keypair, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ended]:
    """Every case at once, each with keys of its own."""
    async with mortals() as drivers:

        async def one(index: int, kill: tuple[str, ...]) -> Ended:
            place = tmp_path_factory.mktemp(f"case{index}")
            return await killed_and_continued(drivers, engine, await funded(engine, bank), place, kill)

        results = await asyncio.gather(*(one(i, kill) for i, kill in enumerate(CASES.values())))
    return dict(zip(CASES, results, strict=True))


async def killed_and_continued(
    drivers: Mortals, engine: LocalEngine, deployer: Keypair, place: Path, kill: tuple[str, ...]
) -> Ended:
    program, journal = Keypair(), place / "journal.jsonl"
    for name, key in (("deployer", deployer), ("program", program)):
        (place / f"{name}.json").write_text(json.dumps(list(bytes(key))))
    arguments = (engine.url, str(place / "deployer.json"), str(place / "program.json"), str(journal))
    killed, _ = await drivers.run("deploy", place, *arguments, *kill)
    finished, errors = await drivers.run("deploy", place, *arguments)
    return Ended(deployer, program, journal, killed, finished, errors, SOL)


async def buffers_of(engine: LocalEngine, authority: Pubkey) -> list[object]:
    """What the loader still holds for a key, from the node itself."""
    header = b"\x01\0\0\0\x01" + bytes(authority)
    return list(await deploy.owned(engine, loader.LOADER, (0, header), only=37))


def target(key: Keypair, binary: bytes) -> deploy.Target:
    digest = hashlib.sha256(binary).hexdigest()
    return deploy.Target(deploy.Artefact("oracle", key.pubkey(), digest, len(binary)), key, binary)


async def planned(
    engine: LocalEngine, deployer: Pubkey, one: deploy.Target, *, immutable: bool = True
) -> deploy.Plan:
    options = deploy.Options(immutable=immutable)
    return await deploy.make_plan(engine, deployer, [one], options, priority_fee=0, recorded=False)


async def funded(engine: LocalEngine, bank: Keypair, lamports: int = SOL) -> Keypair:
    """A key that holds so much, and nothing else."""
    key = Keypair()
    await pay(engine, bank, key.pubkey(), lamports)
    return key


async def pay(engine: LocalEngine, bank: Keypair, target: Pubkey, lamports: int) -> None:
    params = TransferParams(from_pubkey=bank.pubkey(), to_pubkey=target, lamports=lamports)
    await Sender(engine).send([transfer(params)], [bank])


@pytest.mark.parametrize("case", CASES)
async def test_a_killed_deployment_is_continued(
    engine: LocalEngine, ended: dict[str, Ended], case: str
) -> None:
    it = ended[case]
    assert it.killed == -signal.SIGKILL
    assert it.finished == 0, it.errors
    state = await loader.program_state(Sender(engine), it.program.pubkey())
    assert state is not None
    assert state.binary == programs.binary("oracle", "v3")
    assert state.authority is None


@pytest.mark.parametrize("case", CASES)
async def test_it_pays_its_rent_once(engine: LocalEngine, ended: dict[str, Ended], case: str) -> None:
    it = ended[case]
    sender, program = Sender(engine), it.program.pubkey()
    binary = programs.binary("oracle", "v3")
    held = [await loader.account(sender, each) for each in (program, loader.programdata_address(program))]
    rent = sum(each.lamports for each in held if each is not None)
    assert rent == await loader.rent_of(sender, 36) + await loader.rent_of(sender, 45 + len(binary))
    left = (await engine.client.get_balance(it.deployer.pubkey())).value
    fees = it.funded - left - rent
    # 22 writes, buffer, deployment (two signatures), memo, burn; a write of each round may be paid twice
    assert 27 * 5_000 <= fees <= 60 * 5_000
    assert fees % 5_000 == 0


@pytest.mark.parametrize("case", CASES)
async def test_it_leaves_no_buffer(engine: LocalEngine, ended: dict[str, Ended], case: str) -> None:
    assert await buffers_of(engine, ended[case].deployer.pubkey()) == []


@pytest.mark.parametrize("case", CASES)
async def test_its_journal_keeps_no_secret_and_every_line(ended: dict[str, Ended], case: str) -> None:
    it = ended[case]
    text = it.journal.read_text()
    for key in (it.deployer, it.program):
        assert str(key) not in text
        assert bytes(key).hex() not in text
        assert json.dumps(list(bytes(key)))[1:40] not in text
    entries = [json.loads(line) for line in text.splitlines() if line]
    assert [each["step"] for each in entries].count("plan") == 2
    assert entries[-1]["step"] == "finish"


async def test_its_record_is_signed_and_found_through_the_program(
    engine: LocalEngine, ended: dict[str, Ended]
) -> None:
    it = ended["planned"]
    (found,) = await record.find(engine, it.program.pubkey())
    assert found.deployer == str(it.deployer.pubkey())
    assert found.genuine()
    assert found.statement["cluster"] == await deploy.genesis_hash(engine)
    assert (
        found.statement["programs"]["oracle"]["sha256"]
        == (programs.manifest()["files"]["oracle.v3.so"]["sha256"])
    )


async def test_the_burned_program_refuses_an_upgrade_on_the_chain(
    engine: LocalEngine, ended: dict[str, Ended]
) -> None:
    it = ended["planned"]
    sender, deployer, buffer = Sender(engine, preflight=False, compute_limit=50_000), it.deployer, Keypair()
    binary = programs.binary("oracle", "v3")
    await loader.write_buffer(sender, payer=deployer, buffer=buffer, authority=deployer, binary=binary)
    with pytest.raises(ProgramError) as refused:
        await loader.upgrade(
            sender,
            payer=deployer,
            program=it.program.pubkey(),
            buffer=buffer.pubkey(),
            authority=deployer,
        )
    assert refused.value.name == "Immutable"
    assert refused.value.signature is not None  # it was on the chain, not in a simulation
    assert any("Program not upgradeable" in line for line in refused.value.logs)
    await loader.close(
        sender, payer=deployer, target=buffer.pubkey(), recipient=deployer.pubkey(), authority=deployer
    )


async def test_what_is_shown_before_is_what_is_paid(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    deployer = await funded(engine, bank)
    plan = await planned(engine, deployer.pubkey(), target(Keypair(), programs.binary("oracle", "v3")))
    with Journal(tmp_path / "journal.jsonl") as journal:
        outcome = await deploy.deploy(Sender(engine), engine, deployer, plan, journal)
    assert outcome.paid == plan.costs.rent + plan.costs.fees
    assert {each.state for each in outcome.steps} == {"done"}
    again = await planned(engine, deployer.pubkey(), plan.standings[0].target)
    assert (again.costs.rent, again.costs.transactions) == (
        0,
        1,
    )  # but for the memo, which a journal knows of


async def test_the_least_that_is_asked_for_is_enough_and_one_lamport_less_is_named(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    one = target(Keypair(), programs.binary("oracle", "v3"))
    needed = (await planned(engine, Keypair().pubkey(), one)).costs.peak
    deployer = await funded(engine, bank, needed - 1)
    plan = await planned(engine, deployer.pubkey(), one)
    with pytest.raises(InsufficientFunds, match=f"Send 0.000000001 SOL to {deployer.pubkey()}"):
        plan.require_funds()

    await pay(engine, bank, deployer.pubkey(), 1)
    plan = await planned(engine, deployer.pubkey(), one)
    plan.require_funds()
    with Journal(tmp_path / "journal.jsonl") as journal:
        outcome = await deploy.deploy(Sender(engine), engine, deployer, plan, journal)
    assert outcome.programs[0].authority is None


async def test_a_buffer_of_another_build_is_closed_and_its_rent_returns(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    deployer, program = await funded(engine, bank), Keypair()
    sender, binary = Sender(engine), programs.binary("oracle", "v3")
    old = loader.buffer_address(deployer.pubkey(), program.pubkey())
    await loader.create_buffer(sender, payer=deployer, buffer=old, authority=deployer, size=5_000)

    plan = await planned(engine, deployer.pubkey(), target(program, binary))
    assert plan.standings[0].misfit
    with Journal(tmp_path / "journal.jsonl") as journal:
        outcome = await deploy.deploy(sender, engine, deployer, plan, journal)

    assert [each.step for each in outcome.steps][:2] == ["close", "buffer"]
    assert outcome.paid == plan.costs.rent + plan.costs.fees - plan.costs.returned
    assert await buffers_of(engine, deployer.pubkey()) == []


async def test_lamports_sent_to_the_addresses_before_do_not_stop_it(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    deployer, program, stranger = await funded(engine, bank), Keypair(), await funded(engine, bank)
    buffer = loader.buffer_address(deployer.pubkey(), program.pubkey()).pubkey()
    for each in (program.pubkey(), buffer):
        await pay(engine, stranger, each, 1_000_000)
    plan = await planned(engine, deployer.pubkey(), target(program, programs.binary("oracle", "v3")))
    with Journal(tmp_path / "journal.jsonl") as journal:
        outcome = await deploy.deploy(Sender(engine), engine, deployer, plan, journal)
    assert outcome.programs[0].authority is None
    assert outcome.paid <= plan.costs.rent + plan.costs.fees


async def test_another_program_at_the_address_is_refused_before_anything_is_paid(
    engine: LocalEngine, ended: dict[str, Ended]
) -> None:
    it = ended["planned"]
    other = target(it.program, programs.binary("exchange", "v3"))
    with pytest.raises(InvalidInput, match="Build oracle for another address"):
        await planned(engine, it.deployer.pubkey(), other)


async def test_another_deployers_program_is_neither_burned_nor_vouched_for(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    deployer, stranger = await funded(engine, bank), await funded(engine, bank)
    one = target(Keypair(), programs.binary("oracle", "v3"))
    plan = await planned(engine, deployer.pubkey(), one, immutable=False)
    with Journal(tmp_path / "journal.jsonl") as journal:
        outcome = await deploy.deploy(Sender(engine), engine, deployer, plan, journal)
    assert outcome.programs[0].authority == str(deployer.pubkey())
    for immutable in (True, False):
        with pytest.raises(InvalidInput, match=f"Sign with {deployer.pubkey()}"):
            await planned(engine, stranger.pubkey(), one, immutable=immutable)


async def test_the_journal_of_another_deployer_is_refused(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    with Journal(tmp_path / "journal.jsonl") as journal:
        journal.write("plan", "done", cluster="elsewhere", deployer="somebody")
        deployer = await funded(engine, bank)
        plan = await planned(engine, deployer.pubkey(), target(Keypair(), programs.binary("oracle", "v3")))
        with pytest.raises(InvalidInput, match="Name another journal"):
            await deploy.deploy(Sender(engine), engine, deployer, plan, journal)
    assert (await engine.client.get_balance(deployer.pubkey())).value == SOL


async def test_without_a_terminal_and_without_yes_nothing_is_sent(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    # before the test below: whose the programs are once it has deployed them is asked first
    deployer, key = await funded(engine, bank, 5 * SOL), tmp_path / "deployer.json"
    key.write_text(json.dumps(list(bytes(deployer))))
    place = ("--cluster", engine.url, "--keypair", str(key), "--journal", str(tmp_path / "journal.jsonl"))
    process = await breakwater("deploy", *place, "--program", "oracle")
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.decode().endswith("breakwater: Add --yes: there is no terminal to ask for a confirmation.\n")
    assert (await engine.client.get_balance(deployer.pubkey())).value == 5 * SOL


async def test_ctrl_c_says_how_to_continue_and_the_command_continues(
    engine: LocalEngine, bank: Keypair, tmp_path: Path
) -> None:
    deployer, journal = await funded(engine, bank, 10 * SOL), tmp_path / "journal.jsonl"
    key = tmp_path / "deployer.json"
    key.write_text(json.dumps(list(bytes(deployer))))
    command = ("deploy", "--cluster", engine.url, "--keypair", str(key), "--journal", str(journal), "--yes")

    process = await breakwater(*command)
    os.setpriority(os.PRIO_PROCESS, process.pid, 19)  # else a busy machine is done before we look
    async with asyncio.timeout(180):
        while not is_writing(journal) and process.returncode is None:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, out) == (130, b"")
    assert (
        f"Run the same command again: it continues where it stopped. The journal is {journal}" in err.decode()
    )
    assert "Traceback" not in err.decode()

    process = await breakwater(*command, "--json")
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    answer = json.loads(out)
    assert [each["name"] for each in answer["programs"]] == ["oracle", "exchange"]
    assert {each["authority"] for each in answer["programs"]} == {str(deployer.pubkey())}
    assert (answer["steps"][0]["step"], answer["steps"][0]["state"]) == ("buffer", "found")
    assert signature_in(answer["record"]["file"]) == answer["record"]["signature"]


def is_writing(journal: Path) -> bool:
    return journal.exists() and '"write", "state": "begin"' in journal.read_text()


def signature_in(file: str) -> object:
    return json.loads(Path(file).read_text())["signature"]


async def breakwater(*arguments: str) -> asyncio.subprocess.Process:
    """The command, as a shell would start it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from breakwater.cli import main; main()",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
