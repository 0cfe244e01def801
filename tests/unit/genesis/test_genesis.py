"""Genesis on real programs: everything as the file says, once, for good, from wherever it was cut short."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater import genesis
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import mmt_instructions as mx
from breakwater.chain import mmt_mint, programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter, Item
from breakwater.errors import InsufficientFunds, InvalidInput, ProgramError
from breakwater.launch._attempts import admin_instructions
from breakwater.steps import Journal, State

if TYPE_CHECKING:
    from pathlib import Path

SOL = 10**9
STEPS = ("initialise", "shards", "mmt mint", "mmt", "bootstrap", "feed BTC/USD", "renounce")


class Killed(BaseException):
    """Ends a run like a signal: nothing catches it."""


class MortalJournal(Journal):
    """Ends the run before or after it has written the line of a step."""

    def __init__(self, path: Path, fatal: tuple[str, State, str] | None) -> None:
        super().__init__(path)
        self._fatal = fatal

    def write(self, step: str, state: State, program: str | None = None, **facts: Any) -> None:
        if (step, state, "before") == self._fatal:
            raise Killed
        super().write(step, state, program, **facts)
        if (step, state, "after") == self._fatal:
            raise Killed


class Ground:
    """A chain with the programs on it, a collateral, and who pays."""

    def __init__(self, place: Path) -> None:
        self.engine = EmbeddedEngine(programs.embedded_programs())
        self.payer, self.place = Keypair(), place
        self.sender = Sender(self.engine, self.payer)
        self.engine.fund(self.payer.pubkey(), 10 * SOL)

    async def collateral(self, decimals: int = 6) -> str:
        mint, payer, token = Keypair(), self.payer.pubkey(), at.TOKEN_PROGRAM
        rent = self.engine.svm.minimum_balance_for_rent_exemption(82)
        account = CreateAccountParams(
            from_pubkey=payer, to_pubkey=mint.pubkey(), lamports=rent, space=82, owner=token
        )
        fresh = spl.InitializeMintParams(
            decimals=decimals, program_id=token, mint=mint.pubkey(), mint_authority=payer
        )
        await self.sender.send([create_account(account), spl.initialize_mint(fresh)], [self.payer, mint])
        return str(mint.pubkey())

    async def charter(self, **changes: Any) -> Charter:
        keys = {"collateral_mint": await self.collateral(), **changes.pop("keys", {})}
        return Charter.model_validate({"keys": keys, "feeds": [{"name": "BTC/USD"}], **changes})

    async def plan(self, charter: Charter) -> genesis.Plan:
        return await genesis.make_plan(self.sender, self.engine, self.payer.pubkey(), charter, priority_fee=0)

    async def run(
        self, charter: Charter, fatal: tuple[str, State, str] | None = None, *signers: Keypair
    ) -> genesis.Outcome:
        plan = await self.plan(charter)
        with MortalJournal(self.place / "journal.jsonl", fatal) as journal:
            return await genesis.run(self.sender, self.engine, self.payer, plan, journal, signers=signers)

    @property
    def lamports(self) -> int:
        account = self.engine.get_account(self.payer.pubkey())
        return 0 if account is None else account.lamports


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


async def test_the_exchange_is_what_the_file_says_and_starts_from_nothing(ground: Ground) -> None:
    charter = await ground.charter()
    plan, before = await ground.plan(charter), ground.lamports
    assert plan.left == STEPS
    done = await ground.run(charter)
    held = done.held
    assert held.config is not None
    assert held.season is not None
    assert (held.config.fee_base_ppm, held.config.fee_slope_ppm, held.config.partial_ppm) == (
        300,
        2_500,
        300_000,
    )
    assert (done.vault, done.coverage_q32) == (0, 0)
    assert held.renounced
    assert held.mmt is not None
    assert (held.mmt.supply, held.mmt.decimals) == (mmt_mint.SUPPLY, 9)
    assert (held.mmt.mint_authority, held.mmt.freeze_authority) == (None, None)
    assert held.sink is not None
    assert (held.sink.owner, held.sink.amount) == (at.mmt_sink(), 90_000_000 * mx.MMT)
    assert held.reward_vault is not None
    paid = sum(charter.mmt.rates) * 38_880_000 + charter.bootstrap.budget
    assert held.reward_vault.amount == paid <= 10_000_000 * mx.MMT
    assert [step.step for step in done.steps] == list(STEPS)
    assert before - ground.lamports == done.paid == plan.costs.rent + plan.costs.fees


async def test_a_second_run_does_nothing_and_signs_the_same(ground: Ground) -> None:
    charter = await ground.charter()
    signed = []
    for state in ("done", "found"):
        plan = await ground.plan(charter)
        with Journal(ground.place / "journal.jsonl") as journal:
            done = await genesis.run(ground.sender, ground.engine, ground.payer, plan, journal)
            signed.append(
                await genesis.summarise(
                    ground.engine, ground.payer, plan, done, journal, file_sha256="ab" * 32
                )
            )
        assert {each.state for each in done.steps} == {state}
    assert done.paid == 0
    assert (plan.left, plan.costs.transactions, plan.costs.peak) == ((), 0, 0)
    assert signed[0] == signed[1]


async def test_the_summary_is_signed_and_names_file_addresses_and_transactions(ground: Ground) -> None:
    charter = await ground.charter()
    plan = await ground.plan(charter)
    with Journal(ground.place / "journal.jsonl") as journal:
        done = await genesis.run(ground.sender, ground.engine, ground.payer, plan, journal)
        signed = await genesis.summarise(
            ground.engine, ground.payer, plan, done, journal, file_sha256="ab" * 32
        )
    statement, payer = signed.statement, str(ground.payer.pubkey())
    assert signed.genuine(payer)
    assert not signed.genuine(str(Keypair().pubkey()))
    assert not replace(signed, statement={**statement, "vault": 1}).genuine(payer)
    assert statement["file_sha256"] == "ab" * 32
    assert statement["charter"] == plan.charter.model_dump(mode="json")
    assert statement["addresses"]["mmt_mint"] == str(mmt_mint.address(ground.payer.pubkey()))
    assert statement["signatures"] == {each.step: each.signature for each in done.steps}
    assert None not in statement["signatures"].values()
    file = ground.place / "genesis.summary.json"
    file.write_text(signed.text())
    assert Charter.read(file) == plan.charter
    assert str(ground.payer) not in signed.text() + (ground.place / "journal.jsonl").read_text()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("state", "moment"), [("begin", "after"), ("done", "before"), ("done", "after")])
async def test_wherever_it_is_cut_short_another_run_continues_and_pays_once(
    ground: Ground, step: str, state: State, moment: str
) -> None:
    charter = await ground.charter()
    plan, before = await ground.plan(charter), ground.lamports
    with pytest.raises(Killed):
        await ground.run(charter, (step, state, moment))
    done = await ground.run(charter)
    assert before - ground.lamports == plan.costs.rent + plan.costs.fees
    assert done.held.renounced
    landed = STEPS.index(step) + (state == "done")
    assert [each.state for each in done.steps] == ["found"] * landed + ["done"] * (len(STEPS) - landed)


async def test_what_the_chain_has_otherwise_is_listed_and_nothing_is_sent(ground: Ground) -> None:
    charter = await ground.charter()
    own, before = ground.payer.pubkey(), ix.Rules(fee_base_ppm=301)
    mint = Pubkey.from_string(str(charter.keys.collateral_mint))
    await ground.sender.send([ix.initialize(own, own, mint, before)], [ground.payer])
    plan, lamports = await ground.plan(charter), ground.lamports
    assert plan.conflicts == (Item("parameters", str(at.config()), "fee_base_ppm 300", "fee_base_ppm 301"),)
    assert plan.left == STEPS[1:]
    with pytest.raises(InvalidInput, match="has fee_base_ppm 301 where fee_base_ppm 300 is wanted"):
        await ground.run(charter)
    assert ground.lamports == lamports


async def test_somebody_elses_exchange_is_a_conflict(ground: Ground) -> None:
    charter, stranger = await ground.charter(), Keypair()
    ground.engine.fund(stranger.pubkey(), SOL)
    mint = Pubkey.from_string(str(charter.keys.collateral_mint))
    taken = ix.initialize(stranger.pubkey(), ground.payer.pubkey(), mint, charter.rules)
    await Sender(ground.engine).send([taken], [stranger])
    plan = await ground.plan(charter)
    assert [(each.rule, each.found) for each in plan.conflicts] == [("admin", str(stranger.pubkey()))]
    with pytest.raises(InvalidInput, match=f"has {stranger.pubkey()} where nobody is wanted"):
        plan.require_possible()


async def test_a_squatted_feed_is_a_conflict(ground: Ground) -> None:
    charter, stranger = await ground.charter(), Keypair()
    ground.engine.fund(stranger.pubkey(), SOL)
    feed = ix.create_feed(stranger.pubkey(), "BTC/USD", stranger.pubkey(), -2, 30)
    await Sender(ground.engine).send([feed], [stranger])
    assert {each.expected for each in (await ground.plan(charter)).conflicts} == {
        f"publisher {ground.payer.pubkey()}",
        f"authority {ground.payer.pubkey()}",
    }


async def test_a_feed_of_another_authority_needs_its_signature(ground: Ground) -> None:
    authority = Keypair()
    ground.engine.fund(authority.pubkey(), SOL)
    feed = {"name": "ETH/USD", "authority": str(authority.pubkey()), "exponent": -4, "max_age_s": 7}
    charter = await ground.charter(feeds=[feed])
    with pytest.raises(InvalidInput, match=f"Add --signer with the key pair of {authority.pubkey()}"):
        await ground.run(charter)
    plan = await ground.plan(charter)
    done = await ground.run(charter, None, authority)
    ((_, held),) = done.held.feeds
    assert (held.authority, held.exponent, held.max_age_s) == (bytes(authority.pubkey()), -4, 7)
    assert done.paid == plan.costs.rent + plan.costs.fees


async def test_lamports_sent_to_the_mints_address_do_not_stop_it(ground: Ground) -> None:
    charter = await ground.charter()
    ground.engine.fund(mmt_mint.address(ground.payer.pubkey()), 1_000_000)
    assert (await ground.run(charter)).held.renounced


async def test_the_least_that_is_asked_for_is_enough(ground: Ground) -> None:
    charter = await ground.charter()
    needed = (await ground.plan(charter)).costs.peak
    for missing, enough in ((1, False), (0, True)):
        ground.engine.set_account(ground.payer.pubkey(), Account(needed - missing, b"", SYSTEM))
        if enough:
            assert (await ground.run(charter)).held.renounced
        else:
            with pytest.raises(InsufficientFunds, match=r"Send 0\.000000001 SOL"):
                await ground.run(charter)


async def test_a_collateral_has_to_be_named_and_fit(ground: Ground) -> None:
    with pytest.raises(InvalidInput, match=r"Name the collateral in keys\.collateral_mint"):
        await ground.plan(Charter())
    wrong = Charter.model_validate({"keys": {"collateral_mint": await ground.collateral(decimals=9)}})
    assert [each.rule for each in (await ground.plan(wrong)).conflicts] == ["collateral"]
    other = await ground.charter(keys={"mmt_mint": str(Pubkey.new_unique())})
    with pytest.raises(InvalidInput, match=r"Leave keys\.mmt_mint out"):
        await ground.plan(other)


async def test_the_journal_of_another_payer_is_refused(ground: Ground) -> None:
    with Journal(ground.place / "journal.jsonl") as journal:
        journal.write("plan", "done", cluster="elsewhere", payer="somebody")
    with pytest.raises(InvalidInput, match="Name another journal"):
        await ground.run(await ground.charter())


async def test_no_admin_instruction_is_left_and_the_attempts_know_them_all(ground: Ground) -> None:
    charter = await ground.charter()
    await ground.run(charter)
    own = ground.payer.pubkey()
    wanted = charter.resolved(own)
    mints = (Pubkey.from_string(str(each)) for each in (wanted.keys.collateral_mint, wanted.keys.mmt_mint))
    attempts = admin_instructions(own, wanted, *mints)
    signed_by_admin = {
        each["name"]
        for each in programs.idl("exchange")["instructions"]
        if any(account["name"] == "admin" and account.get("signer") for account in each["accounts"])
    }
    assert signed_by_admin == attempts.keys() - {"create_shard"}
    for name, each in attempts.items():
        before = ground.engine.get_account(at.config())
        with pytest.raises(ProgramError) as refused:
            await ground.sender.send([each], [ground.payer])
        expected = "NotAdmin" if name in ("set_operator", "renounce_admin") else refused.value.name
        assert refused.value.name == expected
        assert ground.engine.get_account(at.config()) == before


@pytest.mark.parametrize(
    ("section", "name", "least", "most"),
    [
        ("rules", "min_coverage_q32", 1 << 29, 1 << 38),
        ("rules", "partial_ppm", 1, 1_000_000),
        ("rules", "keeper_ppm", 0, 100_000),
        ("rules", "max_subsidy_ppm", 1, 1_000_000),
        ("mmt", "exclusive_slots", 0, 10),
        ("mmt", "claim_slots", 1, 38_880_000),
        ("mmt", "min_bond", mx.MMT, 10_000_000 * mx.MMT),
        ("mmt", "prune_age_s", 0, 365 * 86_400),
        ("bootstrap", "min_fee", 1, 20 * 10**6),
    ],
)
async def test_the_file_allows_exactly_what_the_program_takes(
    ground: Ground, section: str, name: str, least: int, most: int
) -> None:
    for value in (least, most):
        other = Ground(ground.place / str(value))
        assert (await other.run(await other.charter(**{section: {name: value}}))).held.renounced
    for value in (least - 1, most + 1):
        if value < 0:
            continue
        with pytest.raises(ValueError, match=name):
            Charter.model_validate({section: {name: value}})
        other = Ground(ground.place / str(value))
        allowed = await other.charter()
        forged = allowed.model_copy(update={section: replace(getattr(allowed, section), **{name: value})})
        with pytest.raises(ProgramError) as refused:
            await other.run(forged)
        assert refused.value.name == "BadParameter"
