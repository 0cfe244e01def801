"""What the chain says about markets, traders and positions, read in as few requests as there can be."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import based58
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain.accounts import Position
from breakwater.chain.queries import answers, owned, read
from breakwater.errors import InvalidInput

from .views import AccountView, ChainView, Holding, MarketView

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from breakwater.chain.accounts import Chain, Config, Market, Shard
    from breakwater.chain.engine import Engine

__all__ = [
    "read_account",
    "read_chain",
    "read_chains",
    "read_config",
    "read_holdings",
    "read_market",
    "read_markets",
]

TRADER = 8
"""Offset of the trader's address in the accounts of a position and of a chain."""

LEVERAGED = 1


def _tag(name: str) -> str:
    raw = hashlib.sha256(f"account:{name}".encode()).digest()[:8]
    return str(based58.b58encode(raw).decode())


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
    return _view(market, accounts.shard(found[1]), feed, await engine.now(), await engine.slot())


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
    """An owner's positions, empty ones included, by market, outcome and kind; chains are apart."""
    await read_config(engine)
    found = await owned(engine, at.EXCHANGE, (0, _tag("Position")), (TRADER, str(at.trader(owner))))
    positions = [accounts.position(data) for _, data in found]
    views = await _views_at(engine, (each.market for each in positions))
    holdings = [Holding(each, views[each.market]) for each in positions if each.market in views]
    return sorted(holdings, key=lambda h: (h.view.id, h.position.outcome, h.position.kind))


async def read_chains(engine: Engine, owner: Pubkey) -> list[ChainView]:
    """An owner's chains, empty ones included, by number."""
    await read_config(engine)
    found = await owned(engine, at.EXCHANGE, (0, _tag("Chain")), (TRADER, str(at.trader(owner))))
    chains = [accounts.chain(data) for _, data in found]
    views = await _views_at(engine, (leg.market for each in chains for leg in each.legs if leg.shares))
    return sorted((_chain(each, views) for each in chains), key=lambda chain: chain.number)


async def read_chain(engine: Engine, owner: Pubkey, number: int) -> ChainView | None:
    """One of an owner's chains, or None."""
    (data,) = await read(engine, [at.chain(at.trader(owner), number)])
    if data is None:
        await read_config(engine)
        return None
    found = accounts.chain(data)
    return _chain(found, await _views_at(engine, (leg.market for leg in found.legs if leg.shares)))


def _chain(chain: Chain, views: dict[bytes, MarketView]) -> ChainView:
    legs = []
    for index, leg in enumerate(chain.legs):
        if leg.shares:
            money = (leg.shares, leg.cost, leg.debt, leg.opened_slot, leg.outcome)
            held = Position(chain.trader, leg.market, *money, LEVERAGED)
            legs.append((index, Holding(held, views[leg.market])))
    return ChainView(chain.id, len(chain.legs), tuple(legs))


async def _views_at(engine: Engine, addresses: Iterable[bytes]) -> dict[bytes, MarketView]:
    """Markets by address; those that are gone are left out."""
    held = list(dict.fromkeys(addresses))
    data = await read(engine, [Pubkey.from_bytes(each) for each in held])
    markets = {key: accounts.market(each) for key, each in zip(held, data, strict=True) if each is not None}
    return dict(zip(markets, await _views(engine, list(markets.values())), strict=True))


async def _views(engine: Engine, markets: Sequence[Market]) -> list[MarketView]:
    if not markets:
        return []
    feeds = list({Pubkey.from_bytes(each.feed): None for each in markets})
    shards = [at.shard(i) for i in range(at.SHARDS)]
    found = await read(engine, [*shards, *feeds])
    now_s, slot = await engine.now(), await engine.slot()
    ledgers = [accounts.shard(each) for each in found[: at.SHARDS] if each is not None]
    by_feed = dict(zip(feeds, found[at.SHARDS :], strict=True))
    return [
        _view(each, ledgers[each.shard], by_feed[Pubkey.from_bytes(each.feed)], now_s, slot)
        for each in markets
    ]


def _view(market: Market, shard: Shard, feed: bytes | None, now_s: int, slot: int) -> MarketView:
    if feed is None:
        raise InvalidInput(f"Choose another market: the feed of market {market.id} does not exist.")
    return MarketView(market, shard, accounts.feed(feed), now_s, slot)
