"""The archive on a validator that began with another cluster's exchange: kills, refusals, and equal roots."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair

from breakwater import archive, config
from breakwater.chain.engine import LocalEngine
from breakwater.chain.queries import read
from breakwater.chain.sender import Sender
from breakwater.cli import main

from .archive_driver import STEPS
from .archive_ground import Ground
from .conftest import refused

pytestmark = pytest.mark.local
DRIVER = Path(__file__).with_name("archive_driver.py")


class Moved:
    """An exchange that was exported from one chain and is on another, its traders' keys, and a store."""

    def __init__(
        self, ground: Ground, engine: LocalEngine, loop: asyncio.AbstractEventLoop, place: Path
    ) -> None:
        self.ground, self.engine, self.loop, self.place = ground, engine, loop, place
        self.file, self.store = place / "exchange", place / "store"
        self.cluster = self.wait(archive.place_of(engine, place))[1]

    def wait(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def keypair(self, key: Keypair) -> Path:
        """A key pair's file; it has lamports."""
        file = self.place / f"{key.pubkey()}.json"
        if not file.exists():
            file.write_text(json.dumps(list(bytes(key))))
            self.wait(self.engine.airdrop(key.pubkey(), 10**10))
        return file

    def pick(self, market: int | None = None) -> archive.Picked:
        books = self.wait(archive.read_exchange(self.engine, None))
        return archive.pick(books, self.ground.key.pubkey(), market=market)

    def prune(self, picked: archive.Picked) -> archive.Pruned:
        with archive.Store(self.store, cluster=self.cluster) as store:
            done: archive.Pruned = self.wait(
                archive.Archive(self.engine, store).prune(Sender(self.engine), self.ground.key, picked)
            )
        return done


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    place = tmp_path_factory.mktemp("moved")
    loop = asyncio.new_event_loop()
    ground = loop.run_until_complete(Ground.make(place / "first", orders=220, markets=14, settled=0.6))
    state = loop.run_until_complete(archive.read_state(ground.engine))
    (place / "exchange").write_bytes(archive.pack(state))
    archive.write_genesis(archive.unpack((place / "exchange").read_bytes()), place / "genesis")
    start = LocalEngine.start(
        config.settings().validator_path(),
        account_dir=place / "genesis",
        warp_slot=state.slot,
        ticks_per_slot=16,
    )
    engine = loop.run_until_complete(start)
    try:
        made = Moved(ground, engine, loop, place)
        made.keypair(ground.key)
        yield made
    finally:
        loop.run_until_complete(engine.close())
        loop.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """`breakwater archive` with arguments."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(["archive", *map(str, arguments)])
    assert isinstance(stopped.value.code, int)
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def test_the_exchange_is_on_the_other_cluster_with_the_same_root(
    moved: Moved, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = ("--engine", moved.engine.url, "--json")
    status, out, err = run(capsys, "import", moved.file, "--check", *engine)
    assert status == 0, err
    assert json.loads(out)["same"] is True
    status, out, err = run(capsys, "export", moved.place / "again", *engine)
    assert status == 0, err
    again, first = json.loads(out), archive.unpack(moved.file.read_bytes())
    assert again["root"] == first.root
    assert again["cluster"] != first.cluster


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_loses_nothing_and_archives_nothing_twice(moved: Moved, step: str) -> None:
    markets = Counter(each.market for each in moved.pick().positions)
    market, _ = markets.most_common()[-1]
    picked = moved.pick(market)
    keypair = moved.keypair(moved.ground.key)
    command = [
        sys.executable,
        DRIVER,
        moved.engine.url,
        keypair,
        moved.store,
        moved.cluster,
        str(market),
        step,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    killed = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    moved.prune(moved.pick(market))
    assert not moved.pick(market).positions
    with archive.Store(moved.store, cluster=moved.cluster) as store:
        now = moved.wait(archive.Archive(moved.engine, store).sync())
        assert (store.length, store.tree.root, store.pending) == (now.length, now.root, 0)
        contents = Counter(leaf.content for leaf in store)
        assert set(contents.values()) == {1}
        assert {each.content for each in picked.positions} <= set(contents)


def test_what_a_user_does_wrong_is_refused_with_its_own_error(
    moved: Moved, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = ("--engine", moved.engine.url, "--store", moved.store)
    picked = moved.pick()
    wanted = next(each for each in picked.positions if each.leaf == archive.LIVE)
    moved.prune(picked)
    owner = moved.keypair(moved.ground.owner_of(wanted))
    which: tuple[object, ...] = ("--market", wanted.market, "--outcome", wanted.outcome)
    which += ("--leveraged",) if wanted.kind else ()
    status, out, err = run(capsys, "prove", *which, "--keypair", owner, *engine, "--json")
    assert status == 0, err
    proof = json.loads(out)
    assert bytes.fromhex(proof["content"]) == wanted.content
    status, out, err = run(capsys, "verify", *which, "--owner", wanted.owner, *engine)
    assert (status, out.startswith("The program agrees.")) == (0, True), err

    status, out, err = run(capsys, "list", "--owner", wanted.owner, *engine, "--json")
    assert status == 0, err
    mine = {each["leaf"]: each for each in json.loads(out)}
    assert mine[proof["index"]]["kind"] == "live"
    assert mine[proof["index"]]["market"] == wanted.market

    def given(**changes: Any) -> Path:
        file = moved.place / "proof.json"
        file.write_text(json.dumps(proof | changes))
        return file

    for name, changes in {
        "WrongProof": {"siblings": ["00" * 32, *proof["siblings"][1:]]},
        "TruncatedProof": {"siblings": proof["siblings"][1:]},
        "OverlongProof": {"siblings": [*proof["siblings"], "00" * 32]},
        "UnknownRoot": {"sequence": proof["sequence"] + 5},
        "LeafOutOfRange": {"index": 10**6},
    }.items():
        file = given(**changes)
        assert refused(run(capsys, "verify", "--proof", file, *engine)).startswith(name)
        restored = run(capsys, "restore", "--proof", file, "--keypair", owner, "--yes", *engine)
        assert refused(restored).startswith(name)
    stranger = next(each for each in moved.ground.population.traders if each.pubkey() != wanted.owner)
    thief = ("--keypair", moved.keypair(stranger), "--yes", *engine)
    assert refused(run(capsys, "restore", "--proof", given(), *thief)).startswith("NotOwner")
    assert "does not make its leaf" in refused(run(capsys, "verify", "--proof", given(content="00"), *engine))
    (moved.place / "proof.json").write_text("{}")
    assert "is no proof" in refused(run(capsys, "verify", "--proof", moved.place / "proof.json", *engine))

    own = ("--proof", given(), "--keypair", owner, "--yes", *engine)
    status, out, err = run(capsys, "restore", *own)
    assert status == 0, err
    (data,) = moved.wait(read(moved.engine, [wanted.address]))
    assert data[8:] == wanted.content
    assert refused(run(capsys, "restore", *own)).startswith("AccountAlreadyInUse")
    assert refused(run(capsys, "verify", "--proof", given(), *engine)).startswith("LeafSpent")


def test_the_figures_and_a_store_made_from_the_chain_agree(
    moved: Moved, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = ("--engine", moved.engine.url, "--store", moved.store, "--json")
    status, out, err = run(capsys, "stats", *engine)
    assert status == 0, err
    figures = json.loads(out)
    assert figures["leaves"] == sum(figures["kinds"].values())
    assert figures["claims"] == figures["kinds"]["live"]
    for how in ((), ("--from-chain",)):
        status, out, err = run(capsys, "rebuild", *how, *engine)
        assert status == 0, err
        assert json.loads(out)["leaves"] == figures["leaves"]
        again = json.loads(run(capsys, "stats", *engine)[1])
        assert (again["kinds"], again["claims"]) == (figures["kinds"], figures["claims"])
