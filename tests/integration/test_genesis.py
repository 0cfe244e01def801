"""`breakwater genesis` on a validator: refused before the burn, killed at every step, continued."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl
from tests.integration.genesis_early import Early, asked_early, records_of
from tests.integration.grounds import program_accounts
from tests.integration.mortals import mortals
from tests.integration.typed import cells, refusal, rows, typed, typed_json

from breakwater import genesis
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader
from breakwater.chain._account_files import account_files
from breakwater.chain.engine import LocalEngine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter, default_text, items, read_held
from breakwater.config import settings
from breakwater.errors import InvalidInput, ProgramError
from breakwater.steps import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from breakwater.errors import BreakwaterError

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]

SOL = 10**9
TICKS_PER_SLOT = 16
KILLS = [
    ("plan", "done", "after"),
    ("initialise", "begin", "after"),
    *(
        (step, "done", "before")
        for step in ("initialise", "shards", "mmt mint", "mmt", "bootstrap", "feed BTC/USD", "renounce")
    ),
    ("finish", "done", "before"),
]
"""Where one run after the other is killed; each goes on where the one before it has ended."""


@dataclass(frozen=True)
class Ended:
    """A genesis that was killed again and again; and what became of it while a program could change."""

    engine: LocalEngine
    payer: Keypair
    plan: genesis.Plan
    place: Path
    planned_early: BreakwaterError
    opened_early: BreakwaterError
    early: Early
    statuses: list[int]
    spent: int
    errors: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ended(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ended]:
    place, payer = tmp_path_factory.mktemp("genesis"), Keypair()
    own = payer.pubkey()
    accounts = program_accounts("oracle", own) | program_accounts("exchange", own) | records_of(own)
    engine = await LocalEngine.start(
        settings().validator_path(),
        accounts=account_files(place / "accounts", accounts),
        ticks_per_slot=TICKS_PER_SLOT,
    )
    try:
        yield await killed_and_continued(engine, payer, place)
    finally:
        await engine.close()


async def killed_and_continued(engine: LocalEngine, payer: Keypair, place: Path) -> Ended:
    sender, key, file = Sender(engine, payer), place / "payer.json", place / "genesis.toml"
    await engine.airdrop(payer.pubkey(), 10 * SOL)
    mint = await collateral(sender, payer)
    file.write_text(
        default_text().replace('# collateral_mint = "..."', f'collateral_mint = "{mint.pubkey()}"')
        + '[[feeds]]\nname = "BTC/USD"\n'
    )
    key.write_text(json.dumps(list(bytes(payer))))
    early = await asked_early(engine, key, file, place)
    charter = Charter.read(file)
    with pytest.raises(InvalidInput) as planned:
        await genesis.make_plan(sender, engine, Keypair().pubkey(), charter, priority_fee=0)
    own = payer.pubkey()
    with pytest.raises(ProgramError) as opened:
        await sender.send([ix.initialize(own, own, mint.pubkey(), charter.rules)], [payer])
    plan = await genesis.make_plan(sender, engine, own, charter, priority_fee=0)
    arguments = (engine.url, str(key), str(file), str(place / "journal.jsonl"))
    statuses, errors = [], ""
    async with mortals() as drivers:
        for kill in [*KILLS, ()]:
            status, errors = await drivers.run("genesis", place, *arguments, *kill)
            statuses.append(status)
    spent = plan.balance - (await engine.client.get_balance(own)).value
    return Ended(engine, payer, plan, place, planned.value, opened.value, early, statuses, spent, errors)


async def collateral(sender: Sender, payer: Keypair) -> Keypair:
    mint, token = Keypair(), at.TOKEN_PROGRAM
    account = CreateAccountParams(
        from_pubkey=payer.pubkey(),
        to_pubkey=mint.pubkey(),
        lamports=await loader.rent_of(sender, 82),
        space=82,
        owner=token,
    )
    fresh = spl.InitializeMintParams(
        decimals=6, program_id=token, mint=mint.pubkey(), mint_authority=payer.pubkey()
    )
    await sender.send([create_account(account), spl.initialize_mint(fresh)], [payer, mint])
    return mint


async def test_it_is_refused_while_somebody_can_change_a_program_here_and_on_the_chain(ended: Ended) -> None:
    own = ended.payer.pubkey()
    sign = f"Sign with {own}, or have it run breakwater deploy --immutable first"
    assert str(ended.planned_early) == f"{sign}: it can still change the oracle program."
    assert isinstance(ended.opened_early, ProgramError)
    assert ended.opened_early.name == "NotFinal"


async def test_a_dry_run_shows_every_value_and_its_costs_and_sends_nothing(ended: Ended) -> None:
    early, plan = ended.early, ended.plan
    found = early.dry_json
    assert (early.dry.status, found["ok"], found["burns"]) == (0, True, ["oracle", "exchange"])
    assert found["left"] == list(plan.left)
    assert {each["conflict"] for each in found["differences"]} == {False}
    tables = cells(early.dry.out)
    shown = [each[1:] for each in tables if each[0] == "+"]
    assert shown == [[e["rule"], e["expected"], e["found"] or "nothing"] for e in found["differences"]]
    costs = found["costs"]
    assert (costs["rent"], costs["fees"]) == (plan.costs.rent, plan.costs.fees)
    assert {name: rows(early.dry.out)[name] for name in ("rent, SOL", "fees at most, SOL")} == {
        "rent, SOL": f"{costs['rent'] / SOL:.9f}",
        "fees at most, SOL": f"{costs['fees'] / SOL:.9f}",
    }
    assert rows(early.dry.out)["burned with the first step"] == "authority over oracle and exchange"
    assert early.dry.out.endswith("Nothing contradicts the file.\n")


async def test_costs_are_shown_before_anything_is_sent(ended: Ended) -> None:
    early = ended.early
    assert refusal(early.unconfirmed).startswith("Add --yes: ")
    assert rows(early.unconfirmed.err)["rent, SOL"] == f"{ended.plan.costs.rent / SOL:.9f}"
    assert "cluster has a program for build records" in refusal(early.nameless)
    assert refusal(early.stranger) == f"Sign with {ended.payer.pubkey()}: it holds the authority over oracle."
    assert early.unrecorded.status == 2, "a record that cannot be written ends it before the memo"
    before, still, after, again = early.balances
    assert before == still
    assert still - after == early.deployed["paid"]
    assert again == after


async def test_deploy_finds_programs_and_records_and_says_under_whom_they_are(ended: Ended) -> None:
    found, again, own = ended.early.deployed, ended.early.again, str(ended.payer.pubkey())
    assert {each["authority"] for each in found["programs"]} == {own}
    records = [each for each in found["steps"] if each["step"] == "public record"]
    assert [(each["program"], each["state"]) for each in records] == [
        ("oracle", "found"),
        ("exchange", "found"),
    ]
    assert again.status == 0, again
    assert rows(again.err)["oracle"] == f"deployed, under {own}"
    assert (rows(again.err)["transactions"], rows(again.err)["rent, SOL"]) == ("0", "0.000000000")
    programs_ = [[e["name"], e["address"], e["sha256"], e["authority"]] for e in found["programs"]]
    assert cells(again.out) == programs_
    assert (
        f"Paid 0.000000000 SOL. The record, signed by {own}, is in {found['record']['file']}\n" in again.out
    )
    assert f"and on the chain in {found['record']['transaction']}\n" in again.out
    assert again.out.endswith(
        "The deployer can still change the programs; genesis burns that as it opens the exchange.\n"
    )


async def test_after_it_deploy_says_that_nobody_can_change_the_programs(ended: Ended) -> None:
    place = ("--cluster", ended.engine.url, "--keypair", ended.place / "payer.json", "--no-public-record")
    journal = ("--journal", ended.place / "deploy.jsonl")
    done = await typed("deploy", *place, *journal, "--immutable")
    assert done.status == 0, done
    assert rows(done.err)["exchange"] == "deployed, nobody can change it"
    assert {each[3] for each in cells(done.out)} == {"nobody"}
    assert "can still change" not in done.out
    other = ended.place / "other.jsonl"
    other.write_text((ended.place / "deploy.jsonl").read_text().replace(str(ended.payer.pubkey()), "else"))
    assert refusal(await typed("deploy", *place, "--journal", other, "--yes")) == (
        f"Name another journal: {other} is of another cluster or deployer."
    )


async def test_again_it_has_nothing_to_ask_and_says_what_it_found(ended: Ended) -> None:
    file = ended.place / "genesis.toml"
    place = ("--cluster", ended.engine.url, "--keypair", ended.place / "payer.json")
    dry = await typed("genesis", file, *place, "--dry-run")
    assert (dry.status, dry.out.splitlines()[-1]) == (
        0,
        "Everything is as the file says: there is nothing to do.",
    )
    journal = ("--journal", ended.place / "again.jsonl")
    done, found = (
        await typed("genesis", file, *place, *journal),
        await typed_json("genesis", file, *place, *journal),
    )
    signatures = found["summary"]["statement"]["signatures"]
    assert [each[:2] for each in cells(done.out)] == [[step, "found"] for step in signatures]
    assert {each[0]: each[2] or None for each in cells(done.out)} == signatures
    assert done.out.splitlines()[-2:] == [
        f"Vault {found['vault']}, coverage {found['coverage_q32']}. Nobody administrates the exchange.",
        f"Paid 0.000000000 SOL. The summary, signed by {found['payer']}, is in {found['files']['summary']}",
    ]


async def test_killed_at_every_step_it_is_continued_to_its_end(ended: Ended) -> None:
    assert ended.statuses == [-signal.SIGKILL] * len(KILLS) + [0], ended.errors
    now = await read_held(ended.engine, ended.plan.charter)
    assert [each for each in items(ended.plan.charter, now) if not each.same] == []


async def test_programs_become_final_in_the_transaction_that_opens_the_exchange(ended: Ended) -> None:
    assert ended.plan.burns == ("oracle", "exchange")
    client = ended.engine.client
    (opened,) = (await client.get_signatures_for_address(at.vault())).value[-1:]
    for program in (at.ORACLE, at.EXCHANGE):
        programdata = loader.programdata_address(program)
        state = await loader.program_state(Sender(ended.engine), program)
        assert state is not None
        assert state.authority is None
        touched = (await client.get_signatures_for_address(programdata)).value
        changing = [each for each in touched if each.memo is None]  # a memo only names it
        assert changing[-1].signature == opened.signature


async def test_it_pays_its_rent_and_every_fee_once(ended: Ended) -> None:
    assert ended.spent == ended.plan.costs.rent + ended.plan.costs.fees


async def test_its_summary_names_every_transaction_that_made_an_account(ended: Ended) -> None:
    sender = Sender(ended.engine, ended.payer)
    charter = Charter.read(ended.place / "genesis.toml")
    plan = await genesis.make_plan(sender, ended.engine, ended.payer.pubkey(), charter, priority_fee=0)
    with genesis_journal(ended) as journal:
        done = await genesis.run(sender, ended.engine, ended.payer, plan, journal)
        signed = await genesis.summarise(ended.engine, ended.payer, plan, done, journal, file_sha256=None)
    signatures = signed.statement["signatures"]
    # every run was killed before it could note what it had sent: the accounts themselves tell
    assert [step for step, signature in signatures.items() if signature is None] == ["renounce"]
    assert signed.genuine(str(ended.payer.pubkey()))


def genesis_journal(ended: Ended) -> Journal:
    return Journal(ended.place / "journal.jsonl")


async def test_its_journal_keeps_no_secret_and_every_line(ended: Ended) -> None:
    text = (ended.place / "journal.jsonl").read_text()
    assert str(ended.payer) not in text
    assert bytes(ended.payer).hex() not in text
    steps = [json.loads(line)["step"] for line in text.splitlines() if line]
    assert steps.count("plan") >= len(KILLS) + 1
