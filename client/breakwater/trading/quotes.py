"""Quotes: the market maker and the rules of leverage, as far as a trader can compute them beforehand.

Prices come from a float model of the market makers (`curves`). It is within 1e-9 of the exact figures and
good for "how many shares for this much" and for charts; what a preview calls exact comes from a simulation.
Rates, margins and caps are integers and are exactly the programs'. Amounts are micro-units, prices of
outcomes are in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from breakwater.model import Side

    from .curves import Curve

__all__ = [
    "FLASH_PPM",
    "ONE_X",
    "Figures",
    "Quote",
    "estimate",
    "fee",
    "flash_part",
    "leverage_cap",
    "limit_for",
    "margin",
    "shares_for",
    "tier_cap",
    "underwater_price",
]

ONE_X: Final = 100
"""Leverage of one, in hundredths."""

FLASH_PPM: Final = 20_000
"""Added to the fee on what is sold in the slot of its purchase."""

PPM = 1_000_000
BPS = 10_000
Q32 = 1 << 32


@dataclass(frozen=True, slots=True)
class Figures:
    """What a trade moves, in micro-units.

    Attributes:
        notional: cost or proceeds of the shares before the fee.
        fee: on the notional, `flash` included.
        amount: what leaves the balance (buy, open) or reaches it (sell, close).
        loan: what the vault lends (open) or gets back (close).
        premium: what an open pays for its loan; part of the amount.
        shortfall: what a close takes from the balance because the proceeds do not repay the loan.
        flash: the part of the fee that is due because the shares were bought in the same slot.
    """

    notional: int
    fee: int
    amount: int
    loan: int = 0
    premium: int = 0
    shortfall: int = 0
    flash: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a trade would do now; `exact` when it was simulated, else computed by the model.

    Attributes:
        figures: the money it moves.
        debt_after: the position's loan afterwards.
        slippage: average price against the price before, as a part of it; positive is against the trader.
        leverage_cap_x100: highest leverage now, in hundredths.
        underwater_price: at this price the position's proceeds just repay its loan; None without a loan.
        limit: enforced on the chain: the most to pay, or the least to receive.
    """

    market: int
    side: Side
    outcome: int
    shares: int
    leverage_x100: int
    exact: bool
    figures: Figures
    debt_after: int
    price_before: float
    price_after: float
    average_price: float
    slippage: float
    leverage_cap_x100: int
    underwater_price: float | None
    balance_after: int | None
    limit: int

    @property
    def amount(self) -> int:
        """What leaves the balance (buy, open) or reaches it (sell, close)."""
        return self.figures.amount

    @property
    def impact(self) -> float:
        """How far the trade moves the price."""
        return self.price_after - self.price_before


def fee(notional: int, fee_ppm: int) -> int:
    """The fee, rounded up as the program does."""
    return -(-notional * fee_ppm // PPM)


def flash_part(notional: int, charged: int, fee_ppm: int) -> int:
    """How much of the fee on a sale is there because the shares were bought in the same slot."""
    return max(0, charged - min(fee(notional, fee_ppm), notional))


def margin(notional: int, leverage_x100: int) -> int:
    """What the trader posts for a notional, rounded up; the vault lends the rest."""
    return -(-notional * ONE_X // leverage_x100)


def tier_cap(outcomes: int) -> int:
    """Highest leverage for a number of outcomes, `floor(50 sqrt(2 / N))` in hundredths."""
    return math.isqrt(2 * 5_000**2 // outcomes)


def leverage_cap(outcomes: int, coverage_q32: int, *, stale: bool = False) -> int:
    """Highest leverage now, in hundredths: by outcomes and coverage; half of it while the feed is stale."""
    per_unit_q18 = math.isqrt((10_000 << 18) ** 2 // outcomes)
    covered = tier_cap(outcomes) if coverage_q32 >= Q32 else coverage_q32 * per_unit_q18 >> 50
    cap = max(ONE_X, min(tier_cap(outcomes), covered))
    return max(ONE_X, cap // 2) if stale else cap


def underwater_price(curve: Curve, debt: int, shares: int, fee_ppm: int) -> float | None:
    """The price of the outcome at which selling all `shares` repays `debt` after the fee, and no more.

    None without a debt; above 1 when no price does.
    """
    if debt <= 0 or shares <= 0:
        return None
    return curve.underwater_price(debt / (1 - fee_ppm / PPM), shares)


def shares_for(
    side: Side,
    curve: Curve,
    payment: int,
    fee_ppm: int,
    *,
    leverage_x100: int = ONE_X,
    reference: float = 1.0,
) -> int:
    """How many shares a payment buys, fee and premium included, by the model and rounded down."""
    most = curve.shares_for(payment / (ONE_X / leverage_x100 + fee_ppm / PPM))
    if side == "buy" or leverage_x100 == ONE_X:
        return most
    least = 0
    while most - least > 1:
        middle = (least + most) // 2
        found = estimate(side, curve, middle, fee_ppm, leverage_x100=leverage_x100, reference=reference)
        if found.amount <= payment:
            least = middle
        else:
            most = middle
    return least


def limit_for(side: Side, amount: int, slippage_bps: int) -> int:
    """The amount a trade may move to before the chain refuses it; exactly `amount` for 0 basis points."""
    if side in ("buy", "open"):
        return amount * (BPS + slippage_bps) // BPS
    return -(-amount * (BPS - slippage_bps) // BPS)


def estimate(
    side: Side,
    curve: Curve,
    shares: int,
    fee_ppm: int,
    *,
    leverage_x100: int = ONE_X,
    reference: float = 1.0,
    due: int = 0,
    flash: bool = False,
) -> Figures:
    """What a trade moves, by the model.

    Args:
        side: of the trade.
        curve: the outcome's.
        shares: bought or given back.
        fee_ppm: the fee in parts per million.
        leverage_x100: for an open.
        reference: for an open: the price of the last minute; it secures the loan unless the fill's is lower.
        due: for a close: the loan that these shares have to repay.
        flash: for a sale: whether the shares were bought in the same slot.
    """
    if side in ("buy", "open"):
        notional = math.ceil(curve.cost(shares))
        charged, paid = fee(notional, fee_ppm), margin(notional, leverage_x100)
        loan = notional - paid
        premium = math.ceil(loan * (1 - min(reference, notional / shares, 1.0))) if loan else 0
        return Figures(notional, charged, paid + charged + premium, loan, premium, 0)
    notional = math.floor(curve.proceeds(shares))
    charged = min(fee(notional, fee_ppm + FLASH_PPM * flash), notional)
    left = notional - charged - due
    extra = flash_part(notional, charged, fee_ppm)
    return Figures(notional, charged, max(0, left), due, 0, max(0, -left), extra)
