"""Markets: opened by the operator, settled and removed by anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.accounts import HISTORY
from breakwater.chain.queries import read
from breakwater.chain.terms import MAX_OUTCOMES
from breakwater.errors import InvalidInput

from .advice import explained
from .amounts import parse_price, parse_time_ms, show_price, show_time
from .breakers import Guards, checked
from .state import read_config, read_market, read_markets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.keypair import Keypair

    from breakwater.chain.accounts import Feed
    from breakwater.chain.engine import Engine
    from breakwater.chain.sender import Sender

    from .views import MarketView

__all__ = ["Settlement", "close", "create", "resolve", "settled_price", "settlement_index"]

U64_MAX = 2**64 - 1
GRACE_MS = 7 * 24 * 3_600 * 1000
"""After this long without a resolution a market can be voided; the exchange's constant."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """A market after it was resolved or voided; `price` is in the feed's unit, amounts are micro-units."""

    view: MarketView
    payable: int
    residue: int
    bad_debt: int
    signature: str


async def create(
    sender: Sender,
    operator: Keypair,
    *,
    feed: str,
    strikes: Sequence[str],
    closes: str,
    liquidity: int,
    curve: int = ix.LMSR,
    market_id: int | None,
    guards: Guards | None = None,
) -> tuple[MarketView, str]:
    """Open a market over a feed's price; the new market and the transaction's signature.

    Args:
        sender: sends.
        operator: signs and pays the rent.
        feed: the feed's name.
        strikes: ascending prices as decimal numbers; one more outcome than strikes.
        closes: when trading ends, as `parse_time_ms` takes it.
        liquidity: LMSR's b, or the pm-AMM's L, in micro-units; the vault pays a subsidy of b ln N, or
            L / sqrt(2 pi).
        curve: `ix.LMSR`, or for one strike `ix.PM_AMM` or `ix.PM_AMM_DECAYING`.
        market_id: its number; None takes the next one.
        guards: when it halts, with whom, and how near the feed leverage stays; None takes the defaults.

    Raises:
        InvalidInput: no exchange or feed, a strike finer than the feed's unit, or too many of them.
        ProgramError: the exchange refuses, e.g. NotOperator or SubsidyTooLarge.
    """
    engine = sender.engine
    await read_config(engine)
    address = at.feed(feed) if len(feed.encode()) <= 32 else None
    data = (await read(engine, [address]))[0] if address is not None else None
    if address is None or data is None:
        raise InvalidInput(f"Name an existing feed: there is none called {feed!r}.")
    source = accounts.feed(data)
    guards = checked(Guards() if guards is None else guards, source)
    if not 1 <= len(strikes) < MAX_OUTCOMES:
        raise InvalidInput(f"Give 1 to {MAX_OUTCOMES - 1} strikes.")
    prices = tuple(parse_price(each, source.exponent, "a strike") for each in strikes)
    close_ms = parse_time_ms(closes, await engine.now() * 1000)
    chosen = await _next_id(engine) if market_id is None else market_id
    if not 0 <= chosen <= U64_MAX:
        raise InvalidInput("Give the market a number that fits into 64 bits.")
    terms = ix.MarketTerms(
        address,
        min(close_ms, U64_MAX),
        liquidity,
        prices,
        curve,
        guards.group,
        guards.max_divergence_ppm,
        guards.limits(liquidity),
    )
    with explained():
        receipt = await sender.send([ix.create_market(operator.pubkey(), chosen, terms)], [operator])
    return await read_market(engine, chosen), str(receipt.signature)


async def resolve(sender: Sender, key: Keypair, market_id: int) -> Settlement:
    """Settle a closed market by the first price at or after its close, or void it after the grace period.

    Raises:
        InvalidInput: it is settled, has not closed, or the feed cannot prove a price (yet).
    """
    view = await read_market(sender.engine, market_id)
    m = view.market
    if view.settled:
        raise InvalidInput(f"Redeem instead: market {market_id} is {view.status} already.")
    left_ms = m.close_ms - view.now_s * 1000
    if left_ms > 0:
        raise InvalidInput(
            f"Wait {-(-left_ms // 1000)} s: market {market_id} closes at {show_time(m.close_ms)}."
        )
    index = settlement_index(view.feed, m.close_ms)
    if index is not None:
        step = ix.resolve(market_id, view.feed_address, index)
    elif view.now_s * 1000 >= m.close_ms + GRACE_MS:
        step = ix.void(market_id)
    else:
        raise InvalidInput(_unproven(view))
    with explained():
        receipt = await sender.send([step], [key])
    events = programs.event_decoder().decode(receipt.logs)
    fields = next((each.fields for each in events if each.name == "MarketSettled"), {})
    return Settlement(
        await read_market(sender.engine, market_id),
        fields.get("payable", 0),
        fields.get("residue", 0),
        fields.get("bad_debt", 0),
        str(receipt.signature),
    )


async def close(sender: Sender, key: Keypair, market_id: int) -> str:
    """Remove a settled market without positions; the signature. The rent goes back to who paid it.

    Raises:
        InvalidInput: it is not settled, or still has positions.
    """
    view = await read_market(sender.engine, market_id)
    if not view.settled:
        raise InvalidInput(f"Resolve it first: market {market_id} is {view.status}.")
    if view.market.positions:
        raise InvalidInput(
            f"Wait until every position is redeemed: market {market_id} still has {view.market.positions}."
        )
    payer = Pubkey.from_bytes(view.market.rent_payer)
    with explained():
        receipt = await sender.send([ix.close_market(market_id, payer)], [key])
    return str(receipt.signature)


def settlement_index(feed: Feed, close_ms: int) -> int | None:
    """The number of the publication that settles a market, or None when the history does not prove one."""
    first = feed.count - len(feed.history)
    for i in range(1, len(feed.history)):
        if feed.history[i - 1][0] < close_ms <= feed.history[i][0]:
            return first + i
    return None


def _unproven(view: MarketView) -> str:
    name, close_ms = view.feed.name, view.market.close_ms
    if not view.feed.history or view.feed.history[-1][0] < close_ms:
        return f"Wait for the next price of {name}: it has published none since {show_time(close_ms)}."
    return (
        f"Void market {view.id} with this command after {show_time(close_ms + GRACE_MS)}: {name} keeps "
        f"{HISTORY} prices, and the first since the close is no longer among them."
    )


async def _next_id(engine: Engine) -> int:
    return max((each.id for each in await read_markets(engine)), default=0) + 1


def settled_price(view: MarketView) -> str | None:
    """The price that settled a market, as a number; None if none did."""
    if view.status != "resolved":
        return None
    return show_price(view.market.settlement_price, view.feed.exponent)
