"""What was built, from what, by what: `manifest.json` beside the programs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from ..errors import InvalidInput

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Artifact:
    """A built file: its SHA-256 in hexadecimal, and its size in bytes."""

    sha256: str
    bytes: int

    @classmethod
    def of(cls, path: Path) -> Self:
        """Measure a file."""
        content = path.read_bytes()
        return cls(hashlib.sha256(content).hexdigest(), len(content))


@dataclass(frozen=True, slots=True)
class Manifest:
    """A set of built files.

    Attributes:
        sources: SHA-256 over the sources the files were built from.
        toolchain: names and versions of what built them.
        files: the files by name.
    """

    sources: str
    toolchain: Mapping[str, str]
    files: Mapping[str, Artifact] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Read the manifest of a directory.

        Raises:
            InvalidInput: there is none, or it is not one.
        """
        path = directory / MANIFEST
        try:
            data = json.loads(path.read_text())
            if data["format"] != FORMAT:
                raise InvalidInput(f"{path} has format {data['format']}, not {FORMAT}: run breakwater build.")
            files = {name: Artifact(**artifact) for name, artifact in data["files"].items()}
            return cls(data["sources"], data["toolchain"], files)
        except FileNotFoundError:
            raise InvalidInput(f"{directory} holds no built programs: run breakwater build.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InvalidInput(f"{path} is not a manifest: run breakwater build.") from None

    def as_dict(self) -> dict[str, Any]:
        """The manifest as plain values, in a fixed order."""
        return {
            "format": FORMAT,
            "sources": self.sources,
            "toolchain": dict(self.toolchain),
            "files": {name: asdict(artifact) for name, artifact in sorted(self.files.items())},
        }

    def fingerprint(self) -> str:
        """SHA-256 over everything in it."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def write(self, directory: Path) -> None:
        """Write it into a directory."""
        (directory / MANIFEST).write_text(json.dumps(self.as_dict(), indent=2) + "\n")

    def damaged(self, directory: Path) -> list[str]:
        """Files of a directory that are not the ones listed: changed, absent or unknown."""
        present = {path.name for path in directory.iterdir() if is_built(path)}
        changed = (
            name
            for name, artifact in self.files.items()
            if name in present and Artifact.of(directory / name) != artifact
        )
        return sorted({*changed, *(present ^ self.files.keys())})


def is_built(path: Path) -> bool:
    """Whether a file in the directory of built files is one that the manifest lists."""
    return path.suffix in {".so", ".json"} and path.name != MANIFEST
