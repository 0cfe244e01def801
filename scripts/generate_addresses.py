"""Write golden vectors of program-derived addresses, by hashlib and the curve's equation alone.

Usage: generate_addresses.py [--check]. With --check nothing is written; the exit status says whether the
committed file is what this script makes.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from collections.abc import Iterator

from _generated import ROOT, VECTORS, Row, vectors

TABLE = ROOT / "client" / "breakwater" / "chain" / "addresses.json"
PROGRAMS = {
    "oracle": "CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo",
    "exchange": "FSJ4dNaQjgZNkZN92PD1x6xamyjZkx6ATvY4HTKRJKq6",
    "pools": "GPPw5QpFBXaPSeZ9crh1jELNnQyZ6onGd35psjAceqrh",
}
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LENGTHS = {"address": 32, "bytes32": 32, "u64": 8, "u8": 1}
ROWS_A_KIND = 4
P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def base58(text: str) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    return number.to_bytes(32, "big")


def on_curve(point: bytes) -> bool:
    """Whether 32 bytes are a point of the curve: x^2 = (y^2 - 1) / (d y^2 + 1) has a root, and not -0."""
    y = int.from_bytes(point, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return pow(square, (P - 1) // 2, P) in (0, 1)


def derived(program: bytes, seeds: list[bytes]) -> tuple[bytes, int]:
    """The address of the highest bump that is no point, and that bump."""
    for bump in range(255, -1, -1):
        made = b"".join(seeds) + bytes([bump]) + program + b"ProgramDerivedAddress"
        address = hashlib.sha256(made).digest()
        if not on_curve(address):
            return address, bump
    raise AssertionError("no bump")


def rows(rng: random.Random) -> Iterator[Row]:
    for name, row in json.loads(TABLE.read_text()).items():
        for _ in range(ROWS_A_KIND if row["seeds"] else 1):
            seeds = [rng.randbytes(LENGTHS[kind]) for _, kind in row["seeds"]]
            address, bump = derived(base58(PROGRAMS[row["program"]]), [row["text"].encode(), *seeds])
            yield [name, [seed.hex() for seed in seeds], address.hex(), bump]


def main() -> int:
    made = vectors({"addresses": (["kind", "seeds", "address", "bump"], rows)}, "addresses")
    target = ROOT / VECTORS / "addresses.json"
    if target.exists() and target.read_text() == made:
        return 0
    if "--check" in sys.argv:
        print(f"stale: {target.relative_to(ROOT)}", file=sys.stderr)
        return 1
    target.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
