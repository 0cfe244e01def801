"""The answers: the trading service's own reading, quoting and preparing, over snapshots."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from secrets import randbelow
from typing import TYPE_CHECKING, Final

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from breakwater import __version__, trading
from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.config import settings
from breakwater.errors import BreakwaterError, InvalidInput

from . import schemas, views
from .faults import Refusal
from .snapshots import Snapshots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.trading import MarketView

    from .reader import CachedEngine

__all__ = ["Exchange", "parse_key"]

COMPUTE: Final = 100_000
"""Compute units of an order at least; the costliest takes a fifth of it."""

VARIANTS: Final = 1 << 14
"""Equal orders get different compute limits, so that each is a transaction of its own."""

HEALTH_S = 2.0


@dataclass(slots=True)
class _Listing:
    """All markets by number, and those of them that somebody has wanted to see."""

    views: list[MarketView]
    shown: dict[int, schemas.Market] = field(default_factory=dict)

    def show(self, view: MarketView) -> schemas.Market:
        if view.id not in self.shown:
            self.shown[view.id] = views.market(view)
        return self.shown[view.id]


class Exchange:
    """Answers about one exchange.

    Args:
        engine: where it is.
    """

    def __init__(self, engine: CachedEngine) -> None:
        self._engine = engine
        self._listing: Snapshots[None, _Listing] = Snapshots(self._list, engine.time)
        engine.on_wrote.append(self._listing.forget)
        self._variant = count(randbelow(VARIANTS))

    async def _list(self, _: Sequence[None]) -> tuple[None, list[_Listing]]:
        return None, [_Listing(await trading.read_markets(self._engine))]

    async def markets(self, query: schemas.MarketsQuery) -> schemas.Markets:
        """A page of the markets that the query means."""
        listing = await self._listing.one(None)
        found = [
            each
            for each in listing.views
            if (query.status is None or each.status == query.status)
            and (query.feed is None or each.feed.name == query.feed)
        ]
        behind = [each for each in found if query.after is None or each.id > query.after]
        page = behind[: query.limit]
        rest = page[-1].id if len(behind) > len(page) else None
        return schemas.Markets([listing.show(each) for each in page], len(found), rest)

    async def market(self, market_id: int) -> schemas.Market:
        """One market.

        Raises:
            Refusal: there is none of that number.
        """
        return views.market(await self._view(market_id))

    async def quote(self, market_id: int, query: schemas.QuoteQuery) -> schemas.Quote:
        """What a trade would do, by the code that previews it on the command line.

        Raises:
            Refusal: there is no such market.
            InvalidInput: the trade makes no sense.
            ProgramError: the exchange would refuse it.
        """
        view = await self._view(market_id)
        owner = None if query.owner is None else parse_key(query.owner)
        outcome = trading.parse_outcome(query.outcome, view.outcomes)
        found, _ = await trading.quote(self._engine, owner, _request(market_id, query, outcome))
        return views.quote(found)

    async def trader(self, owner: str) -> schemas.Trader:
        """Balance, positions and value of an owner."""
        key = parse_key(owner)
        account, holdings = await asyncio.gather(
            trading.read_account(self._engine, key), trading.read_holdings(self._engine, key)
        )
        return views.trader(account, holdings)

    async def vault(self) -> schemas.Vault:
        """The vault and its shards."""
        book, *shards = await self._engine.data(at.vault(), *(at.shard(i) for i in range(at.SHARDS)))
        if book is None:
            raise InvalidInput(f"Choose another engine: there is no exchange {at.EXCHANGE} at this one.")
        return views.vault(
            accounts.vault(book), [accounts.shard(each) for each in shards if each is not None]
        )

    async def feed(self, name: str) -> schemas.Feed:
        """A feed.

        Raises:
            Refusal: there is none of that name.
        """
        try:
            address = at.feed(name)
        except ValueError:
            raise InvalidInput("Give the feed a name of at most 32 bytes.") from None
        (data,) = await self._engine.data(address)
        if data is None:
            raise _absent(f"Choose another feed: there is none called {name!r}.")
        return views.feed(accounts.feed(data), await self._engine.now())

    async def health(self) -> schemas.Health:
        """Whether the chain answers."""
        slot = None
        try:
            async with asyncio.timeout(HEALTH_S):
                slot = await self._engine.slot()
        except (BreakwaterError, TimeoutError):
            pass
        return schemas.Health("unreachable" if slot is None else "ok", self._engine.name, slot, __version__)

    async def build(self, wanted: schemas.BuildRequest) -> schemas.Built:
        """An order as a transaction that its owner only has to sign.

        Raises:
            Refusal: there is no such market.
            InvalidInput: no trader account, no position to give up, or a trade that makes no sense.
            ProgramError: the exchange would refuse it.
        """
        owner = parse_key(wanted.owner)
        await self._view(wanted.market)
        ticket = await trading.prepare(self._engine, owner, _request(wanted.market, wanted, wanted.outcome))
        newest = await self._engine.latest_blockhash()
        budget = [set_compute_unit_limit(COMPUTE + next(self._variant) % VARIANTS)]
        if price := settings().priority_fee:
            budget.append(set_compute_unit_price(price))
        message = Message.new_with_blockhash([*budget, *ticket.instructions], owner, newest.hash)
        empty = [Signature.default()] * message.header.num_required_signatures
        return schemas.Built(
            base64.b64encode(bytes(VersionedTransaction.populate(message, empty))).decode(),
            str(newest.hash),
            newest.last_valid_block_height,
            ticket.creates_position,
            views.quote(ticket.quote),
        )

    async def _view(self, market_id: int) -> MarketView:
        absent = _absent(f"Choose a market out of GET /v1/markets: there is no market {market_id}.")
        if market_id >= 1 << 64:
            raise absent
        # asked for together, so that the common case is one request
        found = await self._engine.data(at.market(market_id), at.shard(at.shard_index(market_id)))
        if found[0] is None:
            raise absent
        return await trading.read_market(self._engine, market_id)


def parse_key(text: str) -> Pubkey:
    """A base58 address.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise InvalidInput("Give the owner as a base58 address of 32 bytes.") from None


def _request(
    market_id: int, wanted: schemas.QuoteQuery | schemas.BuildRequest, outcome: int
) -> trading.Request:
    if wanted.shares is not None and wanted.spend is not None:
        raise InvalidInput("Give shares or spend, not both.")
    if wanted.spend is not None and wanted.side in ("sell", "close"):
        raise InvalidInput("Give shares: spend is for buy and open.")
    return trading.Request(
        market_id,
        wanted.side,
        outcome,
        None if wanted.shares is None else trading.parse_amount(wanted.shares, "the shares"),
        None if wanted.spend is None else trading.parse_amount(wanted.spend, "what to spend"),
        trading.parse_leverage(wanted.leverage),
        wanted.slippage_bps,
    )


def _absent(message: str) -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, "NotFound", message)
