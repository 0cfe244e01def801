"""When a market halts, and with whom: what it opens with, and spreading a halt to every shard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.errors import InvalidInput, Retryable

from .advice import explained
from .amounts import show_price
from .state import read_config

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.accounts import Feed
    from breakwater.chain.sender import Sender

__all__ = ["DEFAULT_VOLUME", "GROUPS", "Guards", "checked", "propagate_halt"]

GROUPS: Final = 64
"""Groups of markets, number 0 (none) included."""

DEFAULT_VOLUME: Final = 100
"""Volume of a window that halts a market unless told otherwise, as a multiple of its liquidity."""

MAX_SLOTS: Final = 216_000
U64_MAX: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Guards:
    """A market's circuit breaker, its group, and how far leveraged fills may be from its feed.

    Attributes:
        breaker: whether there is one at all.
        max_move_ppm: how far an outcome's fill price may move within a window, of the range from 0 to 1.
        max_volume: micro-units a window; None takes 100 times the liquidity.
        max_liquidation_ppm: part of a window's volume that may be liquidations.
        window_slots: length of a window; a slot is about 0.4 s.
        cooldown_slots: length of a halt.
        group: markets of one group (1 to 63) halt together; 0: none.
        max_divergence_ppm: how far a leveraged fill may be from the feed's probability; 0: the feed is none.
    """

    breaker: bool = True
    max_move_ppm: int = 300_000
    max_volume: int | None = None
    max_liquidation_ppm: int = 500_000
    window_slots: int = 150
    cooldown_slots: int = 150
    group: int = 0
    max_divergence_ppm: int = 0

    def limits(self, liquidity: int) -> ix.BreakerLimits:
        """The breaker of a market with that liquidity."""
        if not self.breaker:
            return ix.BreakerLimits()
        volume = min(U64_MAX, DEFAULT_VOLUME * liquidity) if self.max_volume is None else self.max_volume
        return ix.BreakerLimits(
            volume, self.max_move_ppm, self.max_liquidation_ppm, self.window_slots, self.cooldown_slots
        )


def checked(guards: Guards, feed: Feed) -> Guards:
    """The guards, if the feed can carry them.

    Raises:
        InvalidInput: a number out of range, or a limit of divergence for a feed that is no probability.
    """
    if not 0 <= guards.group < GROUPS:
        raise InvalidInput(f"Choose a group from 1 to {GROUPS - 1}, or 0 for none.")
    slots = (guards.window_slots, guards.cooldown_slots)
    if guards.breaker and not all(1 <= each <= MAX_SLOTS for each in slots):
        raise InvalidInput(f"Give the breaker a window and a cool-down of 1 to {MAX_SLOTS} slots.")
    if guards.max_divergence_ppm and (feed.exponent > 0 or feed.price > 10**-feed.exponent):
        raise InvalidInput(
            f"Leave --max-divergence out: {feed.name} at {show_price(feed.price, feed.exponent)} is no "
            "probability."
        )
    return guards


async def propagate_halt(sender: Sender, key: Keypair, group: int) -> tuple[int, int, str]:
    """Tell every shard of a group's halt, whoever asks.

    Returns:
        The first slot in which the group trades again (long past when it is not halted), the slot of the
        transaction, and its signature.

    Raises:
        InvalidInput: no such group.
    """
    if not 1 <= group < GROUPS:
        raise InvalidInput(f"Choose a group from 1 to {GROUPS - 1}.")
    await read_config(sender.engine)
    with explained():
        receipt = await sender.send([ix.propagate_halt(group)], [key])
    for event in programs.event_decoder().decode(receipt.logs):
        if event.name == "GroupHalted":
            return int(event.fields["until_slot"]), receipt.slot, str(receipt.signature)
    raise Retryable(f"Look again in a moment: the node does not show the log of {receipt.signature}.")
