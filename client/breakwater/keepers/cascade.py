"""A cascade: chains at the limit of leverage, a gap, keepers who work it off under the caps, the settlement.

On the embedded engine with the real programs. The books are added up from outside before and after, and every
event is held against the rules on the way (`_books`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.sender import Sender
from breakwater.errors import Fatal, InvalidInput

from ._books import Books, Loans, read_books
from ._chains import LAST, Cascade, log_odds
from ._genesis import SOL, UNIT, endow, found
from .duty import open_account
from .eyes import Eyes
from .hands import Hands, Ledger
from .keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.chain.accounts import Market
    from breakwater.chain.engine import EmbeddedEngine, Landed

__all__ = ["CascadeResult", "cascade"]

LIQUIDITY: Final = 30_000_000 * UNIT
KEEPERS: Final = 5
MINUTE_S: Final = 65
"""In which the last minute's price has followed a gap."""

FUND_SLOTS: Final = 40
PATIENCE: Final = 1_000
WHOLE: Final = 1_000_000
WIDEST: Final = 3
NARROWING: Final = 16
TINY: Final = 1e-9
NEARLY: Final = 1e-3
"""Parts of a chain are whole millionths, so that a little of a cap may be left where nothing more fits."""


@dataclass(slots=True)
class CascadeResult:
    """What a cascade came to; amounts in micro-units.

    `loans` is what the chains owed before the gap, `repaid` what came back of it, `drawn` what the insurance
    funds paid, `lost` what the vault lost; `fund_before`, `fund_after` and `fund_computed` are the funds of
    all shards. `furthest` is the furthest that liquidations moved a market's log odds in one slot, `fullest`
    the largest part of a slot's cap that was used.
    """

    positions: int
    leverage: float
    gap: float
    markets: int
    loans: int = 0
    owed: int = 0
    repaid: int = 0
    drawn: int = 0
    lost: int = 0
    fund_before: int = 0
    fund_after: int = 0
    fund_computed: int = 0
    tokens: int = 0
    counted: int = 0
    insolvent: list[int] = field(default_factory=list)
    furthest: float = 0.0
    fullest: float = 0.0
    slots: int = 0
    calls: int = 0
    taken_over: int = 0
    rewards: int = 0
    broken: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


