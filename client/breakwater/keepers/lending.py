"""Loans that may have to be called: which, and how many shares to sell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx

from . import health
from .pricing import fill_estimate, liquidity_now, mark_estimate
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction

    from breakwater.chain.accounts import Chain, Leg, Market, Position, Shard

    from .work import Build
    from .world import World

__all__ = ["SLACK_PPM", "chain_work", "liquidation_work"]

SLACK_PPM: Final = 4_000
"""Our mark may be too high by so much: the program's reference is a lower bound, 2^-10 below the price."""

WHOLE: Final = 1_000_000
ONE: Final = 1 << 28
CHAIN_PARTS: Final = (WHOLE, 300_000, 100_000, 30_000, 10_000)


def _mark(world: World, market: Market, outcome: int, sold: int) -> int:
    """The mark if so many shares were sold now, about, in units of 2^-28."""
    fill = fill_estimate(market, outcome, sold, world.now_s)
    return round(max(fill, mark_estimate(market, outcome, world.now_s)) * ONE)


def _maintenance(market: Market, shard: Shard) -> int:
    return health.maintenance(health.leverage_cap(len(market.shares), shard.coverage_q32))


def liquidation_work(world: World, address: Pubkey, position: Position, market: Market) -> Work | None:
    """What to try on a position whose loan may be unhealthy; None where it can't be."""
    shard, owner = world.shards.get(market.shard), world.owner(position.trader)
    if shard is None or owner is None or not position.shares:
        return None
    needed = _maintenance(market, shard)
    held, debt = position.shares, position.debt
    part = health.part_of(held, shard.partial_ppm)
    # the largest sale has the lowest fill of its own: what is sound by this mark is sound by every other
    mark = _mark(world, market, position.outcome, held)
    low = mark * (WHOLE - SLACK_PPM) // WHOLE
    if not health.is_unhealthy(health.value_of(held, low), debt, needed):
        return None
    # the transaction lands in a later slot than the one that was seen
    liquidity = int(liquidity_now(market, world.now_s))
    room = health.room(market, shard, world.slot + 1, liquidity)
    sizes = [min(held, room), min(part, room), min(held, health.room(market, shard, market.slot, liquidity))]
    sizes.append(min(part, health.cap_of_slot(liquidity, shard.slot_ppm, 0)))
    attempts: tuple[Build, ...] = tuple(
        lambda keeper, shares=shares: [lx.liquidate(keeper, owner, market.id, position.outcome, shares)]  # type: ignore[misc]
        for shares in dict.fromkeys(each for each in sizes if each > 0)
    )

    def taking(keeper: Pubkey) -> list[Instruction]:
        return [lx.take_over(keeper, owner, market.id, position.outcome)]

    # at worst a sale repays its loan, or the shares are worth less than it: one of the two is done
    under_water = health.value_of(held, low) < debt
    attempts = (taking, *attempts) if under_water else (*attempts, taking)
    return Work(
        "liquidation",
        address,
        debt,
        attempts,
        related=Pubkey.from_bytes(position.market),
        task_kind=kx.LIQUIDATION,
    )


def chain_work(world: World, address: Pubkey, chain: Chain) -> Work | None:
    """What to try on a chain whose loans together may be unhealthy; None where they can't be.

    A settled leg is paid out on the way; one that waits for its settlement counts, and is not sold.
    """
    owner = world.owner(chain.trader)
    legs = [leg for leg in chain.legs if leg.shares > 0]
    if owner is None or not any(leg.debt for leg in legs):
        return None
    debt = limit = value_of_all = 0
    route: list[tuple[int, Pubkey]] = []
    trading: list[Leg] = []
    for leg in legs:
        market = world.markets.get(Pubkey.from_bytes(leg.market))
        shard = None if market is None else world.shards.get(market.shard)
        if market is None or shard is None:
            return None
        route.append((market.id, Pubkey.from_bytes(market.feed)))
        if market.status:
            continue
        if world.now_s * 1000 < market.close_ms:
            trading.append(leg)
        debt += leg.debt
        value = _leg_value(world, leg, market)
        value_of_all += value
        limit += value - health.part_of(value, _maintenance(market, shard))
    if debt <= limit or not trading:
        return None
    parts = [CHAIN_PARTS[0], *(_fitting(world, trading, slot) for slot in (world.slot + 1, world.slot))]
    attempts: tuple[Build, ...] = tuple(
        lambda keeper, part=part: [lx.liquidate_chain(keeper, owner, chain.id, route, part)]  # type: ignore[misc]
        for part in dict.fromkeys([*parts, *CHAIN_PARTS])
        if part
    )

    def taking(keeper: Pubkey) -> list[Instruction]:
        return [lx.take_over_chain(keeper, owner, chain.id, route)]

    attempts = (taking, *attempts) if debt > value_of_all else (*attempts, taking)
    return Work("chain", address, debt, attempts)


def _fitting(world: World, legs: Sequence[Leg], slot: int) -> int:
    """The largest part of every leg that a slot's caps have room for, in parts per million."""
    part = WHOLE
    for leg in legs:
        market = world.markets[Pubkey.from_bytes(leg.market)]
        room = health.room(market, world.shards[market.shard], slot, int(liquidity_now(market, world.now_s)))
        part = min(part, room * WHOLE // leg.shares)
    return part


def _leg_value(world: World, leg: Leg, market: Market) -> int:
    mark = _mark(world, market, leg.outcome, leg.shares)
    return health.value_of(leg.shares, mark * (WHOLE - SLACK_PPM) // WHOLE)
