"""Each rule on facts made for it: what breaks it is named exactly, and nothing else is."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.chain.bootstrap_accounts import Bootstrap, Launch
from breakwater.chain.keeper_accounts import Registry, Season
from breakwater.chain.loader import LOADER, ProgramState, programdata_address
from breakwater.chain.mmt_mint import SUNK, SUPPLY
from breakwater.charter import Charter, FeedTerms, Held, Keys, Mint, TokenAccount
from breakwater.deploy import RULES, Artefact, judge
from breakwater.deploy.facts import Facts, KeeperFacts, ProgramFacts

BINARY = b"\x7fELF and so on"
KEY, OTHER = (Keypair.from_seed(bytes([i]) * 32).pubkey() for i in (1, 2))
COLLATERAL, MMT = (Keypair.from_seed(bytes([i]) * 32).pubkey() for i in (3, 4))
SINK = Keypair.from_seed(bytes([5]) * 32).pubkey()
EMITTED = sum(Charter().mmt.rates) * 38_880_000 + Charter().bootstrap.budget - 5
Value = TypeVar("Value")


def program(name: str = "exchange", address: Pubkey = at.EXCHANGE, **changes: Any) -> ProgramFacts:
    data = programdata_address(address)
    artefact = Artefact(name, address, hashlib.sha256(BINARY).hexdigest(), len(BINARY))
    account = Account(1, b"\x02\0\0\0" + bytes(data), LOADER, executable=True)
    state = ProgramState(data, None, 7, BINARY)
    return replace(ProgramFacts(artefact, account, state), **changes)


MARKETS = FeedTerms(name="BTC/USD", publisher=str(KEY), authority=str(OTHER))


def facts(**changes: Any) -> Facts:
    """An exchange that breaks no rule, but for the changes."""
    launched = Facts(
        cluster="here",
        slot=9,
        expected=Charter(
            keys=Keys(
                operator=str(KEY),
                collateral_mint=str(COLLATERAL),
                collateral_fixed=True,
                mmt_mint=str(MMT),
            ),
            feeds=(MARKETS,),
        ),
        programs=(program(),),
        token_program=None,
        held=exchange(),
        feeds=(),
        keepers=(),
        buffers=(),
        records=(),
    )
    return replace(launched, **changes)


def made(kind: type[Value], *sources: Any, **values: Any) -> Value:
    """An account whose fields are the rules' where they have such, the values given, else zero."""
    known = {name: value for each in sources for name, value in asdict(each).items()} | values
    return kind(**{each.name: known.get(each.name, 0) for each in fields(kind)})  # type: ignore[arg-type]


def exchange() -> Held:
    charter = Charter()
    rules, mmt = charter.rules, charter.mmt
    feed = {"publisher": bytes(KEY), "authority": bytes(OTHER), "name": "BTC/USD", "exponent": -2}
    return Held(
        config=made(layouts.Config, rules, admin=bytes(32), operator=bytes(KEY), mint=bytes(COLLATERAL)),
        vault=made(layouts.Vault, token_account=bytes(at.token_vault())),
        token_vault=tokens(at.token_vault(), COLLATERAL, at.vault()),
        shards=tuple(made(layouts.Shard, rules, index=i, halts=()) for i in range(at.SHARDS)),
        season=made(Season, mmt, mint=bytes(MMT), sink=bytes(SINK), paid=7),
        registry=made(Registry, mmt, keepers=()),
        bootstrap=made(
            Bootstrap,
            charter.bootstrap,
            budget=charter.bootstrap.budget,
            end_slot=charter.bootstrap.mining_slots,
            paid_makers=5,
            early_shares=charter.bootstrap.early_shares - 3,
            locked=4,
            total_weight=7,
        ),
        launches=(made(Launch, charter.bootstrap),) * at.SHARDS,
        stake_vault=tokens(at.stake_vault(), MMT, at.season()),
        reward_vault=tokens(at.reward_vault(), MMT, at.season(), EMITTED - 7),
        collateral=Mint(COLLATERAL, at.TOKEN_PROGRAM, 10**12, 6, None, None),
        mmt=Mint(MMT, at.TOKEN_PROGRAM, SUPPLY, 9, None, None),
        sink=tokens(SINK, MMT, at.mmt_sink(), SUNK),
        feeds=((at.feed("BTC/USD"), made(layouts.Feed, **feed, max_age_s=30)),),
    )


def tokens(address: Pubkey, mint: Pubkey, owner: Pubkey, amount: int = 0) -> TokenAccount:
    return TokenAccount(address, mint, owner, amount, None, None, frozen=False)


def holding(**changes: Any) -> Facts:
    """Facts of which the exchange is changed in places."""
    return facts(held=replace(exchange(), **changes))


