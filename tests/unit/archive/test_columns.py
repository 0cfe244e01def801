"""Columns come back to the bit whatever is in them, and are short where there is something to save."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.archive.columns import Column, Reader, decode, encode
from breakwater.errors import Fatal

WORD = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 3)
VALUES = st.one_of(
    st.lists(WORD, min_size=1, max_size=80),
    st.lists(SMALL, min_size=1, max_size=200),
    st.lists(st.integers(2**63 - 2, 2**63 + 2), min_size=1, max_size=80),
    st.lists(st.tuples(WORD, st.integers(1, 30)), min_size=1, max_size=9).map(
        lambda runs: [value for value, length in runs for _ in range(length)]
    ),
    st.lists(SMALL.map(lambda x: x * 10**18), min_size=1, max_size=80),
    # zeros, round lots and amounts of every size, so many that they are told apart by their sizes
    st.lists(
        st.one_of(
            st.just(0),
            st.sampled_from([5 * 10**6, 10**7, 10**8]),
            st.integers(0, 40_000).map(lambda x: x * 10**4),
            st.integers(0, 64).map(lambda bits: (1 << bits) - 1),
            WORD,
        ),
        min_size=64,
        max_size=160,
    ),
)


def noise(n: int) -> int:
    """Some 40 bits that look like chance."""
    return n * 0x9E3779B97F4A7C15 % 2**64 >> 24


def column(values: list[int]) -> Column:
    return np.array(values, np.uint64)


@settings(max_examples=300, deadline=None)
@given(VALUES, st.booleans())
def test_every_column_comes_back(values: list[int], dense: bool) -> None:
    raw = encode(column(values), dense=dense)
    reader = Reader(raw + b"behind")
    assert decode(reader, len(values)).tolist() == values
    assert reader.take(6) == b"behind"


@pytest.mark.parametrize(
    ("values", "most"),
    [
        ([7] * 5_000, 2),  # constant
        (list(range(10**12, 10**12 + 5_000)), 30),  # a steady step
        ([number // 50 for number in range(5_000)], 30),  # runs
        ([number * 37 % 101 * 10**6 for number in range(5_000)], 4_500),  # round amounts
        (  # nothing, a round lot, whole cents or any amount
            [
                (0, 5 * 10**6, noise(n) % 2**15 * 10**4, noise(n) % 2**26)[(0, 0, 0, 1, 1, 2, 2, 3)[n % 8]]
                for n in range(4_000)
            ],
            4_000 + 2 * 4_000 // 8 * 15 // 8 + 4_000 // 8 * 26 // 8,
        ),
        ([hash_ % 2**26 for hash_ in (n * 0x9E3779B97F4A7C15 % 2**64 >> 20 for n in range(5_000))], 16_400),
    ],
)
def test_what_can_be_saved_is_saved(values: list[int], most: int) -> None:
    assert len(encode(column(values))) <= most


@pytest.mark.parametrize(
    "values",
    [list(range(0, 3_000, 7)), [noise(n) >> (n % 4 * 10) for n in range(429)]],
    ids=["steps", "sizes"],
)
def test_a_column_that_was_cut_is_an_error(values: list[int]) -> None:
    raw = encode(column(values))
    for end in range(len(raw)):
        with pytest.raises(Fatal, match="Restore the file"):
            decode(Reader(raw[:end]), 429)
