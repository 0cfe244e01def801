"""What must hold whatever happened: accounts as the model has them, claims covered, every unit counted."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from breakwater.chain import accounts
from breakwater.chain import addresses as at

from .state import Chain, Config, Feed, Market, Position, Shard, Stop, Trader, Vault, Wallet

if TYPE_CHECKING:
    from solders.account import Account
    from solders.pubkey import Pubkey

    from .draft import Books
    from .state import Holding

__all__ = ["agree", "audit"]

READERS = {
    Chain: accounts.chain,
    Config: accounts.config,
    Feed: accounts.feed,
    Market: accounts.market,
    Position: accounts.position,
    Shard: accounts.shard,
    Trader: accounts.trader,
    Vault: accounts.vault,
}
OPEN, VOIDED = 0, 2
ALL_OUTCOMES = 16
FILL_UNITS = 5


def agree(key: Pubkey, record: Any, account: Account | None) -> None:
    """An account of the programs holds exactly what the model says."""
    if record is None:
        owned = account is not None and account.owner in (at.EXCHANGE, at.ORACLE)
        assert not owned, f"{key} should not exist"
        return
    assert account is not None, f"{key} should be {record}"
    if isinstance(record, Wallet):
        assert accounts.token_amount(account.data) == record.amount, f"tokens of {key}"
        return
    if isinstance(record, Stop):
        found: Any = accounts.read_fields("Stop", account.data)
        assert {name: found[name] for name in vars(record)} == vars(record), f"order {key}"
        return
    found = READERS[type(record)](account.data)
    _same(record, found)
    if isinstance(record, Market):
        _same_prices(record, accounts.read_fields("Market", account.data))
    if isinstance(record, Chain):
        assert len(record.legs) == len(found.legs)
        for leg, other in zip(record.legs, found.legs, strict=True):
            _same(leg, other)


def _same(record: Any, found: Any) -> None:
    shown = {name: getattr(found, name) for name in found.__slots__ if name != "legs"}
    wrong = {
        name: (shown[name], value)
        for name, value in vars(record).items()
        if name in shown and shown[name] != value
    }
    assert not wrong, f"{type(record).__name__} has (chain, model) {wrong}"


def _same_prices(record: Market, found: dict[str, Any]) -> None:
    """The breaker's prices; a fill's division of large amounts may be a few units too low."""
    for name, prices in (("anchor_q28", record.anchors), ("fill_q28", record.fills)):
        off = max(price - shown for price, shown in zip(prices, found[name], strict=True))
        assert 0 <= off <= FILL_UNITS, f"{name} has (chain, model) {found[name], prices}"


def audit(books: Books, supply: int) -> None:
    """Solvency of every market, the ledgers' sums, and all tokens accounted for."""
    of: dict[type, list[Any]] = defaultdict(list)
    for record in books.values():
        of[type(record)].append(record)
    if not of[Vault]:
        return
    vault: Vault = of[Vault][0]
    total = vault.cash + sum(trader.balance for trader in of[Trader])
    total += sum(shard.cash + shard.insurance + shard.reserve for shard in of[Shard])
    total += sum(market.escrow for market in of[Market])
    held = books[at.token_vault()].amount
    assert total == held, f"the books say {total}, the token vault holds {held}"
    assert sum(wallet.amount for wallet in of[Wallet]) == supply, "tokens came from nowhere"
    assert vault.lp_supply == sum(trader.lp_shares for trader in of[Trader])
    holdings: dict[bytes, list[Holding]] = defaultdict(list)
    for position in of[Position]:
        holdings[position.market].append(position)
    for chain in of[Chain]:
        for leg in chain.held:
            holdings[leg.market].append(leg)
    for market in of[Market]:
        _audit_market(market, holdings[bytes(at.market(market.id))], vault, of[Shard])
    for shard in of[Shard]:
        _audit_shard(shard, [market for market in of[Market] if market.shard == shard.index])


def _audit_market(m: Market, holdings: list[Holding], vault: Vault, shards: list[Shard]) -> None:
    assert m.positions == len(holdings), "positions of a market"
    claims, debts = [0] * ALL_OUTCOMES, [0] * ALL_OUTCOMES
    for holding in holdings:
        claims[holding.outcome] += holding.shares
        debts[holding.outcome] += holding.debt
    for outcome, (taken, owed) in enumerate(zip(m.taken_shares, m.taken_debt, strict=True)):
        assert taken >= owed, "what was taken over pays its loan if it wins"
        claims[outcome] += taken
        debts[outcome] += owed
    cash = vault.cash + sum(shard.cash for shard in shards)
    assert cash >= 0
    if m.status != OPEN:
        worth = sum(m.payout(holding.outcome, holding.shares) for holding in holdings)
        assert m.escrow >= worth, "a settled market pays what is left to redeem"
        kept = range(len(m.debt)) if m.status == VOIDED else (m.winner,)
        assert all(m.debt[i] == debts[i] for i in kept), "loans of a settled market"
        return
    used = len(m.shares)
    assert tuple(claims[:used]) == m.shares, "outstanding shares"
    assert tuple(debts[:used]) == m.debt, "loans by outcome"
    for outcome, claim in enumerate(m.shares):
        assert claim <= m.escrow, f"escrow covers outcome {outcome}"
        assert claim <= m.escrow + cash, f"vault and escrow cover outcome {outcome}"
        # what this outcome leaves unpaid is within the debt at risk
        assert sum(m.debt) - m.debt[outcome] <= m.debt_at_risk
    assert m.debt_at_risk <= m.max_debt_at_risk, "a market's loans at risk end at its subsidy"
    secured = all(holding.debt <= holding.shares for holding in holdings)
    assert secured, "a winner repays"


def _audit_shard(shard: Shard, markets: list[Market]) -> None:
    assert min(shard.cash, shard.insurance, shard.debt, shard.debt_at_risk) >= 0
    assert shard.debt == sum(sum(market.debt) for market in markets), "loans of a shard"
    assert shard.debt_at_risk == sum(market.debt_at_risk for market in markets), "debt at risk"
    assert shard.claim_floor == sum(market.claim_floor for market in markets), "claims at worst"
    assert shard.claim_ceiling == sum(market.claim_ceiling for market in markets), "claims at best"
