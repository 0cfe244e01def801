"""Account data -> frozen values, by the layouts in the shipped IDLs.

Amounts are micro-units (6 decimals), addresses 32 bytes, prices integers in units of their feed. For reading
in bulk: a layout is compiled once, and a value is one `unpack`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from breakwater.errors import InvalidInput

from . import programs
from ._layout import fixed_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = [
    "HISTORY",
    "Chain",
    "Config",
    "Feed",
    "Leg",
    "Market",
    "Position",
    "Shard",
    "Trader",
    "Vault",
    "chain",
    "config",
    "feed",
    "layout",
    "market",
    "mint_supply",
    "position",
    "read_fields",
    "shard",
    "size_of",
    "token_amount",
    "trader",
    "vault",
]

HISTORY: Final = 256
"""Observations a feed keeps."""

DISCRIMINATOR = 8
PROGRAM_OF: Final = {"Feed": "oracle", "Pool": "pools"}
"""Accounts that are not the exchange's."""

Value = TypeVar("Value", "Config", "Trader", "Vault", "Shard", "Market", "Position", "Feed")


@dataclass(frozen=True, slots=True)
class Config:
    """The exchange's rules."""

    admin: bytes
    operator: bytes
    mint: bytes
    min_coverage_q32: int
    fee_base_ppm: int
    fee_slope_ppm: int
    max_subsidy_ppm: int
    partial_ppm: int
    keeper_ppm: int
    insurance_ppm: int
    slot_ppm: int


@dataclass(frozen=True, slots=True)
class Trader:
    """A trader's book; `positions` counts open position accounts."""

    owner: bytes
    balance: int
    lp_shares: int
    positions: int


@dataclass(frozen=True, slots=True)
class Vault:
    """The liquidity providers' ledger; `cash` is what no shard holds."""

    token_account: bytes
    cash: int
    lp_supply: int
    folded_slot: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One of the vault's ledgers; `coverage_q32` and `fee_ppm` are those of the last fold.

    `reserve` is what the launch has set aside of credited fees; nobody's.
    """

    cash: int
    debt: int
    debt_at_risk: int
    claim_floor: int
    claim_ceiling: int
    coverage_q32: int
    min_coverage_q32: int
    fees: int
    volume: int
    bad_debt: int
    fee_ppm: int
    index: int
    insurance: int
    partial_ppm: int
    keeper_ppm: int
    insurance_ppm: int
    slot_ppm: int
    halts: tuple[int, ...]
    reserve: int


@dataclass(frozen=True, slots=True)
class Market:
    """A market; `status` is 0 open, 1 resolved, 2 voided, `winner` valid once resolved.

    `reference` and `traded_s` say what its shares were over the last minute; `halted_until_slot` is the end
    of its own circuit breaker's halt (its group's is in the shard), `window_slots` 0 while it has none.
    """

    feed: bytes
    rent_payer: bytes
    id: int
    close_ms: int
    liquidity: int
    escrow: int
    claim_floor: int
    claim_ceiling: int
    debt_at_risk: int
    settlement_price: int
    shares: tuple[int, ...]
    debt: tuple[int, ...]
    strikes: tuple[int, ...]
    positions: int
    shard: int
    status: int
    winner: int
    curve: int
    reference: tuple[int, ...]
    traded_s: tuple[int, ...]
    max_debt_at_risk: int
    opened_ms: int
    full_liquidity: int
    delta_offset: int
    feed_one: int
    max_divergence_q28: int
    group: int
    max_volume: int
    max_move_q28: int
    max_liquidation_ppm: int
    window_slots: int
    cooldown_slots: int
    window_slot: int
    volume: int
    liquidated: int
    halted_until_slot: int
    slot: int
    sold: int
    level: int
    bound: int
    taken_shares: tuple[int, ...] = ()
    """By outcome, what the vault took over: shares, and the loans that they secure."""
    taken_debt: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Leg:
    """One purchase of a chain."""

    market: bytes
    shares: int
    cost: int
    debt: int
    opened_slot: int
    outcome: int


@dataclass(frozen=True, slots=True)
class Chain:
    """A trader's chain; `legs` are those it was opened with, empty ones included."""

    trader: bytes
    id: int
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """A trader's shares of one outcome; `kind` 0 is spot, 1 leveraged.

    `generation` changes whenever the position was empty: orders stand for the shares of one.
    """

    trader: bytes
    market: bytes
    shares: int
    cost: int
    debt: int
    opened_slot: int
    outcome: int
    kind: int
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A price feed; publications count from 0, `history` holds (timestamp_ms, price), oldest first."""

    publisher: bytes
    authority: bytes
    name: str
    count: int
    sequence: int
    price: int
    confidence: int
    slot: int
    timestamp_ms: int
    max_age_s: int
    exponent: int
    history: tuple[tuple[int, int], ...]


@lru_cache(maxsize=16)
def _layout(name: str) -> tuple[bytes, struct.Struct, dict[str, slice]]:
    """Discriminator, fields, and where each field's values are among the unpacked ones."""
    idl = programs.idl(PROGRAM_OF.get(name, "exchange"))
    types = {each["name"]: each["type"]["fields"] for each in idl["types"] if "fields" in each["type"]}
    tag = next(bytes(each["discriminator"]) for each in idl["accounts"] if each["name"] == name)
    codes, places = "<", {}
    for field in _flat(types[name], types):
        before = len(struct.unpack(codes, bytes(struct.calcsize(codes))))
        codes += _codes(field["type"], types)
        after = len(struct.unpack(codes, bytes(struct.calcsize(codes))))
        places[field["name"]] = slice(before, after)
    return tag, struct.Struct(codes), places


