"""Sets the stage: programs, keys, tokens, the exchange with its rules, liquidity, traders, the feed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs

from ._desk import Desk, Job
from .capture import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.engine import EmbeddedEngine, RpcEngine
    from breakwater.chain.sender import Sender

__all__ = ["LIQUIDITY", "MAX_AGE_S", "RULES", "Stage", "deploy", "set_stage"]

SOL = 10**9
PURSE = 20 * SOL
"""For fees and rent of each key."""

LIQUIDITY = 1_000_000 * 10**6
TRADER_TOKENS, TRADER_DEPOSIT = 25_000 * 10**6, 20_000 * 10**6
MAX_AGE_S = 30
"""Age at which the feed's price is no longer fresh."""

RULES = ix.Rules()
MINT_SPACE, MINT_LAMPORTS = 82, 1_461_600
TRANSFERS = 15
"""Transfers that fit into one transaction."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Keys and addresses of a replay; `traders` and `lp` own trader accounts and `wallets` of the token.

    `addresses` are the traders' public keys: deriving one from its key pair takes as long as signing.
    """

    admin: Keypair
    publisher: Keypair
    keeper: Keypair
    lp: Keypair
    traders: tuple[Keypair, ...]
    addresses: tuple[Pubkey, ...]
    mint: Pubkey
    wallets: tuple[Pubkey, ...]

    @property
    def feed(self) -> Pubkey:
        """The price feed."""
        return at.feed(SYMBOL)

    @property
    def owners(self) -> tuple[Keypair, ...]:
        """Everybody with a trader account, the liquidity provider first."""
        return (self.lp, *self.traders)


def make_keys(seed: int, traders: int) -> Stage:
    """The keys of a replay: the same for the same seed, and so worth nothing anywhere else."""

    def key(name: str) -> Keypair:
        return Keypair.from_seed(hashlib.sha256(f"breakwater replay {seed}: {name}".encode()).digest())

    mint, lp = key("mint"), key("lp")
    crowd = tuple(key(f"trader {i}") for i in range(traders))
    owners = tuple(each.pubkey() for each in (lp, *crowd))
    wallets = tuple(spl.get_associated_token_address(each, mint.pubkey()) for each in owners)
    return Stage(key("admin"), key("publisher"), key("keeper"), lp, crowd, owners[1:], mint.pubkey(), wallets)


async def deploy(sender: Sender, seed: int) -> None:
    """Bring both programs onto a cluster through the upgradeable loader, and burn their authority."""
    admin = make_keys(seed, 0).admin
    await sender.engine.airdrop(admin.pubkey(), 1_000 * SOL)
    for name in programs.NAMES:
        await loader.deploy_program(
            sender,
            payer=admin,
            program=at.development_keypair(name),
            buffer=Keypair(),
            authority=admin,
            binary=programs.binary(name, "v3"),
            final=True,
        )


async def set_stage(
    engine: EmbeddedEngine | RpcEngine, desk: Desk, *, seed: int, traders: int, exponent: int
) -> Stage:
    """Everything up to the first market: an empty exchange, a vault with liquidity, traders with balances.

    Args:
        engine: where.
        desk: sends and books.
        seed: of the keys.
        traders: how many.
        exponent: the feed's unit is `10 ** exponent`.
    """
    stage = make_keys(seed, traders)
    mint_key = Keypair.from_seed(hashlib.sha256(f"breakwater replay {seed}: mint".encode()).digest())
    admin = stage.admin.pubkey()
    await engine.airdrop(admin, 100 * SOL + (len(stage.owners) + 2) * PURSE)
    await desk.require(_purses(stage))
    create_mint = create_account(
        CreateAccountParams(
            from_pubkey=admin,
            to_pubkey=stage.mint,
            lamports=MINT_LAMPORTS,
            space=MINT_SPACE,
            owner=at.TOKEN_PROGRAM,
        )
    )
    mint = spl.initialize_mint(
        spl.InitializeMintParams(
            decimals=6, program_id=at.TOKEN_PROGRAM, mint=stage.mint, mint_authority=admin
        )
    )
    await desk.require([Job(("mint",), [create_mint, mint], [stage.admin, mint_key])])
    initialize = ix.initialize(admin, admin, stage.mint, RULES)
    await desk.require([Job(("exchange.initialize",), [initialize], [stage.admin])])
    shards = [ix.create_shard(admin, i) for i in range(at.SHARDS)]
    await desk.require([Job(("exchange.create_shard",), [each], [stage.admin]) for each in shards])
    publisher = stage.publisher.pubkey()
    feed = ix.create_feed(publisher, SYMBOL, publisher, exponent, MAX_AGE_S)
    await desk.require([Job(("oracle.create_feed",), [feed], [stage.publisher])])
    await desk.require([_tokens(stage, i) for i in range(len(stage.owners))])
    await desk.require(
        [Job(("exchange.create_trader",), [ix.create_trader(k.pubkey())], [k]) for k in stage.owners]
    )
    await desk.require([_deposit(stage, i) for i in range(len(stage.owners))])
    provide = ix.provide_liquidity(stage.lp.pubkey(), LIQUIDITY)
    await desk.require([Job(("exchange.provide_liquidity",), [provide], [stage.lp])])
    await desk.require([fold(stage)])
    return stage


def fold(stage: Stage) -> Job:
    """Fold the shard ledgers; the keeper pays."""
    return Job(("exchange.fold",), [ix.fold()], [stage.keeper])


def _purses(stage: Stage) -> Sequence[Job]:
    keys = [stage.publisher, stage.keeper, *stage.owners]
    moves = [
        transfer(TransferParams(from_pubkey=stage.admin.pubkey(), to_pubkey=each.pubkey(), lamports=PURSE))
        for each in keys
    ]
    return [Job(("purse",), moves[i : i + TRANSFERS], [stage.admin]) for i in range(0, len(moves), TRANSFERS)]


def _tokens(stage: Stage, i: int) -> Job:
    admin, owner = stage.admin.pubkey(), stage.owners[i].pubkey()
    account = spl.create_associated_token_account(admin, owner, stage.mint)
    amount = LIQUIDITY if i == 0 else TRADER_TOKENS
    params = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=stage.mint,
        dest=stage.wallets[i],
        mint_authority=admin,
        amount=amount,
    )
    return Job(("tokens",), [account, spl.mint_to(params)], [stage.admin])


def _deposit(stage: Stage, i: int) -> Job:
    owner = stage.owners[i]
    amount = LIQUIDITY if i == 0 else TRADER_DEPOSIT
    deposit = ix.deposit(owner.pubkey(), stage.wallets[i], stage.mint, amount)
    return Job(("exchange.deposit",), [deposit], [owner])
