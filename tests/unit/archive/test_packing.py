"""Transactions are filled as far as the chain lets them be, and never further."""

from __future__ import annotations

import random
from itertools import pairwise

from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.message import Message
from solders.pubkey import Pubkey

from breakwater.archive.leaves import DONE
from breakwater.archive.packing import BATCH, batches, instructions_of
from breakwater.archive.picking import Candidate
from breakwater.chain import addresses as at
from breakwater.chain.queries import PACKET

rng = random.Random(2)
KEEPER = Pubkey.from_bytes(rng.randbytes(32))
SIGNATURE = 65


def candidate(owner: Pubkey, market: int, outcome: int, kind: int = 0) -> Candidate:
    address = at.position(at.trader(owner), at.market(market), outcome, kind)
    return Candidate(address, owner, market, outcome, kind, DONE, b"")


def size(batch: list[Candidate]) -> int:
    budget = [set_compute_unit_limit(1_400_000), set_compute_unit_price(1)]
    calls = [*budget, *instructions_of(batch, KEEPER, 0)]
    return SIGNATURE + len(bytes(Message.new_with_blockhash(calls, KEEPER, Hash.default())))


def check(candidates: list[Candidate]) -> list[int]:
    packed = [list(each) for each in batches(candidates, KEEPER, 0)]
    assert [each for batch in packed for each in batch] == candidates
    for batch in packed:
        assert size(batch) <= PACKET
        assert len(batch) <= BATCH
    # the next one would not have fitted
    for batch, following in pairwise(packed):
        assert len(batch) == BATCH or size([*batch, following[0]]) > PACKET - 8
    return [len(batch) for batch in packed]


def test_positions_of_different_owners_in_one_market() -> None:
    owners = [Pubkey.from_bytes(rng.randbytes(32)) for _ in range(40)]
    assert max(check([candidate(owner, 1, 0) for owner in owners])) == 9


def test_an_owner_with_many_positions_fills_the_log_first() -> None:
    owner = Pubkey.from_bytes(rng.randbytes(32))
    assert check([candidate(owner, 1, outcome, kind) for outcome in range(16) for kind in (0, 1)]) == [18, 14]


def test_several_markets_share_a_transaction() -> None:
    owners = [Pubkey.from_bytes(rng.randbytes(32)) for _ in range(3)]
    counts = check([candidate(rng.choice(owners), market, 0) for market in range(60)])
    assert min(counts[:-1]) > 5
