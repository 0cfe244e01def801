"""Values -> `Instruction`: one pure function for every instruction of the programs.

Nothing here talks to a chain or signs. Amounts are micro-units (6 decimals) of collateral or shares, prices
integers in units of their feed, times Unix milliseconds, leverage hundredths (100 is 1x).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from solders.instruction import AccountMeta, Instruction
from solders.system_program import ID as SYSTEM

from . import addresses as at
from ._metas import exchange as _exchange
from ._metas import r as _r
from ._metas import tag
from ._metas import w as _w
from .terms import (
    LEVERAGED,
    LMSR,
    MAX_OUTCOMES,
    PM_AMM,
    PM_AMM_DECAYING,
    SPOT,
    BreakerLimits,
    MarketTerms,
    Rules,
)

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.model import PriceEvent

__all__ = [
    "LEVERAGED",
    "LMSR",
    "PM_AMM",
    "PM_AMM_DECAYING",
    "SPOT",
    "BreakerLimits",
    "MarketTerms",
    "Rules",
    "buy",
    "close",
    "close_market",
    "close_position",
    "close_trader",
    "create_feed",
    "create_market",
    "create_position",
    "create_shard",
    "create_trader",
    "deposit",
    "fold",
    "initialize",
    "open_leveraged",
    "propagate_halt",
    "provide_liquidity",
    "publish",
    "read_feed",
    "redeem",
    "renounce_admin",
    "resolve",
    "rotate_publisher",
    "sell",
    "set_operator",
    "tag",
    "take_liquidity",
    "void",
    "withdraw",
]


_U64: Final = struct.Struct("<Q")
_U64_U64: Final = struct.Struct("<QQ")
_OPEN: Final = struct.Struct("<QHQ")
_PUBLISH: Final = struct.Struct("<QQQQQ")


# Oracle


def create_feed(
    authority: Pubkey, name: str, publisher: Pubkey, exponent: int, max_age_s: int
) -> Instruction:
    """Open a feed of prices in units of `10 ** exponent`; `authority` pays and may rotate the publisher."""
    data = at.feed_id(name) + bytes(publisher) + struct.pack("<iI", exponent, max_age_s)
    accounts = [_w(authority, signer=True), _w(at.feed(name)), _r(SYSTEM)]
    return Instruction(at.ORACLE, tag("create_feed") + data, accounts)


def publish(publisher: Pubkey, event: PriceEvent) -> Instruction:
    """Publish a price."""
    data = _PUBLISH.pack(event.price, event.confidence, event.sequence, event.slot, event.timestamp_ms)
    accounts = [_w(at.feed(event.feed)), _r(publisher, signer=True)]
    return Instruction(at.ORACLE, tag("publish") + data, accounts)


def rotate_publisher(authority: Pubkey, name: str, publisher: Pubkey) -> Instruction:
    """Let another key publish."""
    accounts = [_w(at.feed(name)), _r(authority, signer=True)]
    return Instruction(at.ORACLE, tag("rotate_publisher") + bytes(publisher), accounts)


def read_feed(name: str, max_age_s: int) -> Instruction:
    """Return the newest price as return data, if it is not older than `max_age_s`."""
    return Instruction(at.ORACLE, tag("read") + struct.pack("<I", max_age_s), [_r(at.feed(name))])


# Setting up the exchange


def initialize(admin: Pubkey, operator: Pubkey, mint: Pubkey, rules: Rules) -> Instruction:
    """Fix the rules, create config, vault and token vault; refused while anybody can upgrade a program."""
    data = bytes(operator) + struct.pack(
        "<QIIIIIII",
        rules.min_coverage_q32,
        rules.fee_base_ppm,
        rules.fee_slope_ppm,
        rules.max_subsidy_ppm,
        rules.partial_ppm,
        rules.keeper_ppm,
        rules.insurance_ppm,
        rules.slot_ppm,
    )
    accounts = [
        _w(admin, signer=True),
        _w(at.config()),
        _w(at.vault()),
        _w(at.token_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
        _r(SYSTEM),
        _r(at.EXCHANGE),
        _r(at.program_data(at.EXCHANGE)),
        _r(at.ORACLE),
        _r(at.program_data(at.ORACLE)),
    ]
    return _exchange("initialize", accounts, data)


def create_shard(payer: Pubkey, index: int) -> Instruction:
    """Create shard `index`."""
    accounts = [_w(payer, signer=True), _r(at.config()), _w(at.shard(index)), _r(SYSTEM)]
    return _exchange("create_shard", accounts, bytes([index]))


def set_operator(admin: Pubkey, operator: Pubkey) -> Instruction:
    """Appoint the operator."""
    return _exchange("set_operator", [_w(at.config()), _r(admin, signer=True)], bytes(operator))


def renounce_admin(admin: Pubkey) -> Instruction:
    """Give the admin's power up for good."""
    return _exchange("renounce_admin", [_w(at.config()), _r(admin, signer=True)])


