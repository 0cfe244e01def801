"""Trading: what a trade would do, exactly, and then doing it; markets, balances and positions around it.

`prepare` simulates an order and returns a `Ticket` with its `Quote`; `place` sends it with the quote's limit
enforced on the chain. `quotes` is pure: the LMSR in closed form, fees, margins, leverage caps.
"""

from .advice import ADVICE, explained
from .amounts import (
    UNIT,
    parse_amount,
    parse_leverage,
    parse_price,
    parse_time_ms,
    show_amount,
    show_leverage,
    show_price,
    show_time,
)
from .curves import Curve, curve_of
from .funds import Payout, Transfer, deposit, redeem, withdraw
from .markets import Settlement, settled_price, settlement_index
from .markets import close as close_market
from .markets import create as create_market
from .markets import resolve as resolve_market
from .orders import Request, Ticket, place, prepare, quote
from .outcomes import label, parse_outcome
from .quotes import Quote
from .state import (
    AccountView,
    Holding,
    MarketView,
    read_account,
    read_config,
    read_holdings,
    read_market,
    read_markets,
)

__all__ = [
    "ADVICE",
    "UNIT",
    "AccountView",
    "Curve",
    "Holding",
    "MarketView",
    "Payout",
    "Quote",
    "Request",
    "Settlement",
    "Ticket",
    "Transfer",
    "close_market",
    "create_market",
    "curve_of",
    "deposit",
    "explained",
    "label",
    "parse_amount",
    "parse_leverage",
    "parse_outcome",
    "parse_price",
    "parse_time_ms",
    "place",
    "prepare",
    "quote",
    "read_account",
    "read_config",
    "read_holdings",
    "read_market",
    "read_markets",
    "redeem",
    "resolve_market",
    "settled_price",
    "settlement_index",
    "show_amount",
    "show_leverage",
    "show_price",
    "show_time",
    "withdraw",
]
