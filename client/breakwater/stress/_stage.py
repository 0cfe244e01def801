"""An exchange under trial: its people, its markets, and the two ways in which its books are checked.

One check adds everything up from the accounts (`keepers.read_books`); the other follows every event in books
of its own (`replay.Books`) and compares those with the accounts, value by value. Neither trusts the program's
own sums.
"""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair

from breakwater.chain import accounts, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine, Receipt, open_engine
from breakwater.chain.sender import Sender
from breakwater.keepers import endow, found, minted, read_books, wallet
from breakwater.model import PriceEvent
from breakwater.replay import Auditor, Books
from breakwater.replay import Stage as Keys
from breakwater.trials import Tally

from ._purses import Purses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Market
    from breakwater.chain.engine import RpcEngine
    from breakwater.errors import BreakwaterError
    from breakwater.keepers import Ground

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["ANY", "FEED", "PRICE", "UNIT", "Stage", "consumed", "fresh_chain", "key_of"]

UNIT: Final = 10**6
ANY: Final = 10**15
"""A limit that binds nobody."""

FEED: Final = "STRESS"
PRICE: Final = 100
MAX_AGE_S: Final = 30
FRESH_S: Final = 10
LIFE_S: Final = 30 * 24 * 60 * 60
PURSE_LAMPORTS: Final = 100_000_000
JOIN_UNITS: Final = 100_000
"""Not measured on the first: each address takes as many tries, at 1,500 units, as chance wills."""

CONSUMED: Final = " compute units"


def key_of(seed: int, name: str) -> Keypair:
    """Somebody's key: the same for the same seed, and so worth nothing anywhere else."""
    return Keypair.from_seed(hashlib.sha256(f"breakwater stress {seed}: {name}".encode()).digest())


@asynccontextmanager
async def fresh_chain(engine: str) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    """A chain with nothing on it but our programs."""
    loaded = programs.embedded_programs() if engine == "embedded" else programs.validator_programs()
    async with open_engine(engine, programs=loaded) as opened:
        yield opened


