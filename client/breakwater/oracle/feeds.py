"""Feeds on the chain: create one, hand it over, read it as people and machines want it."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey

from breakwater.chain import accounts, addresses, instructions
from breakwater.chain._build import address_of
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import InvalidInput, Unreachable

from .limits import Freshness, freshness

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.sender import Sender

__all__ = ["FeedView", "create", "feed_address", "read_feed", "require_feed", "rotate", "show"]


def feed_address(name: str) -> Pubkey:
    """A feed's address.

    Raises:
        InvalidInput: the name is empty or longer than 32 bytes.
    """
    if not name:
        raise InvalidInput("Give the feed a name.")
    try:
        return addresses.feed(name)
    except ValueError:
        raise InvalidInput(f"Give the feed a name of at most 32 bytes, not {name!r}.") from None


async def read_feed(engine: EmbeddedEngine | RpcEngine, name: str) -> accounts.Feed | None:
    """The feed as it is on the chain, or None where there is none.

    Raises:
        Retryable: the node does not answer.
    """
    address = feed_address(name)
    if isinstance(engine, EmbeddedEngine):
        account = engine.get_account(address)
        return None if account is None else accounts.feed(bytes(account.data))
    config = {"encoding": "base64", "commitment": engine.commitment}
    answer = await engine.rpc.call("getAccountInfo", str(address), config)
    try:
        value = answer["value"]
        data = None if value is None else base64.b64decode(value["data"][0], validate=True)
    except (TypeError, LookupError, ValueError):
        raise Unreachable("Ask the node again: its answer is no account.") from None
    return None if data is None else accounts.feed(data)


async def require_feed(engine: EmbeddedEngine | RpcEngine, name: str) -> accounts.Feed:
    """The feed.

    Raises:
        InvalidInput: there is none.
        Retryable: the node does not answer.
    """
    feed = await read_feed(engine, name)
    if feed is None:
        raise InvalidInput(f"Create the feed {name!r} first: breakwater oracle create.")
    return feed


async def create(
    sender: Sender, authority: Keypair, name: str, publisher: Pubkey, *, exponent: int, max_age_s: int
) -> Receipt:
    """Open a feed; `authority` pays its rent and may rotate the publisher.

    Raises:
        InvalidInput: the name or the maximum age cannot be, or there is such a feed already.
    """
    feed_address(name)
    if not name or not name.isprintable():
        raise InvalidInput(f"Give the feed a name of printable characters, not {name!r}.")
    if not 0 < max_age_s < 2**32 or not -30 <= exponent <= 0:
        raise InvalidInput("Choose a maximum age of at least a second and an exponent from -30 to 0.")
    if await read_feed(sender.engine, name) is not None:
        raise InvalidInput(f"Choose another name: there is a feed {name!r} already.")
    opening = instructions.create_feed(address_of(authority), name, publisher, exponent, max_age_s)
    return await sender.send([opening], [authority])


async def rotate(sender: Sender, authority: Keypair, name: str, publisher: Pubkey) -> Receipt:
    """Let another key publish; a running oracle with the old key stops.

    Raises:
        InvalidInput: there is no such feed, or it is not this authority's.
    """
    feed = await require_feed(sender.engine, name)
    if feed.authority != bytes(address_of(authority)):
        raise InvalidInput(f"Sign with the feed's authority, {Pubkey(feed.authority)}.")
    handing = instructions.rotate_publisher(address_of(authority), name, publisher)
    return await sender.send([handing], [authority])


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed for people; `age_s` is by the chain's clock and None before the first publication."""

    feed: str
    address: str
    price: str | None
    confidence: str | None
    age_s: int | None
    freshness: Freshness
    sequence: int
    slot: int
    timestamp_ms: int
    publisher: str
    authority: str
    count: int
    exponent: int
    max_age_s: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def show(engine: EmbeddedEngine | RpcEngine, name: str) -> FeedView:
    """Read a feed, by the chain's own clock.

    Raises:
        InvalidInput: there is no such feed.
        Retryable: the node does not answer.
    """
    feed = await require_feed(engine, name)
    age = max(0, await engine.now() - feed.timestamp_ms // 1000) if feed.count else None
    return FeedView(
        feed.name,
        str(feed_address(name)),
        _decimal(feed.price, feed.exponent) if feed.count else None,
        _decimal(feed.confidence, feed.exponent) if feed.count else None,
        age,
        freshness(age, feed.max_age_s),
        feed.sequence,
        feed.slot,
        feed.timestamp_ms,
        str(Pubkey(feed.publisher)),
        str(Pubkey(feed.authority)),
        feed.count,
        feed.exponent,
        feed.max_age_s,
    )


def _decimal(value: int, exponent: int) -> str:
    return f"{Decimal(value).scaleb(exponent):f}"
