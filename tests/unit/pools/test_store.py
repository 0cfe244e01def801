"""What was committed is there again, whatever happened to the process or to a file."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from breakwater.errors import Fatal, InvalidInput, Retryable
from breakwater.pools.store import GENERATIONS, Store


def reopened(directory: Path, **options: int) -> Store:
    return Store(directory, **options)  # type: ignore[arg-type]


def abandon(store: Store) -> None:
    """End like a killed process: nothing is written any more, the lock is gone."""
    os.close(store._journal)
    store._lock.close()


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file grows beyond this: what a full disk does to whoever writes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_was_committed_survives_a_process_that_just_ends(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({"a": {"n": 1}, "b": [1, 2]})
    store.commit({"a": {"n": 2}, "b": None})
    abandon(store)
    again = Store(tmp_path)
    assert (again.documents, again.recovered) == ({"a": {"n": 2}}, [])
    again.close()


def test_a_kill_at_any_moment_loses_no_commit(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from breakwater.pools.store import Store\n"
        "store = Store(Path(sys.argv[1]), snapshot_every=7)\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    store.commit({'n': n, f'k{n % 5}': n})\n"
        "    print(n, flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = 0
        while said < 40:
            said = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        said = int((child.stdout.read() or f"{said}\n").split()[-1])
    store = Store(tmp_path)
    assert said <= store.documents["n"] <= said + 1
    assert store.documents[f"k{said % 5}"] >= said - 4
    store.close()


@pytest.mark.parametrize("damage", ["flipped", "truncated", "empty", "absent"])
def test_a_damaged_snapshot_is_restored_from_its_backup_without_loss_and_said_so(
    tmp_path: Path, damage: str
) -> None:
    store = Store(tmp_path, snapshot_every=3)
    for n in range(10):
        store.commit({"n": n, f"k{n}": n})
    abandon(store)
    newest = tmp_path / f"snapshot-{store._generation}.json"
    if damage == "flipped":
        content = bytearray(newest.read_bytes())
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    elif damage == "truncated":
        newest.write_bytes(newest.read_bytes()[:-5])
    elif damage == "empty":
        newest.write_bytes(b"")
    else:
        newest.unlink()
    again = Store(tmp_path)
    assert again.documents == {"n": 9, **{f"k{n}": n for n in range(10)}}
    assert bool(again.recovered)
    again.close()


def test_a_line_that_was_cut_off_was_never_committed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({"n": 1})
    abandon(store)
    journal = tmp_path / f"journal-{store._generation}.jsonl"
    journal.write_bytes(journal.read_bytes() + b'0123456789abcdef {"n": 2')
    again = Store(tmp_path)
    assert (again.documents, again.recovered) == ({"n": 1}, [])
    again.close()


def test_a_disk_that_is_full_refuses_the_commit_and_spoils_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({"n": 1})
    with room(store._size + 30), pytest.raises(Retryable, match="Make room at"):
        store.commit({"n": 2, "more": "x" * 100})
    assert store.documents == {"n": 1}
    store.commit({"n": 3})
    abandon(store)
    again = Store(tmp_path)
    assert (again.documents, again.recovered) == ({"n": 3}, [])
    again.close()


def test_without_room_for_a_generation_the_old_one_goes_on(tmp_path: Path) -> None:
    store = Store(tmp_path, snapshot_every=3)
    for n in range(2):
        store.commit({f"k{n}": "x" * 1_000})
    with room(2_500):
        for n in range(2, 5):
            store.commit({f"k{n}": n})
    abandon(store)
    again = Store(tmp_path)
    assert sorted(again.documents) == [f"k{n}" for n in range(5)]
    assert again.recovered == []
    again.close()


@pytest.mark.parametrize("damage", ["flipped", "truncated", "absent"])
def test_a_damaged_journal_is_restored_from_its_copy_without_loss_and_said_so(
    tmp_path: Path, damage: str
) -> None:
    store = Store(tmp_path)
    for n in range(10):
        store.commit({"n": n, f"k{n}": n})
    abandon(store)
    newest = tmp_path / f"journal-{store._generation}.jsonl"
    content = bytearray(newest.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
        newest.write_bytes(content)
    elif damage == "truncated":
        newest.write_bytes(content[: len(content) // 2])
    else:
        newest.unlink()
    again = Store(tmp_path)
    assert again.documents == {"n": 9, **{f"k{n}": n for n in range(10)}}
    assert [newest.name in each for each in again.recovered] == [True]
    again.close()


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({"n": 1})
    store.close()
    strange = [
        tmp_path / "snapshot-old.json",
        tmp_path / "journal-1 (copy).jsonl",
        tmp_path / "snapshot-².json",
    ]
    for path in strange:
        path.write_text("mine")
    again = Store(tmp_path)
    assert (again.documents, again.recovered) == ({"n": 1}, [])
    again.close()
    assert all(path.exists() for path in strange)


def test_a_directory_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Name another directory"):
        Store(tmp_path / "file" / "state")


def test_generations_rotate(tmp_path: Path) -> None:
    store = Store(tmp_path, snapshot_every=1)
    for n in range(20):
        store.commit({"n": n})
    kept = sorted(tmp_path.glob("snapshot-*.json"))
    assert len(kept) == GENERATIONS == len(list(tmp_path.glob("journal-*.jsonl")))
    store.close()


def test_when_nothing_is_whole_it_says_so_and_changes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.commit({"n": 1})
    store.close()
    for path in tmp_path.glob("snapshot-*.json"):
        path.write_bytes(b"x")
    with pytest.raises(Fatal, match="none of its 2 snapshots is whole"):
        Store(tmp_path)


def test_two_processes_do_not_share_a_directory(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(InvalidInput, match="End the other service first"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


def test_a_later_format_is_left_alone(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    from breakwater.pools import store as module

    for path in tmp_path.glob("snapshot-*.json"):
        body = json.dumps({"format": 99, "documents": {}}).encode()
        path.write_bytes(module._checked(body))
    with pytest.raises(InvalidInput, match="its format is 99"):
        Store(tmp_path)


def test_others_can_not_read_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "state").glob("*-*"))
    store.close()
