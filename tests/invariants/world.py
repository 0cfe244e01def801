"""The real programs on the embedded engine beside their model, and what must hold after every transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from solders.compute_budget import set_compute_unit_limit
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain._program_errors import error_from
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import ProgramError

from .audit import agree, audit
from .desk import KNOWN
from .draft import Guesses, Observed, Refused, possible
from .model import Model
from .state import Now

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction

    from breakwater.chain.engine import Receipt, Snapshot
    from breakwater.chain.events import Event

    from .draft import Books

__all__ = ["Call", "Key", "Outcome", "World"]

SOL = 10**9
UNIT = 10**6
START_S = 1_800_000_000
COMPUTE = 400_000


class Key:
    """A key pair by its name, worth nothing elsewhere; deriving its public half takes as long as signing."""

    def __init__(self, name: str) -> None:
        self.pair = Keypair.from_seed(hashlib.sha256(f"breakwater invariants: {name}".encode()).digest())
        self._address = self.pair.pubkey()

    def pubkey(self) -> Pubkey:
        """Its address."""
        return self._address


@dataclass(frozen=True)
class Call:
    """One instruction and what the model has to do for it."""

    verb: str
    instruction: Instruction
    signers: tuple[Key, ...]
    predict: Callable[[Model], None]


@dataclass(frozen=True)
class Outcome:
    """What became of a transaction: events, or the error's name."""

    error: str | None
    events: tuple[Event, ...] = ()


class World:
    """An engine, a model, and a payer of fees who takes part in nothing else."""

    def __init__(self, binaries: dict[Pubkey, bytes] | None = None) -> None:
        self.engine = EmbeddedEngine(binaries or programs.embedded_programs(), start_time=START_S, history=1)
        self.books: Books = {}
        self.payer = Key("payer")
        self.engine.fund(self.payer.pubkey(), 1_000_000 * SOL)
        self.supply = 0
        self.calls = 0
        self.broken = False
        self.tally: Counter[tuple[str, str]] = Counter()
        self.gains: list[int] = []
        """What keepers made of pushing a price, calling a loan and selling again, micro-units."""
        self.called: Counter[str] = Counter()
        """Liquidations by severity, and by who paid what was missing or got what was left."""
        self._nonce = 0

    @property
    def now(self) -> Now:
        """The chain's clock."""
        clock = self.engine.clock
        return Now(clock.slot, clock.unix_timestamp)

    def save(self) -> tuple[Snapshot, Books]:
        """A state to return to."""
        return self.engine.snapshot(), dict(self.books)

    def restore(self, saved: tuple[Snapshot, Books]) -> None:
        """Return to a state; records are never changed in place, so the books are shared."""
        self.engine.restore(saved[0])
        self.books = dict(saved[1])
        self.broken = False
        KNOWN.clear()

    def execute(self, instructions: Sequence[Instruction], signers: Sequence[Key]) -> Receipt:
        """Send a transaction that no other one equals."""
        self._nonce = (self._nonce + 1) % 900_000
        everything = [set_compute_unit_limit(COMPUTE + self._nonce), *instructions]
        keys = list({each.pubkey(): each.pair for each in (self.payer, *signers)}.values())
        blockhash = self.engine.clock.blockhash.hash
        transaction = Transaction.new_signed_with_payer(everything, self.payer.pubkey(), keys, blockhash)
        return self.engine.execute(transaction)

    def run(self, *calls: Call) -> Outcome:
        """Send calls as one transaction; the chain must do what the model does, and nothing else."""
        self.broken = True
        outcome = self._run(calls)
        self.broken = False
        return outcome

    def _run(self, calls: Sequence[Call]) -> Outcome:
        named = {meta.pubkey for call in calls for meta in call.instruction.accounts}
        before = {each: self.engine.get_account(each) for each in named}
        signers = [each for call in calls for each in call.signers]
        receipt = self.execute([call.instruction for call in calls], signers)
        self.calls += len(calls)
        verb = "+".join(call.verb for call in calls)
        if receipt.err is not None:
            failed, name = self.refusal(receipt)
            self.tally[verb, name] += 1
            for each in named - {self.payer.pubkey()}:
                assert self.engine.get_account(each) == before[each], f"a refused {verb} changed {each}"
            expected = set()
            for guess in possible(partial(self._guess, calls)):
                expected.add(guess)
                if guess == (failed, name):
                    return Outcome(name)
            raise AssertionError(
                f"{verb}: {name} at {failed}, expected {expected}\n" + "\n".join(receipt.logs)
            )
        self.tally[verb, "done"] += 1
        events = tuple(programs.event_decoder().decode(receipt.logs))
        self._adopt(calls, events, named)
        return Outcome(None, events)

    def refusal(self, receipt: Receipt) -> tuple[int, str]:
        """Which instruction of a refused transaction failed, and by which error."""
        error = error_from(receipt.err or "", logs=receipt.logs, programs=programs.error_names())
        assert isinstance(error, ProgramError), f"{error}\n" + "\n".join(receipt.logs)
        assert error.name != "ProgramFailedToComplete", "\n".join(receipt.logs)
        return (error.instruction or 0) - 1, error.name

    def _guess(self, calls: Sequence[Call], guesses: Guesses) -> tuple[int, str | None]:
        model = Model(self.books, self.now, guesses)
        for i, call in enumerate(calls):
            try:
                call.predict(model)
            except Refused as refused:
                return i, refused.name
        return len(calls), None

    def _adopt(self, calls: Sequence[Call], events: Sequence[Event], named: set[Pubkey]) -> None:
        observed = Observed(events, partial(self._read, events))
        model = Model(self.books, self.now, observed)
        verb = "+".join(call.verb for call in calls)
        try:
            for call in calls:
                call.predict(model)
        except Refused as refused:
            raise AssertionError(f"{verb} happened, the model refuses: {refused.name}\n{events}") from None
        observed.finish()
        model.commit()
        for each in named | model.touched.keys():
            agree(each, self.books.get(each), self.engine.get_account(each))
        for event in events:
            if event.name == "Liquidated":
                self.called[("partial", "full", "emergency")[event.fields["severity"]]] += 1
                self.called.update(name for name in ("insured",) if event.fields[name])
            if event.name == "TakenOver":
                self.called["taken over"] += 1
            if event.name == "MarketSettled":
                self.called.update(name for name in ("taken", "drawn") if event.fields[name])
        audit(self.books, self.supply)

    def _read(self, events: Sequence[Event], what: str) -> int:
        """What no event shows: the shards' fee, and the price a market opened at."""
        if what == "fee_ppm":
            account = self.engine.get_account(at.shard(0))
            assert account is not None
            return accounts.shard(account.data).fee_ppm
        account = self.engine.get_account(Pubkey(events[0].fields["market"]))
        assert account is not None
        return int(accounts.read_fields("Market", account.data)["fill_q28"][0])

    def check_everything(self) -> None:
        """Every account of the programs is in the books, and every one of the books on the chain."""
        for each, account in self.engine.index.existing():
            if account.owner in (at.EXCHANGE, at.ORACLE):
                assert each in self.books, f"the model knows nothing of {each}"
        for each, record in self.books.items():
            agree(each, record, self.engine.get_account(each))
