"""The world every run starts from: liquidity, six markets of all curves, positions, chains, feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain.terms import (
    LEVERAGED,
    LMSR,
    PM_AMM,
    PM_AMM_DECAYING,
    SPOT,
    BreakerLimits,
    MarketTerms,
    Rules,
)
from breakwater.model import PriceEvent

from . import calls
from .calls import MINT, wallet
from .state import Feed, Wallet
from .world import SOL, UNIT, Call, Key, World

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = [
    "EXPONENTS",
    "FEEDS",
    "OPERATORS",
    "OWNERS",
    "PUBLISHERS",
    "STRIKES",
    "VENUES",
    "Venue",
    "price_event",
    "set_up",
]

OWNERS = tuple(Key(f"owner {i}") for i in range(4))
"""Traders; the first provides the liquidity."""
ADMIN = Key("admin")
OPERATORS = (Key("operator"), Key("another operator"))
PUBLISHERS = (Key("publisher"), Key("another publisher"))
FEEDS = ("PRICE", "ODDS")
"""A price in hundredths, and a probability in millionths."""
EXPONENTS = {"PRICE": -2, "ODDS": -6}
STRIKES = tuple(10_000 + 25 * i for i in range(15))
HOUR_MS = 3_600_000
TOKENS = 200_000 * UNIT
LIQUIDITY = 1_000_000 * UNIT
NO_BREAKER = BreakerLimits()
BREAKER = BreakerLimits(
    max_volume=20_000 * UNIT,
    max_move_ppm=250_000,
    max_liquidation_ppm=300_000,
    window_slots=40,
    cooldown_slots=25,
)


@dataclass(frozen=True)
class Venue:
    """A market to open: outcomes, curve, liquidity, and its feed by number."""

    outcomes: int
    curve: int
    liquidity: int
    feed: int = 0
    group: int = 0
    divergence_ppm: int = 0
    breaker: BreakerLimits = NO_BREAKER

    def terms(self, close_ms: int) -> MarketTerms:
        """Its terms."""
        strikes = (500_000,) if self.feed else STRIKES[: self.outcomes - 1]
        return MarketTerms(
            at.feed(FEEDS[self.feed]),
            close_ms,
            self.liquidity,
            strikes,
            self.curve,
            self.group,
            self.divergence_ppm,
            self.breaker,
        )


VENUES = (
    Venue(2, LMSR, 5_000 * UNIT),
    Venue(3, LMSR, 3_000 * UNIT, group=7, breaker=BREAKER),
    Venue(16, LMSR, 4_000 * UNIT),
    Venue(2, PM_AMM, 20_000 * UNIT, group=7, breaker=BREAKER),
    Venue(2, PM_AMM_DECAYING, 20_000 * UNIT),
    Venue(2, LMSR, 4_000 * UNIT, feed=1, divergence_ppm=150_000),
)
"""What the stage opens, and what is opened later again: both loans and halts reach across shards."""


def price_event(world: World, name: str, price: int, confidence: int = 1, ahead_ms: int = 0) -> PriceEvent:
    """A publication that follows the feed's last one."""
    feed: Feed = world.books[at.feed(name)]
    at_ms = max(feed.timestamp_ms, world.now.ms) + ahead_ms
    return PriceEvent(name, price, EXPONENTS[name], confidence, feed.sequence + 1, world.now.slot, at_ms)


def set_up(binaries: dict[Pubkey, bytes] | None = None) -> World:
    """Everything before the first trade, by instructions that the model follows too."""
    world = World(binaries)
    admin = ADMIN.pubkey()
    for who in (ADMIN, *OPERATORS, *PUBLISHERS, *OWNERS):
        world.engine.fund(who.pubkey(), 10_000 * SOL)
    _tokens(world)
    do(world, calls.initialize(ADMIN, OPERATORS[0].pubkey(), Rules()))
    for i in range(at.SHARDS):
        do(world, calls.create_shard(ADMIN, i))
    for name in FEEDS:
        do(world, calls.create_feed(ADMIN, name, PUBLISHERS[0].pubkey(), EXPONENTS[name], 30))
        for _ in range(2):
            price = 10_010 if name == "PRICE" else 500_000
            do(world, calls.publish(PUBLISHERS[0], price_event(world, name, price)))
            world.engine.advance_slots(5)
    for owner in OWNERS:
        do(world, calls.create_trader(owner))
        do(world, calls.deposit(owner, LIQUIDITY if owner is OWNERS[0] else TOKENS // 4))
    do(world, calls.provide_liquidity(OWNERS[0], LIQUIDITY * 9 // 10))
    for market_id, venue in enumerate(VENUES, start=1):
        terms = venue.terms(world.now.ms + (1 + market_id % 3) * HOUR_MS)
        do(world, calls.create_market(OPERATORS[0], market_id, terms))
        for owner in OWNERS[:3]:
            for outcome in range(2):
                for kind in (SPOT, LEVERAGED):
                    do(world, calls.create_position(owner, market_id, outcome, kind))
    do(world, calls.create_chain(OWNERS[1], 0), calls.create_chain(OWNERS[2], 0))
    # a minute, so that the first prices may secure loans
    world.engine.advance_slots(200)
    do(world, calls.fold())
    assert bytes(admin) == world.books[at.config()].admin
    world.check_everything()
    return world


def do(world: World, *each: Call) -> None:
    """Run calls that have to succeed."""
    outcome = world.run(*each)
    assert outcome.error is None, f"{each[0].verb}: {outcome.error}"


def _tokens(world: World) -> None:
    """The collateral: a mint, a wallet for everybody, and all the tokens there will ever be."""
    admin, mint = ADMIN.pubkey(), MINT.pubkey()
    account = CreateAccountParams(
        from_pubkey=admin, to_pubkey=mint, lamports=1_461_600, space=82, owner=at.TOKEN_PROGRAM
    )
    params = spl.InitializeMintParams(
        decimals=6, program_id=at.TOKEN_PROGRAM, mint=mint, mint_authority=admin
    )
    _require(world, (ADMIN, MINT), create_account(account), spl.initialize_mint(params))
    for owner in OWNERS:
        purse, who = wallet(owner.pubkey()), owner.pubkey()
        amount = LIQUIDITY + TOKENS if owner is OWNERS[0] else TOKENS
        minted = spl.MintToParams(
            program_id=at.TOKEN_PROGRAM, mint=mint, dest=purse, mint_authority=admin, amount=amount
        )
        made = spl.create_associated_token_account(admin, who, mint)
        _require(world, (ADMIN,), made, spl.mint_to(minted))
        world.books[purse] = Wallet(amount)
        world.supply += amount


def _require(world: World, signers: tuple[Key, ...], *instructions: object) -> None:
    receipt = world.execute(list(instructions), signers)  # type: ignore[arg-type]
    assert receipt.err is None, receipt
