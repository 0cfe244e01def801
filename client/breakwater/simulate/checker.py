"""Holds every transaction against the rules as soon as it has landed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from breakwater.chain import accounts, kinds, programs
from breakwater.chain import addresses as at

from .rules import Books, covered, every_rule, winner_of

if TYPE_CHECKING:
    from solders.account import Account
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Market, Shard
    from breakwater.chain.engine import EmbeddedEngine, Landed
    from breakwater.chain.events import Event

    from .trace import Trace

__all__ = ["Checker"]

TOKEN_ACCOUNT = 165


class Checker:
    """Keeps the accounts decoded, and says what does not hold.

    Args:
        engine: the chain, with the exchange set up.
        mint: the collateral.
        trace: what happens.
    """

    def __init__(self, engine: EmbeddedEngine, mint: Pubkey, trace: Trace) -> None:
        self._engine, self._mint, self._trace = engine, mint, trace
        self.books = Books()
        self.violations: list[str] = []
        self.checked = 0
        self.deeds: Counter[str] = Counter()
        self.settled: dict[Pubkey, tuple[int, int]] = {}
        self._observed: dict[Pubkey, list[tuple[int, int]]] = {}
        self._seen: dict[Pubkey, tuple[str, Any]] = {}
        for key, account in engine.index.existing():
            self._update(key, account)
        self._update(mint, engine.get_account(mint))
        self.violations += self._judge(set(self.books.markets))
        engine.on_landed.append(self._landed)

    def _landed(self, landed: Landed) -> None:
        if landed.receipt.err is not None:
            return
        touched = set(landed.transaction.message.account_keys)
        before = dict(self.books.shards)
        for key in touched:
            self._update(key, self._engine.get_account(key))
        events = programs.event_decoder().decode(landed.receipt.logs)
        self.checked += 1
        self.deeds.update(each.name for each in events)
        found = self._judge(touched)
        found += self._lending(before, events)
        found += self._settlements(touched)
        for each in found:
            self._violated(f"after {str(landed.receipt.signature)[:8]} in slot {landed.receipt.slot}: {each}")

    def everything(self) -> None:
        """Hold all accounts against all rules."""
        for each in self._judge(set(self.books.markets)):
            self._violated(f"at the end: {each}")

    def _violated(self, what: str) -> None:
        self._trace.note("VIOLATION", what)
        self.violations.append(what)

    def _judge(self, touched: set[Pubkey]) -> list[str]:
        return list(every_rule(self.books, at.token_vault(), touched))

    # Transitions

    def _lending(self, before: dict[int, Shard], events: list[Event]) -> list[str]:
        """Whoever lends or lets cash go keeps what the loans at risk demand."""
        found, books = [], self.books
        opened = {each.fields["shard"] for each in events if each.name == "MarketCreated"}
        for index, shard in books.shards.items():
            old = before.get(index)
            lent = old is not None and shard.debt_at_risk > old.debt_at_risk
            if (lent or index in opened) and not covered(
                shard.cash, shard.debt_at_risk, shard.min_coverage_q32
            ):
                found.append(
                    f"shard {index} lends with {shard.cash} of cash for {shard.debt_at_risk} at risk"
                )
        if any(each.name == "LiquidityMoved" and each.fields["withdrawn"] for each in events):
            if books.config is None or books.vault is None:
                raise AssertionError("unreachable")
            cash = books.vault.cash + sum(each.cash for each in books.shards.values())
            at_risk = sum(each.debt_at_risk for each in books.shards.values())
            if not covered(cash, at_risk, books.config.min_coverage_q32):
                found.append(f"liquidity leaves {cash} of cash for {at_risk} at risk")
        return found

    def _settlements(self, touched: set[Pubkey]) -> list[str]:
        """A market settles once, and by the first observation at or after its close."""
        found = []
        for key in touched:
            market = self.books.markets.get(key)
            if market is None:
                continue
            now = (market.status, market.winner)
            old = self.settled.get(key)
            if old is not None and old != now:
                found.append(f"market {market.id} was settled as {old} and is {now}")
            if market.status and old is None:
                self.settled[key] = now
                found += self._settled_rightly(market)
        return found

    def _settled_rightly(self, market: Market) -> list[str]:
        if market.status != 1:
            return []
        feed = next((key for key in self._observed if bytes(key) == market.feed), None)
        right = None if feed is None else winner_of(market, self._observed[feed])
        if right != market.winner:
            return [f"market {market.id} was won by {market.winner}, and should be by {right}"]
        return []

    # Accounts

    def _update(self, key: Pubkey, account: Account | None) -> None:
        books = self.books
        if account is not None and account.owner == at.TOKEN_PROGRAM:
            if key == self._mint:
                books.supply = accounts.mint_supply(account.data)
            elif len(account.data) == TOKEN_ACCOUNT and account.data[:32] == bytes(self._mint):
                books.tokens[key] = accounts.token_amount(account.data)
            return
        ours = account is not None and account.owner in (at.EXCHANGE, at.ORACLE)
        if account is not None and ours and key == at.vault():
            books.vault = accounts.vault(account.data)
            return
        if account is not None and ours and account.data[:8] == kinds.discriminator("Config"):
            books.config = accounts.config(account.data)
            return
        decoded = kinds.decode(account.data) if account is not None and ours else None
        self._forget(key)
        if decoded is not None:
            self._remember(key, *decoded)

    def _forget(self, key: Pubkey) -> None:
        for each in (self.books.traders, self.books.markets, self.books.positions, self.books.chains):
            each.pop(key, None)

    def _remember(self, key: Pubkey, name: str, value: Any) -> None:
        books = self.books
        if name == "Shard":
            books.shards[value.index] = value
        elif name == "Feed":
            books.feeds[key] = value
            known = self._observed.setdefault(key, [])
            known += [each for each in value.history if not known or each[0] > known[-1][0]]
        else:
            kept: dict[str, dict[Pubkey, Any]] = {
                "Trader": books.traders,
                "Market": books.markets,
                "Position": books.positions,
                "Chain": books.chains,
            }
            if name in kept:
                kept[name][key] = value
