"""One life of an exchange in which every instruction happens at least once, at its dearest.

What is measured about the programs is measured in this life, as a whole or in the parts that make it up.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.model import PriceEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.sender import Sender

__all__ = ["FEED", "KINDS", "UNIT", "Kind", "Scenario", "Step", "key", "shares_of"]

SOL = 10**9
UNIT = 10**6
FEED = "BENCH/USD"
OPEN_S = 40
"""Seconds a market is open; on a validator they really pass."""

Step = tuple[str, "Receipt"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of market: `len(strikes) + 1` outcomes priced by `curve`."""

    name: str
    strikes: tuple[int, ...]
    curve: int

    @property
    def outcomes(self) -> int:
        """How many outcomes it has."""
        return len(self.strikes) + 1

    @property
    def positions(self) -> tuple[tuple[int, int], ...]:
        """Outcome and kind of the positions that the trader opens: in the first and the last outcome."""
        last = self.outcomes - 1
        return (0, ix.SPOT), (last, ix.SPOT), (0, ix.LEVERAGED), (last, ix.LEVERAGED)


KINDS = (
    Kind("2 outcomes", (100,), ix.LMSR),
    Kind("pm-AMM", (100,), ix.PM_AMM),
    Kind("pm-AMM, decaying", (100,), ix.PM_AMM_DECAYING),
    Kind("16 outcomes", tuple(range(100, 115)), ix.LMSR),
)
"""Few outcomes, the other curve, and most outcomes."""


def shares_of(outcome: int) -> int:
    """Micro-shares that a trade of an outcome buys."""
    return (60 + 10 * outcome) * UNIT


def key(name: str) -> Keypair:
    """The key pair of somebody in these lives."""
    return Keypair.from_seed(hashlib.sha256(f"breakwater bench: {name}".encode()).digest())


