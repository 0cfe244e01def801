"""A snapshot gives every account back to the byte, is far smaller, and names a root of all of them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from breakwater.archive import snapshot, transfer
from breakwater.archive._population import Population
from breakwater.archive.snapshot import Held, State
from breakwater.chain import addresses as at
from breakwater.errors import InvalidInput


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def population() -> Population:
    made = Population(seed=5)
    await made.found(12)
    await made.open_markets(60, (24, 240))
    await made.trade(300)
    return made


@pytest.mark.asyncio(loop_scope="module")
async def test_every_live_account_comes_back_in_a_fraction_of_its_bytes(population: Population) -> None:
    state = await transfer.read_live(population.engine)
    raw = snapshot.pack(state)
    assert len(state.accounts) == 60 + len(population.positions)
    assert snapshot.unpack(raw) == state
    assert state.raw > 12 * len(raw)  # of so few; of many it is more


@pytest.mark.asyncio(loop_scope="module")
async def test_the_whole_exchange_comes_back(population: Population) -> None:
    state = await transfer.read_state(population.engine)
    addresses = {each.address for each in state.accounts}
    expected = [at.config(), at.vault(), at.token_vault(), *(at.shard(i) for i in range(at.SHARDS))]
    expected += [at.trader(each.pubkey()) for each in population.traders]
    assert addresses >= {bytes(each) for each in expected}
    assert snapshot.unpack(snapshot.pack(state)) == state


@pytest.mark.asyncio(loop_scope="module")
async def test_any_difference_alters_the_root(population: Population) -> None:
    state = await transfer.read_live(population.engine)
    first, *rest = state.accounts
    changed: dict[str, Any] = {
        "data": first.data[:-1] + bytes([first.data[-1] ^ 1]),
        "lamports": first.lamports + 1,
        "owner": bytes(at.POOLS),
        "address": bytes(32),
    }
    roots = {snapshot.root_of(state.accounts), snapshot.root_of(rest)}
    for name, value in changed.items():
        roots.add(snapshot.root_of([dataclasses.replace(first, **{name: value}), *rest]))
    assert len(roots) == 6
    assert snapshot.root_of([*reversed(state.accounts)]) == state.root


@pytest.mark.asyncio(loop_scope="module")
async def test_a_cut_or_changed_file_is_refused(population: Population) -> None:
    raw = snapshot.pack(await transfer.read_live(population.engine))
    for damaged in (raw[:-1], raw[1:], raw[:500] + bytes([raw[500] ^ 1]) + raw[501:], b"", b"bwstate1"):
        with pytest.raises(InvalidInput, match="Name another file"):
            snapshot.unpack(damaged)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_that_somebody_else_wrote_is_refused_though_its_digest_is_right(
    population: Population,
) -> None:
    state = await transfer.read_live(population.engine)
    body, chance, refused = snapshot.pack(state)[:-32], random.Random(7), 0
    for _ in range(400):
        changed = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(snapshot.MAGIC), len(body))] = chance.randrange(256)
        if chance.random() < 0.2:
            del changed[chance.randrange(len(snapshot.MAGIC), len(body)) :]
        try:
            found = snapshot.unpack(bytes(changed) + hashlib.sha256(changed).digest())
        except InvalidInput:
            refused += 1
        else:
            # only what the root is not of: the slot, the time and the cluster's name
            assert found.accounts == state.accounts
    assert refused > 300


@pytest.mark.asyncio(loop_scope="module")
async def test_account_files_hold_the_state_and_the_programs(population: Population, tmp_path: Path) -> None:
    state = await transfer.read_state(population.engine)
    count = transfer.write_genesis(state, tmp_path / "genesis")
    files = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "genesis").iterdir()}
    assert len(files) == count == len(state.accounts) + 4  # two programs and their data
    assert files[str(at.vault())]["account"]["owner"] == str(at.EXCHANGE)
    with pytest.raises(InvalidInput, match="Name a new or empty directory"):
        transfer.write_genesis(state, tmp_path / "genesis")


def test_accounts_of_unknown_kinds_are_kept_whole() -> None:
    odd = (Held(bytes([1]) * 32, bytes(at.EXCHANGE), 5, b"odd"), Held(bytes([2]) * 32, bytes(32), 0, b""))
    state = State("somewhere", 1, 2, odd)
    assert snapshot.unpack(snapshot.pack(state)) == state
