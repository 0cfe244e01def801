"""A busy exchange on the embedded engine: markets and positions that real trades made, to be measured.

Everything goes through the programs, so accounts are what a chain would hold. A seed decides it all:
markets on twenty feeds, with liquidity from 50 to 5,000 units, four in five with two outcomes; a few traders
trade much and most little (a power law), newer markets are traded more; two orders in three are for round
lots, one in four for hundredths of a share, the rest for odd amounts; one in ten borrows, some add to a
position, some sell a part. A few slots pass between one order and the next.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer
from spl.token import instructions as spl

from breakwater.chain import accounts, kinds, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.sender import Sender
from breakwater.errors import ProgramError
from breakwater.model import PriceEvent
from breakwater.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

__all__ = ["UNIT", "Population"]

SOL: Final = 10**9
UNIT: Final = 10**6
START: Final = 1_780_000_000
START_SLOT: Final = 1_000_000
FEEDS: Final = tuple(f"FEED{number:02}/USD" for number in range(20))
LIQUIDITY: Final = (50, 100, 100, 250, 250, 500, 1_000, 5_000)
LOTS: Final = (1, 2, 5, 5, 10, 10, 10, 20, 25, 50, 100, 100, 250, 500)
HOUR: Final = 3_600
PARETO: Final = 1.1


class Population:
    """An exchange with markets, traders and their positions.

    Args:
        seed: of every choice.
        progress: told what is being made.
    """

    def __init__(self, seed: int, progress: Callable[[str], None] = lambda _: None) -> None:
        self.rng, self._progress = random.Random(seed), progress
        self.engine = EmbeddedEngine(
            programs.embedded_programs(), start_time=START, start_slot=START_SLOT, history=1_000
        )
        self.sender = Sender(self.engine, preflight=True, priority_fee=0, compute_limit=1_400_000)
        self._scenario = Scenario(self.engine, self.sender, lambda _: None)
        self.traders: list[Keypair] = []
        self.markets: list[tuple[int, int, Pubkey]] = []
        """Id, outcomes and feed of every market."""
        self.closes: dict[int, int] = {}
        """When each market closes, Unix seconds."""
        self.positions: set[tuple[Pubkey, int, int, int]] = set()
        """Owner, market, outcome and kind of every position."""
        self.refused: Counter[str] = Counter()
        """Orders that the programs refused, by the error's name."""
        self._sequences = dict.fromkeys(FEEDS, 0)
        self._next_market = 1

    @property
    def operator(self) -> Keypair:
        """Opens the markets, and whatever else needs a key."""
        return self._scenario.admin

    async def found(self, traders: int) -> None:
        """The exchange, its feeds, and so many traders with balances of 2,000 to 2,000,000 units."""
        self._progress("founding an exchange")
        async for _ in self._scenario.set_up():
            pass
        admin = self.operator
        await self.engine.airdrop(admin.pubkey(), 10_000 * SOL)
        wallet = await self._wallet(admin, 500_000_000 * UNIT)
        own = admin.pubkey()
        steps = [
            ix.create_trader(own),
            ix.deposit(own, wallet, self._scenario.mint, 500_000_000 * UNIT),
            ix.provide_liquidity(own, 400_000_000 * UNIT),
            ix.fold(),
        ]
        await self.sender.send(steps, [admin])
        for name in FEEDS:
            await self.sender.send([ix.create_feed(own, name, own, -2, 60)], [admin])
        await self.publish()
        for _ in range(traders):
            key = Keypair.from_seed(self.rng.randbytes(32))
            amount = int(2_000 * 10 ** (3 * self.rng.random())) * UNIT
            pay = transfer(TransferParams(from_pubkey=own, to_pubkey=key.pubkey(), lamports=5 * SOL))
            await self.sender.send([pay], [admin])
            wallet = await self._wallet(key, amount)
            opened = [
                ix.create_trader(key.pubkey()),
                ix.deposit(key.pubkey(), wallet, self._scenario.mint, amount),
            ]
            await self.sender.send(opened, [key])
            self.traders.append(key)

    async def _wallet(self, owner: Keypair, amount: int) -> Pubkey:
        admin, mint = self.operator, self._scenario.mint
        wallet = spl.get_associated_token_address(owner.pubkey(), mint)
        made = spl.create_associated_token_account(admin.pubkey(), owner.pubkey(), mint)
        tokens = spl.MintToParams(
            program_id=at.TOKEN_PROGRAM,
            mint=mint,
            dest=wallet,
            mint_authority=admin.pubkey(),
            amount=amount,
        )
        await self.sender.send([made, spl.mint_to(tokens)], [admin])
        return wallet

    async def publish(self, at_ms: int | None = None) -> dict[str, int]:
        """A price on every feed; the numbers of these publications."""
        admin, now = self.operator, self.engine.clock
        steps, numbers = [], {}
        for name in FEEDS:
            numbers[name] = self._sequences[name]
            self._sequences[name] += 1
            moment = now.unix_timestamp * 1000 if at_ms is None else at_ms
            price = self.rng.randint(80_000, 120_000)
            event = PriceEvent(name, price, -2, 1, self._sequences[name], now.slot, moment)
            steps.append(ix.publish(admin.pubkey(), event))
        for i in range(0, len(steps), 5):
            await self.sender.send(steps[i : i + 5], [admin])
        return numbers

    async def open_markets(self, count: int, hours: tuple[int, int]) -> None:
        """So many markets that close in a whole number of hours out of that range."""
        rng, admin, requests = self.rng, self.operator, []
        for _ in range(count):
            curve = rng.choices((ix.LMSR, ix.PM_AMM, ix.PM_AMM_DECAYING), (80, 15, 5))[0]
            outcomes = 2 if curve or rng.random() < 0.8 else rng.randint(3, 16)
            spot, name = rng.randint(80_000, 120_000), rng.choice(FEEDS)
            strikes = tuple(spot + 500 * i for i in range(outcomes - 1))
            now = self.engine.clock.unix_timestamp
            close = now - now % HOUR + HOUR * (1 + rng.randint(*hours))
            breaker = (
                ix.BreakerLimits(50_000 * UNIT, 400_000, 500_000, 150, 300)
                if rng.random() < 0.5
                else ix.BreakerLimits()
            )
            terms = ix.MarketTerms(
                at.feed(name),
                close * 1000,
                rng.choice(LIQUIDITY) * UNIT,
                strikes,
                curve,
                group=rng.choice((0, 0, 1 + FEEDS.index(name))),
                breaker=breaker,
            )
            number = self._next_market
            self._next_market += 1
            requests.append(([ix.create_market(admin.pubkey(), number, terms)], [admin]))
            self.markets.append((number, outcomes, terms.feed))
            self.closes[number] = close
        await self._send(requests, must=True)

    async def trade(self, orders: int, *, pause_slots: int = 3, together: int = 1) -> None:
        """So many orders, some together in one slot, with a few slots between one such slot and the next."""
        rng = self.rng
        for number in range(orders):
            if number % 500 == 0:
                self._progress(f"{len(self.positions):,} positions in {len(self.markets):,} markets")
                await self.publish()
            trader = self.traders[self._rank(len(self.traders))]
            market, outcomes, feed = self.markets[-1 - self._rank(len(self.markets))]
            outcome = rng.randrange(outcomes)
            if number % together == 0:
                self.engine.advance_slots(rng.randint(1, 2 * pause_slots - 1))
            await self.order(trader, market, outcome, feed)

    async def order(self, trader: Keypair, market: int, outcome: int, feed: Pubkey) -> None:
        """One order of a trader in an outcome; part of it may be sold again later on."""
        rng, owner = self.rng, trader.pubkey()
        lot = self._size()
        kind = ix.LEVERAGED if rng.random() < 0.1 else ix.SPOT
        place = (owner, market, outcome, kind)
        steps: list[Instruction] = []
        if place not in self.positions:
            steps.append(ix.create_position(owner, market, outcome, kind))
        if kind == ix.LEVERAGED:
            leverage = rng.choice((150, 200, 300))
            steps.append(ix.open_leveraged(owner, market, feed, outcome, lot, leverage, 2**63))
        else:
            steps.append(ix.buy(owner, market, outcome, lot, 2**63))
            if place in self.positions and rng.random() < 0.25:
                steps[-1] = ix.sell(owner, market, outcome, rng.choice((1, 2, 5)) * UNIT, 0)
        if await self._send([(steps, [trader])]):
            self.positions.add(place)

    async def leave(self, part: float) -> None:
        """So many of the positions are sold out again, as far as the market takes them back."""
        chosen = self.rng.sample(sorted(self.positions, key=str), int(part * len(self.positions)))
        for owner, market, outcome, kind in chosen:
            held = self._held((owner, market, outcome, kind))
            if held is not None and held.shares:
                make = ix.close if kind == ix.LEVERAGED else ix.sell
                key = next(each for each in self.traders if each.pubkey() == owner)
                self.engine.advance_slots(1)
                await self._send([([make(owner, market, outcome, held.shares, 0)], [key])])

    async def settle(self, part: float, redeemed: float) -> None:
        """All markets close; so many are resolved, and so many of the winners are paid there."""
        by_close: dict[int, list[tuple[int, Pubkey]]] = {}
        for number, _, feed in self.markets:
            if self.rng.random() < part:
                by_close.setdefault(self.closes[number], []).append((number, feed))
        names = {at.feed(name): name for name in FEEDS}
        for close, markets in sorted(by_close.items()):
            self.engine.advance_time(max(1, close + 1 - self.engine.clock.unix_timestamp))
            numbers = await self.publish()
            resolved = [ix.resolve(number, feed, numbers[names[feed]]) for number, feed in markets]
            await self._send([([each], [self.operator]) for each in resolved], must=True)
        settled = {address: accounts.market(data) for address, data in self.accounts("Market")}
        requests = []
        for owner, market, outcome, kind in sorted(self.positions, key=str):
            held, ended = self._held((owner, market, outcome, kind)), settled[at.market(market)]
            won = ended.status == 1 and ended.winner == outcome
            if won and held is not None and held.shares and self.rng.random() < redeemed:
                requests.append(([ix.redeem(owner, market, outcome, kind)], [self.operator]))
        await self._send(requests, must=True)

    def _held(self, place: tuple[Pubkey, int, int, int]) -> accounts.Position | None:
        owner, market, outcome, kind = place
        address = at.position(at.trader(owner), at.market(market), outcome, kind)
        account = self.engine.get_account(address)
        return None if account is None else accounts.position(account.data)

    def _size(self) -> int:
        """Shares of an order: round lots, hundredths, or whatever an amount of money buys."""
        rng, chosen = self.rng, self.rng.random()
        if chosen < 0.65:
            return rng.choice(LOTS) * UNIT
        odd = int(UNIT * 10 ** rng.uniform(0, 2.5))
        return odd - odd % 10_000 if chosen < 0.9 else odd

    def accounts(self, name: str) -> list[tuple[Pubkey, bytes]]:
        """Every account of that kind there is, with its address."""
        tag = kinds.discriminator(name)
        owned = self.engine.index.owned_by(at.EXCHANGE)
        return [(key, bytes(account.data)) for key, account in owned if account.data[:8] == tag]

    def _rank(self, among: int) -> int:
        """A number below `among`, small ones more often."""
        return min(int(self.rng.paretovariate(PARETO) * among / 12) - among // 12, among - 1) % among

    async def _send(
        self, requests: Sequence[tuple[Sequence[Instruction], Sequence[Keypair]]], *, must: bool = False
    ) -> int:
        landed = 0
        for result in await self.sender.send_many(requests):
            if isinstance(result, Receipt):
                landed += 1
            elif must or not isinstance(result, ProgramError):
                raise result
            else:
                self.refused[result.name] += 1
        return landed
