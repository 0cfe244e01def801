"""Reads MMT's ledger from the chain; stakes, unstakes, withdraws and claims for a key."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey
from spl.token.instructions import create_idempotent_associated_token_account, get_associated_token_address

from breakwater.chain import accounts, keeper_accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.queries import read
from breakwater.errors import Fatal, InvalidInput

from . import earnings

if TYPE_CHECKING:
    from typing import Any

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine
    from breakwater.chain.keeper_accounts import Season, Stake
    from breakwater.chain.sender import Sender

__all__ = ["Claim", "Moved", "Status", "claim", "parse_mmt", "stake", "status", "unstake", "withdraw"]

LEAST = mx.MMT
"""What a stake is at least, if it is anything."""


@dataclass(frozen=True, slots=True)
class Status:
    """MMT's ledger, and what one key has of it: a stake (None: no account), and tokens in its own account."""

    slot: int
    ledger: Season
    owner: Pubkey | None = None
    stake: Stake | None = None
    tokens: int = 0

    @property
    def mint(self) -> Pubkey:
        """The token."""
        return Pubkey.from_bytes(self.ledger.mint)

    @property
    def season(self) -> int | None:
        """The season that runs, from 0; None after the last one."""
        return earnings.season_at(self.ledger, self.slot)

    @property
    def rate(self) -> int:
        """Billionths of an MMT that are emitted in a slot, keepers' part included."""
        return 0 if self.season is None else self.ledger.rates[self.season]

    @property
    def tier(self) -> int:
        """The stake's, from 0 to 3."""
        return 0 if self.stake is None else earnings.tier_of(self.ledger, self.stake.amount)

    @property
    def due(self) -> int:
        """What a claim would pay now."""
        return 0 if self.stake is None else earnings.due(self.ledger, self.stake, self.slot)


