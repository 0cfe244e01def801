"""Accounts as columns: one for every number in them, by the IDLs, and back to the same bytes.

Some numbers mostly follow from others: what the vault may claim from the escrow and the shares, a first
slot from the last. Such a column holds the difference from what is expected, nearly always nothing. An
expectation that fails costs bytes and never correctness, so none of them is the programs' arithmetic.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from .columns import Column

    Columns = Mapping[str, Column]

__all__ = ["Field", "Shape", "shape_of"]

WIDTHS: Final = {"B": 1, "H": 2, "I": 4, "Q": 8, "b": 1, "h": 2, "i": 4, "q": 8}
TAG: Final = 8
OUTCOMES: Final = 16
GOLDEN: Final = 0x9E37_79B9_7F4A_7C15


@dataclass(frozen=True, slots=True)
class Field:
    """A number or an address of an account: its place, its bytes, and whether it may be negative."""

    name: str
    offset: int
    width: int
    signed: bool = False

    @property
    def is_address(self) -> bool:
        """Whether it is too wide for a number."""
        return self.width > 8


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of account."""

    name: str
    tag: bytes
    size: int
    fields: tuple[Field, ...]

    @property
    def numbers(self) -> tuple[Field, ...]:
        """Its numbers, those first that others are expected from."""
        expected = EXPECTED.get(self.name, {})
        mine = [each for each in self.fields if not each.is_address]
        free = [each for each in mine if each.name not in expected]
        return (
            *free,
            *sorted((e for e in mine if e.name in expected), key=lambda e: [*expected].index(e.name)),
        )

    @property
    def addresses(self) -> tuple[Field, ...]:
        """Its addresses."""
        return tuple(each for each in self.fields if each.is_address)

    def matrix(self, datas: Sequence[bytes]) -> NDArray[np.uint8]:
        """Accounts as rows of bytes.

        Raises:
            InvalidInput: one of them is no such account.
        """
        for data in datas:
            if len(data) != self.size or data[:TAG] != self.tag:
                raise InvalidInput(f"Pass {self.name} accounts: these {len(data)} bytes are none.")
        return np.frombuffer(b"".join(datas), np.uint8).reshape(len(datas), self.size)

    def columns(self, matrix: NDArray[np.uint8]) -> dict[str, Column]:
        """The numbers, negative ones folded to natural ones, expected ones as differences."""
        found: dict[str, Column] = {}
        for field in self.numbers:
            raw = np.zeros((len(matrix), 8), np.uint8)
            raw[:, : field.width] = matrix[:, field.offset : field.offset + field.width]
            values = raw.view("<u8").reshape(len(matrix)).astype(np.uint64)
            found[field.name] = _fold(values) if field.signed else values
        expected = {name: _fold(found[name] - value) for name, value in self._expected(found)}
        alike = {
            name: np.where(first, found[name], _fold(found[name] - found[name][of]))
            for name, first, of in self._alike(found)
        }
        return found | expected | alike

    def restore(self, matrix: NDArray[np.uint8], columns: dict[str, Column]) -> None:
        """Write the columns that `columns` made into rows of zeros."""
        matrix[:, :TAG] = np.frombuffer(self.tag, np.uint8)
        whole = dict(columns)
        for name, make in EXPECTED.get(self.name, {}).items():
            whole[name] = _unfold(columns[name]) + make(whole)
        for name, first, of in self._alike(whole):
            known = columns[name]
            whole[name] = np.where(first, known, _unfold(known) + known[of])
        for field in self.numbers:
            values = _unfold(whole[field.name]) if field.signed else whole[field.name]
            raw = np.ascontiguousarray(values, "<u8").view(np.uint8).reshape(len(values), 8)
            matrix[:, field.offset : field.offset + field.width] = raw[:, : field.width]

    def _alike(self, of: Columns) -> list[tuple[str, NDArray[np.bool_], NDArray[np.int64]]]:
        """By number: which rows are the first of their group, and the first of each row's."""
        found = []
        for name, keys in ALIKE.get(self.name, {}).items():
            groups = np.stack([of[key] for key in keys], axis=1)
            _, firsts, inverse = np.unique(groups, axis=0, return_index=True, return_inverse=True)
            of_row = firsts[inverse.reshape(-1)]
            found.append((name, of_row == np.arange(len(of_row)), of_row))
        return found

    def _expected(self, found: Columns) -> list[tuple[str, Column]]:
        return [(name, make(found)) for name, make in EXPECTED.get(self.name, {}).items()]


