"""Each rule on facts made for it: what breaks it is named exactly, and nothing else is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.chain.loader import LOADER, ProgramState, programdata_address
from breakwater.deploy import RULES, Artefact, Expected, judge
from breakwater.deploy.facts import Facts, Mint, ProgramFacts, TokenAccount

BINARY = b"\x7fELF and so on"
KEY, OTHER = (Keypair.from_seed(bytes([i]) * 32).pubkey() for i in (1, 2))
COLLATERAL, MMT = (Keypair.from_seed(bytes([i]) * 32).pubkey() for i in (3, 4))
SUPPLY = 100_000_000 * 10**9


def program(name: str = "exchange", address: Pubkey = at.EXCHANGE, **changes: Any) -> ProgramFacts:
    data = programdata_address(address)
    artefact = Artefact(name, address, hashlib.sha256(BINARY).hexdigest(), len(BINARY))
    account = Account(1, b"\x02\0\0\0" + bytes(data), LOADER, executable=True)
    state = ProgramState(data, None, 7, BINARY)
    return replace(ProgramFacts(artefact, account, state), **changes)


def facts(**changes: Any) -> Facts:
    """An exchange that breaks no rule, but for the changes."""
    rules = Expected().rules
    launched = Facts(
        cluster="here",
        slot=9,
        expected=Expected.model_validate(
            {
                "keys": {
                    "operator": str(KEY),
                    "collateral_mint": str(COLLATERAL),
                    "collateral_fixed": True,
                    "mmt_mint": str(MMT),
                },
            }
        ),
        programs=(program(),),
        token_program=None,
        config=layouts.Config(
            bytes(32),
            bytes(KEY),
            bytes(COLLATERAL),
            rules.min_coverage_q32,
            rules.fee_base_ppm,
            rules.fee_slope_ppm,
            rules.max_subsidy_ppm,
            rules.partial_ppm,
            rules.keeper_ppm,
            rules.insurance_ppm,
            rules.slot_ppm,
        ),
        vault=layouts.Vault(bytes(at.token_vault()), 0, 0, 0),
        token_vault=TokenAccount(COLLATERAL, at.vault(), None, None, frozen=False),
        collateral=Mint(COLLATERAL, at.TOKEN_PROGRAM, 10**12, 6, None, None),
        mmt=Mint(MMT, at.TOKEN_PROGRAM, SUPPLY, 9, None, None),
        feeds=(),
        buffers=(),
        records=(),
    )
    return replace(launched, **changes)


def config(**changes: Any) -> layouts.Config:
    held = facts().config
    assert held is not None
    return replace(held, **changes)


def changed(field: str, **changes: Any) -> Facts:
    """Facts of which one part is changed in places."""
    return facts(**{field: replace(getattr(facts(), field), **changes)})


def test_a_launch_as_it_should_be_breaks_no_rule() -> None:
    assert judge(facts()).findings == ()


def state(**changes: Any) -> Facts:
    held = program().state
    assert held is not None
    return facts(programs=(program(state=replace(held, **changes)),))


VAULT, CONFIG = str(at.token_vault()), str(at.config())
NOT_EXECUTABLE = program(account=Account(1, b"\x02\0\0\0" + bytes(programdata_address(at.EXCHANGE)), LOADER))
ELSEWHERE = program(account=Account(1, b"\x02\0\0\0" + bytes(KEY), LOADER, executable=True))


@pytest.mark.parametrize(
    ("given", "finding"),
    [
        (
            facts(programs=(program(account=None, state=None),)),
            ("program", "exchange", f"a program at {at.EXCHANGE}", "nothing"),
        ),
        (
            facts(programs=(NOT_EXECUTABLE,)),
            ("program", "exchange", "a program of the upgradeable loader", f"owner {LOADER}"),
        ),
        (
            facts(programs=(ELSEWHERE,)),
            ("program", "exchange", f"its binary in {programdata_address(at.EXCHANGE)}", str(KEY)),
        ),
        (
            state(binary=BINARY + b"!"),
            (
                "bytes",
                "exchange",
                f"sha256 {hashlib.sha256(BINARY).hexdigest()}",
                f"sha256 {hashlib.sha256(BINARY + b'!').hexdigest()}",
            ),
        ),
        (state(authority=KEY), ("upgrade authority", "exchange", "nobody", str(KEY))),
        (facts(config=config(admin=bytes(KEY))), ("admin", CONFIG, "nobody", str(KEY))),
        (
            facts(config=config(fee_base_ppm=299)),
            ("parameters", CONFIG, "fee_base_ppm 300", "fee_base_ppm 299"),
        ),
        (
            facts(config=config(fee_slope_ppm=2_501)),
            ("parameters", CONFIG, "fee_slope_ppm 2500", "fee_slope_ppm 2501"),
        ),
        (facts(config=config(operator=bytes(OTHER))), ("operator", CONFIG, str(KEY), str(OTHER))),
        (facts(token_vault=None), ("token vault", VAULT, "the vault's token account", "none, or another")),
        (changed("token_vault", owner=KEY), ("token vault", VAULT, f"owner {at.vault()}", f"owner {KEY}")),
        (changed("token_vault", mint=MMT), ("token vault", VAULT, f"mint {COLLATERAL}", f"mint {MMT}")),
        (changed("token_vault", delegate=KEY), ("token vault", VAULT, "no delegate", f"delegate {KEY}")),
        (
            changed("token_vault", close_authority=KEY),
            ("token vault", VAULT, "no close authority", f"close authority {KEY}"),
        ),
        (changed("token_vault", frozen=True), ("token vault", VAULT, "an account that can pay", "frozen")),
        (
            changed("collateral", mint_authority=KEY),
            ("collateral", str(COLLATERAL), "no mint authority", f"mint authority {KEY}"),
        ),
        (
            changed("collateral", decimals=9),
            ("collateral", str(COLLATERAL), "a mint of the token program with 6 decimals", "something else"),
        ),
        (
            changed("mmt", freeze_authority=KEY),
            ("mmt", str(MMT), "no freeze authority", f"freeze authority {KEY}"),
        ),
        (changed("mmt", decimals=6), ("mmt", str(MMT), "9 decimals", "6 decimals")),
        (
            changed("mmt", supply=SUPPLY - 1),
            ("mmt", str(MMT), f"a supply of {SUPPLY}", f"a supply of {SUPPLY - 1}"),
        ),
        (facts(mmt=None), ("mmt", str(MMT), "a mint of the token program", "something else")),
    ],
)
def test_what_is_wrong_is_the_one_finding(given: Facts, finding: tuple[str, str, str, str]) -> None:
    found = [(each.rule, each.subject, each.expected, each.found) for each in judge(given).findings]
    assert found == [finding]


def test_room_behind_the_binary_is_no_finding() -> None:
    assert judge(state(binary=BINARY + bytes(100))).ok


def test_before_genesis_only_programs_are_judged_and_the_rest_is_not_asked() -> None:
    before = facts(config=None, vault=None, token_vault=None, collateral=None, mmt=None)
    assert judge(before, exchange=False).ok
    report = judge(before)
    assert {each.rule for each in report.findings} == {"initialised", "mmt"}
    asked = {rule.name: report.status(rule) for rule in report.rules}
    assert asked["admin"] == asked["parameters"] == "not asked"
    assert asked["bytes"] == "holds"


def test_rules_have_names_of_their_own() -> None:
    names = [each.name for each in RULES]
    assert len(set(names)) == len(names)


def test_a_key_that_can_change_the_token_program_is_a_power() -> None:
    held = ProgramState(programdata_address(at.TOKEN_PROGRAM), KEY, 1, b"")
    (power,) = [
        each for each in judge(facts(token_program=held)).powers if each.account == str(at.TOKEN_PROGRAM)
    ]
    assert (power.power, power.holder) == ("upgrade authority", str(KEY))


def test_the_zero_key_holds_no_power() -> None:
    assert judge(facts(config=config(operator=bytes(32)))).powers == ()