class Scenario:
    """Sends every instruction; the keys are derived from their names and worth nothing elsewhere."""

    def __init__(
        self, engine: EmbeddedEngine | RpcEngine, sender: Sender, progress: Callable[[str], None]
    ) -> None:
        self._engine, self._sender, self._progress = engine, sender, progress
        self._admin, self._mint, self._publisher = key("admin"), key("mint"), key("publisher")
        self._trader, self._idle = key("trader"), key("idle")
        self._feed = at.feed(FEED)
        self._sequence = self._close_ms = 0
        self.market = ""
        """What kind of market's life is under way."""

    @property
    def trader(self) -> Keypair:
        """Who trades and provides liquidity."""
        return self._trader

    @property
    def admin(self) -> Keypair:
        """Who set the exchange up and opens its markets."""
        return self._admin

    @property
    def feed(self) -> Pubkey:
        """The feed that markets settle by."""
        return self._feed

    @property
    def publisher(self) -> Keypair:
        """Who publishes the feed's prices."""
        return self._publisher

    @property
    def mint(self) -> Pubkey:
        """The collateral."""
        return self._mint.pubkey()

    @property
    def wallet(self) -> Pubkey:
        """The trader's account of the collateral."""
        return spl.get_associated_token_address(self._trader.pubkey(), self.mint)

    async def deploy(self) -> None:
        """Deploy all programs through the upgradeable loader, for good."""
        await self._engine.airdrop(self._admin.pubkey(), 100 * SOL)
        for name in programs.SHIPPED_NAMES:
            self._progress(f"deploy {name}")
            await loader.deploy_program(
                self._sender,
                payer=self._admin,
                program=at.development_keypair(name),
                buffer=Keypair(),
                authority=self._admin,
                binary=programs.binary(name, "v3"),
                final=True,
            )

    async def run(self, *more: Callable[[], AsyncIterator[Step]]) -> AsyncIterator[Step]:
        """Everything, in order; `more` comes before the end."""
        async for step in self.set_up():
            yield step
        for market_id, kind in enumerate(KINDS, start=1):
            self.market = kind.name
            async for step in self.life(market_id, kind):
                yield step
        self.market = "2 outcomes, guarded"
        for part in more:
            async for step in part():
                yield step
        async for step in self.wind_up():
            yield step

    @property
    def engine(self) -> EmbeddedEngine | RpcEngine:
        """Where all of it happens."""
        return self._engine

    async def send(self, name: str, instruction: Instruction, *signers: Keypair) -> Step:
        """Send one instruction, in a slot of its own where slots are ours to move."""
        self._progress(name)
        if isinstance(self._engine, EmbeddedEngine):
            self._engine.advance_slots(1)
        return name, await self._sender.send([instruction], signers)

    async def set_up(self) -> AsyncIterator[Step]:
        """Keys, collateral, the exchange, a trader with a balance, liquidity, a feed with a price."""
        admin, trader, idle = self._admin, self._trader, self._idle
        for key in (admin, trader, idle, self._publisher):
            await self._engine.airdrop(key.pubkey(), 50 * SOL)
        await self.create_mint(self._mint, 6)
        wallet = spl.create_associated_token_account(admin.pubkey(), trader.pubkey(), self._mint.pubkey())
        tokens = spl.mint_to(
            spl.MintToParams(
                program_id=at.TOKEN_PROGRAM,
                mint=self._mint.pubkey(),
                dest=self.wallet,
                mint_authority=admin.pubkey(),
                amount=10_000_000 * UNIT,
            )
        )
        await self._sender.send([wallet, tokens], [admin])
        initialize = ix.initialize(admin.pubkey(), admin.pubkey(), self._mint.pubkey(), ix.Rules())
        yield await self.send("exchange.initialize", initialize, admin)
        for index in range(at.SHARDS):
            yield await self.send("exchange.create_shard", ix.create_shard(admin.pubkey(), index), admin)
        for owner in (trader, idle):
            yield await self.send("exchange.create_trader", ix.create_trader(owner.pubkey()), owner)
        amount = 2_000_000 * UNIT
        deposit = ix.deposit(trader.pubkey(), self.wallet, self._mint.pubkey(), amount)
        yield await self.send("exchange.deposit", deposit, trader)
        provide = ix.provide_liquidity(trader.pubkey(), amount // 2)
        yield await self.send("exchange.provide_liquidity", provide, trader)
        publisher = self._publisher
        feed = ix.create_feed(publisher.pubkey(), FEED, publisher.pubkey(), -2, 30)
        yield await self.send("oracle.create_feed", feed, publisher)
        yield await self.publish(100)

    async def create_mint(self, mint: Keypair, decimals: int) -> None:
        """A mint whose authority is the admin."""
        initialize = spl.initialize_mint(
            spl.InitializeMintParams(
                decimals=decimals,
                program_id=at.TOKEN_PROGRAM,
                mint=mint.pubkey(),
                mint_authority=self._admin.pubkey(),
            )
        )
        made = await self._token_account(mint, 82)
        await self._sender.send([made, initialize], [self._admin, mint])

    async def create_tokens(self, account: Keypair, mint: Pubkey, owner: Pubkey, amount: int) -> None:
        """A token account with newly minted tokens."""
        initialize = spl.initialize_account(
            spl.InitializeAccountParams(
                account=account.pubkey(), mint=mint, owner=owner, program_id=at.TOKEN_PROGRAM
            )
        )
        minted = spl.mint_to(
            spl.MintToParams(
                program_id=at.TOKEN_PROGRAM,
                mint=mint,
                dest=account.pubkey(),
                mint_authority=self._admin.pubkey(),
                amount=amount,
            )
        )
        made = await self._token_account(account, 165)
        await self._sender.send([made, initialize, minted], [self._admin, account])

    async def burn_mint_authority(self, mint: Pubkey) -> None:
        """Nobody can mint any more."""
        burned = spl.set_authority(
            spl.SetAuthorityParams(
                program_id=at.TOKEN_PROGRAM,
                account=mint,
                authority=spl.AuthorityType.MINT_TOKENS,
                current_authority=self._admin.pubkey(),
                new_authority=None,
            )
        )
        await self._sender.send([burned], [self._admin])

    async def _token_account(self, account: Keypair, space: int) -> Instruction:
        rent = (await self._engine.client.get_minimum_balance_for_rent_exemption(space)).value
        return create_account(
            CreateAccountParams(
                from_pubkey=self._admin.pubkey(),
                to_pubkey=account.pubkey(),
                lamports=rent,
                space=space,
                owner=at.TOKEN_PROGRAM,
            )
        )

    async def fund(self, owner: Pubkey) -> None:
        """Lamports for fees and rent."""
        await self._engine.airdrop(owner, 50 * SOL)

    async def now(self) -> int:
        """The chain's time, Unix seconds."""
        return await self._engine.now()

    async def publish(self, price: int, at_ms: int | None = None) -> Step:
        """Publish a price, now or with another time, in Unix milliseconds."""
        event = await self.next_price(price, at_ms)
        # compared with the clock, which the hot path does without
        name = "oracle.publish" if self._sequence > 1 else "oracle.publish (first, or after 10 minutes)"
        return await self.send(name, ix.publish(self._publisher.pubkey(), event), self._publisher)

    async def next_price(self, price: int, at_ms: int | None = None) -> PriceEvent:
        """The feed's next publication, which then has to be sent."""
        self._sequence += 1
        now_ms = at_ms or await self._engine.now() * 1000
        return PriceEvent(FEED, price, -2, 1, self._sequence, await self._engine.slot(), now_ms)

    async def life(self, market_id: int, kind: Kind) -> AsyncIterator[Step]:
        """A market from its creation to its removal."""
        for part in (self.open_market, self.trades, self.meanwhile, self.settle):
            async for step in part(market_id, kind):
                yield step

    async def open_market(self, market_id: int, kind: Kind, open_s: int = OPEN_S) -> AsyncIterator[Step]:
        """A market that closes in `open_s` seconds, and the trader's empty positions in it."""
        trader = self._trader
        self._close_ms = (await self._engine.now() + open_s) * 1000
        terms = ix.MarketTerms(self._feed, self._close_ms, 1_000 * UNIT, kind.strikes, kind.curve)
        created = ix.create_market(self._admin.pubkey(), market_id, terms)
        yield await self.send("exchange.create_market", created, self._admin)
        for outcome, held in kind.positions:
            opened = ix.create_position(trader.pubkey(), market_id, outcome, held)
            yield await self.send("exchange.create_position", opened, trader)

    async def trades(
        self, market_id: int, kind: Kind, size: Callable[[int], int] = shares_of
    ) -> AsyncIterator[Step]:
        """Each side of a trade once in the first and once in the last outcome; a third is given back."""
        trader, owner = self._trader, self._trader.pubkey()
        for outcome in (0, kind.outcomes - 1):
            shares = size(outcome)
            yield await self.send("exchange.buy", ix.buy(owner, market_id, outcome, shares, 10**12), trader)
            bought = ix.open_leveraged(owner, market_id, self._feed, outcome, shares, 300, 10**12)
            yield await self.send("exchange.open", bought, trader)
            yield await self.send("exchange.sell", ix.sell(owner, market_id, outcome, shares // 3, 0), trader)
            yield await self.send(
                "exchange.close", ix.close(owner, market_id, outcome, shares // 3, 0), trader
            )

    async def unwind(
        self, market_id: int, kind: Kind, size: Callable[[int], int] = shares_of
    ) -> AsyncIterator[Step]:
        """Give back what `trades` of the same size left."""
        trader, owner = self._trader, self._trader.pubkey()
        for outcome in (0, kind.outcomes - 1):
            left = size(outcome) - size(outcome) // 3
            yield await self.send("exchange.sell", ix.sell(owner, market_id, outcome, left, 0), trader)
            yield await self.send("exchange.close", ix.close(owner, market_id, outcome, left, 0), trader)

    async def meanwhile(self, market_id: int, kind: Kind) -> AsyncIterator[Step]:
        """What anybody may do while a market is open."""
        yield await self.send("exchange.fold", ix.fold(), self._trader)
        yield await self.send("oracle.read", ix.read_feed(FEED, 3_600), self._trader)

    async def settle(self, market_id: int, kind: Kind) -> AsyncIterator[Step]:
        """The close of the market opened last, its settlement, and its removal."""
        trader, owner = self._trader, self._trader.pubkey()
        await self.reach(self._close_ms // 1000)
        yield await self.publish(kind.strikes[-1] + 1, self._close_ms + 1)
        resolve = ix.resolve(market_id, self._feed, self._sequence - 1)
        yield await self.send("exchange.resolve", resolve, trader)
        for outcome, held in kind.positions:
            yield await self.send("exchange.redeem", ix.redeem(owner, market_id, outcome, held), self._idle)
            closed = ix.close_position(owner, market_id, outcome, held)
            yield await self.send("exchange.close_position", closed, trader)
        removed = ix.close_market(market_id, self._admin.pubkey())
        yield await self.send("exchange.close_market", removed, trader)

    async def wind_up(self) -> AsyncIterator[Step]:
        """Liquidity and balance taken out, and every right given up."""
        admin, trader, idle = self._admin, self._trader, self._idle
        yield await self.send(
            "exchange.take_liquidity", ix.take_liquidity(trader.pubkey(), 1_000 * UNIT), trader
        )
        out = ix.withdraw(trader.pubkey(), self.wallet, self._mint.pubkey(), 1_000 * UNIT)
        yield await self.send("exchange.withdraw", out, trader)
        yield await self.send("exchange.close_trader", ix.close_trader(idle.pubkey()), idle)
        publisher = self._publisher
        rotate = ix.rotate_publisher(publisher.pubkey(), FEED, idle.pubkey())
        yield await self.send("oracle.rotate_publisher", rotate, publisher)
        yield await self.send("exchange.set_operator", ix.set_operator(admin.pubkey(), idle.pubkey()), admin)
        yield await self.send("exchange.renounce_admin", ix.renounce_admin(admin.pubkey()), admin)

    async def reach(self, unix_s: int) -> None:
        """Let time pass, or wait until it has."""
        if isinstance(self._engine, EmbeddedEngine):
            self._engine.set_time(unix_s)
            return
        while (left := unix_s - await self._engine.now()) > 0:  # noqa: ASYNC110 - a chain's clock has no event
            await asyncio.sleep(min(left, 1))