@dataclass(frozen=True, slots=True)
class Moved:
    """What was staked, unstaked or withdrawn, and what the stake is now; billionths of an MMT."""

    moved: int
    amount: int
    unbonding: int
    unlock_slot: int
    signature: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Rewards that were paid, billionths of an MMT."""

    amount: int
    signature: str


def parse_mmt(text: str, what: str = "the amount") -> int:
    """MMT with up to nine decimals -> billionths.

    Raises:
        InvalidInput: no number, not above zero, finer than a billionth, or more than there is.
    """
    try:
        value = Decimal(text) * mx.MMT
    except ArithmeticError:
        raise InvalidInput(f"Give {what} as a number of MMT, such as 12.5, not {text!r}.") from None
    if value.is_finite() and value > 100_000_000 * mx.MMT:
        raise InvalidInput(f"Give {what} as a smaller number: there are 100 million MMT.")
    if not value.is_finite() or value <= 0 or value != int(value):
        raise InvalidInput(f"Give {what} as a number above zero with at most nine decimals, not {text!r}.")
    return int(value)


async def status(engine: Engine, owner: Pubkey | None = None) -> Status:
    """The ledger as it is now.

    Raises:
        InvalidInput: this exchange has no MMT.
    """
    keys = [at.season()] if owner is None else [at.season(), at.stake(owner)]
    raw, *held = await read(engine, keys)
    if raw is None:
        raise InvalidInput("Choose another engine: this exchange was opened without MMT.")
    ledger, slot = keeper_accounts.season(raw), await engine.slot()
    if owner is None:
        return Status(slot, ledger)
    (tokens,) = await read(engine, [get_associated_token_address(owner, Pubkey.from_bytes(ledger.mint))])
    (data,) = held
    return Status(
        slot,
        ledger,
        owner,
        None if data is None else keeper_accounts.stake(data),
        0 if tokens is None else accounts.token_amount(tokens),
    )


async def stake(sender: Sender, key: Keypair, amount: int) -> Moved:
    """Stake out of the key's own MMT account; opens the stake if there is none.

    Raises:
        InvalidInput: there is no MMT, the tokens are not there, or the stake would be below one MMT.
    """
    owner = key.pubkey()
    found = await status(sender.engine, owner)
    if found.tokens < amount:
        raise InvalidInput(f"Stake at most {Decimal(found.tokens) / mx.MMT:f} MMT: {owner} has no more.")
    staked = 0 if found.stake is None else found.stake.amount
    _require_size(staked + amount)
    steps = [] if found.stake is not None else [mx.create_stake(owner)]
    source = get_associated_token_address(owner, found.mint)
    return await _move(sender, key, [*steps, mx.stake(owner, source, found.mint, amount)], "staked")


async def unstake(sender: Sender, key: Keypair, amount: int | None = None) -> Moved:
    """Stop staking so much, None all of it; the cool-down starts anew for all that waits.

    Raises:
        InvalidInput: so much is not staked, or what is left would be below one MMT.
    """
    found = (await status(sender.engine, key.pubkey())).stake
    if found is None or not found.amount:
        raise InvalidInput(f"Stake first: {key.pubkey()} has nothing staked.")
    wanted = found.amount if amount is None else amount
    if wanted > found.amount:
        raise InvalidInput(f"Unstake at most {Decimal(found.amount) / mx.MMT:f} MMT: no more is staked.")
    _require_size(found.amount - wanted)
    return await _move(sender, key, [mx.unstake(key.pubkey(), wanted)], "unstaked")


async def withdraw(sender: Sender, key: Keypair) -> Moved:
    """Take out what was unstaked, after the cool-down, into the key's own MMT account.

    Raises:
        InvalidInput: nothing waits, or it is too early.
    """
    owner = key.pubkey()
    found = await status(sender.engine, owner)
    if found.stake is None or not found.stake.unbonding:
        raise InvalidInput(f"Unstake first: nothing of {owner} waits to be withdrawn.")
    left = found.stake.unlock_slot - found.slot
    if left > 0:
        raise InvalidInput(f"Wait {left:,} slots: the cool-down ends in slot {found.stake.unlock_slot:,}.")
    opened, destination = _opened(owner, found.mint)
    return await _move(sender, key, [opened, mx.withdraw_stake(owner, destination, found.mint)], "withdrawn")


async def claim(sender: Sender, key: Keypair) -> Claim:
    """Pay all that the stake has earned into the key's own MMT account.

    Raises:
        InvalidInput: nothing is due.
    """
    owner = key.pubkey()
    found = await status(sender.engine, owner)
    if not found.due:
        raise InvalidInput(f"Stake and wait first: nothing is due to {owner}.")
    opened, destination = _opened(owner, found.mint)
    steps = [opened, mx.claim_rewards(owner, destination, found.mint)]
    values, signature = await _send(sender, key, steps, "RewardsPaid")
    return Claim(int(values["amount"]), signature)


def _require_size(amount: int) -> None:
    if 0 < amount < LEAST:
        raise InvalidInput("Stake one MMT at least, or nothing.")


def _opened(owner: Pubkey, mint: Pubkey) -> tuple[Instruction, Pubkey]:
    opened = create_idempotent_associated_token_account(owner, owner, mint)
    return opened, get_associated_token_address(owner, mint)


async def _move(sender: Sender, key: Keypair, steps: list[Instruction], what: str) -> Moved:
    values, signature = await _send(sender, key, steps, "StakeMoved")
    moved, amount, unbonding, unlock_slot = (
        int(values[name]) for name in (what, "amount", "unbonding", "unlock_slot")
    )
    return Moved(moved, amount, unbonding, unlock_slot, signature)


async def _send(
    sender: Sender, key: Keypair, steps: list[Instruction], event: str
) -> tuple[dict[str, Any], str]:
    receipt = await sender.send(steps, [key])
    found = [each.fields for each in programs.event_decoder().decode(receipt.logs) if each.name == event]
    if not found:
        raise Fatal(f"Look at transaction {receipt.signature}: it has landed and logged no {event}.")
    return found[0], str(receipt.signature)
