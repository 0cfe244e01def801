"""Every rule of the checker speaks up when it is broken, and about nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.sender import Sender
from breakwater.simulate.checker import Checker
from breakwater.simulate.ground import UNIT, found
from breakwater.simulate.rules import Books, cost, covered, every_rule, winner_of
from breakwater.simulate.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from solders.pubkey import Pubkey

MARKET = at.market(1)


@pytest.fixture
async def books() -> Books:
    """An exchange with a market in which somebody has shares, and somebody a loan."""
    ground = await found(2, 0)
    sender, checker = Sender(ground.engine), Checker(ground.engine, ground.mint, Trace(lambda: 0.0))
    close_ms = (ground.engine.clock.unix_timestamp + 600) * 1000
    terms = ix.MarketTerms(ground.feed, close_ms, 1_000 * UNIT, (100, 120))
    await sender.send([ix.create_market(ground.admin.pubkey(), 1, terms)], [ground.admin])
    for i, (person, kind) in enumerate(zip(ground.traders, (ix.SPOT, ix.LEVERAGED), strict=True)):
        own = person.address
        await sender.send([ix.create_position(own, 1, i, kind)], [person.key])
        bought = ix.buy(own, 1, i, 90 * UNIT, 10**12)
        if kind == ix.LEVERAGED:
            bought = ix.open_leveraged(own, 1, ground.feed, i, 80 * UNIT, 200, 10**12)
        await sender.send([bought], [person.key])
    assert checker.violations == []
    assert checker.checked == 5
    return checker.books


def broken(books: Books, touched: set[Pubkey] | None = None) -> list[str]:
    return list(every_rule(books, at.token_vault(), touched or {MARKET}))


def change(books: Books, **changes: Any) -> None:
    books.markets[MARKET] = replace(books.markets[MARKET], **changes)


def more_cash(books: Books) -> None:
    assert books.vault is not None
    books.vault = replace(books.vault, cash=books.vault.cash + 1)


def less_tokens(books: Books) -> None:
    books.supply += 1


def more_shares(books: Books) -> None:
    key, position = next(iter(books.positions.items()))
    books.positions[key] = replace(position, shares=position.shares + 1)


def forgotten_loan(books: Books) -> None:
    key, position = next(each for each in books.positions.items() if each[1].debt)
    books.positions[key] = replace(position, debt=position.debt - 1)


def lp_shares(books: Books) -> None:
    assert books.vault is not None
    books.vault = replace(books.vault, lp_supply=books.vault.lp_supply - 1)


def shard_debt(books: Books) -> None:
    index = books.markets[MARKET].shard
    books.shards[index] = replace(books.shards[index], debt=books.shards[index].debt + 1)


def unsecured(books: Books) -> None:
    key, position = next(each for each in books.positions.items() if each[1].debt)
    lost = position.shares - position.debt + 1
    books.positions[key] = replace(position, shares=position.debt - 1)
    shares = list(books.markets[MARKET].shares)
    shares[position.outcome] -= lost
    change(books, shares=tuple(shares))


def test_a_sound_exchange_breaks_no_rule(books: Books) -> None:
    assert broken(books) == []


@pytest.mark.parametrize(
    ("forge", "says"),
    [
        (more_cash, "the books add up to"),
        (less_tokens, "of a supply of"),
        (more_shares, "are held"),
        (forgotten_loan, "is borrowed"),
        (lp_shares, "shares of the vault, of which there are"),
        (shard_debt, "has loans of"),
        (unsecured, "a loan that its shares could never repay"),
        (lambda books: change(books, escrow=books.markets[MARKET].escrow - 3), "for shares that cost"),
        (lambda books: change(books, escrow=0), "could have to pay"),
        (lambda books: change(books, debt_at_risk=0), "at risk, and says 0"),
        (lambda books: change(books, max_debt_at_risk=1), "at risk, more than 1"),
        (lambda books: change(books, status=1, winner=0, escrow=90 * UNIT - 1), "has to pay 90000000"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_forged_account_is_found(books: Books, forge: Callable[[Books], None], says: str) -> None:
    forge(books)
    assert any(says in each for each in broken(books))


def test_cover_is_exact_to_the_unit() -> None:
    half = 1 << 31
    assert covered(50, 100, half)
    assert not covered(49, 100, half)
    assert covered(0, 0, half)


def test_the_first_observation_at_or_after_the_close_decides(books: Books) -> None:
    market = replace(books.markets[MARKET], close_ms=1_000, strikes=(100, 120))
    assert winner_of(market, [(999, 500), (1_000, 119), (1_001, 500)]) == 1
    assert winner_of(market, [(1_500, 99)]) == 0
    assert winner_of(market, [(999, 120)]) is None


def test_the_cost_of_no_shares_is_the_subsidy() -> None:
    assert abs(float(cost([0, 0, 0, 0], 1_000_000)) - 1_386_294.361) < 1e-3
    assert cost([10**12, 0], 10**3) == 10**12
