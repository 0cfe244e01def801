"""What goes over the wire, once for server, client and the OpenAPI document.

Amounts, shares and loans are decimal strings in units with exactly 6 decimals ("12.500000"), never floats;
prices of outcomes and ratios are floats in [0, 1], leverage is a float; times say their unit.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = [
    "BuildRequest",
    "Built",
    "ErrorBody",
    "Fault",
    "Feed",
    "Fill",
    "Health",
    "Market",
    "Markets",
    "MarketsQuery",
    "OrderRequest",
    "OrderState",
    "OrderStatus",
    "Outcome",
    "Position",
    "Quote",
    "QuoteQuery",
    "Shard",
    "SideName",
    "StatusName",
    "Trader",
    "Vault",
]

SideName = Literal["buy", "sell", "open", "close"]
StatusName = Literal["open", "closed", "resolved", "voided"]
OrderState = Literal["accepted", "landed", "failed", "expired"]
Amount = Annotated[str, Meta(max_length=40)]


class Fault(Struct, frozen=True, omit_defaults=True):
    """Why something was refused: `kind` says what to do about it, `name` what it is.

    `kind` is "retryable" (the same again, after `retry_after_s` seconds), "fatal" (never the same again) or
    "program" (a program refused; `name` and `code` are its IDL's). `signature` is the transaction's.
    """

    kind: Literal["retryable", "fatal", "program"]
    name: str
    message: str
    retry_after_s: float | None = None
    code: int | None = None
    signature: str | None = None


class ErrorBody(Struct, frozen=True):
    """Every answer that is not a success."""

    error: Fault


class Outcome(Struct, frozen=True):
    """One outcome of a market."""

    outcome: int
    label: str
    price: float
    shares: str
    loans: str


class Market(Struct, frozen=True):
    """A market; `debt` is all its loans, a `status` of "closed" waits for the settlement."""

    market: int
    status: StatusName
    feed: str
    feed_price: str
    feed_age_s: int | None
    strikes: list[str]
    closes_ms: int
    closes_in_s: int
    outcomes: list[Outcome]
    curve: str
    liquidity: str
    escrow: str
    debt: str
    fee_ppm: int
    leverage_cap: float
    positions: int
    shard: int
    winner: int | None
    settlement_price: str | None


class Markets(Struct, frozen=True):
    """A page of markets, by number; ask again with `after=next` for those behind it."""

    markets: list[Market]
    total: int
    next: int | None


class Quote(Struct, frozen=True):
    """What a trade would do now: `exact` when the chain simulated it, else computed by the model.

    `amount` leaves the balance (buy, open) or reaches it (sell, close); `limit` is what the chain enforces;
    `flash` is the fee's part for selling in the slot of the purchase.
    """

    market: int
    side: SideName
    outcome: int
    shares: str
    leverage: float
    exact: bool
    notional: str
    fee: str
    amount: str
    loan: str
    premium: str
    shortfall: str
    limit: str
    debt_after: str
    average_price: float
    price_before: float
    price_after: float
    price_impact: float
    slippage: float
    leverage_cap: float
    underwater_price: float | None
    balance_after: str | None
    flash: str = "0"


class Position(Struct, frozen=True):
    """A position, marked at what closing it now would leave."""

    market: int
    status: StatusName
    outcome: int
    label: str
    kind: Literal["spot", "leverage"]
    shares: str
    cost: str
    debt: str
    price: float
    value: str
    equity: str
    profit: str
    underwater_price: float | None


class Trader(Struct, frozen=True):
    """An owner's means: `wallet` outside the exchange, `balance` inside, `value` that and all equity."""

    owner: str
    lamports: int
    wallet: str
    has_account: bool
    balance: str | None
    lp_shares: str | None
    value: str
    positions: list[Position]


class Shard(Struct, frozen=True):
    """One of the vault's ledgers; coverage (None without loans) and fee are those of the last fold."""

    shard: int
    cash: str
    debt: str
    debt_at_risk: str
    claim_floor: str
    claim_ceiling: str
    coverage: float | None
    fee_ppm: int
    fees: str
    volume: str
    bad_debt: str


class Vault(Struct, frozen=True):
    """The liquidity providers' ledger; `cash` is with that of the shards."""

    cash: str
    debt: str
    lp_supply: str
    volume: str
    fees: str
    bad_debt: str
    folded_slot: int
    shards: list[Shard]


class Feed(Struct, frozen=True):
    """A price feed; `age_s` by the chain's clock, None before the first publication."""

    feed: str
    address: str
    price: str | None
    confidence: str | None
    age_s: int | None
    freshness: Literal["fresh", "cached", "degraded"]
    sequence: int
    slot: int
    timestamp_ms: int
    publisher: str
    authority: str
    count: int
    exponent: int
    max_age_s: int


class BuildRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """An order to be built: `shares`, or for buy and open `spend`; neither takes the whole position."""

    owner: Annotated[str, Meta(min_length=32, max_length=44)]
    market: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    side: SideName
    outcome: Annotated[int, Meta(ge=0, le=15)]
    shares: Amount | None = None
    spend: Amount | None = None
    leverage: Amount = "1"
    slippage_bps: Annotated[int, Meta(ge=0, le=10_000)] = 50


class MarketsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which markets: of one status, of one feed, and the page behind `after`."""

    status: StatusName | None = None
    feed: Annotated[str, Meta(max_length=32)] | None = None
    after: Annotated[int, Meta(ge=0)] | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class QuoteQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What to quote; `outcome` is a number, or yes and no; `owner` makes the quote exact."""

    side: SideName
    outcome: Annotated[str, Meta(max_length=8)]
    shares: Amount | None = None
    spend: Amount | None = None
    leverage: Amount = "1"
    slippage_bps: Annotated[int, Meta(ge=0, le=10_000)] = 50
    owner: Annotated[str, Meta(min_length=32, max_length=44)] | None = None


class Built(Struct, frozen=True):
    """An unsigned transaction in base64, good until the block height `last_valid_block_height`."""

    transaction: str
    blockhash: str
    last_valid_block_height: int
    creates_position: bool
    quote: Quote


class OrderRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A fully signed transaction in base64; without `wait` the answer comes before it has landed."""

    transaction: Annotated[str, Meta(max_length=2_048)]
    wait: bool = True


class Fill(Struct, frozen=True):
    """What the exchange did with one trade of a transaction, as its event says."""

    market: int | None
    trader: str
    side: SideName
    outcome: int
    shares: str
    notional: str
    fee: str
    amount: str
    premium: str
    shortfall: str
    debt_after: str
    leverage: float


class OrderStatus(Struct, frozen=True):
    """Where an order stands; `replayed` when this very transaction had been posted before.

    "accepted" is checked, recorded and on its way; "failed" was refused by the chain, and "expired" can no
    longer land: both say why in `error`.
    """

    signature: str
    status: OrderState
    slot: int | None = None
    fills: list[Fill] = []
    error: Fault | None = None
    replayed: bool = False


class Health(Struct, frozen=True):
    """Whether the chain behind the server answers."""

    status: Literal["ok", "unreachable"]
    engine: str
    slot: int | None
    version: str
