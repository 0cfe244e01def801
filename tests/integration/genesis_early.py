"""`breakwater genesis` and `deploy` before a genesis, where the payer can still change both programs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solders.keypair import Keypair
from tests.integration.typed import Typed, key_file, typed, typed_json

from breakwater.chain import loader, programs
from breakwater.chain._account_files import held
from breakwater.config import load_keypair
from breakwater.deploy import otter

if TYPE_CHECKING:
    from pathlib import Path

    from solders.account import Account
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import LocalEngine

SOURCES = ("https://example.org/breakwater", "0123456789abcdef")


@dataclass(frozen=True)
class Early:
    """What the commands said while nothing was there but two programs that the payer could change."""

    dry: Typed
    dry_json: dict[str, Any]
    unconfirmed: Typed
    nameless: Typed
    stranger: Typed
    unrecorded: Typed
    deployed: dict[str, Any]
    again: Typed
    balances: tuple[int, ...]


def records_of(signer: Pubkey) -> dict[Pubkey, Account]:
    """The program of public build records, and what the payer has written with it already.

    The program itself is nobody's to ship: there is an account in its place that cannot be called.
    """
    accounts = {otter.OTTER_VERIFY: held(b"", loader.LOADER, executable=True)}
    tag = hashlib.sha256(b"account:BuildParams").digest()[:8]
    for name in programs.NAMES:
        about = programs.address(name)
        record = otter.BuildRecord(*SOURCES, otter.arguments(name), 0)
        data = tag + bytes(about) + bytes(signer) + otter._parameters(record) + b"\xff"
        accounts[otter.record_address(signer, about)] = held(data, otter.OTTER_VERIFY)
    return accounts


async def asked_early(engine: LocalEngine, key: Path, file: Path, place: Path) -> Early:
    stranger, chain = Keypair(), ("--cluster", engine.url)
    own = (*chain, "--keypair", key)
    deploys = ("deploy", *own, "--journal", place / "deploy.jsonl", "--yes")
    sources = ("--repository", SOURCES[0], "--commit", SOURCES[1])
    balances: list[int] = []

    async def holds() -> None:
        balances.append((await engine.client.get_balance(load_keypair(key).pubkey())).value)

    await holds()
    dry = await typed("genesis", file, *own, "--dry-run")
    dry_json = await typed_json("genesis", file, *own, "--dry-run")
    unconfirmed = await typed("genesis", file, *own, "--journal", place / "none.jsonl")
    nameless = await typed(*deploys)
    strangers = await typed("deploy", *chain, "--keypair", key_file(place, stranger), "--no-public-record")
    unrecorded = await typed(*deploys, "--repository", SOURCES[0], "--commit", "other")
    await holds()
    deployed = await typed_json(*deploys, *sources)
    await holds()
    again = await typed(*deploys[:-1], *sources)
    await holds()
    return Early(
        dry, dry_json, unconfirmed, nameless, strangers, unrecorded, deployed, again, tuple(balances)
    )
