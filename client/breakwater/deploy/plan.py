"""What is left of a deployment, from what is on the chain now; nothing here pays or signs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.system_program import ID as SYSTEM

from breakwater.chain.loader import (
    BUFFER_HEADER,
    CHUNK,
    LOADER,
    buffer_address,
    program_of,
    programdata_address,
    programdata_of,
)
from breakwater.chain.queries import genesis_hash, read_accounts
from breakwater.errors import InsufficientFunds, InvalidInput

from ._chain import balance
from .costs import Costs, Ledger, Options, Standing
from .otter import OTTER_VERIFY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.account import Account
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine

    from .artefacts import Target

__all__ = ["Costs", "Options", "Plan", "Standing", "make_plan", "standing"]

MAINNET: Final = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
"""Genesis hash."""

LAMPORTS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Plan:
    """A deployment that can begin; `otter`: the cluster has the program of public build records."""

    cluster: str
    deployer: Pubkey
    standings: tuple[Standing, ...]
    options: Options
    otter: bool
    costs: Costs
    balance: int

    @property
    def finished(self) -> bool:
        """Whether nothing needs to be paid any more."""
        return self.costs.transactions == 0

    def require_funds(self) -> None:
        """Make sure that the deployer can pay to the end.

        Raises:
            InsufficientFunds: it cannot; the sentence says how much is missing.
        """
        missing = self.costs.peak - self.balance
        if missing > 0:
            raise InsufficientFunds(
                f"Send {missing / LAMPORTS:.9f} SOL to {self.deployer}: the deployment takes "
                f"{self.costs.peak / LAMPORTS:.9f} SOL and it holds {self.balance / LAMPORTS:.9f}."
            )


async def standing(engine: RpcEngine, deployer: Pubkey, target: Target) -> Standing:
    """Read how far a program has come; its accounts are of one slot.

    Raises:
        InvalidInput: its address holds something else.
    """
    buffer = buffer_address(deployer, target.address).pubkey()
    programdata = programdata_address(target.address)
    held, data, draft = await read_accounts(engine, [target.address, programdata, buffer])
    rent = draft.lamports if draft is not None and draft.owner == LOADER else 0
    if held is not None and not _empty(held):
        program_of(target.address, held)
        if data is None:
            raise InvalidInput(f"Build {target.name} for another address: {target.address} was closed.")
        state = programdata_of(programdata, data.data)
        if not state.holds(target.binary):
            raise InvalidInput(f"Build {target.name} for another address: {target.address} holds another.")
        return Standing(target, state, 0, rent, misfit=rent > 0, program_lamports=held.lamports)
    if data is not None:
        raise InvalidInput(
            f"Build {target.name} for another address: somebody has sent lamports to {programdata}, "
            "and the loader does not deploy there."
        )
    written = _written(deployer, draft, target.binary) if rent and draft is not None else 0
    lamports = held.lamports if held is not None else 0
    misfit = rent > 0 and written is None
    return Standing(target, None, written or 0, rent, misfit=misfit, program_lamports=lamports)


async def make_plan(
    engine: RpcEngine,
    deployer: Pubkey,
    targets: Sequence[Target],
    options: Options,
    *,
    priority_fee: int,
    recorded: bool,
) -> Plan:
    """What is left to do and what it costs.

    Args:
        engine: the cluster.
        deployer: pays, and is the upgrade authority.
        targets: the programs.
        options: what was asked for.
        priority_fee: micro-lamports per compute unit.
        recorded: the journal knows that the records are written.

    Raises:
        InvalidInput: an address is taken, the authority is somebody else's, or a record's facts are missing.
    """
    cluster = await genesis_hash(engine)
    standings = tuple([await standing(engine, deployer, each) for each in targets])
    (otter,) = await read_accounts(engine, [OTTER_VERIFY])
    has_otter = otter is not None and otter.executable
    for each in standings:
        _require_ours(each, deployer)
    if has_otter and options.public_record and not (options.repository and options.commit):
        raise InvalidInput(
            "Name the public sources with --repository and --commit, or add --no-public-record: this "
            "cluster has a program for build records, and explorers take only the upgrade authority's."
        )
    ledger = Ledger(engine, priority_fee)
    for each in standings:
        await ledger.deployment(each)
    if not recorded:
        await ledger.records(len(standings), options, otter=has_otter)
    if options.immutable:
        ledger.burns(standings)
    costs = await ledger.costs()
    return Plan(cluster, deployer, standings, options, has_otter, costs, await balance(engine, deployer))


def _require_ours(standing: Standing, deployer: Pubkey) -> None:
    state = standing.state
    if state is not None and state.authority not in (None, deployer):
        raise InvalidInput(
            f"Sign with {state.authority}: it holds the authority over {standing.target.name}."
        )


def _empty(account: Account) -> bool:
    return account.owner == SYSTEM and not account.data


def _written(deployer: Pubkey, draft: Account, binary: bytes) -> int | None:
    """Chunks of a buffer that are right already; None where it is not ours, or has another size."""
    header, body = draft.data[:BUFFER_HEADER], draft.data[BUFFER_HEADER:]
    if header != b"\x01\0\0\0\x01" + bytes(deployer) or len(body) != len(binary):
        return None
    return sum(body[i : i + CHUNK] == binary[i : i + CHUNK] for i in range(0, len(binary), CHUNK))