def _flat(fields: Sequence[Any], types: Mapping[str, Any]) -> Iterator[Any]:
    """Fields, with those of a struct inside in its place."""
    for field in fields:
        kind = field["type"]
        if isinstance(kind, dict) and "defined" in kind:
            yield from _flat(types[kind["defined"]["name"]], types)
        else:
            yield field


def _codes(kind: Any, types: Mapping[str, Any]) -> str:
    """A type in the notation of `struct`; `repr(C)` accounts have no hidden padding."""
    if isinstance(kind, str):
        code = fixed_format(kind)
        if code is None:
            raise InvalidInput(f"Rebuild the programs: {kind} has no fixed size.")
        return code
    if "array" in kind:
        inner, length = kind["array"]
        if inner == "u8":
            return f"{length}s"
        return _codes(inner, types) * int(length)
    return "".join(_codes(field["type"], types) for field in types[kind["defined"]["name"]])


def read_fields(name: str, data: bytes) -> dict[str, Any]:
    """An account's fields by name; arrays are tuples.

    Raises:
        InvalidInput: the data are not those of such an account.
    """
    tag, layout, places = _layout(name)
    if data[:DISCRIMINATOR] != tag or len(data) != DISCRIMINATOR + layout.size:
        raise InvalidInput(f"Pass a {name} account: these {len(data)} bytes are none.")
    values = layout.unpack_from(data, DISCRIMINATOR)
    return {
        field: values[place] if place.stop - place.start > 1 else values[place.start]
        for field, place in places.items()
    }


def layout(name: str) -> tuple[bytes, str, dict[str, slice]]:
    """For readers in bulk: the first bytes, the rest in `struct`'s notation, each field's place in it."""
    tag, packed, places = _layout(name)
    return tag, packed.format, dict(places)


def size_of(name: str) -> int:
    """Bytes of such an account."""
    return DISCRIMINATOR + _layout(name)[1].size


def _pick(kind: type[Value], fields: dict[str, Any]) -> Value:
    return kind(**{each.name: fields[each.name] for each in dataclass_fields(kind)})


def config(data: bytes) -> Config:
    """Decode a config account."""
    return _pick(Config, read_fields("Config", data))


def trader(data: bytes) -> Trader:
    """Decode a trader account."""
    return _pick(Trader, read_fields("Trader", data))


def vault(data: bytes) -> Vault:
    """Decode the vault account."""
    return _pick(Vault, read_fields("Vault", data))


def shard(data: bytes) -> Shard:
    """Decode a shard account."""
    return _pick(Shard, read_fields("Shard", data))


def market(data: bytes) -> Market:
    """Decode a market account; what is kept by outcome has as many entries as the market uses."""
    fields = read_fields("Market", data)
    used = fields["outcomes"]
    fields["shares"], fields["debt"] = fields["shares"][:used], fields["debt"][:used]
    fields["strikes"] = fields["strikes"][: used - 1]
    for name in ("taken_shares", "taken_debt"):
        fields[name] = fields[name][:used]
    fields["reference"], fields["traded_s"] = fields["reference"][:used], fields["traded_s"][:used]
    return _pick(Market, fields)


def position(data: bytes) -> Position:
    """Decode a position account."""
    return _pick(Position, read_fields("Position", data))


def chain(data: bytes) -> Chain:
    """Decode a chain account."""
    fields = read_fields("Chain", data)
    # market, shares, cost, debt, opened_slot, outcome, kind, reserved, generation
    legs, width = fields["legs"], 9
    used = (legs[i * width : i * width + 6] for i in range(fields["count"]))
    return Chain(fields["trader"], fields["id"], tuple(Leg(*leg) for leg in used))


def feed(data: bytes) -> Feed:
    """Decode a feed account."""
    fields = read_fields("Feed", data)
    count, raw = fields["count"], fields["history"]
    ring = tuple(zip(raw[::2], raw[1::2], strict=True))
    oldest = count % HISTORY if count > HISTORY else 0
    fields["history"] = (ring[oldest:] + ring[:oldest])[: min(count, HISTORY)]
    text = fields["id"].rstrip(b"\0").decode(errors="replace")
    # anybody opens a feed, of any bytes: none of them may steer the terminal that shows it
    fields["name"] = "".join(each if each.isprintable() else "\ufffd" for each in text)
    return _pick(Feed, fields)


def token_amount(data: bytes) -> int:
    """The amount in a token account."""
    return int.from_bytes(data[64:72], "little")


def mint_supply(data: bytes) -> int:
    """The supply of a mint."""
    return int.from_bytes(data[36:44], "little")
