"""Accounts are told apart by their first eight bytes, and decoded as what they are."""

from __future__ import annotations

import struct

import pytest

from breakwater.chain import kinds, programs
from breakwater.errors import InvalidInput


def test_every_kind_is_an_account_of_the_idls() -> None:
    declared = {each["name"] for name in programs.NAMES for each in programs.idl(name)["accounts"]}
    assert set(kinds.KINDS) <= declared
    assert len({kinds.discriminator(name) for name in kinds.KINDS}) == len(kinds.KINDS)


def test_a_stop_is_read_as_the_program_writes_it() -> None:
    body = struct.pack("<32s32sQQIIIB3x", bytes([9]) * 32, bytes([4]) * 32, 5, 6, 7, 8, 3, 1)
    data = kinds.discriminator("Stop") + body
    assert kinds.decode(data) == ("Stop", kinds.Stop(bytes([9]) * 32, 5, 6, 7, 8, 1, bytes([4]) * 32, 3))


def test_what_nobody_follows_is_nothing() -> None:
    assert kinds.decode(bytes(64)) is None
    assert kinds.decode(b"") is None


def test_a_cut_account_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Pass a Stop account"):
        kinds.decode(kinds.discriminator("Stop") + bytes(3))
