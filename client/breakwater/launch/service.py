"""The stages of a launch, in their order, each timed, with what it sent."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from breakwater import deploy, genesis
from breakwater.chain import programs
from breakwater.chain.sender import Sender
from breakwater.charter import FeedTerms
from breakwater.errors import Fatal
from breakwater.monitor import NO_LOANS, Monitor
from breakwater.steps import Journal

from . import _opening
from ._attempts import Refusal, try_admin, try_upgrades

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from breakwater.chain.engine import RpcEngine
    from breakwater.charter import Charter
    from breakwater.monitor import Sample

    from .keys import Keys

    Progress = Callable[[str, int, int], None]

__all__ = ["Launched", "Stage", "launch"]

SOL: Final = 10**9
FUNDS: Final = 20 * SOL
FEED: Final = "BTC/USD"
BURNED_BY_GENESIS: Final = "upgrade authority"
"""The rule that holds from the transaction on that opens the exchange."""


@dataclass(slots=True)
class Stage:
    """A stage of the launch: its seconds, the transactions it sent, and what came of it in a few words."""

    step: str
    seconds: float = 0.0
    signatures: list[str] = field(default_factory=list)
    result: str = ""


@dataclass(frozen=True, slots=True)
class Launched:
    """A finished launch.

    `report` is the last verification, `sample` the monitor's look; `charter` names every key, `paid` are the
    lamports of deployment and genesis.
    """

    cluster: str
    stages: tuple[Stage, ...]
    refusals: tuple[Refusal, ...]
    report: deploy.Report
    charter: Charter
    sample: Sample
    paid: int
    summary: Path

    def as_dict(self) -> dict[str, Any]:
        """Plain values; amounts in micro-units and lamports."""
        return {
            "ok": self.report.ok,
            "cluster": self.cluster,
            "paid": self.paid,
            "steps": [
                {
                    "step": each.step,
                    "seconds": round(each.seconds, 3),
                    "signatures": each.signatures,
                    "result": each.result,
                }
                for each in self.stages
            ],
            "refusals": [
                {"attempt": each.attempt, "error": each.error, "signature": each.signature}
                for each in self.refusals
            ],
            "verification": self.report.as_dict(),
            "monitor": self.sample.as_dict(),
            "summary": str(self.summary),
        }


class _Timer:
    def __init__(self, progress: Progress) -> None:
        self.stages: list[Stage] = []
        self._progress = progress

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        self._progress(name, 0, 0)
        stage, began = Stage(name), time.monotonic()
        yield stage
        stage.seconds = time.monotonic() - began
        self.stages.append(stage)


async def launch(
    engine: RpcEngine,
    keys: Keys,
    charter: Charter,
    place: Path,
    *,
    progress: Progress = lambda *_: None,
) -> Launched:
    """Launch an exchange on an empty chain with a faucet, trade on it, and try to change it.

    Args:
        engine: the chain.
        keys: who takes part.
        charter: rules and feeds; its operator, publishers and collateral are replaced by the rehearsal's own.
        place: directory of the journals and of the signed summary.
        progress: called with what is being done, and parts done of how many.

    Raises:
        Fatal: a verification fails, or an attempt to change something is not refused.
        Retryable, ProgramError: the chain did not answer, or refused.
    """
    timer, sender = _Timer(progress), Sender(engine)
    with timer.stage("fund the keys") as stage:
        for key in (keys.payer, keys.operator, keys.publisher, keys.trader):
            lamports = FUNDS if key is keys.payer else SOL
            stage.signatures.append(str(await engine.airdrop(key.pubkey(), lamports)))
    with timer.stage("deploy") as stage:
        deployed = await _deploy(engine, keys, place, progress)
        stage.signatures += [each.signature for each in deployed.steps if each.signature]
        stage.result = f"{deployed.paid / SOL:.6f} SOL"
    with timer.stage("verify the programs") as stage:
        report = await deploy.verify(engine, deploy.reference(), charter, exchange=False)
        _require(report, stage, but=BURNED_BY_GENESIS)
    with timer.stage("make a test collateral") as stage:
        collateral, stage.signatures = await _opening.make_collateral(sender, keys)
    with timer.stage("genesis") as stage:
        wanted = _own(charter, keys, str(collateral))
        plan, outcome, summary = await _genesis(engine, keys, wanted, place)
        stage.signatures += [each.signature for each in outcome.steps if each.signature]
        made = f"{outcome.paid / SOL:.6f} SOL; nobody can upgrade"
        stage.result = f"{made}; vault {outcome.vault}, coverage {outcome.coverage_q32}"
    charter = plan.charter
    with timer.stage("verify the exchange") as stage:
        _require(await deploy.verify(engine, deploy.reference(), charter), stage)
    with timer.stage("provide liquidity") as stage:
        stage.signatures = await _opening.provide(sender, keys)
        stage.result = f"{_opening.LIQUIDITY // 10**6:,} units"
    with timer.stage("publish a price, open a market") as stage:
        stage.signatures = await _opening.publish(sender, keys, charter.feeds[0])
        stage.signatures += await _opening.open_market(sender, keys, charter.feeds[0])
    with timer.stage("first trades") as stage:
        stage.signatures = await _opening.trade(sender, keys)
        stage.result = "deposit, buy, open at 2x, sell"
    with timer.stage("try to upgrade") as stage:
        upgrades = await try_upgrades(engine, keys)
        _tell(stage, upgrades)
    with timer.stage("try every admin instruction") as stage:
        admin = await try_admin(engine, keys, charter)
        _tell(stage, admin)
    with timer.stage("verify again") as stage:
        report = _require(await deploy.verify(engine, deploy.reference(), charter), stage)
    with timer.stage("monitor") as stage:
        sample = await Monitor(engine).sample()
        stage.result = _shown(sample)
    return Launched(
        plan.cluster,
        tuple(timer.stages),
        (*upgrades, *admin),
        report,
        charter,
        sample,
        deployed.paid + outcome.paid,
        summary,
    )


def _own(charter: Charter, keys: Keys, collateral: str) -> Charter:
    """The charter with the rehearsal's keys; a feed is made where it names none."""
    named = charter.keys.model_copy(
        update={"operator": str(keys.operator.pubkey()), "collateral_mint": collateral, "mmt_mint": None}
    )
    mine = {"publisher": str(keys.publisher.pubkey()), "authority": str(keys.payer.pubkey())}
    feeds = tuple(each.model_copy(update=mine) for each in charter.feeds or (FeedTerms(name=FEED),))
    return charter.model_copy(update={"keys": named, "feeds": feeds})


