"""What nobody can do any more, tried on the chain with the keys that could: each has to be refused there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_instructions as bx
from breakwater.chain import instructions as ix
from breakwater.chain import loader, mmt_mint, programs
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.queries import read
from breakwater.chain.sender import Sender
from breakwater.errors import Fatal, ProgramError, TransactionRejected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from solders.instruction import Instruction

    from breakwater.chain.engine import RpcEngine
    from breakwater.charter import Charter

    from .keys import Keys

__all__ = ["Refusal", "admin_instructions", "try_admin", "try_upgrades"]

COMPUTE: Final = 300_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that was refused: by which error, and in which transaction."""

    attempt: str
    error: str
    signature: str | None


async def try_upgrades(engine: RpcEngine, keys: Keys) -> list[Refusal]:
    """Replace each program, and take its authority back, with the key that deployed it.

    Raises:
        Fatal: something was not refused.
    """
    sender, payer, buffer = _sender(engine), keys.payer, Keypair()
    binary = programs.binary("oracle", "v3")
    await loader.write_buffer(Sender(engine), payer=payer, buffer=buffer, authority=payer, binary=binary)
    found = []
    for name, program in (("oracle", at.ORACLE), ("exchange", at.EXCHANGE)):
        found += [
            await _refused(
                f"upgrade {name}",
                lambda program=program: loader.upgrade(  # type: ignore[misc]
                    sender, payer=payer, program=program, buffer=buffer.pubkey(), authority=payer
                ),
            ),
            await _refused(
                f"take the authority over {name}",
                lambda program=program: loader.set_authority(  # type: ignore[misc]
                    sender,
                    payer=payer,
                    target=loader.programdata_address(program),
                    authority=payer,
                    new=payer.pubkey(),
                ),
            ),
        ]
    await loader.close(
        Sender(engine), payer=payer, target=buffer.pubkey(), recipient=payer.pubkey(), authority=payer
    )
    return found


def admin_instructions(
    admin: Pubkey, charter: Charter, collateral: Pubkey, mmt: Pubkey
) -> dict[str, Instruction]:
    """Every instruction that an admin signs, and the making of ledgers, by name."""
    source, sink = mmt_mint.wallet(admin, mmt), mmt_mint.sink(mmt)
    return {
        "initialize": ix.initialize(admin, admin, collateral, charter.rules),
        "create_shard": ix.create_shard(admin, 0),
        "set_operator": ix.set_operator(admin, admin),
        "initialize_mmt": mx.initialize_mmt(admin, mmt, source, sink, charter.mmt),
        "open_bootstrap": bx.open_bootstrap(admin, mmt, source, charter.bootstrap),
        "renounce_admin": ix.renounce_admin(admin),
    }


async def try_admin(engine: RpcEngine, keys: Keys, charter: Charter) -> list[Refusal]:
    """Every admin instruction, signed by who was the admin; then what an operator and a publisher do.

    Raises:
        Fatal: something was not refused, or an account of the exchange has changed.
    """
    sender, payer = _sender(engine), keys.payer
    collateral, mmt = charter.keys.collateral_mint, charter.keys.mmt_mint
    if collateral is None or mmt is None:
        raise ValueError("a resolved charter names every key")
    made = admin_instructions(
        payer.pubkey(), charter, Pubkey.from_string(collateral), Pubkey.from_string(mmt)
    )
    rules = [at.config(), at.season(), at.registry()]
    before = (await read(engine, rules))[0]
    found = [
        await _refused(name, lambda each=each: sender.send([each], [payer]))  # type: ignore[misc]
        for name, each in made.items()
    ]
    stranger = keys.trader
    for feed in charter.feeds:
        rotate = ix.rotate_publisher(stranger.pubkey(), feed.name, stranger.pubkey())
        found.append(
            await _refused(
                f"rotate_publisher of {feed.name}",
                lambda rotate=rotate: sender.send([rotate], [stranger]),  # type: ignore[misc]
            )
        )
    if (await read(engine, rules))[0] != before:
        raise Fatal("Stop: a refused instruction has changed the rules.")
    return found


def _sender(engine: RpcEngine) -> Sender:
    # straight onto the chain: a refusal by a simulation would be worth little
    return Sender(engine, preflight=False, compute_limit=COMPUTE)


async def _refused(attempt: str, act: Callable[[], Awaitable[object]]) -> Refusal:
    try:
        await act()
    except ProgramError as error:
        return Refusal(attempt, error.name, error.signature)
    except TransactionRejected as error:
        return Refusal(attempt, error.reason, error.signature)
    raise Fatal(f"Stop: {attempt} was not refused.")
