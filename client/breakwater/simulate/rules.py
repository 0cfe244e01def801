"""What must hold after every transaction, from docs/economics.md: pure functions of the accounts.

Nothing here calls the programs' arithmetic or the package's own estimates of it. Amounts are integers; only
the cost of an LMSR's shares is computed with 40 digits, to bound the escrow from both sides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import mpmath

from breakwater.chain.terms import LMSR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Chain, Config, Feed, Market, Position, Shard, Trader, Vault

__all__ = ["Books", "Holding", "cost", "covered", "every_rule", "winner_of"]

mp: Final[Any] = mpmath.mp
OPEN: Final = 0
VOIDED: Final = 2
LARGEST: Final = 1 << 62
"""No amount comes near: what is larger has wrapped around."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Somebody's shares of an outcome, and the loan on them."""

    outcome: int
    shares: int
    debt: int


@dataclass(slots=True)
class Books:
    """The accounts as they are, decoded; `tokens` are token accounts of the collateral by address."""

    config: Config | None = None
    vault: Vault | None = None
    shards: dict[int, Shard] = field(default_factory=dict)
    traders: dict[Pubkey, Trader] = field(default_factory=dict)
    markets: dict[Pubkey, Market] = field(default_factory=dict)
    positions: dict[Pubkey, Position] = field(default_factory=dict)
    chains: dict[Pubkey, Chain] = field(default_factory=dict)
    feeds: dict[Pubkey, Feed] = field(default_factory=dict)
    tokens: dict[Pubkey, int] = field(default_factory=dict)
    supply: int = 0

    def holdings(self) -> dict[bytes, list[Holding]]:
        """Everybody's shares, by market."""
        found: dict[bytes, list[Holding]] = defaultdict(list)
        for each in self.positions.values():
            found[each.market].append(Holding(each.outcome, each.shares, each.debt))
        for chain in self.chains.values():
            for leg in chain.legs:
                if leg.shares or leg.debt:
                    found[leg.market].append(Holding(leg.outcome, leg.shares, leg.debt))
        return found


def cost(shares: Iterable[int], liquidity: int) -> Any:
    """The LMSR's cost of outstanding shares, `b ln sum exp(q / b)`, micro-units."""
    with mp.workdps(40):
        b, q = mp.mpf(liquidity), [mp.mpf(each) for each in shares]
        most = max(q)
        return most + b * mp.log(mp.fsum(mp.exp((each - most) / b) for each in q))


def covered(cash: int, at_risk: int, minimum_q32: int) -> bool:
    """Debt at risk times minimum coverage is at most the cash."""
    return at_risk * minimum_q32 <= cash << 32


def winner_of(market: Market, history: Iterable[tuple[int, int]]) -> int | None:
    """The outcome by the first observation at or after the close: as many strikes as it reaches."""
    price = next((price for when, price in history if when >= market.close_ms), None)
    return None if price is None else sum(price >= strike for strike in market.strikes)


def every_rule(books: Books, vault_tokens: Pubkey, touched: set[Pubkey]) -> Iterator[str]:
    """What does not hold, each as a sentence; markets' costs are computed where `touched` names them."""
    if books.vault is None or books.config is None:
        return
    yield from _conserved(books, vault_tokens)
    holdings = books.holdings()
    for address, market in books.markets.items():
        held = holdings.get(bytes(address), [])
        name = f"market {market.id}"
        if market.status == OPEN:
            yield from _open_market(market, held, name)
            if address in touched and market.curve == LMSR:
                yield from _escrow_is_the_cost(market, name)
        else:
            yield from _settled_market(market, held, name)
    for index, shard in books.shards.items():
        yield from _shard(index, shard, [each for each in books.markets.values() if each.shard == index])


def _conserved(books: Books, vault_tokens: Pubkey) -> Iterator[str]:
    vault = books.vault
    if vault is None:
        raise AssertionError("unreachable")
    total = vault.cash + sum(each.balance for each in books.traders.values())
    total += sum(each.cash + each.insurance + each.reserve for each in books.shards.values())
    total += sum(each.escrow for each in books.markets.values())
    held = books.tokens[vault_tokens]
    if total != held:
        yield f"the books add up to {total}, and the token vault holds {held}"
    if sum(books.tokens.values()) != books.supply:
        yield f"{sum(books.tokens.values())} tokens are there of a supply of {books.supply}"
    shares = sum(each.lp_shares for each in books.traders.values())
    if shares != vault.lp_supply:
        yield f"traders hold {shares} shares of the vault, of which there are {vault.lp_supply}"
    amounts = [each.balance for each in books.traders.values()]
    amounts += [each.escrow for each in books.markets.values()]
    if max(amounts, default=0) >= LARGEST:
        yield "an amount has wrapped around"


def _by_outcome(market: Market, held: list[Holding]) -> tuple[list[int], list[int]]:
    """Shares and debts by outcome; what the vault took over is among them."""
    shares, debts = list(market.taken_shares), list(market.taken_debt)
    for each in held:
        shares[each.outcome] += each.shares
        debts[each.outcome] += each.debt
    return shares, debts


def _open_market(market: Market, held: list[Holding], name: str) -> Iterator[str]:
    shares, debts = _by_outcome(market, held)
    if tuple(shares) != market.shares:
        yield f"{name} has {market.shares} shares, and {shares} are held"
    if tuple(debts) != market.debt:
        yield f"{name} is owed {market.debt}, and {debts} is borrowed"
    if max(shares) > market.escrow:
        yield f"{name} could have to pay {max(shares)} out of an escrow of {market.escrow}"
    at_risk = sum(debts) - min(debts)
    if at_risk != market.debt_at_risk:
        yield f"{name} has {at_risk} at risk, and says {market.debt_at_risk}"
    if at_risk > market.max_debt_at_risk:
        yield f"{name} has {at_risk} at risk, more than {market.max_debt_at_risk}"
    if any(each.debt > each.shares for each in held):
        yield f"{name} has a loan that its shares could never repay"


def _escrow_is_the_cost(market: Market, name: str) -> Iterator[str]:
    least = cost(market.shares, market.liquidity)
    rounding = 2 + (market.liquidity >> 48)
    if not least - mp.mpf("1e-9") <= market.escrow < least + rounding:
        yield f"{name} keeps {market.escrow} for shares that cost {mp.nstr(least, 20)}"


def _settled_market(market: Market, held: list[Holding], name: str) -> Iterator[str]:
    count = len(market.shares)
    if market.status == VOIDED:
        due = sum(each.shares // count for each in held)
    else:
        due = sum(each.shares for each in held if each.outcome == market.winner)
    if due > market.escrow:
        yield f"{name} has to pay {due} out of an escrow of {market.escrow}"


def _shard(index: int, shard: Shard, markets: list[Market]) -> Iterator[str]:
    said = (shard.debt, shard.debt_at_risk, shard.claim_floor, shard.claim_ceiling)
    sums = (
        sum(sum(each.debt) for each in markets),
        sum(each.debt_at_risk for each in markets),
        sum(each.claim_floor for each in markets),
        sum(each.claim_ceiling for each in markets),
    )
    for what, a, b in zip(("loans", "debt at risk", "least claims", "most claims"), said, sums, strict=True):
        if a != b:
            yield f"shard {index} has {what} of {a}, its markets of {b}"
    if max(shard.cash, shard.insurance) >= LARGEST:
        yield f"shard {index} has wrapped around"
