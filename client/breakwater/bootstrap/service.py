"""Reads the launch from the chain; locks, unlocks and claims for a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey
from spl.token.instructions import create_idempotent_associated_token_account, get_associated_token_address

from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_accounts as books
from breakwater.chain import bootstrap_instructions as ix
from breakwater.chain import keeper_accounts, programs
from breakwater.chain.queries import read
from breakwater.errors import Fatal, InvalidInput

if TYPE_CHECKING:
    from typing import Any

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine
    from breakwater.chain.sender import Sender

__all__ = ["EARLY_TRADES", "Claim", "Moved", "Status", "claim", "lock", "status", "unlock"]

EARLY_TRADES = 100
"""Trades that are credited twice, a quarter of them in each shard."""


@dataclass(frozen=True, slots=True)
class Status:
    """A launch, and what one key has of it.

    `credits_left` and `early_trades_left` are summed over the shards; `credit`, `locked` and `early` are the
    key's, `due_trades` and `due_maker` what claims would pay now. MMT in billionths, the rest micro-units.
    """

    slot: int
    launch: books.Bootstrap
    shards: tuple[books.Launch, ...]
    mint: Pubkey
    owner: Pubkey | None = None
    trader: bool = False
    credit: int = 0
    maker: books.Maker | None = None

    @property
    def credits_left(self) -> int:
        """Credit that trades can still get."""
        return sum(each.credits for each in self.shards)

    @property
    def early_trades_left(self) -> int:
        """Trades that will still be credited twice."""
        return sum(each.early_trades for each in self.shards if each.credits)

    @property
    def reserved(self) -> int:
        """Credited fees, which are nobody's any more."""
        return sum(each.reserve for each in self.shards)

    @property
    def slots_left(self) -> int:
        """Slots in which locked liquidity still earns."""
        return max(0, self.launch.end_slot - self.slot)

    @property
    def due_trades(self) -> int:
        """What the key's credit pays."""
        return self.launch.worth(self.credit)

    @property
    def due_maker(self) -> int:
        """What the key's locked liquidity has earned."""
        return 0 if self.maker is None else self.maker.earned(self.launch, self.slot)


@dataclass(frozen=True, slots=True)
class Claim:
    """MMT that was paid, for trades and for liquidity, billionths."""

    trades: int
    maker: int
    signature: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Liquidity that was locked or unlocked, and what is locked now; micro-shares."""

    shares: int
    locked: int
    early: int
    signature: str


async def status(engine: Engine, owner: Pubkey | None = None) -> Status:
    """The launch as it is now.

    Raises:
        InvalidInput: there is none on this cluster.
    """
    keys = [at.bootstrap(), at.season(), *(at.shard(i) for i in range(at.SHARDS))]
    if owner is not None:
        trader = at.trader(owner)
        keys += [trader, at.maker(trader)]
    launch, season, *rest = await read(engine, keys)
    if launch is None or season is None:
        raise InvalidInput("Choose another engine: this exchange was launched without incentives.")
    shards = tuple(books.launch(data) for data in rest[: at.SHARDS] if data is not None)
    held, maker = rest[at.SHARDS :] if owner is not None else (None, None)
    return Status(
        await engine.slot(),
        books.bootstrap(launch),
        shards,
        Pubkey.from_bytes(keeper_accounts.season(season).mint),
        owner,
        held is not None,
        0 if held is None else books.credit(held),
        None if maker is None else books.maker(maker),
    )


async def claim(sender: Sender, key: Keypair) -> Claim:
    """Pay all that the key has earned into its own MMT account, which is opened if need be.

    Raises:
        InvalidInput: nothing is due.
    """
    owner = key.pubkey()
    found = await status(sender.engine, owner)
    destination = get_associated_token_address(owner, found.mint)
    steps: list[Instruction] = []
    if found.due_trades:
        steps.append(ix.claim_trades(owner, destination, found.mint))
    if found.due_maker:
        steps.append(ix.claim_maker(owner, destination, found.mint))
    if not steps:
        raise InvalidInput(f"Trade or lock liquidity first: nothing is due to {owner}.")
    opened = create_idempotent_associated_token_account(owner, owner, found.mint)
    values, signature = await _send(sender, key, [opened, *steps], "BootstrapPaid")
    trader = at.trader(owner)
    paid = {bytes(value["payee"]): int(value["amount"]) for value in values}
    return Claim(paid.get(bytes(trader), 0), paid.get(bytes(at.maker(trader)), 0), signature)


async def lock(sender: Sender, key: Keypair, shares: int) -> Moved:
    """Lock shares of the vault, micro-shares; opens the maker account if there is none.

    Raises:
        InvalidInput: there is no launch, or the key is no trader.
        ProgramError: the key has fewer, or fewer than a thousand would be locked.
    """
    found = await status(sender.engine, key.pubkey())
    if not found.trader:
        raise InvalidInput(f"Run breakwater trade deposit first: {key.pubkey()} has no trader account.")
    steps = [] if found.maker is not None else [ix.create_maker(key.pubkey())]
    return await _move(sender, key, [*steps, ix.lock_liquidity(key.pubkey(), shares)], shares)


async def unlock(sender: Sender, key: Keypair, shares: int | None = None) -> Moved:
    """Take locked shares back; None takes all.

    Raises:
        InvalidInput: nothing is locked.
        ProgramError: fewer are locked, or a rest below a thousand would be.
    """
    maker = (await status(sender.engine, key.pubkey())).maker
    if maker is None or not maker.shares:
        raise InvalidInput(f"Lock liquidity first: {key.pubkey()} has none locked.")
    wanted = maker.shares if shares is None else shares
    return await _move(sender, key, [ix.unlock_liquidity(key.pubkey(), wanted)], wanted)


async def _move(sender: Sender, key: Keypair, steps: list[Instruction], shares: int) -> Moved:
    (value,), signature = await _send(sender, key, steps, "LiquidityLocked")
    return Moved(shares, int(value["shares"]), int(value["early"]), signature)


async def _send(
    sender: Sender, key: Keypair, steps: list[Instruction], event: str
) -> tuple[list[dict[str, Any]], str]:
    receipt = await sender.send(steps, [key])
    found = [each.fields for each in programs.event_decoder().decode(receipt.logs) if each.name == event]
    if not found:
        raise Fatal(f"Look at transaction {receipt.signature}: it has landed and logged no {event}.")
    return found, str(receipt.signature)
