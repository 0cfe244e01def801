"""How `breakwater build` shows its results."""

from __future__ import annotations

import sys
from typing import Any

from ..build import BuildResult, CheckResult


def progress(line: str) -> None:
    """A finished step, on standard error."""
    print(line, file=sys.stderr, flush=True)


def build_dict(result: BuildResult) -> dict[str, Any]:
    """A build as plain values."""
    return {
        "directory": str(result.directory),
        "manifest": result.manifest.as_dict(),
    }


def build_text(result: BuildResult) -> str:
    """A build as lines: hash, size and name of each file."""
    lines = [
        f"{artifact.sha256}  {artifact.bytes:>8,}  {name}"
        for name, artifact in sorted(result.manifest.files.items())
    ]
    return "\n".join((*lines, f"built into {result.directory}"))


def check_dict(result: CheckResult) -> dict[str, Any]:
    """A comparison as plain values."""
    return {
        "ok": result.ok,
        "checked": list(result.checked),
        "differ": result.differ,
        "unsettled": list(result.unsettled),
        "toolchain": list(result.toolchain),
    }


def check_text(result: CheckResult) -> str:
    """A comparison as lines: every file that does not match first, the verdict last."""
    lines = [f"{name} {reason}" for name, reason in sorted(result.differ.items())]
    if result.unsettled:
        lines.append(f"not comparable, built by another toolchain: {', '.join(result.unsettled)}")
        lines.extend(f"  {difference}" for difference in result.toolchain)
    count = len(result.checked)
    if not result.ok:
        lines.append(
            "The shipped programs are not what the sources give: run breakwater build and commit the result."
        )
    elif result.unsettled:
        lines.append(
            f"{count - len(result.unsettled)} of {count} files match their sources; the rest is unsettled."
        )
    else:
        lines.append(f"All {count} files match their sources, byte for byte.")
    return "\n".join(lines)
