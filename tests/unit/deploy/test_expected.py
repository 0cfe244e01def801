"""The file that says what to expect: typed, with the launch's defaults, and strict."""

from __future__ import annotations

from pathlib import Path

import pytest

from breakwater.chain import addresses as at
from breakwater.chain.instructions import Rules
from breakwater.deploy import Expected
from breakwater.errors import InvalidInput


def test_no_file_expects_the_rules_of_the_launch() -> None:
    expected = Expected.read(None)
    assert (expected.rules.fee_base_ppm, expected.rules.fee_slope_ppm) == (300, 2_500)
    assert expected.rules == Rules()
    assert expected.keys.mmt_supply == 100_000_000 * 10**9
    assert expected.feeds == ()


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "genesis.toml"
    file.write_text(
        f"""
        [rules]
        fee_base_ppm = 500
        [keys]
        operator = "{at.ORACLE}"
        [[feeds]]
        name = "BTC/USD"
        publisher = "{at.EXCHANGE}"
        """
    )
    expected = Expected.read(file)
    assert expected.rules == Rules(fee_base_ppm=500)
    assert expected.keys.operator == str(at.ORACLE)
    assert [(each.name, each.publisher, each.authority) for each in expected.feeds] == [
        ("BTC/USD", str(at.EXCHANGE), None)
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[rules]\nfee = 3", "rules.fee"),
        ('[rules]\nfee_base_ppm = "many"', "rules.fee_base_ppm"),
        ('[keys]\noperator = "0O"', "keys.operator"),
        ("[[feeds]]\n", "feeds.0.name"),
        ("[other]\n", "other"),
        ("rules = [", "no TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, where: str) -> None:
    file = tmp_path / "genesis.toml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=where):
        Expected.read(file)


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Name a file that exists"):
        Expected.read(tmp_path / "none.toml")
