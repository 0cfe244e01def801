"""What the embedded engine keeps: LiteSVM itself, landed transactions, snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from solders.epoch_schedule import EpochSchedule
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.rent import Rent
from solders.transaction import Transaction, VersionedTransaction

from ._account_files import RENT, final_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from solders.account import Account
    from solders.hash import Hash
    from solders.signature import Signature

    from ._types import Receipt

__all__ = ["AnyTransaction", "Landed", "Snapshot", "bare_svm", "compacted", "load_program"]

SYSVARS = Pubkey.from_string("Sysvar1111111111111111111111111111111111111")
"""Owner of the sysvar accounts."""

AnyTransaction: TypeAlias = Transaction | VersionedTransaction


@dataclass(frozen=True, slots=True)
class Landed:
    """A transaction that was executed and paid for, whether it succeeded or not; `time` is Unix seconds."""

    transaction: AnyTransaction
    receipt: Receipt
    time: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state to return to; opaque."""

    generation: int
    accounts: Mapping[Pubkey, Account]
    programs: Mapping[Pubkey, bytes]
    clock: object
    seen: Mapping[Hash, frozenset[Signature]]
    history: tuple[Landed, ...]
    transactions: int


def bare_svm(programs: Mapping[Pubkey, bytes]) -> LiteSVM:
    """A LiteSVM under a cluster's rules, with SBPF v0 `programs` loaded and final."""
    # Duplicates and blockhashes are ours to judge: LiteSVM remembers 32 signatures and one blockhash.
    svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0)
    # SIMD-0194: clusters charge by the byte alone, and programs read only that.
    svm.set_rent(Rent(RENT, 1.0, 50))
    svm.set_epoch_schedule(EpochSchedule.without_warmup())
    for address, program in programs.items():
        load_program(svm, address, program)
    return svm


def load_program(svm: LiteSVM, address: Pubkey, program: bytes) -> None:
    """Put a program there as the upgradeable loader keeps one whose authority is burned.

    LiteSVM's own way takes the old loader, under which a program cannot prove that it is final.
    """
    # the binary comes first: LiteSVM reads it when it is given the program
    for key, account in final_program(address, program).items():
        svm.set_account(key, account)


def compacted(programs: Mapping[Pubkey, bytes], accounts: Iterable[tuple[Pubkey, Account]]) -> LiteSVM:
    """A LiteSVM with the same programs and accounts, and without those that have been closed.

    LiteSVM copies its map of accounts at every change of the clock and never takes one out of it, so a long
    run with short-lived accounts slows down until it starts over like this.
    """
    svm = bare_svm(programs)
    for key, account in accounts:
        if not account.executable and account.owner != SYSVARS:
            svm.set_account(key, account)
    return svm
