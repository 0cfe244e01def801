"""The store loses nothing: contents, leaves and their tree come back from the journal alone, to the bit."""

from __future__ import annotations

import random
import resource
import struct
from pathlib import Path

import pytest

from breakwater.archive.leaves import DONE, HIDDEN, LIVE, MARKET, SPENT, Appended, Hidden, Leaf, Replaced
from breakwater.archive.store import Store
from breakwater.archive.tree import Tree
from breakwater.chain import accounts
from breakwater.errors import Fatal, InvalidInput

CLUSTER = "test cluster"
rng = random.Random(11)
TRADERS = [rng.randbytes(32) for _ in range(20)]
MARKETS = [rng.randbytes(32) for _ in range(5)]


def position(number: int) -> bytes:
    """A content; each number makes another."""
    own = random.Random(number)
    shares, slot = own.randrange(10**9), 400_000_000 + number
    numbers = (shares, own.randrange(shares + 1), 0, slot, own.randrange(2), 0, 0, 0, slot)
    return struct.pack("<32s32sQQQQBBBBI", own.choice(TRADERS), own.choice(MARKETS), *numbers)


def market(number: int) -> bytes:
    """A market's content; only its first fields differ."""
    size = accounts.size_of("Market") - 8
    return (MARKETS[0] + TRADERS[0] + struct.pack("<QQ", number, 10**12 + number)).ljust(size, b"\0")


def opened(directory: Path) -> Store:
    return Store(directory, cluster=CLUSTER)


def appended(sequence: int, index: int, kind: int, contents: list[bytes]) -> Appended:
    return Appended(sequence, index, tuple(Leaf(kind, each) for each in contents))


def filled(directory: Path) -> tuple[Store, Tree, list[bytes]]:
    """A store with positions, a market and an emptied leaf; the tree and contents that it should have."""
    store, tree = opened(directory), Tree(20, 10)
    contents = [position(n) for n in range(300)]
    store.prepare(LIVE, contents)
    changes: list[Appended | Replaced] = []
    for i in range(0, 300, 9):
        changes.append(appended(len(changes) + 1, i, LIVE, contents[i : i + 9]))
    store.land(changes, cursor=(5, "five"))
    store.land([appended(35, 300, MARKET, [market(7)])])
    store.land([Replaced(36, 11, SPENT), Replaced(37, 12, DONE)], cursor=(9, "nine"))
    for i in range(0, 300, 9):
        tree.append(Leaf(LIVE, each).node for each in contents[i : i + 9])
    tree.append([Leaf(MARKET, market(7)).node])
    tree.replace(11, bytes(32))
    tree.replace(12, Leaf(DONE, contents[12]).node)
    return store, tree, contents


def check(store: Store, tree: Tree, contents: list[bytes]) -> None:
    assert (store.sequence, store.length, store.pending) == (37, 301, 0)
    assert store.cursor == (9, "nine")
    assert store.tree.root == tree.root
    assert store.proof(200) == tree.proof(200)
    assert store.leaf(300) == Leaf(MARKET, market(7))
    assert store.leaf(11) == Leaf(SPENT, contents[11])
    assert store.leaf(12) == Leaf(DONE, contents[12])
    assert [leaf.content for leaf in store][:300] == contents
    mine = {index: leaf.content for index, leaf in store.find(TRADERS[3])}
    assert mine == {n: each for n, each in enumerate(contents) if each[:32] == TRADERS[3]}
    ((index, leaf),) = store.find_market(7)
    assert (index, leaf.content) == (300, market(7))


def test_what_was_archived_is_found_and_proven(tmp_path: Path) -> None:
    store, tree, contents = filled(tmp_path)
    with store:
        check(store, tree, contents)


def test_a_store_that_is_opened_again_is_the_same(tmp_path: Path) -> None:
    store, tree, contents = filled(tmp_path)
    store.close()
    with opened(tmp_path) as again:
        check(again, tree, contents)


@pytest.mark.parametrize("damage", ["absent", "empty", "rubbish", "torn", "old"])
def test_the_index_is_made_again_from_the_journal(tmp_path: Path, damage: str) -> None:
    store, tree, contents = filled(tmp_path)
    store.close()
    index = tmp_path / "index"
    if damage == "absent":
        index.unlink()
    elif damage == "old":
        Store(tmp_path / "other", cluster=CLUSTER).close()
        index.write_bytes((tmp_path / "other" / "index").read_bytes())
    elif damage == "torn":
        raw = index.read_bytes()
        index.write_bytes(raw[:2_048] + bytes(2_048) + raw[4_096:])
    else:
        index.write_bytes(b"" if damage == "empty" else b"no database" * 400)
    with opened(tmp_path) as again:
        check(again, tree, contents)


def test_contents_are_kept_before_anything_is_known_of_them(tmp_path: Path) -> None:
    contents = [position(n) for n in range(30)]
    with opened(tmp_path) as store:
        store.prepare(LIVE, contents)
        assert (store.length, store.pending) == (0, 30)
        size = store.size["journal"]
        store.prepare(LIVE, contents)
        assert store.size["journal"] == size
    with opened(tmp_path) as again:
        assert again.pending == 30
        again.land([appended(1, 0, LIVE, contents[:7])])
        assert (again.length, again.pending) == (7, 23)


