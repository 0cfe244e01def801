"""One life of an exchange in which every instruction happens at least once, at its dearest."""

from __future__ import annotations

import asyncio
import hashlib
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

__all__ = ["Scenario"]

SOL = 10**9
UNIT = 10**6
FEED = "BENCH/USD"
OPEN_S = 25
"""Seconds a market is open; on a validator they really pass."""

Step = tuple[str, "Receipt"]


def _key(name: str) -> Keypair:
    return Keypair.from_seed(hashlib.sha256(f"breakwater bench: {name}".encode()).digest())


class Scenario:
    """Sends every instruction; the keys are derived from their names and worth nothing elsewhere."""

    def __init__(
        self, engine: EmbeddedEngine | RpcEngine, sender: Sender, progress: Callable[[str], None]
    ) -> None:
        self._engine, self._sender, self._progress = engine, sender, progress
        self._admin, self._mint, self._publisher = _key("admin"), _key("mint"), _key("publisher")
        self._trader, self._idle = _key("trader"), _key("idle")
        self._feed = at.feed(FEED)
        self._sequence = 0
        self.market = ""
        """What kind of market's life is under way."""

    async def deploy(self) -> None:
        """Deploy both programs through the upgradeable loader."""
        await self._engine.airdrop(self._admin.pubkey(), 100 * SOL)
        for name in programs.NAMES:
            self._progress(f"deploy {name}")
            await loader.deploy_program(
                self._sender,
                payer=self._admin,
                program=at.development_keypair(name),
                buffer=Keypair(),
                authority=self._admin,
                binary=programs.binary(name, "v3"),
            )

    async def run(self) -> AsyncIterator[Step]:
        """Everything, in order."""
        async for step in self._set_up():
            yield step
        kinds = (
            ("2 outcomes", (100,), ix.LMSR),
            ("pm-AMM", (100,), ix.PM_AMM),
            ("16 outcomes", tuple(range(100, 115)), ix.LMSR),
        )
        for market_id, (self.market, strikes, curve) in enumerate(kinds, start=1):
            async for step in self._life(market_id, strikes, curve):
                yield step
        async for step in self._wind_up():
            yield step

    async def _send(self, name: str, instruction: Instruction, *signers: Keypair) -> Step:
        self._progress(name)
        if isinstance(self._engine, EmbeddedEngine):
            self._engine.advance_slots(1)
        return name, await self._sender.send([instruction], signers)

    async def _set_up(self) -> AsyncIterator[Step]:
        admin, trader, idle = self._admin, self._trader, self._idle
        for key in (admin, trader, idle, self._publisher):
            await self._engine.airdrop(key.pubkey(), 50 * SOL)
        rent = (await self._engine.client.get_minimum_balance_for_rent_exemption(82)).value
        made = create_account(
            CreateAccountParams(
                from_pubkey=admin.pubkey(),
                to_pubkey=self._mint.pubkey(),
                lamports=rent,
                space=82,
                owner=at.TOKEN_PROGRAM,
            )
        )
        mint = spl.initialize_mint(
            spl.InitializeMintParams(
                decimals=6,
                program_id=at.TOKEN_PROGRAM,
                mint=self._mint.pubkey(),
                mint_authority=admin.pubkey(),
            )
        )
        wallet = spl.create_associated_token_account(admin.pubkey(), trader.pubkey(), self._mint.pubkey())
        tokens = spl.mint_to(
            spl.MintToParams(
                program_id=at.TOKEN_PROGRAM,
                mint=self._mint.pubkey(),
                dest=self._wallet(),
                mint_authority=admin.pubkey(),
                amount=10_000_000 * UNIT,
            )
        )
        await self._sender.send([made, mint, wallet, tokens], [admin, self._mint])
        initialize = ix.initialize(admin.pubkey(), admin.pubkey(), self._mint.pubkey(), ix.Rules())
        yield await self._send("exchange.initialize", initialize, admin)
        for index in range(at.SHARDS):
            yield await self._send("exchange.create_shard", ix.create_shard(admin.pubkey(), index), admin)
        for owner in (trader, idle):
            yield await self._send("exchange.create_trader", ix.create_trader(owner.pubkey()), owner)
        amount = 2_000_000 * UNIT
        deposit = ix.deposit(trader.pubkey(), self._wallet(), self._mint.pubkey(), amount)
        yield await self._send("exchange.deposit", deposit, trader)
        provide = ix.provide_liquidity(trader.pubkey(), amount // 2)
        yield await self._send("exchange.provide_liquidity", provide, trader)
        publisher = self._publisher
        feed = ix.create_feed(publisher.pubkey(), FEED, publisher.pubkey(), -2, 30)
        yield await self._send("oracle.create_feed", feed, publisher)
        yield await self._publish(100)

    async def _publish(self, price: int, at_ms: int | None = None) -> Step:
        self._sequence += 1
        now_ms = at_ms or await self._engine.now() * 1000
        event = PriceEvent(FEED, price, -2, 1, self._sequence, await self._engine.slot(), now_ms)
        # compared with the clock, which the hot path does without
        name = "oracle.publish" if self._sequence > 1 else "oracle.publish (first, or after 10 minutes)"
        return await self._send(name, ix.publish(self._publisher.pubkey(), event), self._publisher)

    async def _life(self, market_id: int, strikes: tuple[int, ...], curve: int) -> AsyncIterator[Step]:
        trader, outcomes = self._trader, len(strikes) + 1
        owner = trader.pubkey()
        close_ms = (await self._engine.now() + OPEN_S) * 1000
        terms = ix.MarketTerms(self._feed, close_ms, 1_000 * UNIT, strikes, curve)
        created = ix.create_market(self._admin.pubkey(), market_id, terms)
        yield await self._send("exchange.create_market", created, self._admin)
        last = outcomes - 1
        positions = [(0, ix.SPOT), (last, ix.SPOT), (0, ix.LEVERAGED), (last, ix.LEVERAGED)]
        for outcome, kind in positions:
            opened = ix.create_position(owner, market_id, outcome, kind)
            yield await self._send("exchange.create_position", opened, trader)
        for outcome in (0, last):
            shares = (60 + 10 * outcome) * UNIT
            yield await self._send("exchange.buy", ix.buy(owner, market_id, outcome, shares, 10**12), trader)
            bought = ix.open_leveraged(owner, market_id, self._feed, outcome, shares, 300, 10**12)
            yield await self._send("exchange.open", bought, trader)
            yield await self._send(
                "exchange.sell", ix.sell(owner, market_id, outcome, shares // 3, 0), trader
            )
            yield await self._send(
                "exchange.close", ix.close(owner, market_id, outcome, shares // 3, 0), trader
            )
        yield await self._send("exchange.fold", ix.fold(), trader)
        yield await self._send("oracle.read", ix.read_feed(FEED, 3_600), trader)
        await self._reach(close_ms // 1000)
        yield await self._publish(strikes[-1] + 1, close_ms + 1)
        resolve = ix.resolve(market_id, self._feed, self._sequence - 1)
        yield await self._send("exchange.resolve", resolve, trader)
        for outcome, kind in positions:
            yield await self._send("exchange.redeem", ix.redeem(owner, market_id, outcome, kind), self._idle)
            closed = ix.close_position(owner, market_id, outcome, kind)
            yield await self._send("exchange.close_position", closed, trader)
        removed = ix.close_market(market_id, self._admin.pubkey())
        yield await self._send("exchange.close_market", removed, trader)

    async def _wind_up(self) -> AsyncIterator[Step]:
        admin, trader, idle = self._admin, self._trader, self._idle
        yield await self._send(
            "exchange.take_liquidity", ix.take_liquidity(trader.pubkey(), 1_000 * UNIT), trader
        )
        out = ix.withdraw(trader.pubkey(), self._wallet(), self._mint.pubkey(), 1_000 * UNIT)
        yield await self._send("exchange.withdraw", out, trader)
        yield await self._send("exchange.close_trader", ix.close_trader(idle.pubkey()), idle)
        publisher = self._publisher
        rotate = ix.rotate_publisher(publisher.pubkey(), FEED, idle.pubkey())
        yield await self._send("oracle.rotate_publisher", rotate, publisher)
        yield await self._send("exchange.set_operator", ix.set_operator(admin.pubkey(), idle.pubkey()), admin)
        yield await self._send("exchange.renounce_admin", ix.renounce_admin(admin.pubkey()), admin)

    def _wallet(self) -> Pubkey:
        return spl.get_associated_token_address(self._trader.pubkey(), self._mint.pubkey())

    async def _reach(self, unix_s: int) -> None:
        """Let time pass, or wait until it has."""
        if isinstance(self._engine, EmbeddedEngine):
            self._engine.set_time(unix_s)
            return
        while (left := unix_s - await self._engine.now()) > 0:  # noqa: ASYNC110 - a chain's clock has no event
            await asyncio.sleep(min(left, 1))
