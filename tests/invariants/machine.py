"""The stateful machine: every instruction but those of MMT and keepers, in any order, against the model."""

from __future__ import annotations

from .rules_stops import Stops
from .rules_vault import Vault

__all__ = ["VERBS", "ExchangeMachine"]

VERBS = frozenset(
    (
        *("create_feed", "publish", "rotate_publisher", "read"),
        *("initialize", "create_shard", "set_operator", "renounce_admin"),
        *("create_trader", "close_trader", "deposit", "withdraw"),
        *("provide_liquidity", "take_liquidity", "fold", "propagate_halt"),
        *("create_market", "create_position", "close_position", "close_market"),
        *("buy", "sell", "open", "close", "batch"),
        *("create_chain", "open_chain", "unwind_chain", "close_chain", "redeem_leg"),
        *("resolve", "void", "redeem"),
        *(
            "liquidate",
            "liquidate_chain",
            "take_over",
            "take_over_chain",
            "place_stop",
            "cancel_stop",
            "execute_stop",
        ),
    )
)
"""Every instruction; Compared with the IDLs, as are those of `keepers_model`."""


class ExchangeMachine(Stops, Vault):
    """All rules together; what must hold after each is in `World.run`."""
