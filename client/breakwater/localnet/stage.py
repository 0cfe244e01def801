"""Sets a sandbox up: collateral, the exchange and its rules, liquidity, a feed, a purse."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine
from breakwater.model import PriceEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine
    from breakwater.chain.sender import Sender

__all__ = ["FEED", "Stage", "Walk", "set_up"]

SOL = 10**9
UNIT = 10**6
FEED = "BTC/USD"
EXPONENT = -2
MAX_AGE_S = 30
START_PRICE = 100_000 * 100
LIQUIDITY = 1_000_000 * UNIT
PURSE = 10_000 * UNIT
MINT_SPACE = 82


@dataclass(frozen=True, slots=True)
class Stage:
    """A sandbox that is set up."""

    mint: Pubkey
    keys: Mapping[str, Keypair]


class Walk:
    """A price that wanders: one step of a random walk for every publication.

    Args:
        seed: of the walk; None takes another one each time.
        volatility: standard deviation of a step, as a part of the price.
    """

    def __init__(self, seed: int | None = None, volatility: float = 2e-4) -> None:
        self._random = random.Random(seed)
        self._volatility = volatility
        self.price = START_PRICE
        self._sequence = 0
        self._at_ms = 0

    def step(self, slot: int, now_ms: int) -> PriceEvent:
        """The next publication, at least as late as the one before."""
        moved = self.price * (1 + self._random.gauss(0, self._volatility))
        self.price = max(1, round(moved)) if self._sequence else self.price
        self._sequence += 1
        self._at_ms = max(self._at_ms, now_ms)
        confidence = max(1, self.price // 10_000)
        return PriceEvent(FEED, self.price, EXPONENT, confidence, self._sequence, slot, self._at_ms)


async def set_up(
    sender: Sender,
    keys: Mapping[str, Keypair],
    *,
    liquidity: int = LIQUIDITY,
    purse: int = PURSE,
    progress: Callable[[str], None] = lambda _: None,
) -> Stage:
    """Everything up to the first market; the programs are there already.

    Args:
        sender: sends; without a payer of its own.
        keys: "trader", "operator" and "publisher".
        liquidity: micro-units in the vault, provided by the operator.
        purse: micro-units in the trader's wallet.
        progress: called with the name of each step.
    """
    engine, mint = sender.engine, Keypair()
    trader, operator, publisher = (keys[role] for role in ("trader", "operator", "publisher"))
    progress("funding keys")
    for key in (operator, publisher, trader):
        await engine.airdrop(key.pubkey(), (1_000 if key is operator else 100) * SOL)
    progress("making the collateral")
    await sender.send(await _mint(engine, operator.pubkey(), mint.pubkey()), [operator, mint])
    purses = _purse(operator, trader, mint, purse) + _purse(operator, operator, mint, liquidity)
    await sender.send(purses, [operator])
    progress("initialising the exchange")
    await _exchange(sender, operator, mint.pubkey(), liquidity)
    progress("creating the feed")
    feed = ix.create_feed(publisher.pubkey(), FEED, publisher.pubkey(), EXPONENT, MAX_AGE_S)
    await sender.send([feed], [publisher])
    return Stage(mint.pubkey(), keys)


async def _mint(engine: EmbeddedEngine | RpcEngine, admin: Pubkey, mint: Pubkey) -> list[Instruction]:
    rent = (await engine.client.get_minimum_balance_for_rent_exemption(MINT_SPACE)).value
    account = CreateAccountParams(
        from_pubkey=admin, to_pubkey=mint, lamports=rent, space=MINT_SPACE, owner=at.TOKEN_PROGRAM
    )
    params = spl.InitializeMintParams(
        decimals=6, program_id=at.TOKEN_PROGRAM, mint=mint, mint_authority=admin
    )
    return [create_account(account), spl.initialize_mint(params)]


def _purse(admin: Keypair, owner: Keypair, mint: Keypair, amount: int) -> list[Instruction]:
    wallet = spl.get_associated_token_address(owner.pubkey(), mint.pubkey())
    tokens = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=mint.pubkey(),
        dest=wallet,
        mint_authority=admin.pubkey(),
        amount=amount,
    )
    made = spl.create_associated_token_account(admin.pubkey(), owner.pubkey(), mint.pubkey())
    return [made, spl.mint_to(tokens)]


async def _exchange(sender: Sender, operator: Keypair, mint: Pubkey, liquidity: int) -> None:
    admin = operator.pubkey()
    shards = [ix.create_shard(admin, i) for i in range(at.SHARDS)]
    await sender.send([ix.initialize(admin, admin, mint, ix.Rules()), *shards], [operator])
    wallet = spl.get_associated_token_address(admin, mint)
    steps = [
        ix.create_trader(admin),
        ix.deposit(admin, wallet, mint, liquidity),
        ix.provide_liquidity(admin, liquidity),
    ]
    await sender.send(steps, [operator])