# Traders and liquidity


def create_trader(owner: Pubkey) -> Instruction:
    """Open the owner's trader account."""
    return _exchange("create_trader", [_w(owner, signer=True), _w(at.trader(owner)), _r(SYSTEM)])


def close_trader(owner: Pubkey) -> Instruction:
    """Close the owner's empty trader account."""
    return _exchange("close_trader", [_w(owner, signer=True), _w(at.trader(owner))])


def _tokens(name: str, owner: Pubkey, token_account: Pubkey, mint: Pubkey, amount: int) -> Instruction:
    accounts = [
        _r(owner, signer=True),
        _w(at.trader(owner)),
        _r(at.config()),
        _r(at.vault()),
        _w(token_account),
        _w(at.token_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
    ]
    return _exchange(name, accounts, _U64.pack(amount))


def deposit(owner: Pubkey, source: Pubkey, mint: Pubkey, amount: int) -> Instruction:
    """Move tokens from `source` into the owner's balance."""
    return _tokens("deposit", owner, source, mint, amount)


def withdraw(owner: Pubkey, destination: Pubkey, mint: Pubkey, amount: int) -> Instruction:
    """Move tokens from the owner's balance to `destination`."""
    return _tokens("withdraw", owner, destination, mint, amount)


def _ledgers() -> list[AccountMeta]:
    return [_r(at.config()), _w(at.vault()), *(_w(at.shard(i)) for i in range(at.SHARDS))]


def provide_liquidity(owner: Pubkey, amount: int, min_lp_shares: int = 0) -> Instruction:
    """Move balance into the vault for at least so many shares of it; 0 takes what one-sided markets leave."""
    accounts = [_r(owner, signer=True), _w(at.trader(owner)), *_ledgers()]
    return _exchange("provide_liquidity", accounts, _U64_U64.pack(amount, min_lp_shares))


def take_liquidity(owner: Pubkey, lp_shares: int, min_amount: int = 0) -> Instruction:
    """Give shares of the vault back for at least so much balance."""
    accounts = [_r(owner, signer=True), _w(at.trader(owner)), *_ledgers()]
    return _exchange("take_liquidity", accounts, _U64_U64.pack(lp_shares, min_amount))


def fold() -> Instruction:
    """Fold the shard ledgers and publish coverage and fee."""
    return _exchange("fold", _ledgers())


# Markets and positions


def create_market(operator: Pubkey, market_id: int, terms: MarketTerms) -> Instruction:
    """Open a market; the vault pays its subsidy, the operator its rent."""
    strikes = [*terms.strikes, *([0] * (MAX_OUTCOMES - len(terms.strikes)))]
    limits = terms.breaker
    data = struct.pack(
        f"<QQQ{MAX_OUTCOMES}QBBBIQIIII",
        market_id,
        terms.close_ms,
        terms.liquidity,
        *strikes,
        len(terms.strikes) + 1,
        terms.curve,
        terms.group,
        terms.max_divergence_ppm,
        limits.max_volume,
        limits.max_move_ppm,
        limits.max_liquidation_ppm,
        limits.window_slots,
        limits.cooldown_slots,
    )
    accounts = [
        _w(operator, signer=True),
        _r(at.config()),
        _w(at.shard(at.shard_index(market_id))),
        _r(terms.feed),
        _w(at.market(market_id)),
        _r(SYSTEM),
    ]
    return _exchange("create_market", accounts, data)


def create_position(owner: Pubkey, market_id: int, outcome: int, kind: int) -> Instruction:
    """Open an empty position, `SPOT` or `LEVERAGED`."""
    trader, market = at.trader(owner), at.market(market_id)
    position = at.position(trader, market, outcome, kind)
    accounts = [_w(owner, signer=True), _w(trader), _w(market), _w(position), _r(SYSTEM)]
    return _exchange("create_position", accounts, bytes([outcome, kind]))


def close_position(
    owner: Pubkey, market_id: int, outcome: int, kind: int, *, signed: bool = True
) -> Instruction:
    """Close an empty position; once the market is settled it needs no signature of the owner."""
    trader, market = at.trader(owner), at.market(market_id)
    position = at.position(trader, market, outcome, kind)
    return _exchange("close_position", [_w(owner, signer=signed), _w(trader), _w(market), _w(position)])


def _trade_accounts(owner: Pubkey, market_id: int, outcome: int, kind: int) -> list[AccountMeta]:
    trader, market = at.trader(owner), at.market(market_id)
    return [
        _r(owner, signer=True),
        _w(trader),
        _w(market),
        _w(at.shard(at.shard_index(market_id))),
        _w(at.position(trader, market, outcome, kind)),
    ]


def buy(owner: Pubkey, market_id: int, outcome: int, shares: int, max_cost: int) -> Instruction:
    """Buy shares for at most `max_cost`, fee included."""
    accounts = _trade_accounts(owner, market_id, outcome, SPOT)
    return _exchange("buy", accounts, _U64_U64.pack(shares, max_cost))


def sell(owner: Pubkey, market_id: int, outcome: int, shares: int, min_proceeds: int) -> Instruction:
    """Sell shares for at least `min_proceeds` after the fee."""
    accounts = _trade_accounts(owner, market_id, outcome, SPOT)
    return _exchange("sell", accounts, _U64_U64.pack(shares, min_proceeds))


def open_leveraged(
    owner: Pubkey,
    market_id: int,
    feed: Pubkey,
    outcome: int,
    shares: int,
    leverage_x100: int,
    max_payment: int,
) -> Instruction:
    """Buy shares with a loan; margin, premium and fee together are at most `max_payment`."""
    accounts = [*_trade_accounts(owner, market_id, outcome, LEVERAGED), _r(feed)]
    return _exchange("open", accounts, _OPEN.pack(shares, leverage_x100, max_payment))


def close(owner: Pubkey, market_id: int, outcome: int, shares: int, min_proceeds: int) -> Instruction:
    """Sell shares of a leveraged position and repay their part of the loan."""
    accounts = _trade_accounts(owner, market_id, outcome, LEVERAGED)
    return _exchange("close", accounts, _U64_U64.pack(shares, min_proceeds))


# Settlement


def resolve(market_id: int, feed: Pubkey, index: int) -> Instruction:
    """Settle by publication number `index` (from 0) of the feed."""
    accounts = [_w(at.market(market_id)), _w(at.shard(at.shard_index(market_id))), _r(feed)]
    return _exchange("resolve", accounts, _U64.pack(index))


def void(market_id: int) -> Instruction:
    """Settle a market that could not be resolved within its grace period."""
    return _exchange("void", [_w(at.market(market_id)), _w(at.shard(at.shard_index(market_id)))])


def redeem(owner: Pubkey, market_id: int, outcome: int, kind: int) -> Instruction:
    """Pay a settled position out to its trader; needs nobody's signature."""
    return _exchange("redeem", _trade_accounts(owner, market_id, outcome, kind)[1:])


def close_market(market_id: int, rent_payer: Pubkey) -> Instruction:
    """Remove a settled market without positions."""
    accounts = [_w(rent_payer), _w(at.market(market_id)), _w(at.shard(at.shard_index(market_id)))]
    return _exchange("close_market", accounts)


def propagate_halt(group: int) -> Instruction:
    """Tell every shard of a group's halt."""
    return _exchange("propagate_halt", [_w(at.shard(i)) for i in range(at.SHARDS)], bytes([group]))
