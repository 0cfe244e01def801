"""A keeper's place in the task registry: registering, signs of life, leaving, and how everybody is doing."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_accounts as ka
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import kinds, queries
from breakwater.errors import InvalidInput, ProgramError

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.engine import EmbeddedEngine, Receipt, RpcEngine
    from breakwater.chain.sender import Sender

__all__ = ["Registered", "Status", "heartbeat", "open_account", "register", "status", "unregister"]

STATES = ("on duty", "suspended", "leaving")


@dataclass(frozen=True, slots=True)
class Registered:
    """One keeper of the registry."""

    address: Pubkey
    keeper: ka.Keeper
    silent_slots: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        each = self.keeper
        return {
            "keeper": str(self.address),
            "authority": str(Pubkey.from_bytes(each.authority)),
            "state": STATES[each.status],
            "bond": str(each.bond),
            "tier": each.tier,
            "completed": each.completed,
            "failed": each.failed,
            "missed": each.missed,
            "success_rate": round(each.success_rate, 4),
            "claims": each.claims,
            "rewards": str(each.rewards),
            "mean_response_slots": round(each.mean_response_slots, 3),
            "silent_slots": self.silent_slots,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """Everybody in the registry, and the tasks that wait; None without MMT."""

    slot: int
    registry: ka.Registry | None
    keepers: tuple[Registered, ...]
    waiting: int
    claimed: int
    done: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "slot": self.slot,
            "initialised": self.registry is not None,
            "on_duty": 0 if self.registry is None else len(self.registry.keepers),
            "keepers": [each.as_dict() for each in self.keepers],
            "tasks": {"waiting": self.waiting, "claimed": self.claimed, "done": self.done},
        }


async def _season(engine: EmbeddedEngine | RpcEngine) -> ka.Season:
    (data,) = await queries.read(engine, [at.season()])
    if data is None:
        raise InvalidInput("Initialise MMT first: this exchange has no task registry, and keepers need none.")
    return ka.season(data)


async def _require_registered(sender: Sender, keeper: Pubkey) -> None:
    await _season(sender.engine)
    (data,) = await queries.read(sender.engine, [at.keeper(keeper)])
    if data is None:
        raise InvalidInput(f"Run breakwater keeper register first: {keeper} is no keeper.")


async def open_account(sender: Sender, key: Keypair) -> bool:
    """Open the trader account that a keeper's rewards go to; False where there is one."""
    (data,) = await queries.read(sender.engine, [at.trader(key.pubkey())])
    if data is not None:
        return False
    await sender.send([ix.create_trader(key.pubkey())], [key])
    return True


async def register(
    sender: Sender, key: Keypair, bond: int | None = None, beneficiary: Pubkey | None = None
) -> Receipt:
    """Put a keeper on duty.

    Args:
        sender: sends.
        key: the keeper's authority, in whose associated token account the bond is.
        bond: billionths of an MMT; None is the least that the rules take.
        beneficiary: whose rewards and bond are; None is the authority's.

    Raises:
        InvalidInput: the exchange has no MMT, or the bond is not there.
    """
    engine = sender.engine
    season = await _season(engine)
    (raw,) = await queries.read(engine, [at.registry()])
    least = 0 if raw is None else ka.registry(raw).min_bond
    wanted = least if bond is None else bond
    if wanted < least:
        raise InvalidInput(f"Bond at least {Decimal(least) / 10**9:f} MMT.")
    mint = Pubkey.from_bytes(season.mint)
    source = get_associated_token_address(key.pubkey(), mint)
    (tokens,) = await queries.read(engine, [source])
    held = 0 if tokens is None else int.from_bytes(tokens[64:72], "little")
    if held < wanted:
        raise InvalidInput(
            f"Put {Decimal(wanted) / 10**9:f} MMT into {source} first: it holds {Decimal(held) / 10**9:f}."
        )
    await open_account(sender, key)
    made = kx.register_keeper(key.pubkey(), source, mint, wanted, beneficiary or key.pubkey())
    return await sender.send([made], [key])


async def heartbeat(sender: Sender, key: Keypair) -> Receipt:
    """Give a sign of life; from a suspension that is over, come back on duty instead.

    Raises:
        InvalidInput: there is no registry, or the key is not in it.
        ProgramError: the suspension is not over.
    """
    await _require_registered(sender, key.pubkey())
    try:
        return await sender.send([kx.heartbeat(key.pubkey())], [key])
    except ProgramError as error:
        if error.name != "KeeperNotActive":
            raise
    return await sender.send([kx.resume_keeper(key.pubkey())], [key])


async def unregister(sender: Sender, key: Keypair) -> Receipt:
    """Leave; the bond is free after the cool-down.

    Raises:
        InvalidInput: there is no registry, or the key is not in it.
    """
    await _require_registered(sender, key.pubkey())
    return await sender.send([kx.unregister_keeper(key.pubkey(), key.pubkey())], [key])


async def status(engine: EmbeddedEngine | RpcEngine) -> Status:
    """Everybody in the registry, most completed tasks first."""
    slot = await engine.slot()
    (raw,) = await queries.read(engine, [at.registry()])
    found = await queries.owned(engine, at.EXCHANGE, kinds.filter_of("Keeper"))
    tasks = [ka.task(data) for _, data in await queries.owned(engine, at.EXCHANGE, kinds.filter_of("Task"))]
    keepers = [(address, ka.keeper(data)) for address, data in found]
    everybody = sorted(
        (Registered(address, each, max(0, slot - each.heartbeat_slot)) for address, each in keepers),
        key=lambda each: (-each.keeper.completed, bytes(each.address)),
    )
    states = [each.state for each in tasks]
    return Status(
        slot,
        None if raw is None else ka.registry(raw),
        tuple(everybody),
        states.count(kx.UNCLAIMED),
        states.count(kx.CLAIMED),
        states.count(kx.DONE),
    )
