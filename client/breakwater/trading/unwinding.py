"""The end of a chain: unwound as one, or its settled legs redeemed, and its account closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import leg_instructions as ix
from breakwater.chain import programs
from breakwater.chain.queries import simulate
from breakwater.errors import InvalidInput

from . import quotes
from ._desk import check_slippage, traded
from .advice import explained
from .chains import event_named
from .funds import Payout
from .state import read_account, read_chain

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import Engine
    from breakwater.chain.sender import Sender

    from .views import ChainView, Holding

__all__ = [
    "LegExit",
    "UnwindTicket",
    "Unwound",
    "close_chain",
    "find_chain",
    "place_unwind",
    "prepare_unwind",
    "redeem_chain",
]


@dataclass(frozen=True, slots=True)
class LegExit:
    """What selling a leg would bring: `notional` before `fee` (`flash` is part of it), and the loan `due`."""

    leg: Holding
    notional: int
    fee: int
    flash: int
    due: int

    @property
    def proceeds(self) -> int:
        """What it brings before its loan."""
        return self.notional - self.fee


@dataclass(frozen=True, slots=True)
class UnwindTicket:
    """A chain's unwinding with its preview, ready to be sent."""

    number: int
    exits: tuple[LegExit, ...]
    balance: int
    limit: int
    instructions: tuple[Instruction, ...]

    @property
    def proceeds(self) -> int:
        """What all legs bring, after fees."""
        return sum(each.proceeds for each in self.exits)

    @property
    def due(self) -> int:
        """All loans."""
        return sum(each.due for each in self.exits)

    @property
    def amount(self) -> int:
        """What reaches the balance."""
        return max(0, self.proceeds - self.due)

    @property
    def shortfall(self) -> int:
        """What the balance pays because the proceeds do not repay the loans."""
        return max(0, self.due - self.proceeds)

    @property
    def balance_after(self) -> int:
        """The trader's balance afterwards."""
        return self.balance + self.amount - self.shortfall


@dataclass(frozen=True, slots=True)
class Unwound:
    """A chain that was unwound; amounts are the exchange's own, from its event."""

    number: int
    legs: int
    proceeds: int
    repaid: int
    amount: int
    shortfall: int
    slot: int
    signature: str


async def find_chain(engine: Engine, owner: Pubkey, number: int) -> ChainView:
    """One of the owner's chains.

    Raises:
        InvalidInput: the owner has none of that number.
    """
    found = await read_chain(engine, owner, number)
    if found is None:
        raise InvalidInput(f"Look at breakwater trade chain list: you have no chain {number}.")
    return found


async def prepare_unwind(engine: Engine, owner: Pubkey, number: int, slippage_bps: int = 50) -> UnwindTicket:
    """Simulate selling all legs that are left, and set the least that it has to bring.

    Raises:
        InvalidInput: no such chain, nothing in it, or a leg's market has closed.
        ProgramError: the exchange would refuse it, e.g. Underwater.
    """
    check_slippage(slippage_bps)
    found = await find_chain(engine, owner, number)
    if not found.legs:
        raise InvalidInput(f"Close it instead: chain {number} is empty.")
    for leg in found.holdings:
        if leg.view.settled:
            raise InvalidInput(f"Run breakwater trade chain redeem {number} first: a leg is settled.")
        if leg.view.status == "closed":
            raise InvalidInput(
                f"Resolve it first with breakwater market resolve {leg.view.id}: a leg's market has closed."
            )
    venues = [(leg.view.id, leg.view.feed_address) for leg in found.holdings]
    bought_slot = max(leg.position.opened_slot for leg in found.holdings)
    with explained():
        step = ix.unwind_chain(owner, number, venues, 0)
        events = await simulate(engine, [step], owner, after_slot=bought_slot)
    fills = [event.fields for event in traded(events, count=len(venues))]
    exits = []
    for leg, fill in zip(found.holdings, fills, strict=True):
        flash = quotes.flash_part(fill["notional"], fill["fee"], leg.view.shard.fee_ppm)
        exits.append(LegExit(leg, fill["notional"], fill["fee"], flash, leg.position.debt))
    account = await read_account(engine, owner)
    balance = 0 if account.trader is None else account.trader.balance
    amount = max(0, sum(each.proceeds - each.due for each in exits))
    limit = quotes.limit_for("close", amount, slippage_bps)
    return UnwindTicket(
        number, tuple(exits), balance, limit, (ix.unwind_chain(owner, number, venues, limit),)
    )


async def place_unwind(sender: Sender, key: Keypair, ticket: UnwindTicket) -> Unwound:
    """Unwind a chain as prepared.

    Raises:
        ProgramError: refused, with SlippageExceeded when it would bring less than the limit.
        Retryable: it did not land, or nobody can tell.
    """
    with explained():
        receipt = await sender.send(ticket.instructions, [key])
    done = event_named("ChainUnwound", receipt).fields
    return Unwound(
        ticket.number,
        done["legs"],
        done["proceeds"],
        done["repaid"],
        done["amount"],
        done["shortfall"],
        receipt.slot,
        str(receipt.signature),
    )


async def redeem_chain(sender: Sender, key: Keypair, number: int) -> list[Payout]:
    """Have the settled legs of a chain paid into the balance; the chain is closed once nothing is left.

    Raises:
        InvalidInput: no such chain, or no leg of it is settled.
    """
    owner = key.pubkey()
    found = await find_chain(sender.engine, owner, number)
    settled = [(index, leg) for index, leg in found.legs if leg.view.settled]
    if not settled:
        raise InvalidInput(f"Wait until a leg's market is resolved: nothing in chain {number} is settled.")
    steps = [ix.redeem_leg(owner, number, leg.view.id, index) for index, leg in settled]
    if len(settled) == len(found.legs):
        steps.append(ix.close_chain(owner, number))
    with explained():
        receipt = await sender.send(steps, [key])
    events = programs.event_decoder().decode(receipt.logs)
    done = [event.fields for event in events if event.name == "Redeemed"]
    paid = []
    for (_, leg), fields in zip(settled, done, strict=False):
        payout, repaid, position = fields["payout"], fields["repaid"], leg.position
        profit = payout - repaid - position.cost
        label = leg.view.label(position.outcome)
        shares = position.shares
        paid.append(
            Payout(
                leg.view.id,
                position.outcome,
                "chain",
                label,
                shares,
                payout,
                repaid,
                profit,
                str(receipt.signature),
            )
        )
    return paid


async def close_chain(sender: Sender, key: Keypair, number: int) -> str:
    """Close an empty chain; its rent goes back to the owner. The signature.

    Raises:
        InvalidInput: no such chain, or something is in it.
    """
    found = await find_chain(sender.engine, key.pubkey(), number)
    if found.legs:
        raise InvalidInput(f"Unwind or redeem it first: chain {number} holds {len(found.legs)} legs.")
    with explained():
        receipt = await sender.send([ix.close_chain(key.pubkey(), number)], [key])
    return str(receipt.signature)
