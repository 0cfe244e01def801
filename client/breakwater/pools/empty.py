"""Empty a thread's wallet: redeem, burn or give back, close, return the SOL. It ends empty.

Every step starts from what the books (and at the end the chain) say is left, so that it can be interrupted
anywhere and begun again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from breakwater.chain import pool_instructions as px
from breakwater.errors import ProgramError, Retryable

from . import moves
from .books import Mismatch
from .records import OUTSIDE

if TYPE_CHECKING:
    from .books import Books
    from .moves import Wallet
    from .records import PoolRecord

__all__ = ["Emptied", "empty"]

TRIES = 5

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Emptied:
    """What became of it: units by mint, lamports."""

    redeemed: dict[str, int]
    burned: dict[str, int]
    returned: dict[str, int]
    lamports: int = 0


async def empty(books: Books, core: Wallet, who: Wallet, pool: PoolRecord) -> Emptied:
    """Redeem LP tokens, burn what the core wallet can make again, give back the rest, close everything.

    Raises:
        Mismatch: the chain shows something else than had to come of it.
        Retryable: the node does not answer; do it again.
        InsufficientFunds: the core wallet can't pay the fees.
    """
    done = Emptied({}, {}, {})
    every = [*pool.mints, *pool.lp_mints]
    await _settle(books, core, who, pool, done)
    await _reopen(books, core, who, [mint for mint in every if books.held(who.name, mint) > 0])
    for side in (0, 1):
        await _redeem(books, core, who, pool, side, done)
    for side in (0, 1):
        await _dispose(books, core, who, pool, side, done)
    await _close(books, core, who, pool, done)
    if any(books.held(who.name, mint) for mint in every):
        raise Retryable(f"Empty {who.name} again: a share came in meanwhile.")
    return done


async def _settle(books: Books, core: Wallet, who: Wallet, pool: PoolRecord, done: Emptied) -> None:
    """Neither what a stranger sent nor what is missing must keep the wallet from going."""
    mints = [*pool.mints, *pool.lp_mints]
    gifts: dict[str, int] = {}
    async with books.locked([who.name, OUTSIDE]):
        found = await books.reader.accounts([who.tokens(mint) for mint in mints])
        for mint, account in zip(mints, found, strict=True):
            there, booked = 0 if account is None else account.amount, books.held(who.name, mint)
            if there < booked:
                books.note_alert(who.name, f"written off: {booked - there} of {mint} are not there")
                books.adopt(who.name, mint, there)
            elif there > booked:
                gifts[mint] = there - booked
    for mint, sent in gifts.items():
        await books.run(moves.burn_foreign(core, who, mint, sent, pool))
        done.burned[mint] = done.burned.get(mint, 0) + sent


async def _reopen(books: Books, core: Wallet, who: Wallet, mints: list[str]) -> None:
    """Where LP tokens turn into tokens there has to be an account for them."""
    if mints:
        await books.run(moves.open_accounts(core, who, mints))


async def _redeem(
    books: Books, core: Wallet, who: Wallet, pool: PoolRecord, side: int, done: Emptied
) -> None:
    lp = pool.lp_mints[side]
    for _ in range(TRIES):
        left = books.held(who.name, lp)
        if left == 0:
            return
        view = await books.reader.pool(pool)
        if view is None:
            break
        books.views[pool.address] = view
        within, sides = min(left, view.pool.reserve[side]), (side, side)
        if within == 0:  # its side was swapped away: what the other one can pay
            own, other = pool.ratio[side], pool.ratio[1 - side]
            within, sides = min(left, view.pool.reserve[1 - side] * own // other), (side, 1 - side)
            if within == 0 or px.exchange(within, own, other, pool.fee_ppm).out == 0:
                break
        await _reopen(books, core, who, [pool.mints[sides[1]]])
        try:
            await books.run(_paid_by_core(core, moves.withdraw(who, pool, sides, within, who)))
        except ProgramError as error:
            log.warning("empty_redeem_refused", thread=who.name, error=error.name)
            continue
        done.redeemed[lp] = done.redeemed.get(lp, 0) + within
    left = books.held(who.name, lp)
    if left:  # nothing can be had for it: it goes all the same
        await books.run(moves.burn(core, who, lp, left))
        done.burned[lp] = done.burned.get(lp, 0) + left


def _paid_by_core(core: Wallet, move: moves.Move) -> moves.Move:
    """A wallet that is out of SOL must be emptied, too."""
    return moves.Move(
        move.thread,
        move.what,
        move.instructions,
        [core.key, *move.signers],
        move.changes,
        move.pool,
        move.totals,
        move.event,
        move.volume,
        move.shared,
        move.compute,
    )


async def _dispose(
    books: Books, core: Wallet, who: Wallet, pool: PoolRecord, side: int, done: Emptied
) -> None:
    mint = pool.mints[side]
    left = books.held(who.name, mint)
    if left == 0:
        return
    if pool.mintable[side]:
        await books.run(moves.burn(core, who, mint, left, pool=pool, side=side))
        done.burned[mint] = done.burned.get(mint, 0) + left
        return
    await books.run(moves.open_accounts(core, core, [mint]))
    await books.run(moves.hand_back(core, who, mint, left))
    done.returned[mint] = done.returned.get(mint, 0) + left


async def _close(books: Books, core: Wallet, who: Wallet, pool: PoolRecord, done: Emptied) -> None:
    mints = [*pool.mints, *pool.lp_mints]
    addresses = [who.tokens(mint) for mint in mints]
    found = await books.reader.accounts([*addresses, who.address])
    there = []
    for mint, account in zip(mints, found, strict=False):
        if account is None:
            continue
        if account.amount != books.held(who.name, mint):
            raise Mismatch(
                f"Look at {who.address}: it holds {account.amount} of {mint}, which nobody booked."
            )
        there.append(mint)
    own = found[-1]
    lamports = own.lamports if own is not None else 0
    if there or lamports:
        await books.run(moves.close(core, who, there, lamports))
    done.lamports += lamports
    books.lamports[who.name] = 0
