"""The exchange that a simulation starts from, and the people in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.scenario import FEED, Scenario
from breakwater.scenario._life import UNIT, key

if TYPE_CHECKING:
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

__all__ = ["FEED", "START_S", "UNIT", "Ground", "Person", "found"]

START_S: Final = 1_800_000_000
HISTORY: Final = 1_000_000
MONEY: Final = 200_000 * UNIT


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a trader account, and a token account of the collateral."""

    name: str
    key: Keypair
    address: Pubkey
    tokens: Pubkey


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything before the first fault.

    Attributes:
        engine: the chain.
        mint: the collateral.
        feed: what markets settle by; its next publication has number 2.
        admin: opens markets.
        publisher: publishes prices.
        provider: has half of its two million in the vault.
        traders: have a balance each.
        keepers: have a trader account each.
    """

    engine: EmbeddedEngine
    mint: Pubkey
    feed: Pubkey
    admin: Keypair
    publisher: Keypair
    provider: Person
    traders: tuple[Person, ...]
    keepers: tuple[Keypair, ...]


async def found(traders: int, keepers: int, exchange: bytes | None = None) -> Ground:
    """Set an exchange up on a fresh embedded engine; the same every time.

    Args:
        traders: how many.
        keepers: how many.
        exchange: another program than the shipped one, SBPF v0.
    """
    loaded = programs.embedded_programs()
    if exchange is not None:
        loaded[at.EXCHANGE] = exchange
    engine = EmbeddedEngine(loaded, start_time=START_S, history=HISTORY)
    sender = Sender(engine)
    scenario = Scenario(engine, sender, lambda _: None)
    async for _ in scenario.set_up():
        pass
    people = []
    for number in range(traders):
        who, wallet = key(f"simulated trader {number}"), key(f"simulated tokens {number}")
        await scenario.fund(who.pubkey())
        await scenario.create_tokens(wallet, scenario.mint, who.pubkey(), 2 * MONEY)
        opened = ix.create_trader(who.pubkey())
        paid = ix.deposit(who.pubkey(), wallet.pubkey(), scenario.mint, MONEY)
        await sender.send([opened, paid], [who])
        people.append(Person(f"trader-{number}", who, who.pubkey(), wallet.pubkey()))
    crew = tuple(key(f"simulated keeper {number}") for number in range(keepers))
    for each in crew:
        await scenario.fund(each.pubkey())
        await sender.send([ix.create_trader(each.pubkey())], [each])
    engine.advance_slots(1)
    provider = Person("provider", scenario.trader, scenario.trader.pubkey(), scenario.wallet)
    return Ground(
        engine,
        scenario.mint,
        scenario.feed,
        scenario.admin,
        scenario.publisher,
        provider,
        tuple(people),
        crew,
    )
