"""Genesis: exchange, ledgers, MMT, feeds, and at the end no admin; each step is done at most once.

What is to be done is decided by what the chain holds, so a run that was cut short, at whatever point, is
continued by another. Two transactions of one step exclude each other on the chain: no rent is paid twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_instructions as bx
from breakwater.chain import instructions as ix
from breakwater.chain import loader, mmt_mint, programs
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.queries import read_accounts
from breakwater.charter import items, read_held
from breakwater.errors import Fatal, InvalidInput
from breakwater.steps import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import EmbeddedEngine, Receipt, RpcEngine
    from breakwater.chain.sender import Sender
    from breakwater.charter import FeedTerms, Held
    from breakwater.steps import Journal, Step

    from .plan import Plan

    Progress = Callable[[str, int, int], None]
    Make = Callable[[], Sequence[Instruction]]

__all__ = ["Outcome", "run"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished genesis, as it was read back.

    Attributes:
        held: the chain.
        steps: what was done, and what was found done.
        vault: the vault's micro-units when it was finished first.
        coverage_q32: the coverage then.
        paid: lamports that left the payer.
    """

    held: Held
    steps: tuple[Step, ...]
    vault: int
    coverage_q32: int
    paid: int


async def run(
    sender: Sender,
    engine: EmbeddedEngine | RpcEngine,
    payer: Keypair,
    plan: Plan,
    journal: Journal,
    *,
    signers: Sequence[Keypair] = (),
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Carry a plan out, from wherever an earlier run has left it.

    Args:
        sender: sends through `engine`.
        engine: the chain.
        payer: pays, administrates until the end.
        plan: of `make_plan`, for the same payer.
        journal: of this genesis.
        signers: other authorities of feeds.
        progress: called with a step's name, and 0 of 0.

    Raises:
        InvalidInput: the journal is another genesis's, a key is missing, or the chain holds something else.
        Retryable: the chain did not answer in spite of several attempts; run it again.
        ProgramError, Fatal: it refused, or is not what it should be afterwards.
    """
    plan.require_possible()
    keys = {each.pubkey(): each for each in (payer, *signers)}
    _claim(journal, plan, keys)
    runner = Runner(sender, engine, journal, progress)
    steps = _Steps(runner, engine, payer, keys, plan)
    await steps.exchange()
    await steps.mmt()
    await steps.bootstrap()
    for each in plan.charter.feeds:
        await steps.feed(each)
    await steps.renounce()
    held = await read_held(engine, plan.charter)
    for item in items(plan.charter, held):
        if not item.same:
            raise Fatal(f"Stop: {item.account} has {item.found}, and {item.expected} was written.")
    first = journal.last("finish")
    vault = 0 if held.vault is None else held.vault.cash + sum(each.cash for each in held.shards if each)
    if first is None:
        journal.write("finish", "done", vault=vault, coverage_q32=held.coverage_q32)
        first = {"vault": vault, "coverage_q32": held.coverage_q32}
    (account,) = await read_accounts(engine, [payer.pubkey()])
    paid = plan.balance - (0 if account is None else account.lamports)
    return Outcome(held, tuple(runner.steps), first["vault"], first["coverage_q32"], paid)


def _claim(journal: Journal, plan: Plan, keys: Mapping[Pubkey, Keypair]) -> None:
    known = {feed.name for _, feed in plan.held.feeds}
    for feed in plan.charter.feeds:
        if feed.name not in known and feed.authority not in {str(each) for each in keys}:
            raise InvalidInput(
                f"Add --signer with the key pair of {feed.authority}, {feed.name}'s authority."
            )
    ours = {"cluster": plan.cluster, "payer": str(plan.payer)}
    earlier = journal.last("plan")
    if earlier is not None and any(earlier.get(name) != value for name, value in ours.items()):
        raise InvalidInput(f"Name another journal: {journal.path} is of another cluster or payer.")
    journal.write("plan", "done", **ours, charter=plan.charter.digest())


class _Steps:
    """The steps; each asks the chain whether it is needed."""

    def __init__(
        self,
        runner: Runner,
        engine: EmbeddedEngine | RpcEngine,
        payer: Keypair,
        keys: Mapping[Pubkey, Keypair],
        plan: Plan,
    ) -> None:
        self._run, self._engine, self._payer, self._keys = runner, engine, payer, keys
        self._charter, self._own = plan.charter, plan.payer
        self._mint, self._burns = _key(plan.charter.keys.mmt_mint), plan.burns

    async def exchange(self) -> None:
        """The rules, and the four ledgers that repeat them.

        What is left of the power over the programs is burned in the transaction that writes the rules: in
        between, the first to come could write others.
        """
        keys, own = self._charter.keys, self._own
        operator, collateral = _key(keys.operator), _key(keys.collateral_mint)
        await self._once(
            "initialise",
            lambda: [
                *(loader.finalize_instruction(programs.address(each), own) for each in self._burns),
                ix.initialize(own, operator, collateral, self._charter.rules),
            ],
            at.config(),
        )
        shards = [at.shard(i) for i in range(at.SHARDS)]
        await self._once("shards", lambda: [ix.create_shard(own, i) for i in range(at.SHARDS)], *shards)

    async def mmt(self) -> None:
        """The token, without any authority from its first slot on, and its schedule."""
        own, mint = self._own, self._mint
        rent = await loader.rent_of(self._run.sender, mmt_mint.MINT_SPACE)
        (squatted,) = await read_accounts(self._engine, [mint])
        before = 0 if squatted is None else squatted.lamports
        await self._once(
            "mmt mint", lambda: mmt_mint.create(own, rent=rent, held=before), mmt_mint.sink(mint)
        )
        source, sink = mmt_mint.wallet(own, mint), mmt_mint.sink(mint)
        await self._once(
            "mmt", lambda: [mx.initialize_mmt(own, mint, source, sink, self._charter.mmt)], at.season()
        )

    async def bootstrap(self) -> None:
        """What the launch pays, out of what the schedule leaves."""
        own, mint, rules = self._own, self._mint, self._charter.bootstrap
        source = mmt_mint.wallet(own, mint)
        await self._once("bootstrap", lambda: [bx.open_bootstrap(own, mint, source, rules)], at.bootstrap())

    async def feed(self, feed: FeedTerms) -> None:
        """A feed, paid by its authority."""
        authority, publisher = _key(feed.authority), _key(feed.publisher)
        await self._once(
            f"feed {feed.name}",
            lambda: [ix.create_feed(authority, feed.name, publisher, feed.exponent, feed.max_age_s)],
            at.feed(feed.name),
            signer=self._keys.get(authority),
        )

    async def renounce(self) -> None:
        """The admin's power, given up for good once everything else is as it should be.

        Raises:
            Fatal: something is not.
        """
        held = await read_held(self._engine, self._charter)
        wrong = [each for each in items(self._charter, held) if each.rule != "admin" and not each.same]
        if wrong:
            first = wrong[0]
            raise Fatal(f"Stop: {first.account} has {first.found}, and {first.expected} was written.")

        async def renounced() -> bool:
            return (await read_held(self._engine, self._charter)).renounced

        async def act() -> Receipt:
            return await self._send([ix.renounce_admin(self._own)], self._payer)

        await self._run.once("renounce", None, renounced, act)

    async def _once(self, step: str, make: Make, *made: Pubkey, signer: Keypair | None = None) -> None:
        """Send what makes these accounts, if they are not there."""

        async def there() -> bool:
            found = await read_accounts(self._engine, made)
            return all(each is not None and bool(each.data) for each in found)

        async def act() -> Receipt:
            return await self._send(make(), signer or self._payer)

        await self._run.once(step, None, there, act)

    async def _send(self, instructions: Sequence[Instruction], signer: Keypair) -> Receipt:
        # signed once; its retry is the runner's
        return await self._run.sender.send(instructions, [self._payer, signer], rebuilds=0)


def _key(text: str | None) -> Pubkey:
    if text is None:
        raise ValueError("a resolved charter names every key")
    return Pubkey.from_string(text)
