"""Live accounts in one compact file, and a root that says whether two clusters hold the same ones.

For indexers, which then need not ask a node for gigabytes, and for moving an exchange to another cluster.
Accounts of a known kind lie as columns, in an order in which neighbours resemble each other, and their
addresses follow from what they hold; whatever does not is written out. Opening a file gives back every
account to the byte, or an error.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard
from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.errors import Fatal, InvalidInput

from .blocks import KINDS, encode_block, open_block
from .columns import Reader, decode, encode, varint
from .shapes import shape_of
from .tree import MAX_DEPTH, Tree, leaf_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Held", "State", "kind_of", "pack", "root_of", "unpack"]

MAGIC: Final = b"bwstate1"
KIND: Final = b"account "
"""What stands before an account when it is hashed to a leaf."""
LEVEL: Final = 15
DERIVED, LISTED = range(2)
MAX_FILE: Final = 1 << 32


@dataclass(frozen=True, slots=True)
class Held:
    """An account: its address, the program that owns it, its lamports, its data."""

    address: bytes
    owner: bytes
    lamports: int
    data: bytes


@dataclass(frozen=True, slots=True)
class State:
    """Accounts of a cluster, by address; the slot and the Unix time at which they were read."""

    cluster: str
    slot: int
    time: int
    accounts: tuple[Held, ...]

    @property
    def root(self) -> str:
        """What two equal states have in common, in hexadecimal."""
        return root_of(self.accounts)

    @property
    def raw(self) -> int:
        """Bytes of all data."""
        return sum(len(each.data) for each in self.accounts)


def root_of(accounts: Sequence[Held]) -> str:
    """The root of a Merkle tree over accounts by their addresses, hashed with their number.

    A leaf is made of "account ", the address, the owner, the lamports in 8 bytes, and the data; the tree is
    as deep as it has to be, and follows the rules of `crates/merkle`.
    """
    ordered = sorted(accounts, key=lambda each: each.address)
    depth = max(1, (len(ordered) - 1).bit_length())
    if depth > MAX_DEPTH:
        raise InvalidInput(f"Take fewer than 2^{MAX_DEPTH} accounts.")
    tree = Tree(depth)
    if ordered:
        tree.append(
            leaf_of(
                b"".join((KIND, each.address, each.owner, each.lamports.to_bytes(8, "little"), each.data))
            )
            for each in ordered
        )
    root = tree.root or b""  # never empty: every leaf is known
    return hashlib.sha256(len(ordered).to_bytes(8, "little") + root).hexdigest()


def pack(state: State) -> bytes:
    """The file of a state."""
    groups: dict[str, list[Held]] = {}
    for each in state.accounts:
        groups.setdefault(kind_of(each), []).append(each)
    sections = []
    ids = {each.address: _number(each.data) for each in groups.get("Market", ())}
    for name in KINDS:
        group = groups.pop(name, None)
        if group is not None:
            sections += [_typed(name, group, ids)]
    rest = [each for group in groups.values() for each in sorted(group, key=lambda e: e.address)]
    about = {
        "cluster": state.cluster,
        "slot": state.slot,
        "time": state.time,
        "root": state.root,
        "sections": [len(each) for each in sections],
        "others": len(rest),
    }
    head = json.dumps(about).encode()
    body = b"".join((MAGIC, varint(len(head)), head, *sections, _others(rest)))
    return body + hashlib.sha256(body).digest()


def unpack(raw: bytes) -> State:
    """The state in a file.

    Raises:
        InvalidInput: it is no such file, was cut or changed.
    """
    body, digest = raw[:-32], raw[-32:]
    if raw[: len(MAGIC)] != MAGIC or hashlib.sha256(body).digest() != digest:
        raise InvalidInput("Name another file: this is no snapshot, or not the whole of it.")
    try:
        state, root = _open(body)
    except (ArithmeticError, LookupError, MemoryError, TypeError, ValueError, Fatal):
        # whoever wrote it wrote the digest as well
        raise InvalidInput("Name another file: this snapshot was not written by this program.") from None
    if state.root != root:
        raise InvalidInput("Name another file: its accounts do not make the root that it names.")
    return state


def _open(body: bytes) -> tuple[State, str]:
    """The state and the root that the file names."""
    reader = Reader(body)
    reader.take(len(MAGIC))
    about: dict[str, Any] = json.loads(reader.take(reader.varint()))
    found: list[Held] = []
    for size in about["sections"]:
        found += _open_typed(reader.take(size))
    found += _open_others(body[reader.at :], about["others"])
    found.sort(key=lambda each: each.address)
    return State(about["cluster"], about["slot"], about["time"], tuple(found)), about["root"]


def kind_of(each: Held) -> str:
    """What kind of account it is, of those that are kept as columns; else empty."""
    if each.owner == bytes(at.EXCHANGE):
        for name in KINDS:
            shape = shape_of(name)
            if each.data[:8] == shape.tag and len(each.data) == shape.size:
                return name
    return ""


def _number(data: bytes) -> int:
    """A market's."""
    return int.from_bytes(data[72:80], "little")


