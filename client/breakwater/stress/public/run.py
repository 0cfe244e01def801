"""The run itself: funds, users, trades, and everything back."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import stamina
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from spl.token import instructions as spl

from breakwater.chain import accounts, kinds, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.deploy import MAINNET
from breakwater.errors import InsufficientFunds, InvalidInput, ProgramError, RateLimited
from breakwater.limits import back_off

from .books import FEE, Purse, PurseFile
from .cleaning import Places, clean
from .model import PublicResult, PublicRun
from .spending import Spender

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.engine import RpcEngine

__all__ = ["stress_public"]

SOL: Final = 10**9
UNIT: Final = 10**6
MOST_MARKETS: Final = 4
TOKEN_BYTES: Final = 165
CLEANING: Final = 12
"""Transactions a user that are set aside for taking everything back, repetitions included."""

SETUP: Final = 2
SIGNATURES: Final = 2
AIRDROP: Final = SOL
AIRDROP_ATTEMPTS: Final = 6
ANY: Final = 10**15
LEVERAGE: Final = 200
SPARE_S: Final = 120


async def stress_public(
    engine: RpcEngine,
    payer: Keypair,
    wanted: PublicRun,
    counts: Counter[str],
    *,
    progress: Callable[[str], None] = lambda _: None,
    stop: asyncio.Event | None = None,
    only_clean: bool = False,
) -> PublicResult:
    """Clean up after an earlier run, then trade, then take everything back, however the trading ends.

    Args:
        engine: the cluster, best a patient one.
        payer: pays, and holds collateral.
        wanted: what to do.
        counts: where the engine counts its requests.
        progress: called with the name of each step.
        stop: ends the trading early; everything is taken back all the same.
        only_clean: after an earlier run, and nothing else.

    Raises:
        InvalidInput: there is no exchange or open market, or the payer has no collateral.
        InsufficientFunds: the budget or the payer's balance is too small for a single user.
        Fatal: something could not be taken back; the file remains for another attempt.
    """
    purse = Purse(wanted.budget)
    run = _Run(Spender(engine, payer, purse), wanted, progress, stop or asyncio.Event())
    began = time.monotonic()
    await run.begin()
    try:
        if not only_clean:
            await run.trade()
    finally:
        # a cancelled run is cleaned up all the same: what follows is not the cancelled part
        await asyncio.shield(asyncio.ensure_future(run.end()))
    result = run.result
    result.requests, result.limited = counts["requests"], counts["limited"]
    result.failed_requests = counts["failed"]
    result.seconds = round(time.monotonic() - began, 1)
    return result


class _Run:
    def __init__(
        self, spender: Spender, wanted: PublicRun, progress: Callable[[str], None], stop: asyncio.Event
    ) -> None:
        self._spender, self._wanted, self._progress, self._stop = spender, wanted, progress, stop
        self.result = PublicResult(budget=wanted.budget)
        self._file: PurseFile | None = None
        self._mint = Pubkey.default()
        self._before = 0
        self._feeds: dict[int, Pubkey] = {}
        self._leverage = LEVERAGE

    async def begin(self) -> None:
        """What is there, and what an earlier run has left."""
        async for attempt in stamina.retry_context(on=back_off, attempts=8, timeout=None, wait_max=15.0):
            with attempt:
                cluster = await queries.genesis_hash(self._spender.engine)
        if cluster == MAINNET:  # by whatever address
            raise InvalidInput("Name devnet, testnet or an http address: stress is not for mainnet.")
        config, _ = await self._spender.read([at.config(), at.vault()])
        if config is None:
            raise InvalidInput("Name a cluster with an initialised exchange: there is none here.")
        self._mint = Pubkey.from_bytes(accounts.config(bytes(config.data)).mint)
        earlier = PurseFile.read(self._wanted.file)
        if earlier is not None:
            self._progress("an earlier run was cut short: taking everything back first")
            await self._clean(earlier)
        if self._wanted.airdrop:
            await self._fill()
        self._before = await self._spender.balance()

    async def _fill(self) -> None:
        """Ask the faucet for what is missing, ever more slowly, until it has had enough of us."""
        missing = self._wanted.budget - await self._spender.balance()
        while missing > 0 and self.result.airdrops < AIRDROP_ATTEMPTS:
            try:
                async for attempt in stamina.retry_context(
                    on=back_off, attempts=4, timeout=60.0, wait_initial=1.0, wait_max=20.0
                ):
                    with attempt:
                        self._progress(f"asking the faucet for {min(missing, AIRDROP) / SOL:g} SOL")
                        await self._spender.engine.airdrop(
                            self._spender.payer.pubkey(), min(missing, AIRDROP)
                        )
            except RateLimited as error:
                self._progress(f"the faucet gives nothing: {error}")
                return
            self.result.airdrops += 1
            missing = self._wanted.budget - await self._spender.balance()

    async def trade(self) -> None:
        """Make users and let them trade until the time or the budget is over."""
        markets = await self._markets()
        lent = await self._per_user()
        users = min(self._affordable(lent, await self._spender.balance()), await self._collateral())
        self._file = PurseFile.begin(self._wanted.file, users, tuple(markets))
        places = [Places.of(key, self._mint, markets) for key in self._file.members()]
        self.result.users = users
        self._progress(f"making {users} users")
        for number, each in enumerate(places):
            self._spender.purse.lend(lent)
            await self._spender.require([self._arrive(each, lent)])
            await self._spender.require([self._join(each, markets[number % len(markets)])])
            if self._stop.is_set():
                break
        await self._load(places, markets)

    async def _load(self, places: Sequence[Places], markets: Sequence[int]) -> None:
        spender, wanted = self._spender, self._wanted
        keep = len(places) * CLEANING * SIGNATURES * FEE
        if not self._stop.is_set():
            await self._probe(places[0], markets[0])
        spender.tally.restart()
        began, turn = time.monotonic(), 0
        while time.monotonic() - began < wanted.duration_s and not self._stop.is_set():
            some = [places[(turn + i) % len(places)] for i in range(min(len(places), 10))]
            if spender.purse.left - keep < len(some) * SIGNATURES * FEE:
                self.result.reason = "The budget ended the trading: what is left takes everything back."
                break
            requests = [
                (self._order(each, markets[places.index(each) % len(markets)], turn + i), [each.key])
                for i, each in enumerate(some)
            ]
            turn += len(some)
            self._progress(f"{turn} trades, {spender.purse.left / SOL:.4f} SOL of the budget left")
            self.result.trades += len(requests)
            await spender.send(requests, count=True)
            ahead = turn / wanted.per_second - (time.monotonic() - began)
            if ahead > 0:
                await self._pause(ahead)
        self.result.succeeded = spender.tally.total
        self.result.refused = dict(spender.tally.names)
        self.result.reason = self.result.reason or spender.tally.note()
        self.result.interrupted = self._stop.is_set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def end(self) -> None:
        """Take everything back and add up."""
        self.result.succeeded = self._spender.tally.total
        if self._file is not None:
            await self._clean(self._file)
        self.result.spent = max(0, self._before - await self._spender.balance())
        self.result.fees, self.result.most_out = self._spender.purse.fees, self._spender.purse.most

    async def _clean(self, file: PurseFile) -> None:
        users = [Places.of(key, self._mint, file.markets) for key in file.members()]
        await clean(self._spender, users, file.markets, self._mint, progress=self._progress)
        left = await self._spender.read([place for each in users for place in each.every])
        self.result.left = sum(each.lamports for each in left if each is not None)
        self._spender.purse.returned(self._spender.purse.lent)
        file.done()

    async def _markets(self) -> list[int]:
        """Open markets that stay open long enough."""
        spender = self._spender
        async for attempt in stamina.retry_context(on=back_off, attempts=8, timeout=None, wait_max=15.0):
            with attempt:
                raw = await queries.owned(spender.engine, at.EXCHANGE, kinds.filter_of("Market"))
        (clock,) = await spender.read([Pubkey.from_string("SysvarC1ock11111111111111111111111111111111")])
        now_s = int.from_bytes(bytes(clock.data)[32:40], "little") if clock is not None else 0
        until = (now_s + self._wanted.duration_s + SPARE_S) * 1000
        found = [accounts.market(data) for _, data in raw]
        self._feeds = {each.id: Pubkey.from_bytes(each.feed) for each in found}
        usable = sorted(each.id for each in found if each.status == 0 and each.close_ms > until)
        if not usable:
            raise InvalidInput("Open a market that stays open for the whole run: there is none.")
        return usable[:MOST_MARKETS]

    async def _per_user(self) -> int:
        """Lamports that a user needs: the rent of all it will have, and its own."""
        sizes = [0, TOKEN_BYTES, accounts.size_of("Trader"), *[accounts.size_of("Position")] * 2]
        rents = [
            await self._spender.engine.rpc.call("getMinimumBalanceForRentExemption", size) for size in sizes
        ]
        return sum(rents)

    async def _collateral(self) -> int:
        """How many users the payer's collateral is enough for."""
        home = spl.get_associated_token_address(self._spender.payer.pubkey(), self._mint)
        (account,) = await self._spender.read([home])
        held = 0 if account is None else accounts.token_amount(bytes(account.data))
        if held < self._wanted.collateral:
            raise InvalidInput(
                f"Send {Decimal(self._wanted.collateral) / UNIT:f} units of the collateral {self._mint} to "
                f"{home} for each user, or give users less with --collateral."
            )
        return held // self._wanted.collateral

    def _affordable(self, lent: int, balance: int) -> int:
        each = lent + (SETUP + CLEANING + 1) * SIGNATURES * FEE
        users = min(self._wanted.users, min(self._wanted.budget, balance) // each)
        if users < 1:
            raise InsufficientFunds(
                f"Raise --budget or fund the payer: a user takes {each / SOL:.4f} SOL, and most comes back."
            )
        return users

    def _arrive(self, user: Places, lent: int) -> tuple[list[Instruction], list[Keypair]]:
        """SOL, a token account, collateral; only the payer signs."""
        payer = self._spender.payer.pubkey()
        home = spl.get_associated_token_address(payer, self._mint)
        made = spl.create_associated_token_account(user.owner, user.owner, self._mint)
        passed = spl.TransferParams(
            program_id=at.TOKEN_PROGRAM,
            source=home,
            dest=user.tokens,
            owner=payer,
            amount=self._wanted.collateral,
        )
        own = TransferParams(from_pubkey=payer, to_pubkey=user.owner, lamports=lent)
        return [transfer(own), made, spl.transfer(passed)], [user.key]

    def _join(self, user: Places, market: int) -> tuple[list[Instruction], list[Keypair]]:
        steps = [
            ix.create_trader(user.owner),
            ix.deposit(user.owner, user.tokens, self._mint, self._wanted.collateral),
            ix.create_position(user.owner, market, 0, ix.SPOT),
            ix.create_position(user.owner, market, 1, ix.LEVERAGED),
        ]
        return steps, [user.key]

    def _order(self, user: Places, market: int, number: int) -> list[Instruction]:
        """Small purchases on either side: what they come to, cleaning gives back."""
        shares = UNIT + number
        if number % 2:
            return [ix.buy(user.owner, market, 0, shares, ANY)]
        feed = self._feeds[market]
        return [ix.open_leveraged(user.owner, market, feed, 1, shares, self._leverage, ANY)]

    async def _probe(self, user: Places, market: int) -> None:
        """Whether the exchange lends now: without coverage, or without a price, it does not."""
        opened = ix.open_leveraged(user.owner, market, self._feeds[market], 1, UNIT, LEVERAGE, ANY)
        try:
            async for attempt in stamina.retry_context(on=back_off, attempts=8, timeout=None, wait_max=15.0):
                with attempt:
                    await queries.simulate(self._spender.engine, [opened], self._spender.payer.pubkey())
        except ProgramError as error:
            self._progress(f"no credit now ({error.name}): leveraged positions are opened at 1x")
            self._leverage = 100
