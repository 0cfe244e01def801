"""The first hour of an exchange in a few seconds: collateral, liquidity, a price, a market, trades."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater import trading
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader
from breakwater.chain.mmt_mint import MINT_SPACE
from breakwater.model import PriceEvent

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.sender import Sender
    from breakwater.charter import FeedTerms

    from .keys import Keys

__all__ = ["LIQUIDITY", "make_collateral", "open_market", "provide", "publish", "trade"]

UNIT: Final = 10**6
DECIMALS: Final = 6
LIQUIDITY: Final = 100_000 * UNIT
PURSE: Final = 1_000 * UNIT
MARKET: Final = 1
PRICE: Final = 100_000
"""In whole units of the feed's exponent."""


async def make_collateral(sender: Sender, keys: Keys) -> tuple[Pubkey, list[str]]:
    """A token to test with, which the payer can mint; the provider's and the trader's purses of it."""
    payer, mint = keys.payer, Keypair()
    rent = await loader.rent_of(sender, MINT_SPACE)
    account = CreateAccountParams(
        from_pubkey=payer.pubkey(),
        to_pubkey=mint.pubkey(),
        lamports=rent,
        space=MINT_SPACE,
        owner=at.TOKEN_PROGRAM,
    )
    fresh = spl.InitializeMintParams(
        decimals=DECIMALS, program_id=at.TOKEN_PROGRAM, mint=mint.pubkey(), mint_authority=payer.pubkey()
    )
    purses = [
        *_purse(payer.pubkey(), payer.pubkey(), mint.pubkey(), LIQUIDITY),
        *_purse(payer.pubkey(), keys.trader.pubkey(), mint.pubkey(), PURSE),
    ]
    receipt = await sender.send([create_account(account), spl.initialize_mint(fresh), *purses], [payer, mint])
    return mint.pubkey(), [str(receipt.signature)]


def _purse(payer: Pubkey, owner: Pubkey, mint: Pubkey, amount: int) -> list[Instruction]:
    tokens = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=mint,
        dest=spl.get_associated_token_address(owner, mint),
        mint_authority=payer,
        amount=amount,
    )
    return [spl.create_associated_token_account(payer, owner, mint), spl.mint_to(tokens)]


async def provide(sender: Sender, keys: Keys) -> list[str]:
    """The first liquidity, and the coverage it makes."""
    owner = keys.payer
    deposited = await trading.deposit(sender, owner, LIQUIDITY)
    steps = [ix.provide_liquidity(owner.pubkey(), LIQUIDITY), ix.fold()]
    receipt = await sender.send(steps, [owner])
    return [deposited.signature, str(receipt.signature)]


async def publish(sender: Sender, keys: Keys, feed: FeedTerms) -> list[str]:
    """The feed's first price."""
    engine = sender.engine
    now_ms = await engine.now() * 1000
    price = _price(feed)
    event = PriceEvent(
        feed.name, price, feed.exponent, max(1, price // 10_000), 1, await engine.slot(), now_ms
    )
    receipt = await sender.send([ix.publish(keys.publisher.pubkey(), event)], [keys.publisher])
    return [str(receipt.signature)]


def _price(feed: FeedTerms) -> int:
    return PRICE * 10**-feed.exponent if feed.exponent < 0 else PRICE


async def open_market(sender: Sender, keys: Keys, feed: FeedTerms) -> list[str]:
    """The first market: whether the price will be above today's."""
    strike = PRICE if feed.exponent < 0 else PRICE * 10**feed.exponent
    _, signature = await trading.create_market(
        sender,
        keys.operator,
        feed=feed.name,
        strikes=[str(strike)],
        closes="1h",
        liquidity=1_000 * UNIT,
        market_id=MARKET,
    )
    return [signature]


async def trade(sender: Sender, keys: Keys) -> list[str]:
    """A deposit, a purchase, a purchase with a loan, and a sale, each of a size that the launch pays for."""
    engine, trader = sender.engine, keys.trader
    deposited = await trading.deposit(sender, trader, PURSE)
    signatures = [deposited.signature]
    requests = (
        trading.Request(MARKET, "buy", 1, 200 * UNIT),
        trading.Request(MARKET, "open", 0, 100 * UNIT, leverage_x100=200),
        trading.Request(MARKET, "sell", 1, 100 * UNIT),
    )
    for request in requests:
        ticket = await trading.prepare(engine, trader.pubkey(), request)
        signatures.append((await trading.place(sender, trader, ticket)).signature)
    return signatures
