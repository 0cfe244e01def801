"""Money in, money out, and settled positions paid: everything about a trader that is no trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey
from spl.token.instructions import create_idempotent_associated_token_account, get_associated_token_address

from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.errors import InvalidInput

from ._desk import NO_ACCOUNT
from .advice import explained
from .amounts import show_amount
from .state import read_account, read_holdings, read_market

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.sender import Sender

    from .views import Holding

__all__ = ["Payout", "Transfer", "deposit", "redeem", "withdraw"]

PER_TRANSACTION = 5
"""Positions redeemed and closed in one transaction; more would not fit into a packet."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Tokens that moved between a wallet and the exchange; `balance` is the book's afterwards."""

    amount: int
    balance: int
    created_account: bool
    signature: str


@dataclass(frozen=True, slots=True)
class Payout:
    """A settled position that was paid; `amount` reached the balance after the loan was repaid."""

    market: int
    outcome: int
    kind: str
    label: str
    shares: int
    payout: int
    repaid: int
    profit: int
    signature: str

    @property
    def amount(self) -> int:
        """What reached the balance."""
        return self.payout - self.repaid


async def deposit(sender: Sender, key: Keypair, amount: int) -> Transfer:
    """Move tokens from the key's wallet into its balance, and open its trader account if there is none.

    Raises:
        InvalidInput: the wallet holds less.
    """
    owner = key.pubkey()
    account = await read_account(sender.engine, owner)
    if account.wallet < amount:
        raise InvalidInput(
            f"Deposit at most {show_amount(account.wallet)}: the wallet of {owner} holds no more."
        )
    steps = [ix.create_trader(owner)] if account.trader is None else []
    source = get_associated_token_address(owner, account.mint)
    steps.append(ix.deposit(owner, source, account.mint, amount))
    return await _transfer(sender, key, steps, amount, created=account.trader is None)


async def withdraw(sender: Sender, key: Keypair, amount: int | None) -> Transfer:
    """Move balance to the key's wallet, all of it for None; the wallet's token account is made if need be.

    Raises:
        InvalidInput: no trader account, or nothing in it.
    """
    owner = key.pubkey()
    account = await read_account(sender.engine, owner)
    if account.trader is None:
        raise InvalidInput(NO_ACCOUNT)
    wanted = account.trader.balance if amount is None else amount
    if wanted == 0:
        raise InvalidInput("Deposit or redeem first: the balance is empty.")
    target = get_associated_token_address(owner, account.mint)
    steps = [
        create_idempotent_associated_token_account(owner, owner, account.mint),
        ix.withdraw(owner, target, account.mint, wanted),
    ]
    return await _transfer(sender, key, steps, wanted, created=False)


async def redeem(sender: Sender, key: Keypair, market_id: int | None) -> list[Payout]:
    """Pay out the key's positions in a settled market, or in all of them for None, and close them.

    Raises:
        InvalidInput: the market is not settled, or there is nothing to redeem.
    """
    if market_id is not None:
        view = await read_market(sender.engine, market_id)
        if not view.settled:
            raise InvalidInput(
                f"Wait until market {market_id} has closed, then run: breakwater market resolve {market_id}"
            )
    held = [
        each
        for each in await read_holdings(sender.engine, key.pubkey())
        if each.view.settled and market_id in (None, each.view.id)
    ]
    if not held:
        where = "in any settled market" if market_id is None else f"in market {market_id}"
        raise InvalidInput(f"Look at breakwater trade positions: there is nothing to redeem {where}.")
    paid: list[Payout] = []
    for i in range(0, len(held), PER_TRANSACTION):
        paid += await _redeemed(sender, key, held[i : i + PER_TRANSACTION])
    return paid


async def _redeemed(sender: Sender, key: Keypair, held: list[Holding]) -> list[Payout]:
    owner = key.pubkey()
    steps: list[Instruction] = []
    for each in held:
        place = (each.view.id, each.position.outcome, each.position.kind)
        if each.position.shares:
            steps.append(ix.redeem(owner, *place))
        steps.append(ix.close_position(owner, *place))
    with explained():
        receipt = await sender.send(steps, [key])
    events = programs.event_decoder().decode(receipt.logs)
    done = iter([event.fields for event in events if event.name == "Redeemed"])
    paid = []
    for each in held:
        fields = next(done, None) if each.position.shares else None
        payout, repaid = (fields["payout"], fields["repaid"]) if fields else (0, 0)
        paid.append(
            Payout(
                each.view.id,
                each.position.outcome,
                each.kind,
                each.view.label(each.position.outcome),
                each.position.shares,
                payout,
                repaid,
                payout - repaid - each.position.cost,
                str(receipt.signature),
            )
        )
    return paid


async def _transfer(
    sender: Sender, key: Keypair, steps: list[Instruction], amount: int, *, created: bool
) -> Transfer:
    with explained():
        receipt = await sender.send(steps, [key])
    after = await read_account(sender.engine, Pubkey.from_bytes(bytes(key)[32:]))
    balance = 0 if after.trader is None else after.trader.balance
    return Transfer(amount, balance, created, str(receipt.signature))
