"""The file of rules and sinks: TOML, read into typed values, refused with one sentence where it is wrong.

::

    [[rules]]
    name = "coverage_low"
    metric = "coverage"
    severity = "critical"
    fire = "< 0.5"           # at exactly 0.5 it does not fire
    clear = ">= 0.6"         # without it: as soon as `fire` does not hold
    when = ["vault > 0"]     # everything else that has to hold
    for_slots = 0            # how long `fire` has to hold, in slots, seconds or both
    for_s = 0
    clear_for_s = 0          # how long `clear` has to hold
    repeat_s = 0             # say it again after so long while it holds; 0: once
    says = "The vault covers less than half of the debt at risk."

    [[sinks]]
    kind = "webhook"         # or "console", "log"
    format = "slack"         # or "discord", "telegram", "json"
    url_env = "BREAKWATER_SLACK"   # the address is a secret: the environment has it
    minimum = "warning"
"""

from __future__ import annotations

import operator
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from breakwater.errors import InvalidInput

from .model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

__all__ = ["Book", "Condition", "Rule", "SinkSettings", "load", "parse"]

OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
CONDITION: Final = re.compile(
    r"\s*(?P<metric>[a-z][a-z0-9_]*)?\s*(?P<op><=|>=|<|>)\s*(?P<bound>-?\d+(\.\d+)?(e-?\d+)?)\s*"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison with a number; `metric` is empty where it goes without saying."""

    metric: str
    op: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether it is true of a value."""
        return OPERATORS[self.op](value, self.bound)

    @property
    def falls(self) -> bool:
        """Whether it is true of small values."""
        return self.op in ("<", "<=")

    def opposite(self) -> Condition:
        """What holds exactly where this does not."""
        return Condition(self.metric, {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}[self.op], self.bound)

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.bound:g}".strip()


def _condition(value: Any) -> Condition:
    if isinstance(value, Condition):
        return value
    match = CONDITION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write a condition as "< 0.5" or "vault > 0"')
    return Condition(match["metric"] or "", match["op"], float(match["bound"]))


Parsed = Annotated[Condition, BeforeValidator(_condition)]
STRICT: Final = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Rule(BaseModel):
    """When an alert fires, and when it clears."""

    model_config = STRICT

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    metric: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    severity: Severity
    fire: Parsed
    clear: Parsed = Field(default=None, validate_default=False)  # type: ignore[assignment]  # filled in below
    when: tuple[Parsed, ...] = ()
    for_slots: Annotated[int, Field(ge=0)] = 0
    for_s: Annotated[float, Field(ge=0)] = 0.0
    clear_for_s: Annotated[float, Field(ge=0)] = 0.0
    repeat_s: Annotated[float, Field(ge=0)] = 0.0
    says: Annotated[str, Field(min_length=1, max_length=300)]

    @model_validator(mode="before")
    @classmethod
    def _clears(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("clear") is None and "fire" in given:
            return given | {"clear": _condition(given["fire"]).opposite()}
        return given

    @model_validator(mode="after")
    def _consistent(self) -> Rule:
        if self.fire.metric or self.clear.metric:
            raise ValueError("fire and clear are about the rule's metric: leave its name out")
        if any(not each.metric for each in self.when):
            raise ValueError('name the metric in when, as "vault > 0"')
        gap = self.clear.bound - self.fire.bound
        apart = gap >= 0 if self.fire.falls else gap <= 0
        both = gap == 0 and self.fire.holds(self.fire.bound) and self.clear.holds(self.fire.bound)
        if self.fire.falls == self.clear.falls or not apart or both:
            raise ValueError("let clear begin where fire has ended, on its other side")
        return self


class SinkSettings(BaseModel):
    """Where notices go; `url_env` names the variable of the environment that holds a webhook's address."""

    model_config = STRICT

    kind: Literal["console", "log", "webhook"]
    minimum: Severity = Severity.INFO
    format: Literal["slack", "discord", "telegram", "json"] = "json"
    url_env: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")] | None = None
    chat_id: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> SinkSettings:
        if self.kind == "webhook" and self.url_env is None:
            raise ValueError("name the variable with the webhook's address in url_env")
        if self.kind == "webhook" and self.format == "telegram" and not self.chat_id:
            raise ValueError("telegram needs a chat_id")
        return self


class Book(BaseModel):
    """A file of rules and sinks."""

    model_config = STRICT

    rules: tuple[Rule, ...] = ()
    sinks: tuple[SinkSettings, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> Book:
        names = [each.name for each in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name}")
        return self


def load(file: Path, *, known: Collection[str] | None = None) -> Book:
    """Read a file of rules.

    Args:
        file: TOML.
        known: the metrics that there are; None checks no names.

    Raises:
        InvalidInput: it is absent or wrong; the sentence says where.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(f"Name a file of rules that can be read, not {file}.") from None
    return parse(text, str(file), known=known)


def parse(text: str, source: str = "the rules", *, known: Collection[str] | None = None) -> Book:
    """Read rules from TOML; the rest as `load`."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"Correct the TOML of {source}: {error}.") from None
    try:
        book = Book.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(f"Correct {source}{_place(given, first['loc'])}: {_what(first)}.") from None
    if known is not None:
        for rule in book.rules:
            for metric in (rule.metric, *(each.metric for each in rule.when)):
                if metric not in known:
                    raise InvalidInput(
                        f"Correct {source}, rule {rule.name}: there is no metric {metric}; "
                        f"there are {', '.join(sorted(known))}."
                    )
    return book


def _place(given: dict[str, Any], where: tuple[int | str, ...]) -> str:
    """Which rule, by its name, and which field of it."""
    if len(where) < 2:
        return "".join(f", {each}" for each in where)
    group, index, *field = where
    entries = given.get(str(group))
    entry = entries[index] if isinstance(entries, list) and isinstance(index, int) else None
    name = entry.get("name") if isinstance(entry, dict) else None
    number = index + 1 if isinstance(index, int) else index
    return f", {str(group).removesuffix('s')} {name or number}" + "".join(f", {each}" for each in field)


def _what(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ").rstrip(".")
