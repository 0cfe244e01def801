"""What a thread can do, as a transaction with exactly the change of holdings that it must bring about.

A share goes straight to its receiver: a deposit's LP tokens into the wallet of a withdrawing thread, a
withdrawal's tokens into that of a depositing one, a swap's proceeds into that of the opposite swap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import pool_instructions as px

from .post import COMPUTE
from .reader import ata
from .records import CORE, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from .records import Changes, PoolRecord

__all__ = [
    "SLIPPAGE_BPS",
    "Move",
    "Wallet",
    "burn",
    "burn_foreign",
    "close",
    "deposit",
    "fund",
    "give",
    "hand_back",
    "open_accounts",
    "swap",
    "top_up",
    "withdraw",
]

SLIPPAGE_BPS: Final = 500
"""How far a swap may pay less than expected: 5 %."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """A holder and its keys."""

    name: str
    key: Keypair
    address: Pubkey

    def tokens(self, mint: str) -> Pubkey:
        """Its account of a mint."""
        return ata(self.address, Pubkey.from_string(mint))


@dataclass(frozen=True, slots=True)
class Move:
    """A transaction and what must come of it.

    Attributes:
        thread: whom it is counted for.
        what: its name.
        changes: exact changes of holdings, by holder and mint.
        pool: whose state is looked at afterwards.
        totals: what is added to the pool's totals, [a, b] by name.
        event: name and fields that the program must log.
        volume: units moved, for statistics.
        shared: units that went to another thread.
    """

    thread: str
    what: str
    instructions: Sequence[Instruction]
    signers: Sequence[Keypair]
    changes: Changes
    pool: PoolRecord | None = None
    totals: dict[str, list[int]] = field(default_factory=dict)
    event: tuple[str, dict[str, Any]] | None = None
    volume: int = 0
    shared: int = 0
    compute: int = COMPUTE


def _sided(side: int, amount: int) -> list[int]:
    return [amount, 0] if side == 0 else [0, amount]


def _changes(*entries: tuple[str, str, int]) -> Changes:
    changes: Changes = {}
    for holder, mint, amount in entries:
        held = changes.setdefault(holder, {})
        held[mint] = held.get(mint, 0) + amount
    return changes


def deposit(who: Wallet, pool: PoolRecord, side: int, amount: int, to: Wallet) -> Move:
    """Deposit; the LP tokens go to `to`."""
    token, lp = pool.mints[side], pool.lp_mints[side]
    address = Pubkey.from_string(pool.address)
    made = px.deposit(who.address, address, side, who.tokens(token), to.tokens(lp), amount)
    return Move(
        who.name,
        "deposit",
        [made],
        [who.key],
        _changes((who.name, token, -amount), (to.name, lp, amount)),
        pool,
        {"deposited": _sided(side, amount)},
        ("Deposited", {"amount": amount, "side": side, "owner": bytes(who.address)}),
        amount,
        amount if to is not who else 0,
    )


def withdraw(who: Wallet, pool: PoolRecord, sides: tuple[int, int], shares: int, to: Wallet) -> Move:
    """Burn LP tokens of `sides[0]`; what side `sides[1]` pays goes to `to`."""
    burned, paid = sides
    lp, token = pool.lp_mints[burned], pool.mints[paid]
    if burned == paid:
        got = px.Exchanged(shares, 0, shares)
    else:
        got = px.exchange(shares, pool.ratio[burned], pool.ratio[paid], pool.fee_ppm)
    address = Pubkey.from_string(pool.address)
    made = px.withdraw(who.address, address, sides, who.tokens(lp), to.tokens(token), shares, got.out)
    expected = {"burned": shares, "amount": got.out, "fee": got.fee, "owner": bytes(who.address)}
    return Move(
        who.name,
        "withdraw",
        [made],
        [who.key],
        _changes((who.name, lp, -shares), (to.name, token, got.out)),
        pool,
        {"withdrawn": _sided(paid, got.out), "fees": _sided(paid, got.fee)},
        ("Withdrawn", expected),
        shares,
        got.out if to is not who else 0,
    )


def swap(who: Wallet, pool: PoolRecord, side: int, amount: int, to: Wallet) -> Move:
    """Swap `amount` of a side; the proceeds go to `to`."""
    other = 1 - side
    got = px.exchange(amount, pool.ratio[side], pool.ratio[other], pool.fee_ppm)
    least = got.out * (10_000 - SLIPPAGE_BPS) // 10_000
    paid_in, paid_out = pool.mints[side], pool.mints[other]
    address = Pubkey.from_string(pool.address)
    source, destination = who.tokens(paid_in), to.tokens(paid_out)
    made = px.swap(who.address, address, side, source, destination, amount, least)
    expected = {"paid_in": amount, "paid_out": got.out, "fee": got.fee, "owner": bytes(who.address)}
    return Move(
        who.name,
        "swap",
        [made],
        [who.key],
        _changes((who.name, paid_in, -amount), (to.name, paid_out, got.out)),
        pool,
        {
            "swapped_in": _sided(side, amount),
            "swapped_out": _sided(other, got.out),
            "fees": _sided(other, got.fee),
        },
        ("Swapped", expected),
        amount,
        got.out if to is not who else 0,
    )


# The core wallet's part


def open_accounts(core: Wallet, who: Wallet, mints: Sequence[str]) -> Move:
    """Make the associated token accounts that are not there yet; the core wallet pays."""
    made = [
        spl.create_idempotent_associated_token_account(core.address, who.address, Pubkey.from_string(mint))
        for mint in mints
    ]
    changes: Changes = {who.name: dict.fromkeys(mints, 0), CORE: {}}
    return Move(who.name, "open", made, [core.key], changes, compute=60_000 * len(made))


def fund(core: Wallet, who: Wallet, pool: PoolRecord, side: int, amount: int) -> Move:
    """Give tokens of a side: new ones where the core wallet may make them, else its own."""
    return give(core, who.name, who.tokens(pool.mints[side]), pool, side, amount)


def give(core: Wallet, name: str, to: Pubkey, pool: PoolRecord, side: int, amount: int) -> Move:
    """Mint (or send) tokens to a token account of that holder."""
    mint = pool.mints[side]
    key = Pubkey.from_string(mint)
    if pool.mintable[side]:
        made = spl.mint_to(spl.MintToParams(at.TOKEN_PROGRAM, key, to, core.address, amount))
        changes = _changes((name, mint, amount))
        changes.setdefault(CORE, {})
        return Move(name, "mint", [made], [core.key], changes, pool, {"minted": _sided(side, amount)})
    made = spl.transfer(spl.TransferParams(at.TOKEN_PROGRAM, core.tokens(mint), to, core.address, amount))
    changes = _changes((CORE, mint, -amount), (name, mint, amount))
    return Move(name, "send", [made], [core.key], changes, pool)


def top_up(core: Wallet, who: Wallet, lamports: int) -> Move:
    """Send SOL for fees."""
    pay = transfer(TransferParams(from_pubkey=core.address, to_pubkey=who.address, lamports=lamports))
    return Move(who.name, "top_up", [pay], [core.key], {CORE: {}, who.name: {}}, compute=1_000)


def burn(
    core: Wallet, who: Wallet, mint: str, amount: int, *, pool: PoolRecord | None = None, side: int = 0
) -> Move:
    """Destroy tokens; the core wallet pays the fee."""
    key = Pubkey.from_string(mint)
    made = spl.burn(spl.BurnParams(at.TOKEN_PROGRAM, who.tokens(mint), key, who.address, amount))
    changes = _changes((who.name, mint, -amount))
    changes.setdefault(CORE, {})
    totals = {"burned": _sided(side, amount)} if pool is not None else {}
    return Move(who.name, "burn", [made], [core.key, who.key], changes, pool, totals)


def burn_foreign(core: Wallet, who: Wallet, mint: str, amount: int, pool: PoolRecord) -> Move:
    """Destroy what somebody outside sent to a wallet."""
    key = Pubkey.from_string(mint)
    made = spl.burn(spl.BurnParams(at.TOKEN_PROGRAM, who.tokens(mint), key, who.address, amount))
    changes: Changes = {who.name: {}, CORE: {}}
    if mint not in pool.mints:
        return Move(who.name, "burn", [made], [core.key, who.key], changes)
    changes[OUTSIDE] = {mint: -amount}
    burned = {"burned": _sided(pool.mints.index(mint), amount)}
    return Move(who.name, "burn", [made], [core.key, who.key], changes, pool, burned)


def hand_back(core: Wallet, who: Wallet, mint: str, amount: int) -> Move:
    """Give tokens back to the core wallet, which pays the fee."""
    made = spl.transfer(
        spl.TransferParams(at.TOKEN_PROGRAM, who.tokens(mint), core.tokens(mint), who.address, amount)
    )
    changes = _changes((who.name, mint, -amount), (CORE, mint, amount))
    return Move(who.name, "hand_back", [made], [core.key, who.key], changes)


def close(core: Wallet, who: Wallet, mints: Sequence[str], lamports: int) -> Move:
    """Close empty token accounts and send all SOL back; rent goes to the core wallet too."""
    made = [
        spl.close_account(
            spl.CloseAccountParams(at.TOKEN_PROGRAM, who.tokens(mint), core.address, who.address)
        )
        for mint in mints
    ]
    if lamports:
        pay = TransferParams(from_pubkey=who.address, to_pubkey=core.address, lamports=lamports)
        made.append(transfer(pay))
    return Move(who.name, "close", made, [core.key, who.key], {who.name: {}, CORE: {}})


OUTSIDERS: Final = frozenset({OUTSIDE})
"""Holders whose accounts are not looked at."""