async def cascade(
    engine: EmbeddedEngine,
    positions: int = 100,
    leverage: int = 500,
    gap: float = 10.0,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> CascadeResult:
    """Open `positions` chains at `leverage`, let every price fall by `gap` points of 100, and watch.

    Args:
        engine: a fresh one.
        positions: 2 to 500.
        leverage: effective, 60 to 500.
        gap: 1 to 40; prices are 0.50 before it.
        progress: called with the name of each step.

    Raises:
        InvalidInput: an argument is out of its range.
    """
    if not 2 <= positions <= 500 or not 60 <= leverage <= 500 or not 1 <= gap <= 40:
        raise InvalidInput("Take 2 to 500 positions, a leverage of 60 to 500 and a gap of 1 to 40 points.")
    ground = await found(Sender(engine), Keypair(), LIQUIDITY, progress)
    stage = Cascade(ground, positions, progress)
    await stage.open()
    run = _Run(engine, stage, progress)
    try:
        return await run.run(leverage, gap)
    finally:
        run.eyes.close()


class _Run:
    def __init__(self, engine: EmbeddedEngine, stage: Cascade, progress: Callable[[str], None]) -> None:
        self._engine, self._stage, self._progress = engine, stage, progress
        self.eyes = Eyes(engine)
        self._crew: list[Keeper] = []
        self._loans: Loans | None = None
        self._path: _Path | None = None

    async def run(self, leverage: int, gap: float) -> CascadeResult:
        stage, engine = self._stage, self._engine
        await self._hire()
        await stage.lend()
        engine.advance_time(MINUTE_S)
        await self.eyes.snapshot()
        for _ in range(FUND_SLOTS):
            await self._slot()
        result = CascadeResult(stage.positions, 0.0, gap, len(stage.numbers))
        result.leverage = round(await stage.borrow(leverage), 2)
        before = await self._books(result)
        result.loans, result.fund_before = self._owed(before), before.insurance
        await stage.gap(gap)
        engine.advance_time(MINUTE_S)
        await self.eyes.catch_up()
        await self._work_off(result)
        await self._settle()
        engine.on_landed.remove(self._landed)
        return await self._judge(result)

    async def _hire(self) -> None:
        keys, sender = [Keypair() for _ in range(KEEPERS)], Sender(self._engine)
        await endow(self._stage.ground, keys, SOL)
        for number, key in enumerate(keys):
            await open_account(sender, key)
            self._crew.append(Keeper(self.eyes, Hands(sender, key, Ledger(), number)))

    async def _slot(self) -> None:
        """A slot passes, and each keeper sees what those before it have done."""
        self._engine.advance_slots(1)
        for each in self._crew:
            await self.eyes.catch_up()
            await each.look()
        await self.eyes.catch_up()

    async def _books(self, result: CascadeResult) -> Books:
        books = await read_books(self._engine)
        result.broken += books.wrong
        if books.insolvent:
            result.broken.append(f"Markets {books.insolvent} are not covered by their escrows.")
        if self._loans is None:
            ours = frozenset(bytes(at.market(number)) for number in self._stage.numbers)
            self._loans = Loans.of(books, ours)
            self._engine.on_landed.append(self._landed)
        return books

    def _landed(self, landed: Landed) -> None:
        if landed.receipt.err is None and self._loans is not None:
            self._loans.take(programs.event_decoder().decode(landed.receipt.logs))

    def _owed(self, books: Books) -> int:
        ours = {bytes(at.market(number)) for number in self._stage.numbers}
        return sum(debt for (_, market, _), (_, debt) in books.holdings.items() if market in ours)

    def _chained(self) -> int:
        """What chains owe, as the keepers see it."""
        return sum(leg.debt for chain in self.eyes.world.chains.values() for leg in chain.legs)

    async def _work_off(self, result: CascadeResult) -> None:
        self._progress("working it off")
        world, numbers = self.eyes.world, self._stage.numbers
        shard = world.shards[0]
        path = _Path({number: world.markets[at.market(number)] for number in numbers}, shard.slot_ppm)
        while self._chained():
            if path.slots == PATIENCE:
                raise Fatal(f"Look into the drill: {self._chained()} is still owed after {PATIENCE} slots.")
            await self._slot()
            path.slot_over({number: world.markets[at.market(number)] for number in numbers})
        result.slots = path.slots
        result.furthest, result.fullest = round(path.furthest, 6), round(path.fullest, 6)
        result.broken += path.wrong
        await self._books(result)

    async def _settle(self) -> None:
        """The markets close, the feed says how, and keepers settle them."""
        self._progress("settling")
        stage = self._stage
        await stage.publish(LAST, await self._engine.now())
        self._engine.advance_time(stage.close_s - await self._engine.now() + 1)
        await stage.publish(LAST, stage.close_s)
        await self.eyes.catch_up()
        for _ in range(PATIENCE):
            await self._slot()
            markets = self.eyes.world.markets
            if all(markets[at.market(number)].status for number in stage.numbers):
                return
        raise Fatal("Look into the drill: keepers did not settle the markets.")

    async def _judge(self, result: CascadeResult) -> CascadeResult:
        books, loans = await self._books(result), self._loans
        if loans is None:
            raise AssertionError("unreachable")
        result.broken += [*loans.wrong, *loans.compare(books)]
        result.tokens, result.counted = books.tokens, books.counted
        result.insolvent = books.insolvent
        result.owed = self._owed(books)
        result.repaid, result.drawn, result.lost = loans.repaid, loans.drawn, loans.lost
        result.calls, result.rewards = loans.calls, loans.rewards
        result.taken_over = sum(len(each) for each in loans.taken.values())
        result.fund_after, result.fund_computed = books.insurance, sum(loans.fund.values())
        if result.loans != result.repaid + result.drawn + result.lost + result.owed:
            result.broken.append("Loans are not what was repaid, drawn, lost and is still owed.")
        return result


class _Path:
    """Watches how far liquidations move prices from slot to slot.

    The cap of a slot is a part of the market's liquidity in shares. It doubles after a slot that used it up,
    up to three times, and halves for every sixteen slots without a liquidation.
    """

    def __init__(self, markets: dict[int, Market], slot_ppm: int) -> None:
        self._part = slot_ppm / WHOLE
        self._odds = {number: log_odds(each) for number, each in markets.items()}
        self._level = dict.fromkeys(markets, 0)
        self._full = dict.fromkeys(markets, False)
        self._quiet = dict.fromkeys(markets, 0)
        self.furthest = self.fullest = 0.0
        self.slots = 0
        self.wrong: list[str] = []

    def slot_over(self, markets: dict[int, Market]) -> None:
        """These are the markets at a slot's end."""
        self.slots += 1
        for number, market in markets.items():
            self._quiet[number] += 1
            odds = log_odds(market)
            moved = self._odds[number] - odds
            if self._full[number] and self._quiet[number] == 1:
                level = min(self._level[number] + 1, WIDEST)
            else:
                level = max(0, self._level[number] - self._quiet[number] // NARROWING)
            most = self._part * 2**level
            if not -TINY <= moved <= most + TINY:
                self.wrong.append(f"Market {number} moved by {moved:.6f} in a slot whose cap is {most:.6f}.")
            self.furthest, self.fullest = max(self.furthest, moved), max(self.fullest, moved / most)
            if moved > 0:
                self._level[number], self._quiet[number] = level, 0
                self._full[number] = moved >= most * (1 - NEARLY)
            self._odds[number] = odds