@lru_cache(maxsize=32)
def shape_of(name: str) -> Shape:
    """The shape of an account by its name in the IDLs."""
    tag, codes, places = accounts.layout(name)
    units = [unit for count, code in re.findall(r"(\d*)([a-zA-Z])", codes) for unit in _units(count, code)]
    names = {
        at: name if each.stop - each.start == 1 else f"{name}[{at - each.start}]"
        for name, each in places.items()
        for at in range(each.start, each.stop)
    }
    offset, fields = TAG, []
    for number, (width, signed) in enumerate(units):
        fields.append(Field(names[number], offset, width, signed))
        offset += width
    if offset != TAG + struct.calcsize(codes):
        raise InvalidInput(f"Rebuild the programs: {name} is not made of plain integers and addresses.")
    return Shape(name, tag, offset, tuple(fields))


def _units(count: str, code: str) -> list[tuple[int, bool]]:
    if code == "s":
        return [(int(count or 1), False)]
    return [(WIDTHS[code], code.islower())] * int(count or 1)


def _fold(values: Column) -> Column:
    """Signed numbers by their distance from zero: 0, -1, 1, -2 ... are 0, 1, 2, 3."""
    signed = values.view(np.int64)
    return ((signed << 1) ^ (signed >> 63)).view(np.uint64)


def _unfold(values: Column) -> Column:
    return (values >> np.uint64(1)) ^ (-(values & np.uint64(1)).astype(np.int64)).astype(np.uint64)


def _over(name: str, take: Callable[[NDArray[np.uint64]], Column]) -> Callable[[Columns], Column]:
    """What the escrow leaves beside some of a market's shares."""

    def make(of: Columns) -> Column:
        shares = np.stack([of[f"{name}[{i}]"] for i in range(OUTCOMES)])
        used = np.arange(OUTCOMES)[:, None] < of["outcomes"][None, :].astype(np.int64)
        open_now = of["status"] == 0
        least = np.where(used, shares, np.uint64((1 << 64) - 1))
        most = np.where(used, shares, np.uint64(0))
        return np.where(open_now, of["escrow"] - take(np.stack([least, most])), np.uint64(0))

    return make


def _same(name: str) -> Callable[[Columns], Column]:
    return lambda of: of[name]


def _sum(name: str) -> Callable[[Columns], Column]:
    def make(of: Columns) -> Column:
        total = np.zeros(len(of[f"{name}[0]"]), np.uint64)
        for i in range(OUTCOMES):
            total += of[f"{name}[{i}]"]
        return total

    return make


def _opened_s(of: Columns) -> Column:
    return of["opened_ms"] // np.uint64(1_000)


def _position_slot(of: Columns) -> Column:
    return of["opened_slot"] & np.uint64(0xFFFF_FFFF)


def _shard(of: Columns) -> Column:
    return (of["id"] * np.uint64(GOLDEN)) >> np.uint64(62)


EXPECTED: Final[Mapping[str, Mapping[str, Callable[[Columns], Column]]]] = {
    "Position": {"generation": _position_slot},
    "Market": {
        "claim_floor": _over("shares", lambda both: both[1].max(axis=0)),
        "claim_ceiling": _over("shares", lambda both: both[0].min(axis=0)),
        "total_debt": _sum("debt"),
        "liquidity": _same("full_liquidity"),
        "shard": _shard,
    }
    | {f"reference[{i}]": _same(f"shares[{i}]") for i in range(OUTCOMES)}
    | {f"fill_q28[{i}]": _same(f"anchor_q28[{i}]") for i in range(OUTCOMES)}
    | {f"traded_s[{i}]": _opened_s for i in range(OUTCOMES)},
}
"""By kind of account and number, in an order in which each needs only numbers before it."""

ALIKE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "Market": {
        "liquidity_inverse": ("liquidity", "curve"),
        "liquidity_shift": ("liquidity", "curve"),
        "max_debt_at_risk": ("full_liquidity", "outcomes", "curve"),
    },
}
"""Numbers that are mostly the same where these others are: as differences from the first such row."""

assert at.shard_index(1) == (GOLDEN % 2**64) >> 62  # noqa: S101 - the same hash as the programs'