def test_half_a_frame_at_the_end_is_cut_off(tmp_path: Path) -> None:
    store, tree, contents = filled(tmp_path)
    store.close()
    journal = tmp_path / "journal"
    whole = journal.read_bytes()
    for cut in (1, 4, 9, 13):
        journal.write_bytes(whole + b"S" + (1_000).to_bytes(4, "little") + bytes(cut))
        with opened(tmp_path) as again:
            check(again, tree, contents)
        assert journal.read_bytes() == whole


def test_damage_in_the_middle_is_never_passed_over(tmp_path: Path) -> None:
    store, _, _ = filled(tmp_path)
    store.close()
    journal = tmp_path / "journal"
    raw = bytearray(journal.read_bytes())
    raw[300] ^= 1
    journal.write_bytes(raw)
    (tmp_path / "index").unlink()
    with pytest.raises(Fatal, match="is damaged"):
        opened(tmp_path)


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    store, tree, contents = filled(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    more = [position(n) for n in range(1_000, 1_300)]
    with store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (store.size["journal"] + 300, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                store.prepare(DONE, more)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with opened(tmp_path) as again:
        check(again, tree, contents)
        again.prepare(DONE, more)
        again.land([appended(38, 301, DONE, more)])
        assert [leaf.content for leaf in again][301:] == more


def test_a_gap_in_what_the_chain_did_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        with pytest.raises(Fatal, match="change 1 of the archive is missing"):
            store.land([appended(2, 0, LIVE, [position(1)])])
        with pytest.raises(Fatal, match="leaf 0 of the archive is missing"):
            store.land([appended(1, 3, LIVE, [position(1)])])
        with pytest.raises(Fatal, match="leaf 0 can't have been replaced"):
            store.land([Replaced(1, 0, SPENT)])
        assert (store.sequence, store.length) == (0, 0)


def test_a_store_is_of_one_archive_and_of_one_process(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(InvalidInput, match="End the other command first"):
        opened(tmp_path)
    with pytest.raises(InvalidInput, match="is the archive of test cluster 0"):
        Store(tmp_path, cluster="another")


def test_another_clusters_store_goes_on_here_without_its_place_in_the_history(tmp_path: Path) -> None:
    old, tree, contents = filled(tmp_path / "old")
    with old, Store(tmp_path / "new", cluster="another") as new:
        new.take_over(old)
        assert (new.sequence, new.length, new.pending, new.cursor) == (37, 301, 0, (0, ""))
        assert (list(new), new.tree.root) == (list(old), tree.root)
        new.land([appended(38, 301, LIVE, [position(900)])], cursor=(1, "first"))
        with pytest.raises(InvalidInput, match="has contents already"):
            new.take_over(old)
    with Store(tmp_path / "new", cluster="another") as again:
        assert (again.length, again.cursor) == (302, (1, "first"))
        assert again.leaf(200).content == contents[200]


def test_a_content_that_came_back_and_was_archived_again_has_two_leaves(tmp_path: Path) -> None:
    content = position(4)
    with opened(tmp_path) as store:
        store.land([appended(1, 0, LIVE, [content])])
        store.land([Replaced(2, 0, SPENT)])
        store.prepare(LIVE, [content])
        store.land([appended(3, 1, LIVE, [content])])
        assert {n: leaf.kind for n, leaf in store.find(content[:32])} == {0: SPENT, 1: LIVE}


def test_leaves_that_no_log_told_keep_their_places_and_what_is_known_above_them(tmp_path: Path) -> None:
    contents, secrets = [position(n) for n in range(6)], [Leaf(LIVE, position(n)) for n in (90, 91, 92)]
    tree = Tree(20, 10)
    tree.append(Leaf(LIVE, each).node for each in contents[:2])
    tree.append(each.node for each in secrets)
    tree.append(Leaf(LIVE, each).node for each in contents[2:])
    with opened(tmp_path) as store:
        store.land([appended(1, 0, LIVE, contents[:2]), Hidden(2, 2, 1, 3)])
        assert (store.sequence, store.length, store.hidden, store.doubtful) == (2, 5, 3, False)
        store.land([appended(3, 5, LIVE, contents[2:])])
        assert store.tree.root is None
        with pytest.raises(Fatal, match="Ask somebody who has followed the archive for a proof of leaf 0"):
            store.proof(0)
        places = [(1, 1), (0, 4), (10, 0)]
        store.learn((*place, node) for place in places if (node := tree._node(*place)) is not None)
        assert store.tree.root == tree.root
    with opened(tmp_path) as again:
        assert again.tree.root == tree.root
        for index in (0, 1, 5, 8):
            assert again.proof(index) == tree.proof(index)
        assert [leaf.kind for leaf in again] == [LIVE] * 2 + [HIDDEN] * 3 + [LIVE] * 4
        # one of them is used up; what was above it is not what it was
        again.land([Replaced(4, 3, SPENT)])
        assert again.leaf(3) == Leaf(SPENT, b"")
        with pytest.raises(Fatal, match="for a proof of leaf 0"):
            again.proof(0)
    with opened(tmp_path) as once_more, pytest.raises(Fatal, match="for a proof of leaf 0"):
        once_more.proof(0)


def test_changes_of_which_some_may_have_replaced_leaves_leave_doubts(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.land([appended(1, 0, LIVE, [position(0)]), Hidden(3, 1, 2, 2)])
        assert store.doubtful
    with opened(tmp_path) as again:
        assert (again.doubtful, again.hidden) == (True, 2)