@dataclass(slots=True)
class Stage:
    """An exchange with its people.

    Attributes:
        engine: the chain.
        ground: the exchange, whose admin provides liquidity, operates, and publishes.
        seed: of the keys.
        progress: called with the name of each step.
        people: everybody with a balance.
        books: what all events so far say; None where chains or keepers are at work, whose events say more.
        purses: what everybody's balance has to be; None where keepers move balances.
        tally: legitimate operations, and what was refused.
        units: compute units of the exchange's calls, by what they did.
    """

    engine: EmbeddedEngine | RpcEngine
    ground: Ground
    seed: int
    progress: Callable[[str], None]
    people: list[Keypair] = field(default_factory=list)
    books: Books | None = None
    purses: Purses | None = None
    tally: Tally = field(default_factory=Tally)
    units: dict[str, list[int]] = field(default_factory=dict)
    _sequence: int = 0
    _published_s: int = 0

    @classmethod
    async def opened(
        cls,
        engine: EmbeddedEngine | RpcEngine,
        liquidity: int,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
        *,
        books: bool = True,
        purses: bool = False,
    ) -> Stage:
        """An exchange with so much liquidity (micro-units) and a feed with a price.

        Args:
            engine: a fresh chain.
            liquidity: of the vault.
            seed: of the keys.
            progress: called with the name of each step.
            books: follow every event as well.
            purses: follow what moves balances, where there can't be books.
        """
        sender = Sender(engine, priority_fee=0)
        ground = await found(sender, key_of(seed, "admin"), liquidity, progress)
        stage = cls(engine, ground, seed, progress)
        if books:
            stage.books = await stage._opening()
        elif purses:
            stage.purses = Purses()
        own = ground.admin.pubkey()
        await stage.require([([ix.create_feed(own, FEED, own, -2, MAX_AGE_S)], [ground.admin])])
        await stage.publish()
        return stage

    async def _opening(self) -> Books:
        """Books that begin with what the exchange was set up with."""
        own = at.trader(self.ground.admin.pubkey())
        shards = [at.shard(i) for i in range(at.SHARDS)]
        held, vault, trader, *ledgers = await self._data([at.token_vault(), at.vault(), own, *shards])
        books = Books()
        books.deposited = accounts.token_amount(held)
        books.lp_net = accounts.vault(vault).cash + sum(accounts.shard(each).cash for each in ledgers)
        books.balances[bytes(own)] = accounts.trader(trader).balance
        return books

    async def _data(self, keys: Sequence[Pubkey]) -> list[bytes]:
        return [each or b"" for each in await queries.read(self.engine, keys)]

    # Sending

    async def require(self, requests: Sequence[Request], compute_limit: int | None = None) -> list[Receipt]:
        """Send what has to succeed."""
        done = []
        for each in await self._send(requests, compute_limit):
            if not isinstance(each, Receipt):
                raise each
            done.append(each)
        return done

    async def attempt(
        self, requests: Sequence[Request], names: Sequence[str] = (), compute_limit: int | None = None
    ) -> list[Receipt | BreakwaterError]:
        """Send legitimate operations and count what becomes of them.

        Args:
            requests: of each, instructions and signers.
            names: what the last instruction of each does, for `units`.
            compute_limit: for each; None measures.
        """

        def settled(_: int, result: Receipt | BreakwaterError) -> None:
            if isinstance(result, Receipt):
                self.tally.succeeded()
            else:
                self.tally.failed(result)

        results = await self._send(requests, compute_limit, settled)
        for name, each in zip(names, results, strict=False):
            if isinstance(each, Receipt):
                self.units.setdefault(name, []).append(consumed(each)[-1])
        return results

    async def _send(
        self,
        requests: Sequence[Request],
        compute_limit: int | None,
        settled: Callable[[int, Receipt | BreakwaterError], None] | None = None,
    ) -> list[Receipt | BreakwaterError]:
        results = await self.ground.sender.send_many(
            requests, details=True, compute_limit=compute_limit, settled=settled
        )
        await self.booked([each for each in results if isinstance(each, Receipt)])
        return results

    async def booked(self, receipts: Sequence[Receipt]) -> None:
        """Follow the events of what has landed, wherever it was sent from."""
        if self.books is None and self.purses is None:
            return
        decode, now_ms = programs.event_decoder().decode, await self.engine.now() * 1000
        # in the order in which they landed: a position is opened before it is traded
        for each in sorted(receipts, key=lambda receipt: receipt.slot):
            events = decode(each.logs)
            if self.books is not None:
                self.books.apply(events, each, now_ms)
            if self.purses is not None:
                self.purses.apply(events)

    # People, markets, prices

    async def join(self, count: int, purse: int) -> list[Keypair]:
        """So many new traders with `purse` micro-units each in their balance."""
        first = len(self.people)
        self.progress(f"funding {count} traders")
        keys = [key_of(self.seed, f"trader {first + i}") for i in range(count)]
        ground = self.ground
        await endow(ground, keys, PURSE_LAMPORTS)
        await self.require(
            [(minted(ground.admin, key.pubkey(), ground.mint, purse), [ground.admin]) for key in keys],
            compute_limit=JOIN_UNITS,
        )
        steps = [
            (
                [
                    ix.create_trader(key.pubkey()),
                    ix.deposit(key.pubkey(), wallet(key.pubkey(), ground.mint), ground.mint, purse),
                ],
                [key],
            )
            for key in keys
        ]
        await self.require(steps, compute_limit=JOIN_UNITS)
        self.people += keys
        return keys

    async def markets(
        self,
        numbers: Sequence[int],
        depth: int,
        *,
        life_s: int = LIFE_S,
        curve: int = ix.LMSR,
        strikes: tuple[int, ...] = (PRICE,),
        group: int = 0,
        breaker: ix.BreakerLimits | None = None,
    ) -> None:
        """Open markets."""
        close_ms = (await self.engine.now() + life_s) * 1000
        terms = ix.MarketTerms(
            at.feed(FEED),
            close_ms,
            depth,
            strikes,
            curve,
            group,
            breaker=breaker or ix.BreakerLimits(),
        )
        admin = self.ground.admin
        await self.require([([ix.create_market(admin.pubkey(), each, terms)], [admin]) for each in numbers])

    async def market(self, number: int) -> Market:
        """A market as it is now."""
        return accounts.market((await self._data([at.market(number)]))[0])

    async def publish(self, price: int = PRICE) -> int:
        """The feed's price, as of now; the publication's number, from 0."""
        self._sequence += 1
        admin = self.ground.admin
        self._published_s = await self.engine.now()
        slot, now_ms = await self.engine.slot(), self._published_s * 1000
        event = PriceEvent(FEED, price, -2, 1, self._sequence, slot, now_ms)
        await self.require([([ix.publish(admin.pubkey(), event)], [admin])], compute_limit=10_000)
        return self._sequence - 1

    async def freshen(self) -> None:
        """The feed's price again, if it is not new any more: on a validator each takes a confirmation."""
        if await self.engine.now() - self._published_s >= FRESH_S:
            await self.publish()

    async def fold(self) -> None:
        """Fold the shards: coverage and fee are current."""
        await self.require([([ix.fold()], [self.ground.admin])])

    def pass_slots(self, slots: int = 1) -> None:
        """Let time pass where it is ours to move; elsewhere it passes by itself."""
        if isinstance(self.engine, EmbeddedEngine):
            self.engine.advance_slots(slots)

    # Invariants

    async def broken(self) -> list[str]:
        """Every invariant that does not hold, a sentence each; nothing may be under way.

        Tokens are what the books say, to the unit; the supply is what wallets and the token vault hold; every
        escrow covers every claim; holdings are the shares and the loans that the market and its shard know;
        and all balances, escrows, shares, fees, volumes and loans are what the events added up to.
        """
        books = await read_books(self.engine)
        found = books.unsound
        found += await self._supply(books.tokens)
        if self.books is not None:
            audit = await Auditor(self.engine, self._keys(), self.books).audit()
            found += [f"The {what} is off by {by} micro-units." for what, by in audit.differences]
        if self.purses is not None:
            places = [at.trader(each.pubkey()) for each in self.people]
            for place, data in zip(places, await self._data(places), strict=True):
                off = accounts.trader(data).balance - self.purses.balances[bytes(place)]
                found += [f"The balance of {place} is off by {off} micro-units."] if off else []
        return found

    async def _supply(self, held: int) -> list[str]:
        mint, keys = self.ground.mint, [self.ground.admin, *self.people]
        raw, *wallets = await self._data([mint, *(wallet(key.pubkey(), mint) for key in keys)])
        outside = sum(accounts.token_amount(each) for each in wallets if each)
        missing = accounts.mint_supply(raw) - outside - held
        return [f"{missing} micro-units of the collateral are missing."] if missing else []

    def _keys(self) -> Keys:
        admin, mint = self.ground.admin, self.ground.mint
        owners = tuple(each.pubkey() for each in self.people)
        wallets = tuple(wallet(each, mint) for each in (admin.pubkey(), *owners))
        return Keys(admin, admin, admin, admin, tuple(self.people), owners, mint, wallets)


def consumed(receipt: Receipt) -> list[int]:
    """Compute units of each call of the exchange, the token program's within it, in order."""
    ours, found = str(at.EXCHANGE), []
    for line in receipt.logs:
        if line.endswith(CONSUMED):
            words = line.split(" ", 4)  # Program <address> consumed <units> of ...
            if words[1] == ours:
                found.append(int(words[3]))
    return found or [receipt.compute_units]
