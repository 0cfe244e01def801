"""The `embedded` engine: LiteSVM in this process, with a cluster's rules for slots and blockhashes."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment
from solders.account import Account
from solders.address_lookup_table_account import ID as LOOKUP_TABLES
from solders.address_lookup_table_account import AddressLookupTable
from solders.compute_budget import set_compute_unit_limit
from solders.keypair import Keypair
from solders.message import Message, MessageV0
from solders.system_program import ID as SYSTEM
from solders.system_program import TransferParams, transfer
from solders.sysvar import SLOT_HASHES
from solders.transaction import Transaction
from solders.transaction_metadata import FailedTransactionMetadata

from breakwater.errors import InsufficientFunds

from ._embedded_rpc import EmbeddedProvider
from ._index import AccountIndex
from ._loader_ix import programdata_address
from ._meta import err_of
from ._slots import SLOT_MS, SlotClock
from ._state import AnyTransaction, Landed, Snapshot, bare_svm, compacted, load_program
from ._types import Blockhash, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from solders.hash import Hash
    from solders.pubkey import Pubkey
    from solders.signature import Signature

__all__ = ["EmbeddedEngine"]

COMPACT_EVERY = 4_096  # changes of the clock
FAUCET = Keypair.from_seed(b"breakwater embedded faucet seed ")
FAUCET_LAMPORTS = 500_000_000 * 10**9
NOBODY = Account(0, b"", SYSTEM)
SLOT_HASH_READERS = frozenset({SLOT_HASHES, LOOKUP_TABLES})


class EmbeddedEngine:
    """One validator's worth of chain, without a validator.

    Slots only move when told to (`advance_slots`, `warp`, `set_time`); a blockhash is accepted for 150 slots
    and a signature once, as on a cluster; signatures are verified. Priority fees are not charged.

    Args:
        programs: SBPF v0 programs to load, by address.
        start_time: first Unix time, in seconds; None takes the wall clock's.
        start_slot: first slot.
        commitment: what `client` asks for by default.
        history: landed transactions kept for getTransaction and its relatives.
    """

    name = "embedded"

    def __init__(
        self,
        programs: Mapping[Pubkey, bytes] | None = None,
        *,
        start_time: int | None = None,
        start_slot: int = 1,
        commitment: str = "confirmed",
        history: int = 10_000,
    ) -> None:
        self._origin = (start_slot, int(time.time()) if start_time is None else start_time)
        self._programs = dict(programs or {})
        self._history_size = history
        self._generation = 0
        self.on_landed: list[Callable[[Landed], None]] = []
        self._boot()
        self.client = AsyncClient(EmbeddedProvider.endpoint_uri, commitment=Commitment(commitment))
        # solana-py has no seam for another transport but this attribute.
        self.client._provider = EmbeddedProvider(self)  # type: ignore[assignment]

    def _boot(self) -> None:
        self.svm = bare_svm(self._programs)
        self.clock = SlotClock(*self._origin)
        self.index = AccountIndex(self.get_account)
        self.history: deque[Landed] = deque(maxlen=self._history_size)
        self.transactions = 0
        self._by_signature: dict[Signature, Landed] = {}
        self._seen: dict[Hash, set[Signature]] = {}
        self._faucet_nonce = 0
        self._stale_hashes = True
        self._ticks = 0
        self.set_account(FAUCET.pubkey(), Account(FAUCET_LAMPORTS, b"", SYSTEM))
        self.index.touch(self._programs, self._generation)
        self.index.touch(map(programdata_address, self._programs), self._generation)
        self._sync_clock()

    # Execution

    def execute(self, tx: AnyTransaction, *, preflight: bool = False) -> Receipt:
        """Run a signed transaction now.

        With `preflight`, a transaction that fails leaves no trace, as if a node had refused it; otherwise it
        lands and pays its fee. The receipt's `err` says whether it failed; nothing is raised.
        """
        message = tx.message
        signature = tx.signatures[0]
        blockhash = message.recent_blockhash
        if not self.clock.is_valid(blockhash):
            return self._refused(signature, "BlockhashNotFound")
        seen = self._seen.get(blockhash)
        if seen is None:
            seen = self._seen[blockhash] = set()
        elif signature in seen:
            return self._refused(signature, "AlreadyProcessed")
        keys = message.account_keys
        if self._stale_hashes and not SLOT_HASH_READERS.isdisjoint(keys):
            # Writing 20 kB each slot would be most of a slot's cost, and hardly any program looks.
            self.svm.set_slot_hashes(self.clock.slot_hashes)
            self._stale_hashes = False
        payer = self.svm.get_account(keys[0]) if preflight else None
        result = self.svm.send_transaction(tx)
        if isinstance(result, FailedTransactionMetadata):
            meta = result.meta()
            err = err_of(result)
            ran = meta.signature() == signature  # a transaction that may not pay is never run, and has none
            if ran and payer is not None:
                # A failed transaction changes nothing but its payer's balance.
                self.svm.set_account(keys[0], payer)
            if not ran or payer is not None:
                return Receipt(
                    signature, self.clock.slot, err, tuple(meta.logs()), meta.compute_units_consumed()
                )
        else:
            meta, err = result, None
        if isinstance(message, MessageV0) and message.address_table_lookups:
            keys = [*keys, *self._looked_up(message)]
        self.index.touch(keys, self._generation)
        seen.add(signature)
        receipt = Receipt(signature, self.clock.slot, err, tuple(meta.logs()), meta.compute_units_consumed())
        self._record(Landed(tx, receipt, self.clock.unix_timestamp))
        return receipt

    def landed(self, signature: Signature) -> Landed | None:
        """A transaction of the history."""
        return self._by_signature.get(signature)

    def _refused(self, signature: Signature, reason: str) -> Receipt:
        return Receipt(signature, self.clock.slot, reason, (), 0)

    def _record(self, landed: Landed) -> None:
        if len(self.history) == self._history_size:
            self._by_signature.pop(self.history[0].receipt.signature, None)
        self.history.append(landed)
        self.transactions += 1
        self._by_signature[landed.receipt.signature] = landed
        for listener in self.on_landed:
            listener(landed)

    def _looked_up(self, message: MessageV0) -> list[Pubkey]:
        keys: list[Pubkey] = []
        for lookup in message.address_table_lookups:
            table = self.svm.get_account(lookup.account_key)
            if table is not None:
                addresses = AddressLookupTable.deserialize(table.data).addresses
                keys += [addresses[i] for i in (*lookup.writable_indexes, *lookup.readonly_indexes)]
        return keys

    # Accounts and programs

    def get_account(self, address: Pubkey) -> Account | None:
        """The account, or None; one without lamports does not exist, as on a cluster."""
        account = self.svm.get_account(address)
        return account if account is not None and account.lamports else None

    def set_account(self, address: Pubkey, account: Account) -> None:
        """Write an account past all rules."""
        self.svm.set_account(address, account)
        self.index.touch((address,), self._generation)

    def add_program(self, address: Pubkey, program: bytes) -> None:
        """Load an SBPF v0 program that nobody can upgrade; it survives `reset`."""
        load_program(self.svm, address, program)
        self._programs[address] = program
        self.index.touch((address, programdata_address(address)), self._generation)

    def fund(self, address: Pubkey, lamports: int) -> Receipt:
        """Transfer `lamports` from the faucet, in a transaction like any other.

        Raises:
            InsufficientFunds: the faucet's 500 million SOL are spent.
        """
        self._faucet_nonce += 1
        # The limit makes equal airdrops different transactions.
        unique = set_compute_unit_limit(1_000 + self._faucet_nonce % 1_000_000)
        pay = transfer(TransferParams(from_pubkey=FAUCET.pubkey(), to_pubkey=address, lamports=lamports))
        message = Message([unique, pay], FAUCET.pubkey())
        receipt = self.execute(Transaction([FAUCET], message, self.clock.blockhash.hash))
        if receipt.err is not None:
            raise InsufficientFunds(f"Ask the embedded faucet for less: {receipt.err}.")
        return receipt

    # Time

    def advance_slots(self, slots: int = 1) -> None:
        """Move ahead by `slots` of 400 ms each; blockhashes older than 150 slots expire."""
        self.clock.advance(slots)
        self._sync_clock()

    def warp(self, slot: int) -> None:
        """Move ahead to `slot`, and its time with it."""
        self.advance_slots(slot - self.clock.slot)

    def set_time(self, unix_timestamp: int) -> None:
        """Set the clock, in seconds, leaving the slot alone; backwards is allowed."""
        self.clock.set_time(unix_timestamp)
        self._sync_clock()

    def advance_time(self, seconds: float) -> None:
        """Let `seconds` pass, in the whole slots that fit, at least one."""
        self.clock.advance(max(1, round(seconds * 1000 / SLOT_MS)), round(seconds * 1000))
        self._sync_clock()

    async def run_clock(self, speed: float = 1.0) -> None:
        """Let slots pass by the wall clock, `speed` times as fast, until cancelled."""
        while True:
            await asyncio.sleep(SLOT_MS / 1000 / speed)
            self.advance_slots()

    def _sync_clock(self) -> None:
        self._ticks += 1
        if self._ticks % COMPACT_EVERY == 0:
            self.svm = compacted(self._programs, list(self.index.existing()))
        self.svm.set_clock(self.clock.sysvar())
        self._stale_hashes = True
        while self._seen and not self.clock.is_valid(oldest := next(iter(self._seen))):
            del self._seen[oldest]

    # Snapshots

    def snapshot(self) -> Snapshot:
        """Remember everything: accounts, programs, clock, blockhashes, history."""
        self._generation += 1
        return Snapshot(
            self._generation,
            dict(self.index.existing()),
            dict(self._programs),
            self.clock.save(),
            {blockhash: frozenset(signatures) for blockhash, signatures in self._seen.items()},
            tuple(self.history),
            self.transactions,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Return to `snapshot`, any number of times and in any order; accounts created since are gone."""
        if self._programs != snapshot.programs:
            # LiteSVM cannot unload a program, so a state without it needs another LiteSVM.
            self._programs = dict(snapshot.programs)
            self.svm = bare_svm(self._programs)
            for key in self.index.touched_since(0):
                if (account := snapshot.accounts.get(key)) is not None and key not in self._programs:
                    self.svm.set_account(key, account)
        changed = self.index.touched_since(snapshot.generation)
        for key in changed:
            account = snapshot.accounts.get(key)
            if self.get_account(key) != account:
                self.svm.set_account(key, account or NOBODY)
        self.index.touch(changed, self._generation)
        self.clock.load(snapshot.clock)
        self._seen = {blockhash: set(signatures) for blockhash, signatures in snapshot.seen.items()}
        self.history = deque(snapshot.history, maxlen=self._history_size)
        self.transactions = snapshot.transactions
        self._by_signature = {landed.receipt.signature: landed for landed in snapshot.history}
        self._sync_clock()

    def reset(self) -> None:
        """Start again from nothing but the programs: accounts, history, slot and time."""
        self._generation += 1
        self._boot()

    # Engine

    async def latest_blockhash(self) -> Blockhash:
        """The newest blockhash."""
        return self.clock.blockhash

    async def slot(self) -> int:
        """The current slot."""
        return self.clock.slot

    async def block_height(self) -> int:
        """The current block height."""
        return self.clock.slot

    async def now(self) -> int:
        """The chain's Unix time, in seconds."""
        return self.clock.unix_timestamp

    async def airdrop(self, address: Pubkey, lamports: int) -> Signature:
        """See `fund`."""
        return self.fund(address, lamports).signature

    async def close(self) -> None:
        """Nothing to close."""
