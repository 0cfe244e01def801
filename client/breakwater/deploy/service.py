"""Deploy: programs, verification records, burn, everything read back; each step is done at most once.

What is to be done is decided by what the chain holds, never by what an earlier run meant to do, so a run that
was cut short, at whatever point, is continued by another. The journal is needed for one question only:
whether a transaction of the earlier run may still land. Then its blockhash is waited out before rent is paid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain.queries import read_accounts
from breakwater.errors import InvalidInput
from breakwater.steps import Runner

from . import otter, record
from ._chain import balance
from ._program import Deployed, ProgramSteps
from .artefacts import reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.keypair import Keypair

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.sender import Sender
    from breakwater.steps import Journal, Step

    from .artefacts import Target
    from .costs import Options
    from .plan import Plan

    Progress = Callable[[str, int, int], None]

__all__ = ["Outcome", "deploy", "recorded"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished deployment; `record` is our signed statement, `paid` the lamports that left the deployer."""

    programs: tuple[Deployed, ...]
    steps: tuple[Step, ...]
    record: record.Record
    paid: int


async def deploy(
    sender: Sender,
    engine: RpcEngine,
    deployer: Keypair,
    plan: Plan,
    journal: Journal,
    *,
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Carry a plan out, from wherever an earlier run has left it.

    Args:
        sender: sends through `engine`.
        engine: the cluster.
        deployer: pays, and is the upgrade authority.
        plan: of `make_plan`, for the same deployer.
        journal: of this deployment.
        progress: called with a step's name, and chunks written of how many; 0 of 0 for a step without parts.

    Raises:
        InvalidInput: the journal is another deployment's, or the chain holds something else.
        Retryable: the cluster did not answer in spite of several attempts; run it again.
        ProgramError, Fatal: the cluster refused.
    """
    _claim(journal, plan)
    runner = Runner(sender, engine, journal, progress)
    targets = [each.target for each in plan.standings]
    programs = [ProgramSteps(runner, engine, deployer, each) for each in targets]
    for each in programs:
        await each.deploy()
    before = [await each.read_back(burned=False) for each in programs]
    if plan.otter and plan.options.public_record:
        for target, held in zip(targets, before, strict=True):
            if held.authority is not None:  # once it is burned, no record counts that was not there before
                await _public_record(runner, deployer, target, held.slot, plan.options)
    signed = await _record(runner, engine, deployer, plan.cluster, targets)
    if plan.options.immutable:
        for each in programs:
            await each.burn()
    after = [await each.read_back(burned=plan.options.immutable) for each in programs]
    paid = plan.balance - await balance(engine, deployer.pubkey())
    journal.write("finish", "done", paid=paid)
    return Outcome(tuple(after), tuple(runner.steps), signed, paid)


def recorded(journal: Journal, targets: Sequence[Target]) -> bool:
    """Whether an earlier run has written its records about these programs."""
    plan, memo = journal.last("plan"), journal.last("record")
    wanted = {each.name: each.artefact.sha256 for each in targets}
    written = memo is not None and memo["state"] != "begin"
    return written and plan is not None and plan.get("programs") == wanted


def _claim(journal: Journal, plan: Plan) -> None:
    ours = {"cluster": plan.cluster, "deployer": str(plan.deployer)}
    earlier = journal.last("plan")
    if earlier is not None and any(earlier.get(name) != value for name, value in ours.items()):
        raise InvalidInput(f"Name another journal: {journal.path} is of another cluster or deployer.")
    programs = {each.target.name: each.target.artefact.sha256 for each in plan.standings}
    journal.write("plan", "done", **ours, programs=programs, immutable=plan.options.immutable)


async def _record(
    runner: Runner, engine: RpcEngine, deployer: Keypair, cluster: str, targets: Sequence[Target]
) -> record.Record:
    """Our own signed statement, in a memo."""
    artefacts = [each.artefact for each in targets]
    signed = record.sign(deployer, cluster=cluster, sources=reference().sources, artefacts=artefacts)
    known = runner.journal.last("record")
    if known is not None and known["state"] != "begin" and known.get("memo") == signed.signature:
        # nodes forget old transactions; the journal does not
        runner.found("record", None, known.get("signature"))
        return record.Record(signed.statement, signed.signature, known.get("signature"))

    async def kept() -> record.Record | None:
        memos = await record.find(engine, targets[0].address)
        return next((each for each in memos if each.signature == signed.signature), None)

    async def holds() -> bool:
        return await kept() is not None

    async def memo() -> Receipt:
        instructions = record.memo_instructions(deployer.pubkey(), signed)
        return await runner.sender.send(instructions, [deployer], rebuilds=0)

    await runner.once("record", None, holds, memo, memo=signed.signature)
    return await kept() or signed


async def _public_record(
    runner: Runner, deployer: Keypair, target: Target, slot: int, options: Options
) -> None:
    signer = deployer.pubkey()
    address = otter.record_address(signer, target.address)
    wanted = otter.BuildRecord(
        options.repository or "", options.commit or "", otter.arguments(target.name), slot
    )

    async def held() -> otter.BuildRecord | None:
        (found,) = await read_accounts(runner.engine, [address])
        return None if found is None or not found.data else otter.decode(found.data)[2]

    async def holds() -> bool:
        return await held() == wanted

    async def write() -> Receipt:
        exists = await held() is not None
        instruction = otter.record_instruction(signer, target.address, wanted, exists=exists)
        return await runner.sender.send([instruction], [deployer], rebuilds=0)

    await runner.once("public record", target.name, holds, write)