async def _deploy(engine: RpcEngine, keys: Keys, place: Path, progress: Progress) -> deploy.Outcome:
    options = deploy.Options(public_record=False)
    targets = deploy.targets(programs.NAMES)
    sender, payer = Sender(engine, keys.payer), keys.payer
    with Journal(place / "deploy.jsonl") as journal:
        recorded = deploy.recorded(journal, targets)
        plan = await deploy.make_plan(
            engine, payer.pubkey(), targets, options, priority_fee=0, recorded=recorded
        )
        plan.require_funds()
        return await deploy.deploy(sender, engine, payer, plan, journal, progress=progress)


async def _genesis(
    engine: RpcEngine, keys: Keys, charter: Charter, place: Path
) -> tuple[genesis.Plan, genesis.Outcome, Path]:
    sender, payer = Sender(engine, keys.payer), keys.payer
    with Journal(place / "genesis.jsonl") as journal:
        plan = await genesis.make_plan(sender, engine, payer.pubkey(), charter, priority_fee=0)
        outcome = await genesis.run(sender, engine, payer, plan, journal)
        signed = await genesis.summarise(engine, payer, plan, outcome, journal, file_sha256=None)
    file = place / "genesis.summary.json"
    file.write_text(signed.text() + "\n")
    return plan, outcome, file


def _shown(sample: Sample) -> str:
    values = sample.values
    coverage = values.get("coverage", NO_LOANS)
    covered = "no loans" if coverage >= NO_LOANS else f"coverage {coverage:,.1f}"
    alerts = ", ".join(sorted({each.rule for each in sample.alerts})) or "no alert"
    return f"vault {values.get('vault', 0):,.6f}, {covered}; {alerts}"


def _require(report: deploy.Report, stage: Stage, *, but: str | None = None) -> deploy.Report:
    findings = [each for each in report.findings if each.rule != but]
    if findings:
        first = findings[0]
        raise Fatal(f"Stop: {first.rule}, {first.subject} has {first.found} instead of {first.expected}.")
    held = sum(report.status(each) == "holds" for each in report.rules)
    stage.result = f"{held} rules hold"
    return report


def _tell(stage: Stage, refusals: list[Refusal]) -> None:
    stage.signatures = [each.signature for each in refusals if each.signature]
    stage.result = f"{len(refusals)} of {len(refusals)} refused on the chain"
