"""Trading: what a trade would do, exactly, and then doing it; markets, balances and positions around it.

`prepare` simulates an order and returns a `Ticket` with its `Quote`; `place` sends it with the quote's limit
enforced on the chain. `prepare_batch`, `prepare_chain` and `prepare_unwind` do the same for several trades at
once. `quotes` is pure: the market makers in closed form, fees, margins, leverage caps.
"""

from .advice import ADVICE, explained
from .amounts import (
    UNIT,
    parse_amount,
    parse_leverage,
    parse_percent,
    parse_price,
    parse_time_ms,
    show_amount,
    show_leverage,
    show_price,
    show_time,
)
from .batches import BatchTicket, SpotRequest, place_batch, prepare_batch
from .breakers import Guards, propagate_halt
from .chains import ChainRequest, ChainTicket, LegQuote, LegRequest, Opened, place_chain, prepare_chain
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
    read_account,
    read_chain,
    read_chains,
    read_config,
    read_holdings,
    read_market,
    read_markets,
)
from .stops import (
    SIDES,
    StopRequest,
    StopView,
    cancel_stop,
    clear_stops,
    parse_trigger,
    place_stop,
    read_stops,
)
from .unwinding import (
    LegExit,
    UnwindTicket,
    Unwound,
    close_chain,
    find_chain,
    place_unwind,
    prepare_unwind,
    redeem_chain,
)
from .views import AccountView, ChainView, Halt, Holding, MarketView

__all__ = [
    "ADVICE",
    "SIDES",
    "UNIT",
    "AccountView",
    "BatchTicket",
    "ChainRequest",
    "ChainTicket",
    "ChainView",
    "Curve",
    "Guards",
    "Halt",
    "Holding",
    "LegExit",
    "LegQuote",
    "LegRequest",
    "MarketView",
    "Opened",
    "Payout",
    "Quote",
    "Request",
    "Settlement",
    "SpotRequest",
    "StopRequest",
    "StopView",
    "Ticket",
    "Transfer",
    "UnwindTicket",
    "Unwound",
    "cancel_stop",
    "clear_stops",
    "close_chain",
    "close_market",
    "create_market",
    "curve_of",
    "deposit",
    "explained",
    "find_chain",
    "label",
    "parse_amount",
    "parse_leverage",
    "parse_outcome",
    "parse_percent",
    "parse_price",
    "parse_time_ms",
    "parse_trigger",
    "place",
    "place_batch",
    "place_chain",
    "place_stop",
    "place_unwind",
    "prepare",
    "prepare_batch",
    "prepare_chain",
    "prepare_unwind",
    "propagate_halt",
    "quote",
    "read_account",
    "read_chain",
    "read_chains",
    "read_config",
    "read_holdings",
    "read_market",
    "read_markets",
    "read_stops",
    "redeem",
    "redeem_chain",
    "resolve_market",
    "settled_price",
    "settlement_index",
    "show_amount",
    "show_leverage",
    "show_price",
    "show_time",
    "withdraw",
]
