"""Takes everything back: what is left is read from the chain, a step is sent, and the chain is read again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from spl.token import instructions as spl

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import BreakwaterError, Fatal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.account import Account
    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.accounts import Market

    from .spending import Spender

__all__ = ["Places", "clean"]

ROUNDS: Final = 60
QUIET: Final = 3
"""Looks in a row, by any replica, that have to find nothing."""

PAUSE_S: Final = 1.0
OPEN: Final = 0


@dataclass(frozen=True, slots=True)
class Places:
    """Where a user has something: itself, its token account, its trader account, its positions."""

    key: Keypair
    owner: Pubkey
    tokens: Pubkey
    trader: Pubkey
    positions: dict[Pubkey, tuple[int, int, int]]
    """Market, outcome and kind of each."""

    @classmethod
    def of(cls, key: Keypair, mint: Pubkey, markets: Sequence[int]) -> Places:
        """All that a run may have made for a user."""
        owner = key.pubkey()
        trader = at.trader(owner)
        positions = {
            at.position(trader, at.market(market), outcome, kind): (market, outcome, kind)
            for market in markets
            for outcome in (0, 1)
            for kind in (ix.SPOT, ix.LEVERAGED)
        }
        return cls(key, owner, spl.get_associated_token_address(owner, mint), trader, positions)

    @property
    def every(self) -> list[Pubkey]:
        """All addresses."""
        return [self.owner, self.tokens, self.trader, *self.positions]


async def clean(
    spender: Spender,
    users: Sequence[Places],
    markets: Sequence[int],
    mint: Pubkey,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Return every share, every unit and every lamport of the users to the payer.

    Raises:
        Fatal: something is still there after many attempts; the run's file stays, to try again.
    """
    quiet = 0
    for number in range(ROUNDS):
        found = await _look(spender, users, markets)
        steps = [(each.key, _next(spender, each, found, mint)) for each in users]
        due = [(key, step) for key, step in steps if step]
        progress(f"taking everything back, round {number + 1}: {len(due)} users left")
        if not due:
            quiet += 1
            if quiet == QUIET:
                return
            await asyncio.sleep(PAUSE_S)
            continue
        quiet = 0
        results = await spender.send([(step, [key]) for key, step in due])
        if any(isinstance(each, BreakwaterError) for each in results):
            # a replica that lags shows what is gone already: it will catch up
            await asyncio.sleep(PAUSE_S)
    raise Fatal("Run with --clean again: the cluster did not let everything be taken back.")


async def _look(
    spender: Spender, users: Sequence[Places], markets: Sequence[int]
) -> dict[Pubkey, Account | None]:
    places = [place for each in users for place in each.every] + [at.market(each) for each in markets]
    return dict(zip(places, await spender.read(places), strict=True))


def _next(
    spender: Spender, user: Places, found: dict[Pubkey, Account | None], mint: Pubkey
) -> list[Instruction]:
    """The next transaction that takes something back from a user; nothing when all is back."""
    positions = [(place, where) for place, where in user.positions.items() if found[place] is not None]
    if positions:
        return _positions(user, positions[:2], found)
    steps: list[Instruction] = []
    trader, tokens, own = found[user.trader], found[user.tokens], found[user.owner]
    held = accounts.token_amount(bytes(tokens.data)) if tokens is not None else 0
    if trader is not None:
        balance = accounts.trader(bytes(trader.data)).balance
        if balance and tokens is not None:
            steps.append(ix.withdraw(user.owner, user.tokens, mint, balance))
            held += balance
        steps.append(ix.close_trader(user.owner))
    payer = spender.payer.pubkey()
    if tokens is not None:
        if held:
            home = spl.get_associated_token_address(payer, mint)
            steps.append(
                spl.transfer(
                    spl.TransferParams(
                        program_id=at.TOKEN_PROGRAM,
                        source=user.tokens,
                        dest=home,
                        owner=user.owner,
                        amount=held,
                    )
                )
            )
        steps.append(
            spl.close_account(
                spl.CloseAccountParams(
                    program_id=at.TOKEN_PROGRAM, account=user.tokens, dest=payer, owner=user.owner
                )
            )
        )
    if steps:
        return steps  # what these give back to the user is taken in the next round
    if own is not None and own.lamports:
        back = TransferParams(from_pubkey=user.owner, to_pubkey=payer, lamports=own.lamports)
        return [transfer(back)]
    return []


def _positions(
    user: Places, some: Sequence[tuple[Pubkey, tuple[int, int, int]]], found: dict[Pubkey, Account | None]
) -> list[Instruction]:
    steps: list[Instruction] = []
    for place, (number, outcome, kind) in some:
        account, raw = found[place], found[at.market(number)]
        if account is None or raw is None:
            continue
        position = accounts.position(bytes(account.data))
        market: Market = accounts.market(bytes(raw.data))
        if position.shares and market.status == OPEN:
            give = ix.sell if kind == ix.SPOT else ix.close
            steps.append(give(user.owner, number, outcome, position.shares, 0))
        elif position.shares or position.debt:
            steps.append(ix.redeem(user.owner, number, outcome, kind))
        steps.append(ix.close_position(user.owner, number, outcome, kind))
    return steps
