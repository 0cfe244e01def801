"""The public build record: the account and the instruction as otter-verify lays them out.

The expected bytes are written down here by hand from the program's published source, not made by our encoder.
"""

from __future__ import annotations

from hashlib import sha256

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.deploy.otter import (
    OTTER_VERIFY,
    BuildRecord,
    decode,
    record_address,
    record_instruction,
    record_size,
)

SIGNER = Keypair.from_seed(b"s" * 32).pubkey()
PROGRAM = Keypair.from_seed(b"p" * 32).pubkey()
RECORD = BuildRecord("https://x.y/z", "ab12", ("--library-name", "oracle"), 258, "0.4")
PARAMETERS = (
    b"\x03\0\0\x000.4"
    b"\x0d\0\0\0https://x.y/z"
    b"\x04\0\0\0ab12"
    b"\x02\0\0\0"
    b"\x0e\0\0\0--library-name"
    b"\x06\0\0\0oracle"
    b"\x02\x01\0\0\0\0\0\0"
)
INITIALIZE = bytes([175, 175, 109, 31, 13, 152, 155, 237])
UPDATE = bytes([219, 200, 88, 176, 158, 63, 253, 127])


def test_the_instruction_is_the_programs_own() -> None:
    for exists, tag in ((False, INITIALIZE), (True, UPDATE)):
        made = record_instruction(SIGNER, PROGRAM, RECORD, exists=exists)
        assert made.program_id == OTTER_VERIFY
        assert bytes(made.data) == tag + PARAMETERS
        assert [(each.pubkey, each.is_signer, each.is_writable) for each in made.accounts] == [
            (record_address(SIGNER, PROGRAM), False, True),
            (SIGNER, True, True),
            (PROGRAM, False, False),
            (Pubkey.default(), False, False),
        ]


def test_the_address_follows_from_signer_and_program() -> None:
    seeds = [b"otter_verify", bytes(SIGNER), bytes(PROGRAM)]
    assert record_address(SIGNER, PROGRAM) == Pubkey.find_program_address(seeds, OTTER_VERIFY)[0]


def account() -> bytes:
    tag = sha256(b"account:BuildParams").digest()[:8]
    return tag + bytes(PROGRAM) + bytes(SIGNER) + PARAMETERS + b"\xfe"


def test_an_account_is_read_back() -> None:
    assert decode(account()) == (PROGRAM, SIGNER, RECORD)
    assert record_size(RECORD) == len(account())


@pytest.mark.parametrize("cut", [0, 7, 8, 72, 80, 100, 120])
def test_an_account_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="build record"):
        decode(account()[:cut])
