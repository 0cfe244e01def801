"""Samples -> figures: statistics of every instruction, of every account written, and the tree of calls."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .names import call_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .calls import Call
    from .probe import Lock, Measured, Sample

__all__ = ["Account", "Inner", "Row", "Spread", "accounts_of", "percentile", "rows_of", "tree_of"]

DEFAULT_COMPUTE = 200_000
"""Compute units the runtime allows an instruction whose transaction asks for nothing."""


def percentile(ordered: Sequence[float], part: float) -> float:
    """The nearest-rank percentile of one or more values in ascending order; `part` is in (0, 1]."""
    return ordered[math.ceil(part * len(ordered)) - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """How values spread: in the unit of the values; `total` is their sum."""

    low: float
    mean: float
    p50: float
    p99: float
    most: float
    total: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """The spread of values, None if there are none."""
        ordered = sorted(values)
        if not ordered:
            return None
        total = sum(ordered)
        middle, high = percentile(ordered, 0.5), percentile(ordered, 0.99)
        return cls(ordered[0], total / len(ordered), middle, high, ordered[-1], total)

    def as_dict(self, digits: int = 1) -> dict[str, float]:
        """As JSON has it, the mean and fractions rounded."""
        values = {"min": self.low, "mean": self.mean, "p50": self.p50, "p99": self.p99, "max": self.most}
        values["total"] = self.total
        return {
            key: value if isinstance(value, int) else round(value, digits) for key, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class Inner:
    """A kind of call from an instruction into another program; `cu` is None for programs that log none."""

    name: str
    calls: int
    cu: Spread | None


@dataclass(frozen=True, slots=True)
class Row:
    """An instruction within a group: compute units by call, milliseconds by transaction, what it names.

    `size` is the bytes of its largest transaction, `events` counts its events by name.
    """

    group: str
    name: str
    calls: int
    transactions: int
    cu: Spread | None
    own: Spread | None
    inner: tuple[Inner, ...]
    latency: Spread
    execution: Spread | None
    accounts: int
    writable: int
    signers: int
    size: int
    heap: int
    events: dict[str, int]

    @property
    def title(self) -> str:
        """The name, with the group where it has one."""
        return f"{self.name} ({self.group})" if self.group else self.name

    @property
    def budget(self) -> float | None:
        """The dearest call's part of the 200,000 units that an instruction gets unasked."""
        return None if self.cu is None else self.cu.most / DEFAULT_COMPUTE


@dataclass(frozen=True, slots=True)
class Account:
    """An account and how many of the transactions write it."""

    address: str
    name: str
    shared: bool
    writes: int


def rows_of(samples: Sequence[Sample]) -> list[Row]:
    """A row for every instruction of every group, the largest total of compute units first."""
    found: dict[tuple[str, str], list[tuple[Sample, Measured]]] = {}
    for sample in samples:
        for each in sample.instructions:
            found.setdefault((sample.group, each.name), []).append((sample, each))
    rows = [_row(group, name, pairs) for (group, name), pairs in found.items()]
    return sorted(rows, key=lambda row: -row.cu.total if row.cu else 0)


def _row(group: str, name: str, pairs: Sequence[tuple[Sample, Measured]]) -> Row:
    samples = list({id(sample): sample for sample, _ in pairs}.values())
    measured = [each for _, each in pairs]
    executions = [each.execution_s * 1e3 for each in samples if each.execution_s is not None]
    latency = Spread.of(each.latency_s * 1e3 for each in samples)
    if latency is None:
        raise ValueError("a row without samples")
    return Row(
        group,
        name,
        len(pairs),
        len(samples),
        Spread.of(each.call.cu for each in measured if each.call.cu is not None),
        Spread.of(own for each in measured if (own := each.call.own_cu) is not None),
        tuple(_inner(measured)),
        latency,
        Spread.of(executions),
        max(each.accounts for each in measured),
        max(each.writable for each in measured),
        max(each.signers for each in measured),
        max(each.size for each in samples),
        max(each.heap for each in samples),
        dict(Counter(event for each in measured for event in each.events)),
    )


def _inner(measured: Iterable[Measured]) -> list[Inner]:
    found: dict[str, list[Call]] = {}
    for each in measured:
        for call in each.call.inner():
            found.setdefault(call_name(call), []).append(call)
    return [
        Inner(name, len(calls), Spread.of(each.cu for each in calls if each.cu is not None))
        for name, calls in found.items()
    ]


def accounts_of(samples: Sequence[Sample]) -> list[Account]:
    """Every account written, the most written first, and shared ones before personal ones."""
    writes: Counter[Lock] = Counter(lock for sample in samples for lock in sample.locks)
    found: dict[str, Account] = {}
    for lock, count in writes.items():
        known = found.get(lock.address)
        # one account can have several names: the publisher of a feed pays for another instruction
        total, shared = (
            (count + known.writes, lock.shared and known.shared) if known else (count, lock.shared)
        )
        found[lock.address] = Account(lock.address, known.name if known else lock.name, shared, total)
    return sorted(found.values(), key=lambda each: (-each.writes, not each.shared, each.name, each.address))


def tree_of(title: str, samples: Sequence[Sample]) -> dict[str, Any]:
    """The flame picture's nodes: name, cu, own, n, children; scenario, group, instruction, calls inside."""
    root = _node(title)
    for sample in samples:
        for each in sample.instructions:
            if each.call.cu is None:
                continue
            parents = [root]
            if sample.group:
                parents.append(_child(root, sample.group))
            for parent in parents:
                parent["cu"] += each.call.cu
                parent["n"] += 1
            _add(_child(parents[-1], each.name), each.call)
    return _plain(root)


def _add(node: dict[str, Any], call: Call) -> None:
    node["cu"] += call.cu or 0
    node["own"] += call.own_cu or 0
    node["n"] += 1
    for each in call.calls:
        _add(_child(node, call_name(each)), each)


def _node(name: str) -> dict[str, Any]:
    return {"name": name, "cu": 0, "own": 0, "n": 0, "children": {}}


def _child(node: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = node["children"].setdefault(name, _node(name))
    return found


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    children = sorted(map(_plain, node["children"].values()), key=lambda each: -each["cu"])
    return {**node, "children": children}
