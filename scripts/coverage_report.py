"""Lines and branches that tests reach, by package and crate: what scripts/coverage prints.

Usage: coverage_report.py [--python python.json] [--rust crates.json] [--of ARGUMENTS]
                          [--failed client|crates] --out coverage.json

Reads what `coverage json` and `llvm-cov export --summary-only` write. Totals also go to `--out`, which
`breakwater stress table` takes as a result, with the arguments that made it a part of the whole and whether
tests failed.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPO = Path(__file__).resolve().parent.parent


@dataclass
class Reached:
    """Lines and branches, and how many of them tests reach."""

    lines: int = 0
    lines_reached: int = 0
    branches: int = 0
    branches_reached: int = 0

    def __iadd__(self, other: Reached) -> Reached:
        self.lines += other.lines
        self.lines_reached += other.lines_reached
        self.branches += other.branches
        self.branches_reached += other.branches_reached
        return self


def part(reached: int, of: int) -> str:
    """A percentage, rounded down: nothing is whole that is not."""
    return f"{reached * 1000 // of / 10:.1f} %" if of else "none"


def of_python(report: Mapping[str, Any]) -> Iterable[tuple[str, Reached]]:
    """Files of the client by package: `breakwater/keepers/drill.py` is of `breakwater.keepers`."""
    for name, file in report["files"].items():
        parts = Path(name).parts
        inside = parts[len(parts) - parts[::-1].index("breakwater") :]
        package = f"breakwater.{inside[0]}" if len(inside) > 1 else "breakwater"
        found = file["summary"]
        yield (
            package,
            Reached(
                found["num_statements"],
                found["covered_lines"],
                found["num_branches"],
                found["covered_branches"],
            ),
        )


def of_rust(report: Mapping[str, Any]) -> Iterable[tuple[str, Reached]]:
    """Files of the crates by crate; sources of dependencies and what build scripts wrote are not ours."""
    for file in report["data"][0]["files"]:
        try:
            place = Path(file["filename"]).relative_to(REPO / "crates").parts
        except ValueError:
            continue
        if place[1] != "src":
            continue
        lines, branches = file["summary"]["lines"], file["summary"]["branches"]
        yield (
            f"crates/{place[0]}",
            Reached(lines["count"], lines["covered"], branches["count"], branches["covered"]),
        )


def table(title: str, files: Iterable[tuple[str, Reached]]) -> Reached:
    """Print a line for each group, the least reached first, and give the whole."""
    groups: dict[str, Reached] = defaultdict(Reached)
    whole = Reached()
    for group, reached in files:
        groups[group] += reached
        whole += reached
    print(f"{title:<28}{'lines':>10}{'reached':>10}{'branches':>12}{'reached':>10}")
    for group, each in [*sorted(groups.items(), key=_least), ("all", whole)]:
        lines, branches = part(each.lines_reached, each.lines), part(each.branches_reached, each.branches)
        print(f"{group:<28}{each.lines:>10,}{lines:>10}{each.branches:>12,}{branches:>10}")
    print()
    return whole


def _least(group: tuple[str, Reached]) -> float:
    return group[1].lines_reached / max(group[1].lines, 1)


def main() -> None:
    """Print both tables and write their totals."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--python", type=Path)
    options.add_argument("--rust", type=Path)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--of", default="")
    options.add_argument("--failed", action="append", choices=["client", "crates"], default=[])
    given = options.parse_args()
    found: dict[str, Any] = {}
    if given.python:
        found["client"] = asdict(table("client", of_python(json.loads(given.python.read_text()))))
    if given.rust:
        found["crates"] = asdict(table("crates", of_rust(json.loads(given.rust.read_text()))))
    for what, each in found.items():
        each |= {"of": given.of.split(), "failed": what in given.failed}
    given.out.write_text(json.dumps({"coverage": found}) + "\n")


if __name__ == "__main__":
    main()
