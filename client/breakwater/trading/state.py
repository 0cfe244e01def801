"""What the chain says about markets, traders and positions, read in as few requests as there can be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import based58
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.errors import InvalidInput

from . import quotes
from ._rpc import answers, owned, read
from .curves import curve_of
from .outcomes import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.accounts import Config, Feed, Market, Position, Shard, Trader
    from breakwater.chain.engine import Engine

    from .curves import Curve

__all__ = [
    "STATUSES",
    "AccountView",
    "Holding",
    "MarketView",
    "read_account",
    "read_config",
    "read_holdings",
    "read_market",
    "read_markets",
]

CACHE_SECONDS = 300
"""Age of a feed's newest price above which it is stale; the oracle's constant."""

STATUSES: Final = ("open", "resolved", "voided")
TRADER_OF_POSITION = 8
"""Offset of the trader's address in a position account."""


def _tag(name: str) -> str:
    raw = hashlib.sha256(f"account:{name}".encode()).digest()[:8]
    return str(based58.b58encode(raw).decode())


@dataclass(frozen=True, slots=True)
class MarketView:
    """A market with its shard and its feed, at one time; `now_s` is the chain's Unix time."""

    market: Market
    shard: Shard
    feed: Feed
    now_s: int

    @property
    def id(self) -> int:
        """The market's number."""
        return self.market.id

    @property
    def outcomes(self) -> int:
        """How many there are."""
        return len(self.market.shares)

    @property
    def feed_address(self) -> Pubkey:
        """The feed that settles it."""
        return Pubkey.from_bytes(self.market.feed)

    @property
    def status(self) -> str:
        """open, closed (waiting for its settlement), resolved or voided."""
        if self.market.status == 0 and self.now_s * 1000 >= self.market.close_ms:
            return "closed"
        return STATUSES[self.market.status]

    @property
    def settled(self) -> bool:
        """Whether positions can be redeemed."""
        return self.market.status != 0

    @property
    def prices(self) -> list[float]:
        """The outcomes' prices, in [0, 1]; of a settled market what a share pays."""
        m = self.market
        if m.status == 1:
            return [float(i == m.winner) for i in range(self.outcomes)]
        if m.status == 2:
            return [1 / self.outcomes] * self.outcomes
        return [self.curve(i).p for i in range(self.outcomes)]

    def curve(self, outcome: int) -> Curve:
        """The price curve of an outcome."""
        m = self.market
        return curve_of(m.curve, m.shares[: self.outcomes], m.liquidity, outcome)

    def label(self, outcome: int) -> str:
        """An outcome in words."""
        return label(self.market.strikes, self.feed.exponent, outcome)

    @property
    def feed_age_s(self) -> int | None:
        """Seconds since the feed's newest price; None before the first."""
        return max(0, self.now_s - self.feed.timestamp_ms // 1000) if self.feed.count else None

    @property
    def stale(self) -> bool:
        """Whether the feed is too old for full leverage."""
        age = self.feed_age_s
        return age is None or age > CACHE_SECONDS

    @property
    def leverage_cap(self) -> int:
        """Highest leverage now, in hundredths."""
        return quotes.leverage_cap(self.outcomes, self.shard.coverage_q32, stale=self.stale)


@dataclass(frozen=True, slots=True)
class AccountView:
    """A trader's means: `lamports` and `wallet` outside the exchange, `trader` inside, None without one."""

    owner: Pubkey
    lamports: int
    wallet: int
    trader: Trader | None
    mint: Pubkey


@dataclass(frozen=True, slots=True)
class Holding:
    """A position in its market, marked at what closing it now would bring."""

    position: Position
    view: MarketView

    @property
    def kind(self) -> str:
        """spot or leverage."""
        return "leverage" if self.position.kind else "spot"

    @property
    def value(self) -> int:
        """What selling everything now brings after the fee, or what the market paid, before the loan."""
        m, shares = self.view.market, self.position.shares
        if m.status == 1:
            return shares if self.position.outcome == m.winner else 0
        if m.status == 2:
            return shares // self.view.outcomes
        if shares == 0:
            return 0
        curve = self.view.curve(self.position.outcome)
        return quotes.estimate("sell", curve, shares, self.view.shard.fee_ppm).amount

    @property
    def owed(self) -> int:
        """The loan that is still due; a losing share's was written off at the settlement."""
        m = self.view.market
        lost = m.status == 1 and self.position.outcome != m.winner
        return 0 if lost else self.position.debt

    @property
    def equity(self) -> int:
        """What is left for the trader; below zero when closing now would take from the balance."""
        left = self.value - self.owed
        return max(0, left) if self.view.settled else left

    @property
    def profit(self) -> int:
        """Equity less what was paid in."""
        return self.equity - self.position.cost

    @property
    def underwater_price(self) -> float | None:
        """The price at which closing repays the loan and no more; None without a loan or after the close."""
        if self.view.settled:
            return None
        p = self.position
        return quotes.underwater_price(self.view.curve(p.outcome), p.debt, p.shares, self.view.shard.fee_ppm)


async def read_config(engine: Engine) -> Config:
    """The exchange's rules.

    Raises:
        InvalidInput: there is no exchange on this cluster.
    """
    (data,) = await read(engine, [at.config()])
    if data is None:
        raise InvalidInput(f"Choose another engine: there is no exchange {at.EXCHANGE} at this one.")
    return accounts.config(data)


async def read_market(engine: Engine, market_id: int) -> MarketView:
    """One market.

    Raises:
        InvalidInput: there is no such market.
    """
    found = await read(engine, [at.market(market_id), at.shard(at.shard_index(market_id))])
    if found[0] is None or found[1] is None:
        await read_config(engine)
        raise InvalidInput(f"Choose a market out of breakwater market list: there is no market {market_id}.")
    market = accounts.market(found[0])
    (feed,) = await read(engine, [Pubkey.from_bytes(market.feed)])
    return _view(market, accounts.shard(found[1]), feed, await engine.now())


async def read_markets(engine: Engine) -> list[MarketView]:
    """Every market, by number."""
    await read_config(engine)
    found = await owned(engine, at.EXCHANGE, (0, _tag("Market")))
    return await _views(engine, sorted((accounts.market(data) for _, data in found), key=lambda m: m.id))


async def read_account(engine: Engine, owner: Pubkey) -> AccountView:
    """What a key has, in its wallet and at the exchange."""
    mint = Pubkey.from_bytes((await read_config(engine)).mint)
    trader, wallet = await read(engine, [at.trader(owner), get_associated_token_address(owner, mint)])
    with answers():
        lamports = (await engine.client.get_balance(owner)).value
    return AccountView(
        owner,
        lamports,
        0 if wallet is None else accounts.token_amount(wallet),
        None if trader is None else accounts.trader(trader),
        mint,
    )


async def read_holdings(engine: Engine, owner: Pubkey) -> list[Holding]:
    """An owner's positions, empty ones included, by market, outcome and kind."""
    await read_config(engine)
    trader = str(at.trader(owner))
    found = await owned(engine, at.EXCHANGE, (0, _tag("Position")), (TRADER_OF_POSITION, trader))
    positions = [accounts.position(data) for _, data in found]
    held = list({each.market: None for each in positions})
    data = await read(engine, [Pubkey.from_bytes(each) for each in held])
    markets = {key: accounts.market(each) for key, each in zip(held, data, strict=True) if each is not None}
    views = {view.id: view for view in await _views(engine, list(markets.values()))}
    holdings = [Holding(each, views[markets[each.market].id]) for each in positions if each.market in markets]
    return sorted(holdings, key=lambda h: (h.view.id, h.position.outcome, h.position.kind))


async def _views(engine: Engine, markets: Sequence[Market]) -> list[MarketView]:
    if not markets:
        return []
    feeds = list({Pubkey.from_bytes(each.feed): None for each in markets})
    shards = [at.shard(i) for i in range(at.SHARDS)]
    found = await read(engine, [*shards, *feeds])
    now_s = await engine.now()
    ledgers = [accounts.shard(each) for each in found[: at.SHARDS] if each is not None]
    by_feed = dict(zip(feeds, found[at.SHARDS :], strict=True))
    return [
        _view(each, ledgers[each.shard], by_feed[Pubkey.from_bytes(each.feed)], now_s) for each in markets
    ]


def _view(market: Market, shard: Shard, feed: bytes | None, now_s: int) -> MarketView:
    if feed is None:
        raise InvalidInput(f"Choose another market: the feed of market {market.id} does not exist.")
    return MarketView(market, shard, accounts.feed(feed), now_s)
