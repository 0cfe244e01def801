"""The runtime's logs -> call trees: which program called which, and the compute units of each.

::

    Program FSJ4... invoke [1]                                 exchange      8,232   own 2,058
      Program Tokenkeg... invoke [2]                             token       6,174
      Program Tokenkeg... consumed 6174 of 1398115 compute units
      ...
    Program FSJ4... consumed 8232 of 1399850 compute units

Built-in programs (system, compute budget) log no consumption: theirs is part of their caller's own. After
"Log truncated" only lines that happen to fit follow: they are not read, and open calls have no compute units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Call", "Logged", "read_logs"]

TRUNCATED = "Log truncated"
SAID = "Program log: "
DATA = "Program data: "
RETURNED = "Program return: "
INSTRUCTION = "Instruction: "
OURS_NOT = (SAID, DATA, RETURNED)
"""What programs write: it can imitate anything but these beginnings."""


@dataclass(slots=True)
class Call:
    """One invocation.

    `program` is the address, `depth` 1 for an instruction of the transaction; `cu` counts the calls inside
    and is None where the log does not tell. `says` is the name by which the program announced the
    instruction, if it did.
    """

    program: str
    depth: int
    cu: int | None = None
    failed: bool = False
    says: str = ""
    logs: int = 0
    data: list[str] = field(default_factory=list)
    returns: int = 0
    calls: list[Call] = field(default_factory=list)

    @property
    def own_cu(self) -> int | None:
        """Compute units without those that calls inside logged."""
        return None if self.cu is None else self.cu - sum(each.cu or 0 for each in self.calls)

    def inner(self) -> Iterator[Call]:
        """Every call below this one, outer ones first."""
        for each in self.calls:
            yield each
            yield from each.inner()


@dataclass(frozen=True, slots=True)
class Logged:
    """A transaction's calls, in order; `truncated` if the runtime cut the log off."""

    calls: tuple[Call, ...]
    truncated: bool


def read_logs(logs: Sequence[str]) -> Logged:
    """The call trees of one transaction's logs; lines of an unknown form are passed over."""
    roots: list[Call] = []
    stack: list[Call] = []
    for line in logs:
        if line.startswith(TRUNCATED):
            return Logged(tuple(roots), truncated=True)
        if line.startswith(OURS_NOT):
            if stack:
                _note(stack[-1], line)
            continue
        words = line.split(" ", 4)
        if len(words) < 3 or words[0] != "Program":
            continue
        if words[2] == "invoke":
            call = Call(words[1], len(stack) + 1)
            (stack[-1].calls if stack else roots).append(call)
            stack.append(call)
        elif stack and stack[-1].program == words[1]:
            if words[2] == "consumed" and len(words) > 3:
                stack[-1].cu = int(words[3])
            elif words[2] in {"success", "failed:"}:
                stack.pop().failed = words[2] == "failed:"
    return Logged(tuple(roots), truncated=False)


def _note(call: Call, line: str) -> None:
    if line.startswith(DATA):
        call.data.append(line)
    elif line.startswith(RETURNED):
        call.returns += 1
    else:
        call.logs += 1
        text = line[len(SAID) :]
        if not call.says and text.startswith(INSTRUCTION):
            call.says = text[len(INSTRUCTION) :].strip()
