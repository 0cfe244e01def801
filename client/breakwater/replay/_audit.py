"""Compares the books kept from events with the accounts on chain, to the unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.errors import Unreachable

if TYPE_CHECKING:
    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from ._books import Books
    from ._stage import Stage

__all__ = ["Audit", "Auditor"]

PER_CALL = 100


@dataclass(frozen=True, slots=True)
class Audit:
    """What one comparison found; `differences` are (what, on chain less in the books), micro-units.

    `vault_cash` is all cash of the vault, its shards' included.
    """

    checks: int
    differences: tuple[tuple[str, int], ...]
    vault_cash: int

    @property
    def lost_units(self) -> int:
        """Sum of the absolute differences."""
        return sum(abs(difference) for _, difference in self.differences)


class Auditor:
    """Reads everything that holds money, in one call where it fits, while nothing is under way."""

    def __init__(self, engine: EmbeddedEngine | RpcEngine, stage: Stage, books: Books) -> None:
        self._client = engine.client
        self._stage = stage
        self._books = books
        self._traders = [at.trader(owner.pubkey()) for owner in stage.owners]
        self._fixed = [
            stage.mint, at.token_vault(), at.vault(), *(at.shard(i) for i in range(at.SHARDS)),
            *stage.wallets, *self._traders,
        ]  # fmt: skip

    async def audit(self) -> Audit:
        """Compare."""
        books = self._books
        live = [each for each in books.markets.values() if not each.removed]
        data = await self._read([*self._fixed, *(Pubkey.from_bytes(each.address) for each in live)])
        supply, held = accounts.mint_supply(data[0]), accounts.token_amount(data[1])
        shards = [accounts.shard(each) for each in data[3 : 3 + at.SHARDS]]
        cash = accounts.vault(data[2]).cash + sum(each.cash for each in shards)
        aside = sum(each.insurance + each.reserve for each in shards)
        rest = data[3 + at.SHARDS :]
        people = len(self._traders)
        wallets = sum(accounts.token_amount(each) for each in rest[:people])
        traders = [accounts.trader(each) for each in rest[people : 2 * people]]
        markets = [accounts.market(each) for each in rest[2 * people :]]

        balances, escrow = sum(each.balance for each in traders), sum(each.escrow for each in markets)
        every = books.markets.values()
        checks = [
            ("token vault against all books", held - balances - cash - aside - escrow),
            ("supply against wallets and token vault", supply - wallets - held),
            ("token vault against deposits", held - books.deposited + books.withdrawn),
            ("vault cash against liquidity and results", cash - books.lp_net - sum(m.cash for m in every)),
        ]
        for address, trader in zip(self._traders, traders, strict=True):
            checks.append((f"balance of {address}", trader.balance - books.balances[bytes(address)]))
        for market, book in zip(markets, live, strict=True):
            checks.append((f"escrow of market {book.id}", market.escrow - book.escrow))
            checks += [
                (f"shares of market {book.id}", a - b)
                for a, b in zip(market.shares, book.shares, strict=True)
                if market.status == 0
            ]
        for i, shard in enumerate(shards):
            mine = [each for each in every if each.shard == i]
            debt = sum(position.debt for each in mine for position in each.positions.values())
            checks += [
                (f"fees of shard {i}", shard.fees - sum(each.income for each in mine)),
                (f"volume of shard {i}", shard.volume - sum(each.volume for each in mine)),
                (f"bad debt of shard {i}", shard.bad_debt - sum(each.bad_debt for each in mine)),
                (f"loans of shard {i}", shard.debt - debt),
            ]
        return Audit(len(checks), tuple(each for each in checks if each[1]), cash)

    async def _read(self, keys: list[Pubkey]) -> list[bytes]:
        found: list[bytes] = []
        for i in range(0, len(keys), PER_CALL):
            values = (await self._client.get_multiple_accounts(keys[i : i + PER_CALL])).value
            for key, value in zip(keys[i : i + PER_CALL], values, strict=True):
                if value is None:
                    raise Unreachable(f"Read {key} again: the node does not show it.")
                found.append(bytes(value.data))
        return found
