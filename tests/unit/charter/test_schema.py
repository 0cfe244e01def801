"""The genesis file: typed, with the launch's defaults, and strict about what the programs would refuse."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import mmt_mint
from breakwater.chain.instructions import Rules
from breakwater.chain.mmt_instructions import MMT, MmtRules
from breakwater.charter import Charter, default_text
from breakwater.errors import InvalidInput


def test_no_file_is_the_rules_of_the_launch() -> None:
    charter = Charter.read(None)
    assert (charter.start.coverage, charter.start.vault) == (0, 0)
    assert (charter.rules.fee_base_ppm, charter.rules.fee_slope_ppm) == (300, 2_500)
    assert charter.rules.partial_ppm == 300_000
    assert (charter.token.supply, charter.token.decimals, charter.token.sunk) == (100_000_000, 9, 90_000_000)
    assert charter.token.season_slots == 38_880_000
    assert (charter.rules, charter.mmt, charter.feeds) == (Rules(), MmtRules(), ())


def test_the_file_with_every_name_in_it_is_the_defaults() -> None:
    text = default_text()
    assert Charter.model_validate(tomllib.loads(text)) == Charter()
    named = [line.lstrip("# ").split(" = ")[0] for line in text.splitlines() if " = " in line]
    fields = Charter.model_json_schema()["$defs"].values()
    assert set(named) == {name for each in fields for name in each["properties"]}


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "genesis.toml"
    file.write_text(
        f"""
        [rules]
        fee_base_ppm = 500
        [mmt]
        min_bond = 5_000_000_000
        [keys]
        operator = "{at.ORACLE}"
        [[feeds]]
        name = "BTC/USD"
        publisher = "{at.EXCHANGE}"
        """
    )
    charter = Charter.read(file)
    assert charter.rules == Rules(fee_base_ppm=500)
    assert charter.mmt == MmtRules(min_bond=5 * MMT)
    assert charter.keys.operator == str(at.ORACLE)
    assert [(each.name, each.publisher, each.authority) for each in charter.feeds] == [
        ("BTC/USD", str(at.EXCHANGE), None)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rules]\nfee = 3", "Correct rules.fee in"),
        ('[rules]\nfee_base_ppm = "many"', "Correct rules.fee_base_ppm in"),
        ("[rules]\nfee_base_ppm = 100_001", "fee_base_ppm is from 0 to 100000, not 100001"),
        ("[rules]\nfee_slope_ppm = 99_701", "fee_slope_ppm is from 0 to 99700, not 99701"),
        ("[rules]\npartial_ppm = 0", "partial_ppm is from 1 to 1000000, not 0"),
        ("[rules]\nmin_coverage_q32 = 5", "min_coverage_q32 is from 536870912"),
        (
            "[mmt]\nrates = [300_000_000, 0, 0, 0, 0, 0, 0, 0]",
            "rates emit 11664000000000000 over all seasons",
        ),
        ("[mmt]\nrates = [1, 2]", "rates has 8 numbers, not 2"),
        ("[mmt]\ntiers = [2, 1, 3]", "tiers ascend"),
        ("[mmt]\nexclusive_slots = 11", "exclusive_slots is from 0 to 10, not 11"),
        ("[mmt]\nmin_bond = -1", "min_bond is from 0"),
        ("[bootstrap]\nmin_fee = 0", "min_fee is from 1 to 20000000, not 0"),
        ("[bootstrap]\ntrade_credits = 6", "trade_credits is a multiple of 4, not 6"),
        ("[bootstrap]\nmining_slots = 38_880_000", "and bootstrap pays 1599999.*, and the pool holds"),
        ("[start]\nvault = 1", "Correct start.vault in"),
        ("[token]\nsupply = 99_000_000", "Correct token.supply in"),
        ("[token]\nseason_slots = 38_880_001", "Correct token.season_slots in"),
        ('[keys]\noperator = "0O"', "Correct keys.operator in .*: this is no base58 address"),
        ("[[feeds]]\n", "Correct feeds.0.name in"),
        (f'[[feeds]]\nname = "{"x" * 33}"', "a feed's name has at most 32 bytes"),
        ('[[feeds]]\nname = "BTC\\u001b[2J"', "a feed's name has printable characters only"),
        ("[other]\n", "Correct other in"),
        ("rules = [", "it is no TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "genesis.toml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=said):
        Charter.read(file)


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Name a file that exists"):
        Charter.read(tmp_path / "none.toml")


def test_what_is_left_open_is_the_payers_and_a_summary_is_read_back(tmp_path: Path) -> None:
    payer, stranger = Keypair().pubkey(), str(Keypair().pubkey())
    given = Charter.model_validate(
        {"keys": {"operator": stranger}, "feeds": [{"name": "A"}, {"name": "B", "authority": stranger}]}
    )
    charter = given.resolved(payer)
    assert charter.keys.mmt_mint == str(mmt_mint.address(payer))
    assert [(each.publisher, each.authority) for each in charter.feeds] == [
        (stranger, str(payer)),
        (stranger, stranger),
    ]
    summary = tmp_path / "genesis.summary.json"
    summary.write_text(json.dumps({"statement": {"charter": charter.model_dump(mode="json")}}))
    assert Charter.read(summary) == charter
    assert Charter.read(summary).digest() == charter.digest() != given.digest()
    summary.write_text("[]")
    with pytest.raises(InvalidInput, match="Name a summary that breakwater genesis has signed"):
        Charter.read(summary)
