"""An exchange from nothing, with MMT: what a drill needs before there is anything to keep."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs, queries
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import EmbeddedEngine, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.sender import Sender

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = [
    "SOL",
    "UNIT",
    "Ground",
    "bonded",
    "endow",
    "found",
    "found_mmt",
    "minted",
    "reach",
    "send_all",
    "wallet",
]

SOL: Final = 10**9
UNIT: Final = 10**6
MINT_SPACE: Final = 82
TRANSFERS: Final = 15
"""Of SOL, in one transaction."""

SUPPLY: Final = 100_000_000 * mx.MMT
SUNK: Final = 90_000_000 * mx.MMT


@dataclass(frozen=True, slots=True)
class Ground:
    """An exchange that is set up.

    Attributes:
        sender: sends; without a payer of its own.
        admin: administrates, operates, mints the collateral and publishes every price.
        mint: the collateral.
    """

    sender: Sender
    admin: Keypair
    mint: Pubkey


def wallet(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The owner's associated token account."""
    return spl.get_associated_token_address(owner, mint)


async def send_all(sender: Sender, requests: Sequence[Request]) -> None:
    """Send requests that do not depend on each other; every one has to succeed."""
    for result in await sender.send_many(requests):
        if not isinstance(result, Receipt):
            raise result


async def reach(sender: Sender, unix_s: int) -> None:
    """Let time pass, or wait until it has."""
    engine = sender.engine
    if isinstance(engine, EmbeddedEngine):
        while (left := unix_s - engine.clock.unix_timestamp) > 0:
            engine.advance_time(left)
        return
    while (left := unix_s - await engine.now()) > 0:  # noqa: ASYNC110 - a chain's clock has no event
        await asyncio.sleep(min(left, 1))


async def _mint(sender: Sender, admin: Keypair, decimals: int) -> Pubkey:
    key = Keypair()
    rent = (await sender.engine.client.get_minimum_balance_for_rent_exemption(MINT_SPACE)).value
    account = CreateAccountParams(
        from_pubkey=admin.pubkey(),
        to_pubkey=key.pubkey(),
        lamports=rent,
        space=MINT_SPACE,
        owner=at.TOKEN_PROGRAM,
    )
    made = spl.InitializeMintParams(
        decimals=decimals, program_id=at.TOKEN_PROGRAM, mint=key.pubkey(), mint_authority=admin.pubkey()
    )
    await sender.send([create_account(account), spl.initialize_mint(made)], [admin, key])
    return key.pubkey()


def minted(admin: Keypair, owner: Pubkey, mint: Pubkey, amount: int) -> list[Instruction]:
    """Tokens for an owner that has no token account yet."""
    tokens = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=mint,
        dest=wallet(owner, mint),
        mint_authority=admin.pubkey(),
        amount=amount,
    )
    return [spl.create_associated_token_account(admin.pubkey(), owner, mint), spl.mint_to(tokens)]


async def found(
    sender: Sender, admin: Keypair, liquidity: int, progress: Callable[[str], None] = lambda _: None
) -> Ground:
    """Programs, the collateral, the exchange with so much liquidity."""
    engine = sender.engine
    await engine.airdrop(admin.pubkey(), 1_000 * SOL)
    if not isinstance(engine, EmbeddedEngine):
        # a validator can be started with them
        there = await queries.read(
            engine, [at.program_data(programs.address(each)) for each in programs.NAMES]
        )
        for name in (each for each, data in zip(programs.NAMES, there, strict=True) if data is None):
            progress(f"deploying {name}")
            await loader.deploy_program(
                sender,
                payer=admin,
                program=at.development_keypair(name),
                buffer=Keypair(),
                authority=admin,
                binary=programs.binary(name, "v3"),
                final=True,
            )
    progress("initialising the exchange")
    mint = await _mint(sender, admin, 6)
    own = admin.pubkey()
    await sender.send(minted(admin, own, mint, liquidity), [admin])
    shards = [ix.create_shard(own, i) for i in range(at.SHARDS)]
    await sender.send([ix.initialize(own, own, mint, ix.Rules()), *shards], [admin])
    steps = [
        ix.create_trader(own),
        ix.deposit(own, wallet(own, mint), mint, liquidity),
        ix.provide_liquidity(own, liquidity),
    ]
    await sender.send(steps, [admin])
    return Ground(sender, admin, mint)


async def endow(ground: Ground, keys: Sequence[Keypair], lamports: int) -> None:
    """SOL for keys that have none, from the admin."""
    admin = ground.admin
    pays = [
        transfer(TransferParams(from_pubkey=admin.pubkey(), to_pubkey=key.pubkey(), lamports=lamports))
        for key in keys
    ]
    await send_all(
        ground.sender,
        [(pays[i : i + TRANSFERS], [admin]) for i in range(0, len(pays), TRANSFERS)],
    )


async def found_mmt(ground: Ground, rules: mx.MmtRules) -> Pubkey:
    """The whole supply of MMT: nine tenths sunk, what the schedule pays in the reward vault.

    What the schedule leaves of the last tenth stays with the admin: the first bonds come from it.

    Returns:
        the mint.
    """
    sender, admin = ground.sender, ground.admin
    mmt = await _mint(sender, admin, 9)
    own, sink = admin.pubkey(), at.mmt_sink()
    await sender.send(minted(admin, own, mmt, SUPPLY), [admin])
    made = spl.create_associated_token_account(own, sink, mmt)
    sunk = spl.TransferParams(
        program_id=at.TOKEN_PROGRAM,
        source=wallet(own, mmt),
        dest=wallet(sink, mmt),
        owner=own,
        amount=SUNK,
    )
    fixed = spl.SetAuthorityParams(
        program_id=at.TOKEN_PROGRAM,
        account=mmt,
        authority=spl.AuthorityType.MINT_TOKENS,
        current_authority=own,
        new_authority=None,
    )
    await sender.send([made, spl.transfer(sunk), spl.set_authority(fixed)], [admin])
    opened = mx.initialize_mmt(own, mmt, wallet(own, mmt), wallet(sink, mmt), rules)
    await sender.send([opened], [admin])
    return mmt


def bonded(ground: Ground, mmt: Pubkey, owner: Pubkey, amount: int) -> list[Instruction]:
    """Pass the admin's MMT on to an owner that has no token account yet."""
    own = ground.admin.pubkey()
    passed = spl.TransferParams(
        program_id=at.TOKEN_PROGRAM,
        source=wallet(own, mmt),
        dest=wallet(owner, mmt),
        owner=own,
        amount=amount,
    )
    return [spl.create_associated_token_account(own, owner, mmt), spl.transfer(passed)]
