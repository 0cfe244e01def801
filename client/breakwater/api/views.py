"""What services know -> what goes over the wire."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.oracle import freshness
from breakwater.trading import settled_price, show_amount, show_price

from . import schemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain import accounts
    from breakwater.trading import AccountView, Holding, MarketView, Quote

__all__ = ["feed", "fill", "market", "position", "quote", "trader", "vault"]

CURVES = ("lmsr", "pm-amm")
SIDES: Final[tuple[schemas.SideName, ...]] = ("buy", "sell", "open", "close")
Q32 = 1 << 32
NO_LOANS = (1 << 64) - 1


def market(view: MarketView) -> schemas.Market:
    """A market."""
    m, exponent, prices = view.market, view.feed.exponent, view.prices
    return schemas.Market(
        market=view.id,
        status=cast("schemas.StatusName", view.status),
        feed=view.feed.name,
        feed_price=show_price(view.feed.price, exponent),
        feed_age_s=view.feed_age_s,
        strikes=[show_price(each, exponent) for each in m.strikes],
        closes_ms=m.close_ms,
        closes_in_s=max(0, m.close_ms // 1000 - view.now_s),
        outcomes=[
            schemas.Outcome(i, view.label(i), prices[i], show_amount(m.shares[i]), show_amount(m.debt[i]))
            for i in range(view.outcomes)
        ],
        curve=CURVES[m.curve],
        liquidity=show_amount(m.liquidity),
        escrow=show_amount(m.escrow),
        debt=show_amount(sum(m.debt)),
        fee_ppm=view.shard.fee_ppm,
        leverage_cap=view.leverage_cap / 100,
        positions=m.positions,
        shard=m.shard,
        winner=m.winner if view.status == "resolved" else None,
        settlement_price=settled_price(view),
    )


def quote(found: Quote) -> schemas.Quote:
    """A quote."""
    return schemas.Quote(
        market=found.market,
        side=found.side,
        outcome=found.outcome,
        shares=show_amount(found.shares),
        leverage=found.leverage_x100 / 100,
        exact=found.exact,
        **{name: show_amount(value) for name, value in asdict(found.figures).items()},
        limit=show_amount(found.limit),
        debt_after=show_amount(found.debt_after),
        average_price=found.average_price,
        price_before=found.price_before,
        price_after=found.price_after,
        price_impact=found.impact,
        slippage=found.slippage,
        leverage_cap=found.leverage_cap_x100 / 100,
        underwater_price=found.underwater_price,
        balance_after=None if found.balance_after is None else show_amount(found.balance_after),
    )


def position(holding: Holding) -> schemas.Position:
    """A position."""
    p, view = holding.position, holding.view
    return schemas.Position(
        market=view.id,
        status=cast("schemas.StatusName", view.status),
        outcome=p.outcome,
        label=view.label(p.outcome),
        kind="leverage" if p.kind else "spot",
        shares=show_amount(p.shares),
        cost=show_amount(p.cost),
        debt=show_amount(holding.owed),
        price=view.prices[p.outcome],
        value=show_amount(holding.value),
        equity=show_amount(holding.equity),
        profit=show_amount(holding.profit),
        underwater_price=holding.underwater_price,
    )


def trader(account: AccountView, holdings: Sequence[Holding]) -> schemas.Trader:
    """An owner's means; the value leaves out the wallet and the shares of the vault."""
    book = account.trader
    equity = sum(each.equity for each in holdings)
    return schemas.Trader(
        owner=str(account.owner),
        lamports=account.lamports,
        wallet=show_amount(account.wallet),
        has_account=book is not None,
        balance=None if book is None else show_amount(book.balance),
        lp_shares=None if book is None else show_amount(book.lp_shares),
        value=show_amount(equity + (0 if book is None else book.balance)),
        positions=[position(each) for each in holdings],
    )


def vault(book: accounts.Vault, shards: Sequence[accounts.Shard]) -> schemas.Vault:
    """The vault with its shards."""
    return schemas.Vault(
        cash=show_amount(book.cash + sum(each.cash for each in shards)),
        debt=show_amount(sum(each.debt for each in shards)),
        lp_supply=show_amount(book.lp_supply),
        volume=show_amount(sum(each.volume for each in shards)),
        fees=show_amount(sum(each.fees for each in shards)),
        bad_debt=show_amount(sum(each.bad_debt for each in shards)),
        folded_slot=book.folded_slot,
        shards=[
            schemas.Shard(
                shard=each.index,
                cash=show_amount(each.cash),
                debt=show_amount(each.debt),
                debt_at_risk=show_amount(each.debt_at_risk),
                claim_floor=show_amount(each.claim_floor),
                claim_ceiling=show_amount(each.claim_ceiling),
                coverage=None if each.coverage_q32 == NO_LOANS else each.coverage_q32 / Q32,
                fee_ppm=each.fee_ppm,
                fees=show_amount(each.fees),
                volume=show_amount(each.volume),
                bad_debt=show_amount(each.bad_debt),
            )
            for each in shards
        ],
    )


def feed(found: accounts.Feed, now_s: int) -> schemas.Feed:
    """A feed."""
    age = max(0, now_s - found.timestamp_ms // 1000) if found.count else None
    return schemas.Feed(
        feed=found.name,
        address=str(at.feed(found.name)),
        price=_decimal(found.price, found.exponent) if found.count else None,
        confidence=_decimal(found.confidence, found.exponent) if found.count else None,
        age_s=age,
        freshness=freshness(age, found.max_age_s).value,
        sequence=found.sequence,
        slot=found.slot,
        timestamp_ms=found.timestamp_ms,
        publisher=str(Pubkey(found.publisher)),
        authority=str(Pubkey(found.authority)),
        count=found.count,
        exponent=found.exponent,
        max_age_s=found.max_age_s,
    )


def fill(traded: dict[str, Any], market_id: int | None) -> schemas.Fill:
    """What a `Traded` event says."""
    return schemas.Fill(
        market=market_id,
        trader=str(Pubkey(traded["trader"])),
        side=SIDES[traded["side"]],
        outcome=traded["outcome"],
        shares=show_amount(traded["shares"]),
        notional=show_amount(traded["notional"]),
        fee=show_amount(traded["fee"]),
        amount=show_amount(traded["amount"]),
        premium=show_amount(traded["premium"]),
        shortfall=show_amount(traded["shortfall"]),
        debt_after=show_amount(traded["debt"]),
        leverage=traded["leverage_x100"] / 100,
    )


def _decimal(value: int, exponent: int) -> str:
    return f"{Decimal(value).scaleb(exponent):f}"
