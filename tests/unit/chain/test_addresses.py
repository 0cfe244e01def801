"""Addresses follow one table, which agrees with the programs and with another implementation."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.bench.addresses import derive_many
from breakwater.chain import addresses as at
from breakwater.chain import programs

ROOT = Path(__file__).resolve().parents[3]
TYPES: dict[str, Any] = {
    "address": Pubkey.from_bytes,
    "bytes32": bytes,
    "u8": lambda raw: raw[0],
} | {"u64": lambda raw: int.from_bytes(raw, "little")}


def test_every_address_is_the_one_that_hashing_by_hand_finds() -> None:
    rows = json.loads((ROOT / "tests" / "vectors" / "addresses.json").read_text())["rows"]
    assert {kind for kind, *_ in rows} == set(at.TABLE)
    for kind, seeds, address, bump in rows:
        row = at.TABLE[kind]
        pairs = zip(row.seeds, seeds, strict=True)
        values = tuple(TYPES[each](bytes.fromhex(seed)) for (_, each), seed in pairs)
        assert bytes(at.derive(kind, *values)).hex() == address
        assert Pubkey.find_program_address(row.encode(values), row.program)[1] == bump


def test_the_committed_vectors_are_what_the_script_makes() -> None:
    script = ROOT / "scripts" / "generate_addresses.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def declared() -> list[tuple[str, str, list[Any]]]:
    """Program, account and seeds of every address that an IDL says how to derive."""
    return [
        (program, account["name"], account["pda"]["seeds"])
        for program in programs.SHIPPED_NAMES
        for instruction in programs.idl(program)["instructions"]
        for account in instruction["accounts"]
        if "pda" in account
    ]


@pytest.mark.parametrize(("program", "account", "seeds"), declared())
def test_what_an_idl_declares_is_a_row_of_the_table(program: str, account: str, seeds: list[Any]) -> None:
    names = {"vault_a": "pool_vault", "vault_b": "pool_vault"} | {
        "lp_mint_a": "pool_lp_mint",
        "lp_mint_b": "pool_lp_mint",
    }
    row = at.TABLE[names.get(account, account)]
    assert row.program == programs.address(program)
    assert bytes(seeds[0]["value"]) == row.text
    others = [each.get("path") for each in seeds[1:]]
    assert len(others) == len(row.seeds)
    aliases = {"id": {"id", "number", "name"}}
    for path, (name, _) in zip(others, row.seeds, strict=True):
        assert path is None or path == name or name in aliases.get(path, set())


def test_the_functions_are_rows_of_the_table() -> None:
    owner, market = Keypair().pubkey(), at.market(7)
    trader = at.trader(owner)
    assert trader == at.derive("trader", owner)
    assert at.position(trader, market, 3, 1) == at.derive("position", trader, market, 3, 1)
    assert at.feed("BTC/USD") == at.derive("feed", at.feed_id("BTC/USD"))


def test_an_address_is_derived_once() -> None:
    owner = Keypair().pubkey()
    at.trader(owner)
    before = at.derive.cache_info().hits
    assert at.trader(owner) is at.trader(owner)
    assert at.derive.cache_info().hits == before + 2


@pytest.mark.parametrize("values", [(), (1, 2)])
def test_too_few_or_too_many_seeds_are_refused(values: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="zip"):
        at.derive("market", *values)


def test_no_two_of_twenty_thousand_addresses_are_the_same_and_all_are_those_of_rust() -> None:
    figures = derive_many(20_000, processes=1)
    assert (figures.derived, figures.collisions) == (20_000, 0)
    assert set(figures.kinds) == {kind for kind, row in at.TABLE.items() if row.seeds}
    known = json.loads((ROOT / "tests" / "vectors" / "digests" / "addresses.json").read_text())
    assert figures.digest == known["20000"]
