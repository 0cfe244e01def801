"""What a keeper is owed: rewards of tasks at any time, the bond after its leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey
from spl.token.instructions import create_idempotent_associated_token_account, get_associated_token_address

from breakwater.chain import addresses as at
from breakwater.chain import keeper_accounts as ka
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.queries import read
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.sender import Sender

__all__ = ["Paid", "claim", "withdraw"]

LEAVING = 2


@dataclass(frozen=True, slots=True)
class Paid:
    """Billionths of an MMT that a beneficiary was paid; `sunk` is what had been slashed of the bond."""

    rewards: int
    bond: int
    sunk: int
    destination: Pubkey
    signature: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values; billionths of an MMT, as strings."""
        return {
            "rewards": str(self.rewards),
            "bond": str(self.bond),
            "sunk": str(self.sunk),
            "destination": str(self.destination),
            "signature": self.signature,
        }


async def claim(sender: Sender, key: Keypair, authority: Pubkey | None = None) -> Paid:
    """Pay what tasks have earned into the beneficiary's MMT account, which is opened if need be.

    Args:
        sender: sends.
        key: the keeper's authority, or its beneficiary.
        authority: of the keeper, where the key is the beneficiary's; None is the key.

    Raises:
        InvalidInput: there is no such keeper, it is somebody else's, or nothing is due.
    """
    whose = authority or key.pubkey()
    season, keeper = await _read(sender, whose)
    _require_principal(keeper, key.pubkey(), whose)
    if not keeper.rewards:
        raise InvalidInput(f"Do tasks first: nothing is due to {whose}.")
    mint = Pubkey.from_bytes(season.mint)
    opened, destination = _opened(key, keeper, mint)
    made = mx.claim_keeper_rewards(key.pubkey(), whose, destination, mint)
    receipt = await sender.send([opened, made], [key])
    return Paid(keeper.rewards, 0, 0, destination, str(receipt.signature))


async def withdraw(sender: Sender, key: Keypair, authority: Pubkey | None = None) -> Paid:
    """Pay the bond back after the cool-down, and rewards that are still due; the keeper is gone then.

    Args:
        sender: sends.
        key: the keeper's authority, or its beneficiary.
        authority: of the keeper, where the key is the beneficiary's; None is the key.

    Raises:
        InvalidInput: there is no such keeper, it is somebody else's, or it is too early.
    """
    whose = authority or key.pubkey()
    season, keeper = await _read(sender, whose)
    _require_principal(keeper, key.pubkey(), whose)
    if keeper.status != LEAVING:
        raise InvalidInput(f"Run breakwater keeper unregister first: {whose} has not left.")
    slot = await sender.engine.slot()
    if slot < keeper.unlock_slot:
        left = keeper.unlock_slot - slot
        raise InvalidInput(f"Wait {left:,} slots: the bond is free in slot {keeper.unlock_slot:,}.")
    mint, sink = Pubkey.from_bytes(season.mint), Pubkey.from_bytes(season.sink)
    opened, destination = _opened(key, keeper, mint)
    steps = [opened]
    if keeper.rewards:
        steps.append(mx.claim_keeper_rewards(key.pubkey(), whose, destination, mint))
    steps.append(kx.withdraw_bond(whose, destination, sink, mint))
    receipt = await sender.send(steps, [key])
    return Paid(keeper.rewards, keeper.bond, keeper.slashed, destination, str(receipt.signature))


async def _read(sender: Sender, authority: Pubkey) -> tuple[ka.Season, ka.Keeper]:
    season, keeper = await read(sender.engine, [at.season(), at.keeper(authority)])
    if season is None:
        raise InvalidInput("Initialise MMT first: this exchange has no task registry, and keepers need none.")
    if keeper is None:
        raise InvalidInput(f"Run breakwater keeper register first: {authority} is no keeper.")
    return ka.season(season), ka.keeper(keeper)


def _require_principal(keeper: ka.Keeper, signer: Pubkey, authority: Pubkey) -> None:
    if bytes(signer) not in (keeper.authority, keeper.beneficiary):
        raise InvalidInput(f"Sign with the authority or the beneficiary of keeper {authority}.")


def _opened(key: Keypair, keeper: ka.Keeper, mint: Pubkey) -> tuple[Instruction, Pubkey]:
    beneficiary = Pubkey.from_bytes(keeper.beneficiary)
    opened = create_idempotent_associated_token_account(key.pubkey(), beneficiary, mint)
    return opened, get_associated_token_address(beneficiary, mint)
