"""What is left of a genesis and what it costs, from what is on the chain now; nothing here pays or signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import loader, mmt_mint, programs
from breakwater.chain.accounts import size_of
from breakwater.chain.engine import RpcEngine
from breakwater.chain.queries import genesis_hash, read_accounts
from breakwater.charter import items, read_held
from breakwater.errors import InsufficientFunds, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breakwater.chain.engine import EmbeddedEngine
    from breakwater.chain.sender import Sender
    from breakwater.charter import Charter, Held, Item

__all__ = ["LAMPORTS", "Costs", "Plan", "make_plan"]

LAMPORTS: Final = 10**9
SIGNATURE_FEE: Final = 5_000
COMPUTE: Final = 400_000
"""Units that no step of a genesis exceeds; only a priority fee depends on them."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Lamports: `rent` stays in the accounts, `fees` are at most gone, `peak` is what the payer must hold."""

    rent: int
    fees: int
    transactions: int
    peak: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A genesis that can begin.

    Attributes:
        cluster: genesis hash.
        payer: pays, administrates until the end, and holds the MMT that is neither sunk nor in the pool.
        charter: with every key named.
        held: the chain as it is.
        items: both side by side.
        burns: the programs whose upgrade authority the payer still has; `initialise` burns it.
        left: the steps that have to be done, in their order.
        costs: of these steps.
        balance: the payer's lamports.
    """

    cluster: str
    payer: Pubkey
    charter: Charter
    held: Held
    items: tuple[Item, ...]
    burns: tuple[str, ...]
    left: tuple[str, ...]
    costs: Costs
    balance: int

    @property
    def conflicts(self) -> tuple[Item, ...]:
        """What is on the chain otherwise than the charter wants it, and stays so."""
        ours = self.held.config is not None and self.held.config.admin == bytes(self.payer)
        return tuple(
            each
            for each in self.items
            if each.found is not None and not each.same and not (ours and each.rule == "admin")
        )

    def require_possible(self) -> None:
        """Make sure that the chain can still become what the charter says, and the payer can pay for it.

        Raises:
            InvalidInput: something else is there already.
            InsufficientFunds: the sentence says how much is missing.
        """
        if self.conflicts:
            first, more = self.conflicts[0], len(self.conflicts) - 1
            rest = f", and {more} more" if more else ""
            raise InvalidInput(
                f"Correct the file, or deploy anew: {first.account} has {first.found} where {first.expected} "
                f"is wanted{rest}; --dry-run shows all."
            )
        missing = self.costs.peak - self.balance
        if missing > 0:
            raise InsufficientFunds(
                f"Send {missing / LAMPORTS:.9f} SOL to {self.payer}: the genesis takes "
                f"{self.costs.peak / LAMPORTS:.9f} SOL and it holds {self.balance / LAMPORTS:.9f}."
            )


async def make_plan(
    sender: Sender, engine: EmbeddedEngine | RpcEngine, payer: Pubkey, charter: Charter, *, priority_fee: int
) -> Plan:
    """Compare a charter with a chain, and price what is left.

    Args:
        sender: sends through `engine`; nothing is sent here.
        engine: the chain.
        payer: who will sign.
        charter: what is wanted; what it leaves open is the payer's.
        priority_fee: micro-lamports per compute unit.

    Raises:
        InvalidInput: the programs are not there for good, or no collateral is named.
    """
    burns = await _burns(sender, engine, payer)
    wanted = charter.resolved(payer)
    if wanted.keys.collateral_mint is None:
        raise InvalidInput("Name the collateral in keys.collateral_mint: a mint with 6 decimals.")
    held = await read_held(engine, wanted)
    own = str(mmt_mint.address(payer))
    if held.mmt is None and wanted.keys.mmt_mint != own:
        raise InvalidInput(f"Leave keys.mmt_mint out: genesis makes it, and for this payer it is {own}.")
    left = tuple(_left(wanted, held))
    (account,) = await read_accounts(engine, [payer])
    return Plan(
        cluster=await genesis_hash(engine),
        payer=payer,
        charter=wanted,
        held=held,
        items=tuple(items(wanted, held)),
        burns=burns,
        left=left,
        costs=await _costs(sender, wanted, payer, left, priority_fee),
        balance=0 if account is None else account.lamports,
    )


async def _burns(sender: Sender, engine: EmbeddedEngine | RpcEngine, payer: Pubkey) -> tuple[str, ...]:
    if not isinstance(engine, RpcEngine):
        return ()  # a chain in this process has loaded its programs, and cannot change them
    found = []
    for name in programs.NAMES:
        state = await loader.program_state(sender, programs.address(name))
        if state is None:
            raise InvalidInput(f"Run breakwater deploy first: there is no {name} program here.")
        if state.authority not in (None, payer):
            raise InvalidInput(
                f"Sign with {state.authority}, or have it run breakwater deploy --immutable first: it can "
                f"still change the {name} program."
            )
        if not state.holds(programs.binary(name, "v3")):
            how = "Run breakwater deploy first" if state.authority else "Build for other addresses"
            raise InvalidInput(f"{how}: the {name} program here is another one.")
        if state.authority is not None:
            found.append(name)
    return tuple(found)


def _left(charter: Charter, held: Held) -> Iterator[str]:
    # the first caller of `initialize` decides, so nothing comes before it
    if held.config is None:
        yield "initialise"
    if None in held.shards:
        yield "shards"
    if held.mmt is None:
        yield "mmt mint"
    if held.season is None:
        yield "mmt"
    if held.bootstrap is None:
        yield "bootstrap"
    known = {feed.name for _, feed in held.feeds}
    yield from (f"feed {each.name}" for each in charter.feeds if each.name not in known)
    if not held.renounced:
        yield "renounce"


async def _costs(
    sender: Sender, charter: Charter, payer: Pubkey, left: tuple[str, ...], priority_fee: int
) -> Costs:
    spaces = {
        "initialise": (size_of("Config"), size_of("Vault"), mmt_mint.TOKEN_SPACE),
        "shards": (size_of("Shard"),) * at.SHARDS,
        "mmt mint": (mmt_mint.MINT_SPACE, mmt_mint.TOKEN_SPACE, mmt_mint.TOKEN_SPACE),
        "mmt": (size_of("Season"), size_of("Registry"), mmt_mint.TOKEN_SPACE, mmt_mint.TOKEN_SPACE),
        "bootstrap": (size_of("Bootstrap"),),
        **{
            f"feed {each.name}": (size_of("Feed"),)
            for each in charter.feeds
            if each.authority == str(payer)  # another authority pays its own
        },
    }
    wanted = [space for step in left for space in spaces.get(step, ())]
    rents = {space: await loader.rent_of(sender, space) for space in set(wanted)}
    rent = sum(rents[space] for space in wanted)
    strangers = {each.authority for each in charter.feeds} - {str(payer)}
    signatures = len(left) + sum(
        f"feed {each.name}" in left and each.authority in strangers for each in charter.feeds
    )
    fees = signatures * SIGNATURE_FEE + len(left) * -(-priority_fee * COMPUTE // 10**6)
    peak = rent + fees + await loader.rent_of(sender, 0) if left else 0
    return Costs(rent, fees, len(left), peak)
