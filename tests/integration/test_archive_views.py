"""What `breakwater archive` says to people, beside what it tells machines, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from breakwater import archive

from .archive_town import Run, Town, named, open_town, runner, succeeds
from .conftest import refused


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    async with open_town(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return runner(capsys)


async def test_what_people_read_of_an_archive_is_what_machines_read(
    town: Town, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    ground, wanted = town.ground, town.live()
    where = ("--engine", town.node.url)
    chain = (*where, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(ground.key), "--yes")

    async def says(*arguments: object) -> str:
        status, out, err = await run(*arguments)
        assert status == 0, err
        return " ".join((out + err).split())

    count, markets = len(town.picked.positions), len(town.picked.markets)
    said = await says("prune", "--all", *chain, *keeper)
    assert f"positions │ {count} │ │ markets │ {markets} │" in said
    assert f"Archived {count} positions and {markets} markets in " in said
    for reason, number in town.picked.refused.items():
        assert f"not: {reason} │ {number} │" in said
    # markets whose last positions have just gone follow; then nothing is left
    assert "Archived 0 positions and " in await says("prune", "--all", *chain, *keeper)
    none = await says("prune", "--all", *chain, *keeper)
    assert "Archived 0 positions and 0 markets in 0 transactions." in none

    owner = ("--owner", wanted.owner, *chain)
    shares = int.from_bytes(wanted.content[64:72], "little")
    amount = f"{shares // 10**6}.{shares % 10**6:06d}"
    mine = {each["leaf"]: each for each in await succeeds(run, "list", *owner)}
    table = await says("list", *owner)
    for each in mine.values():
        kind = each["kind"] + (", leveraged" if each["leveraged"] else "")
        market = "gone" if each["market"] is None else each["market"]
        assert f"│ {each['leaf']} │ {market} │ {each['outcome']} │ {each['shares']} │ {kind} │" in table
    proven = await says("prove", *named(wanted), *owner)
    assert proven.startswith(f"A position of {amount} shares of outcome {wanted.outcome} (live) is leaf ")
    leaf = int(proven.partition(" is leaf ")[2].split()[0])
    assert mine[leaf]["shares"] == amount
    figures, shown = await succeeds(run, "stats", *chain), await says("stats", *chain)
    for name, value in (
        ("leaves", figures["leaves"]),
        ("positions that can come back", figures["kinds"]["live"]),
        ("claims on the chain", figures["claims"]),
        ("stored here, index and dictionaries included", figures["stored"]),
    ):
        assert f"{name} │ {value:,} │" in shown
    again = await says("rebuild", *chain)
    assert again.startswith(f"Rebuilt {figures['leaves']:,} leaves; their root is the chain's, ")
    settled = town.picked.markets[0][0]
    told = await says("prove", "--market", settled, *chain)
    assert f"Market {settled}, outcome " in told or f"Market {settled}, void, " in told

    key = ("--keypair", town.keypair(ground.owner_of(wanted)), "--yes")
    kept = await run("restore", "--market", settled, *chain, *key)
    assert refused(kept) == "Name a position: a market's record stays in the archive."
    assert await says("restore", *named(wanted), *chain, *key) == (
        f"Restored leaf {leaf}: the position is on the chain again, as it was."
    )
    back = ground.engine.get_account(wanted.address)
    assert back is not None
    assert back.data[8:] == wanted.content


async def test_a_file_of_the_exchange_is_checked_written_out_and_told_from_another_chain(
    town: Town, run: Run
) -> None:
    where, file = ("--engine", town.node.url), town.place / "exchange"
    status, out, err = await run("export", file, *where)
    root = out.strip().rpartition("root ")[2].rstrip(".")
    state = archive.unpack(file.read_bytes())
    assert (status, root) == (0, state.root), err
    assert out.startswith(
        f"{len(state.accounts):,} accounts as of slot {state.slot:,} in {file.stat().st_size:,}"
    )
    status, out, _ = await run("import", file, "--check", *where)
    assert (status, out) == (
        0, f"The chain holds exactly these {len(state.accounts):,} accounts; root {root}.\n",
    )  # fmt: skip
    status, out, err = await run("import", file, "--to", town.place / "genesis")
    assert (status, root in out) == (0, True), err
    start = f"solana-test-validator --reset --account-dir {town.place / 'genesis'} --warp-slot {state.slot}\n"
    assert start in err, "a command to copy is one line"
    assert f"{len(list((town.place / 'genesis').iterdir())):,} files." in err
    live = await succeeds(run, "snapshot", town.place / "live", *where)
    assert 0 < live["accounts"] < len(state.accounts)

    other = await run("import", town.place / "live", "--check", *where)
    assert (other[0], other[1]) == (
        1, f"The chain holds something else: its root is {root}, the file's {live['root']}.\n",
    )  # fmt: skip
    assert (await run("import", town.place / "live", "--check", *where, "--json"))[0] == 1
    for options in ((), ("--check", "--to", town.place / "x")):
        assert refused(await run("import", file, *options)).startswith("Say either --to DIR")
    file.write_bytes(file.read_bytes()[:-1])
    assert refused(await run("import", file, "--check", *where)).startswith("Name another file: this is no")
    assert refused(await run("import", town.place / "none", "--check")).endswith(
        "none: no such file, directory or program."
    )


async def test_whoever_names_no_leaf_or_not_their_own_archive_is_told_what_to_name(
    town: Town, run: Run
) -> None:
    chain = ("--engine", town.node.url, "--store", town.place / "store")
    keeper = ("--keypair", town.keypair(town.ground.key), "--yes")
    for arguments, sentence in (
        (("prove",), "Name a leaf: --leaf, --proof, or --market and for a position --outcome."),
        (("prove", "--market", 1, "--outcome", 0), "Name the position's owner with --owner, or your key"),
        (("list",), "Name the positions' owner with --owner, or your key with --keypair."),
        (("list", "--owner", "me"), "Give an address in base58, not 'me'."),
        (("list", "--archive", 7), ""),
    ):
        assert refused(await run(*arguments, *chain)).startswith(sentence)
    await succeeds(run, "prune", "--all", *chain, *keeper)
    file = town.place / "proof.json"
    document = await succeeds(run, "prove", *named(town.live()), "--owner", town.live().owner, *chain)
    file.write_text(json.dumps(document | {"archive": 1}))
    assert refused(await run("verify", "--proof", file, *chain)) == (
        "Say --archive 1: the proof is of a leaf of that one."
    )
    early = refused(await run("open", "--archive", 1, "--engine", town.node.url, *keeper))
    assert early.startswith("ArchiveOutOfOrder")
