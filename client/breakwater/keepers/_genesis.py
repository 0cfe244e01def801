"""An exchange from nothing, with MMT: what a drill needs before there is anything to keep."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.account import Account
from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.errors import InvalidInput

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
    "found",
    "found_mmt",
    "lend_bond",
    "minted",
    "reach",
    "send_all",
    "wallet",
]

SOL: Final = 10**9
UNIT: Final = 10**6
MINT_SPACE: Final = 82
SUPPLY: Final = 100_000_000 * mx.MMT
SUNK: Final = 90_000_000 * mx.MMT


@dataclass(frozen=True, slots=True)
class Ground:
    """An exchange that is set up.

    Attributes:
        sender: sends; without a payer of its own.
        admin: administrates, operates, mints the collateral and publishes every price.
        mint: the collateral.
        mmt: the mint of MMT, of which the admin holds what is not sunk or pooled.
    """

    sender: Sender
    admin: Keypair
    mint: Pubkey
    mmt: Pubkey


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
    """Programs, both mints, the exchange with so much liquidity."""
    engine = sender.engine
    await engine.airdrop(admin.pubkey(), 1_000 * SOL)
    if not isinstance(engine, EmbeddedEngine):
        for name in programs.NAMES:
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
    mint, mmt = await _mint(sender, admin, 6), await _mint(sender, admin, 9)
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
    return Ground(sender, admin, mint, mmt)


async def found_mmt(ground: Ground, rules: mx.MmtRules) -> None:
    """The whole supply: nine tenths sunk, one in the reward vault."""
    sender, admin, mmt = ground.sender, ground.admin, ground.mmt
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


def lend_bond(engine: EmbeddedEngine, ground: Ground, owner: Pubkey, amount: int) -> None:
    """Move MMT from the sink to an owner's token account, past all rules.

    At genesis the sink and the reward vault hold the whole supply, so a crew that starts with bonds can only
    be had on a chain in this process.
    """
    _add(engine, wallet(at.mmt_sink(), ground.mmt), -amount)
    _add(engine, wallet(owner, ground.mmt), amount)


def _add(engine: EmbeddedEngine, tokens: Pubkey, amount: int) -> None:
    account = engine.get_account(tokens)
    if account is None:
        raise InvalidInput(f"Create the token account {tokens} first.")
    held = int.from_bytes(account.data[64:72], "little") + amount
    data = account.data[:64] + held.to_bytes(8, "little") + account.data[72:]
    engine.set_account(tokens, Account(account.lamports, data, account.owner))