def _typed(name: str, group: list[Held], ids: dict[bytes, int]) -> bytes:
    if name == "Market":
        group.sort(key=lambda each: _number(each.data))
    elif name == "Position":
        group.sort(key=lambda each: (ids.get(each.data[40:72], 0), each.data[40:72], each.data[8:40]))
    else:
        group.sort(key=lambda each: each.address)
    block = encode_block(name, [each.data for each in group], numbers=ids)
    derive = DERIVE.get(name)
    follows = derive is not None and all(bytes(derive(each.data)) == each.address for each in group)
    addresses = b"".join(each.address for each in group)
    head = bytes([DERIVED]) if follows else bytes([LISTED]) + varint(len(group)) + addresses
    lamports = encode(np.array([each.lamports for each in group], np.uint64))
    return head + varint(len(block)) + block + lamports


def _open_typed(raw: bytes) -> list[Held]:
    reader = Reader(raw)
    (how,) = reader.take(1)
    listed = reader.take(32 * reader.varint()) if how == LISTED else b""
    block = open_block(reader.take(reader.varint()))
    datas, name = block.rows(), block.shape.name
    lamports = decode(reader, len(datas))
    if how == LISTED:
        addresses = [listed[i : i + 32] for i in range(0, len(listed), 32)]
    else:
        addresses = [bytes(DERIVE[name](data)) for data in datas]
    pairs = zip(addresses, lamports, datas, strict=True)
    return [Held(address, bytes(at.EXCHANGE), int(held), data) for address, held, data in pairs]


def _others(rest: list[Held]) -> bytes:
    raw = b"".join(
        b"".join((each.address, each.owner, varint(each.lamports), varint(len(each.data)), each.data))
        for each in rest
    )
    return varint(len(raw)) + zstandard.ZstdCompressor(level=LEVEL).compress(raw)


def _open_others(raw: bytes, count: int) -> list[Held]:
    head = Reader(raw)
    size = head.varint()
    if size > MAX_FILE:
        raise InvalidInput("Name another file: this one claims too many bytes.")
    reader = Reader(zstandard.ZstdDecompressor().decompress(raw[head.at :], max_output_size=size))
    found = []
    for _ in range(count):
        address, owner, lamports = reader.take(32), reader.take(32), reader.varint()
        found.append(Held(address, owner, lamports, reader.take(reader.varint())))
    return found


def _position(data: bytes) -> Pubkey:
    trader, market = Pubkey.from_bytes(data[8:40]), Pubkey.from_bytes(data[40:72])
    return at.position(trader, market, data[104], data[105])


def _chain(data: bytes) -> Pubkey:
    return at.chain(Pubkey.from_bytes(data[8:40]), layouts.chain(data).id)


DERIVE: Final[dict[str, Callable[[bytes], Pubkey]]] = {
    "Market": lambda data: at.market(_number(data)),
    "Position": _position,
    "Trader": lambda data: at.trader(Pubkey.from_bytes(data[8:40])),
    "Chain": _chain,
    "Shard": lambda data: at.shard(layouts.shard(data).index),
    "Vault": lambda _: at.vault(),
    "Config": lambda _: at.config(),
}
"""How an account's address follows from its data."""
