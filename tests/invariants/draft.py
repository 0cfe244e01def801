"""How the model runs an instruction: on copies, with what only the programs can know asked for.

What an instruction does follows from the books but for a few numbers that depend on how a curve is
rounded. For those the model gives bounds. After a success the number is taken from the chain and must lie
within them; after a refusal every number within them is tried, and one must lead to that refusal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .state import clone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.events import Event

    from .state import Now

__all__ = ["Books", "Draft", "Found", "Guesses", "Observed", "Refused", "possible", "require"]

U64 = 2**64 - 1
MOST_TRIES = 4_096
Record = TypeVar("Record")
Books = dict["Pubkey", Any]
"""Every account that exists, by address."""


class Refused(Exception):  # noqa: N818
    """The program refuses, by this error."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def require(condition: bool, name: str) -> None:
    """Refuse by `name` unless the condition holds."""
    if not condition:
        raise Refused(name)


class Found(Protocol):
    """Where numbers come from that the model has only bounds of; they are `certain` or guesses."""

    certain: bool

    def number(self, what: str, low: int, high: int) -> int:
        """The number, both bounds included."""

    def focus(self, market: bytes | None) -> None:
        """Numbers from now on are those of a market whose event may come later."""

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """The program logs this event next."""


class Observed:
    """A success: numbers and events are the chain's."""

    certain = True

    def __init__(self, events: Sequence[Event], read: Callable[[str], int]) -> None:
        self._events, self._read, self._next = events, read, 0
        self._market: bytes | None = None

    def focus(self, market: bytes | None) -> None:
        """See `Found`."""
        self._market = market

    def number(self, what: str, low: int, high: int) -> int:
        """The chain's number, which must be within the bounds."""
        # no event shows these; what follows from them is compared instead, and what happened was allowed
        if what in ("fill", "leverage_cap", "maintenance_ppm"):
            return high
        if what == "reference":
            return low
        value = self._read(what) if what in ("fee_ppm", "opening") else self._shown(what)
        assert low <= value <= high, f"{what} is {value}, outside {low}..{high}"
        return value

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """The next event must be this one, to the last field."""
        assert self._next < len(self._events), f"{name} is missing"
        event = self._events[self._next]
        self._next += 1
        assert event.name == name, f"{event} instead of {name}"
        wrong = {
            key: (event.fields[key], value) for key, value in fields.items() if event.fields[key] != value
        }
        assert event.fields.keys() - fields.keys() <= {"reserved"}, f"{name} shows more than the model"
        assert not wrong, f"{name} shows (chain, model) {wrong}"

    def _shown(self, what: str) -> int:
        assert self._next < len(self._events), f"no event shows {what}"
        event = self._events[self._next]
        if what == "released":
            ours = self._market is None or event.fields.get("market") == self._market
            return int(event.name == "LiquidityReleased" and ours)
        if self._market is not None:
            later = (each for each in self._events[self._next :] if what in each.fields)
            event = next(each for each in later if each.fields.get("market") == self._market)
        return int(event.fields[what])

    def finish(self) -> None:
        """Nothing more was logged."""
        assert self._next == len(self._events), f"unexpected {self._events[self._next :]}"


class Guesses:
    """A refusal: numbers are tried; the first ones are given, the others begin at their lower bound."""

    certain = False

    def __init__(self, given: Sequence[int]) -> None:
        self.taken: list[int] = []
        self.others: list[tuple[int, ...]] = []
        self._given = given

    def number(self, what: str, low: int, high: int) -> int:
        """The number to try now."""
        assert low <= high, f"{what}: nothing between {low} and {high}"
        i = len(self.taken)
        value = self._given[i] if i < len(self._given) else low
        few = 8 if what == "mark_q28" else 1  # a mark decides more than one question
        candidates = (
            range(low, high + 1)
            if high - low < 4
            else (low + (high - low) * i // few for i in range(few + 1))
        )
        self.others.append(tuple(each for each in candidates if each != value))
        self.taken.append(value)
        return value

    def focus(self, market: bytes | None) -> None:
        """Guesses are nobody's."""

    def event(self, name: str, fields: Mapping[str, Any]) -> None:
        """What a refused instruction logs counts for nothing."""


class Draft:
    """The books while a transaction runs; `touched` holds copies of what it read, None for what it closed."""

    def __init__(self, books: Books, now: Now, found: Found) -> None:
        self.now, self.found = now, found
        self.touched: dict[Pubkey, Any] = {}
        self._books = books

    def find(self, key: Pubkey) -> Any:
        """A record to change, or None where there is no account."""
        if key not in self.touched:
            record = self._books.get(key)
            self.touched[key] = None if record is None else clone(record)
        return self.touched[key]

    def load(self, key: Pubkey, kind: type[Record]) -> Record:
        """A record that has to be there."""
        record = self.find(key)
        require(record is not None, "AccountDataTooSmall")
        require(isinstance(record, kind), "InvalidAccountData")
        assert isinstance(record, kind)
        return record

    def create(self, key: Pubkey, record: object) -> None:
        """Open an account."""
        require(self.find(key) is None, "AccountAlreadyInUse")
        self.touched[key] = record

    def remove(self, key: Pubkey) -> None:
        """Close an account."""
        self.touched[key] = None

    def commit(self) -> None:
        """Adopt what was changed."""
        for key, record in self.touched.items():
            if record is None:
                self._books.pop(key, None)
            else:
                self._books[key] = record

    @staticmethod
    def word(value: int) -> int:
        """An amount that fits an account's word."""
        require(0 <= value <= U64, "Overflow")
        return value


def possible(run: Callable[[Guesses], Any]) -> Iterator[Any]:
    """The results of `run` for every number that the bounds leave open."""
    stack: list[list[int]] = [[]]
    for _ in range(MOST_TRIES):
        if not stack:
            return
        given = stack.pop()
        guesses = Guesses(given)
        yield run(guesses)
        for i in range(len(given), len(guesses.taken)):
            stack += [[*guesses.taken[:i], other] for other in guesses.others[i]]