def changed(field: str, **changes: Any) -> Facts:
    """Facts of which one account of the exchange is changed in places."""
    return holding(**{field: replace(getattr(exchange(), field), **changes)})


def test_a_launch_as_it_should_be_breaks_no_rule() -> None:
    assert judge(facts()).findings == ()


def state(**changes: Any) -> Facts:
    held = program().state
    assert held is not None
    return facts(programs=(program(state=replace(held, **changes)),))


VAULT, CONFIG = str(at.token_vault()), str(at.config())
NOT_EXECUTABLE = program(account=Account(1, b"\x02\0\0\0" + bytes(programdata_address(at.EXCHANGE)), LOADER))
LENIENT = made(Launch, Charter().bootstrap, min_fee=9_999)
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
        (changed("config", admin=bytes(KEY)), ("admin", CONFIG, "nobody", str(KEY))),
        (
            changed("config", fee_base_ppm=299),
            ("parameters", CONFIG, "fee_base_ppm 300", "fee_base_ppm 299"),
        ),
        (
            changed("config", fee_slope_ppm=2_501),
            ("parameters", CONFIG, "fee_slope_ppm 2500", "fee_slope_ppm 2501"),
        ),
        (changed("config", operator=bytes(OTHER)), ("operator", CONFIG, str(KEY), str(OTHER))),
        (holding(token_vault=None), ("token vault", VAULT, "the vault's token account", "none, or another")),
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
        (holding(mmt=None), ("mmt", str(MMT), "a mint of the token program", "nothing")),
        (
            changed("sink", owner=KEY),
            ("sink", str(SINK), f"owner {at.mmt_sink()}", f"owner {KEY}"),
        ),
        (
            changed("sink", amount=SUNK - 1),
            ("sink", str(SINK), f"at least {SUNK} sunk", f"{SUNK - 1} sunk"),
        ),
        (
            changed("season", keepers_ppm=1),
            ("schedule", str(at.season()), "keepers_ppm 200000", "keepers_ppm 1"),
        ),
        (
            changed("registry", claim_slots=21),
            ("schedule", str(at.registry()), "claim_slots 20", "claim_slots 21"),
        ),
        (
            changed("bootstrap", trade_rate=1),
            ("bootstrap", str(at.bootstrap()), "trade_rate 20000000000", "trade_rate 1"),
        ),
        (
            changed("bootstrap", total_weight=8),
            ("bootstrap", str(at.bootstrap()), "early_shares 100000000000", "early_shares 100000000001"),
        ),
        (
            holding(launches=(*exchange().launches[1:], LENIENT)),
            ("bootstrap", str(at.shard(3)), "min_fee 10000", "min_fee 9999"),
        ),
        (
            changed("reward_vault", amount=EMITTED - 8),
            (
                "mmt vaults",
                str(at.reward_vault()),
                f"at least {EMITTED - 7} for rewards",
                f"{EMITTED - 8} for rewards",
            ),
        ),
        (
            changed("stake_vault", delegate=KEY),
            ("mmt vaults", str(at.stake_vault()), "no delegate", f"delegate {KEY}"),
        ),
        (
            holding(shards=(None, *exchange().shards[1:])),
            ("shards", str(at.shard(0)), "shard 0", "nothing"),
        ),
        (holding(season=None), ("initialised", str(at.season()), "MMT that is initialised", "nothing")),
        (holding(feeds=()), ("feeds", str(at.feed("BTC/USD")), "the feed BTC/USD", "nothing")),
    ],
)
def test_what_is_wrong_is_the_one_finding(given: Facts, finding: tuple[str, str, str, str]) -> None:
    found = [(each.rule, each.subject, each.expected, each.found) for each in judge(given).findings]
    assert found == [finding]


def test_room_behind_the_binary_is_no_finding() -> None:
    assert judge(state(binary=BINARY + bytes(100))).ok


def test_before_genesis_only_programs_are_judged_and_the_rest_is_not_asked() -> None:
    nothing: dict[str, Any] = {each.name: None for each in fields(Held)}
    before = holding(**{**nothing, "shards": (None,) * at.SHARDS, "feeds": ()})
    assert judge(before, exchange=False).ok
    report = judge(before)
    assert {each.rule for each in report.findings} == {"initialised", "feeds"}
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
    assert judge(changed("config", operator=bytes(32))).powers == ()


def test_a_keeper_and_a_vaults_delegate_are_powers() -> None:
    keeper = KeeperFacts(Pubkey.new_unique(), OTHER)
    given = replace(changed("reward_vault", delegate=KEY), keepers=(keeper,))
    assert [(each.power, each.account, each.holder) for each in judge(given).powers] == [
        ("operator", str(at.config()), str(KEY)),
        ("keeper", str(keeper.account), str(OTHER)),
        ("delegate", str(at.reward_vault()), str(KEY)),
    ]
