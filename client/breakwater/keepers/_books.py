"""The exchange's books, added up from outside: what there is, and what events say that there must be.

Independent of the programs' and the keepers' arithmetic: integers read from accounts and events, and the
rules of docs/economics.md written down once more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

from breakwater.chain import accounts, archive_accounts, kinds, queries
from breakwater.chain import addresses as at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breakwater.chain.accounts import Chain, Market, Position, Shard
    from breakwater.chain.engine import Engine
    from breakwater.chain.events import Event

__all__ = ["Books", "Loans", "read_books"]

OPEN: Final = 0
VOIDED: Final = 2
WHOLE: Final = 1_000_000
Key = tuple[bytes, bytes]
"""A position or chain, and the market."""


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that belongs to somebody, as of one slot; micro-units and micro-shares.

    `holdings` are the shares and debts of positions and of chains' legs, by source, market and outcome;
    `archived` counts the positions with shares that are leaves of an archive, and nowhere else.
    """

    tokens: int
    balances: int
    cash: int
    shards: dict[int, Shard]
    markets: dict[bytes, Market]
    holdings: dict[tuple[bytes, bytes, int], tuple[int, int]]
    archived: int = 0

    @property
    def counted(self) -> int:
        """What balances, cash, insurance, the launch's reserves and escrows add up to."""
        shards = sum(each.cash + each.insurance + each.reserve for each in self.shards.values())
        return self.balances + self.cash + shards + sum(each.escrow for each in self.markets.values())

    @property
    def insurance(self) -> int:
        """The funds of all shards."""
        return sum(each.insurance for each in self.shards.values())

    @property
    def owed(self) -> int:
        """The loans of all holdings."""
        return sum(debt for _, debt in self.holdings.values())

    @property
    def insolvent(self) -> list[int]:
        """Markets whose escrow does not cover what some outcome that may still win has to pay."""
        return [each.id for address, each in self.markets.items() if self._claim(address, each) > each.escrow]

    def _claim(self, address: bytes, market: Market) -> int:
        if market.status == OPEN:
            return max(market.shares)
        held = [
            (shares, outcome)
            for (_, where, outcome), (shares, _) in self.holdings.items()
            if where == address
        ]
        if market.status == VOIDED:
            return sum(shares // len(market.shares) for shares, _ in held)
        return sum(shares for shares, outcome in held if outcome == market.winner)

    @property
    def wrong(self) -> list[str]:
        """What does not add up, each as a sentence."""
        found = []
        if self.tokens != self.counted:
            found.append(f"The token vault holds {self.tokens}, the books say {self.counted}.")
        held: Counter[tuple[bytes, int]] = Counter()
        owed: Counter[tuple[bytes, int]] = Counter()
        here: Counter[bytes] = Counter()
        for (_, market, outcome), (shares, debt) in self.holdings.items():
            held[market, outcome] += shares
            owed[market, outcome] += debt
            here[market] += 1
        gone = sum(count for market, count in here.items() if market not in self.markets)
        if gone:
            found.append(f"{gone} positions or legs are of markets that are not there.")
        # leaves of an archive count as positions and hold shares, but owe nothing
        away = {address: each.positions - here[address] for address, each in self.markets.items()}
        if min(away.values(), default=0) < 0 or sum(away.values()) != self.archived:
            counts = {self.markets[address].id: count for address, count in away.items() if count}
            found.append(
                f"Markets count positions that are not there, {counts}; archives hold {self.archived}."
            )
        for address, each in self.markets.items():
            if each.status != OPEN:
                continue
            for outcome, shares in enumerate(each.shares):
                known = held[address, outcome] + each.taken_shares[outcome]
                if known > shares or (known < shares and not away[address]):
                    found.append(
                        f"Of outcome {outcome} of market {each.id} {known} shares are held, "
                        f"its books say {shares}."
                    )
                debt = owed[address, outcome] + each.taken_debt[outcome]
                if debt != each.debt[outcome]:
                    found.append(
                        f"For outcome {outcome} of market {each.id} {debt} is owed, "
                        f"its books say {each.debt[outcome]}."
                    )
        for index, shard in self.shards.items():
            lent = sum(sum(each.debt) for each in self.markets.values() if each.shard == index)
            if shard.debt != lent:
                found.append(f"Shard {index} has lent {shard.debt}, its markets {lent}.")
        return found

    @property
    def unsound(self) -> list[str]:
        """The same, with escrows that do not cover their claims and cash that is less than nothing."""
        found = self.wrong
        if self.insolvent:
            found.append(f"Markets {self.insolvent} are not covered by their escrows.")
        cash = {"vault": self.cash} | {f"shard {i}": each.cash for i, each in self.shards.items()}
        return found + [f"The {name} holds {amount}." for name, amount in cash.items() if amount < 0]


async def read_books(engine: Engine) -> Books:
    """All accounts of the exchange at once; on a chain that stands still."""

    async def every(name: str) -> list[tuple[Pubkey, bytes]]:
        return await queries.owned(engine, at.EXCHANGE, kinds.filter_of(name))

    vault, tokens = await queries.read(engine, [at.vault(), at.token_vault()])
    traders = [accounts.trader(data) for _, data in await every("Trader")]
    shards = [accounts.shard(data) for _, data in await every("Shard")]
    markets = {bytes(address): accounts.market(data) for address, data in await every("Market")}
    positions = [(address, accounts.position(data)) for address, data in await every("Position")]
    chains = [(address, accounts.chain(data)) for address, data in await every("Chain")]
    archives = [archive_accounts.archive(data) for _, data in await every("Archive")]
    return Books(
        accounts.token_amount(tokens or b""),
        sum(each.balance for each in traders),
        accounts.vault(vault or b"").cash,
        {each.index: each for each in shards},
        markets,
        _holdings(positions, chains),
        sum(each.claims for each in archives),
    )


def _holdings(
    positions: Iterable[tuple[Pubkey, Position]], chains: Iterable[tuple[Pubkey, Chain]]
) -> dict[tuple[bytes, bytes, int], tuple[int, int]]:
    found = {(bytes(key), p.market, p.outcome): (p.shares, p.debt) for key, p in positions}
    for key, chain in chains:
        # a leg that was sold or paid out is no position of its market any more
        for leg in (each for each in chain.legs if each.shares or each.debt):
            found[bytes(key), leg.market, leg.outcome] = (leg.shares, leg.debt)
    return found


@dataclass(slots=True)
class Loans:
    """Loans and insurance funds as events change them, by the rules.

    Attributes:
        debts: what each holding owes.
        outcomes: of each holding.
        shards: the shard of each market.
        fund: the insurance fund of each shard.
        bad: what each shard has lost.
        keeper_ppm: the keeper's part of a sale, at most.
        insurance_ppm: the fund's part of a sale, at most.
        summed: the markets over which `repaid`, `drawn`, `lost`, `rewards` and `calls` are added up.
        wrong: what is not as the rules say, each as a sentence.
    """

    debts: dict[Key, int]
    outcomes: dict[Key, int]
    shards: dict[bytes, int]
    fund: dict[int, int]
    bad: dict[int, int]
    keeper_ppm: int
    insurance_ppm: int
    summed: frozenset[bytes]
    wrong: list[str] = field(default_factory=list)
    repaid: int = 0
    drawn: int = 0
    lost: int = 0
    rewards: int = 0
    calls: int = 0
    taken: dict[bytes, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, books: Books, summed: frozenset[bytes]) -> Loans:
        """As of now."""
        rules = books.shards[0]
        return cls(
            {(source, market): debt for (source, market, _), (_, debt) in books.holdings.items()},
            {(source, market): outcome for source, market, outcome in books.holdings},
            {address: each.shard for address, each in books.markets.items()},
            {index: each.insurance for index, each in books.shards.items()},
            {index: each.bad_debt for index, each in books.shards.items()},
            rules.keeper_ppm,
            rules.insurance_ppm,
            summed,
        )

    def take(self, events: Iterable[Event]) -> None:
        """The events of one transaction, in their order."""
        sold = [each.fields for each in events if each.name == "Liquidated"]
        for each in events:
            if each.name == "Liquidated":
                self._liquidated(each.fields)
            elif each.name == "TakenOver":
                self._taken_over(each.fields)
            elif each.name == "MarketSettled":
                self._settled(each.fields)
            elif each.name == "ChainLiquidated":
                self._split(each.fields, sold)
        chained = any(each.name == "ChainLiquidated" for each in events)
        if sold and not chained:
            self._split(sold[0], sold)
        ours = [each.fields for each in events if each.fields.get("market") in self.summed]
        if any("reward" in each for each in ours):
            self.calls += 1
            # a chain's legs name no reward when they are sold, and each its own when they are taken over
            dealt = [
                each.fields for each in events if each.name in ("Liquidated", "ChainLiquidated", "TakenOver")
            ]
            self.rewards += sum(each["reward"] for each in dealt)

    def _split(self, dealt: dict[str, Any], sales: list[dict[str, Any]]) -> None:
        """All that the sales brought is dealt out; keeper and fund get no more than their parts."""
        proceeds = sum(each["notional"] - each["fee"] for each in sales)
        notional = sum(each["notional"] for each in sales)
        if dealt["reward"] + dealt["repaid"] + dealt["insured"] + dealt["amount"] != proceeds:
            self.wrong.append(f"A sale brought {proceeds}, and something else was dealt out.")
        if dealt["reward"] > notional * self.keeper_ppm // WHOLE:
            self.wrong.append(f"A keeper got {dealt['reward']} of {notional}.")
        if dealt["insured"] > notional * self.insurance_ppm // WHOLE:
            self.wrong.append(f"An insurance fund got {dealt['insured']} of {notional}.")

    def _liquidated(self, sale: dict[str, Any]) -> None:
        key, shard = (sale["source"], sale["market"]), self.shards[sale["market"]]
        drawn, lost = sale.get("drawn", 0), sale.get("lost", 0)
        if self.debts[key] != sale["debt"] + sale["repaid"] + drawn + lost:
            self.wrong.append(f"A loan of {self.debts[key]} does not add up after a sale.")
        if "drawn" in sale:
            # what shares that are left could never pay is bad, and the fund pays it as long as it can
            bad = max(0, self.debts[key] - sale["repaid"] - sale["left"])
            self._draw(shard, bad, drawn)
            if lost != bad - drawn:
                self.wrong.append(f"The vault lost {lost} on a sale instead of {bad - drawn}.")
        self.debts[key] = sale["debt"]
        self.fund[shard] += sale["insured"]
        self.bad[shard] += lost
        self._sum(sale["market"], sale["repaid"], drawn, lost)

    def _sum(self, market: bytes, repaid: int, drawn: int, lost: int) -> None:
        if market in self.summed:
            self.repaid, self.drawn, self.lost = self.repaid + repaid, self.drawn + drawn, self.lost + lost

    def _draw(self, shard: int, bad: int, drawn: int) -> None:
        due = min(bad, self.fund[shard])
        if drawn != due:
            self.wrong.append(f"{drawn} was drawn from the fund of shard {shard} instead of {due}.")
        self.fund[shard] -= due

    def _taken_over(self, taken: dict[str, Any]) -> None:
        key = (taken["source"], taken["market"])
        if self.debts[key] != taken["debt"]:
            self.wrong.append(f"A loan of {self.debts[key]} was taken over as {taken['debt']}.")
        self.debts[key] = 0
        self.taken[taken["market"]].append((taken["outcome"], taken["shares"], taken["debt"]))

    def _settled(self, settled: dict[str, Any]) -> None:
        """Loans of losing shares are lost; what the vault took over pays if it won, then the fund pays."""
        market, winner = settled["market"], settled["winner"]
        shard, lost = self.shards[market], 0
        for key, debt in self.debts.items():
            if key[1] == market and self.outcomes[key] != winner:
                lost += debt
                self.debts[key] = 0
        owed = sum(debt for _, _, debt in self.taken[market])
        brought = sum(shares for outcome, shares, _ in self.taken[market] if outcome == winner)
        missing = owed - min(owed, brought)
        drawn = settled.get("drawn", 0)
        self._draw(shard, missing, drawn)
        lost += missing - drawn
        if settled["bad_debt"] != lost:
            self.wrong.append(f"A settlement lost {settled['bad_debt']} instead of {lost}.")
        self.fund[shard] += brought - min(owed, brought)
        self.bad[shard] += lost
        self._sum(market, min(owed, brought), drawn, lost)

    def compare(self, books: Books) -> list[str]:
        """Where the chain's funds and losses differ from these, each as a sentence."""
        found = []
        for index, each in books.shards.items():
            if each.insurance != self.fund[index]:
                found.append(
                    f"The fund of shard {index} holds {each.insurance} instead of {self.fund[index]}."
                )
            if each.bad_debt != self.bad[index]:
                found.append(f"Shard {index} has lost {each.bad_debt} instead of {self.bad[index]}.")
        return found
