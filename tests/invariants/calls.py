"""Every instruction together with what the model has to do for it: the same arguments go to both."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from spl.token.instructions import get_associated_token_address

from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as legs_ix
from breakwater.chain import liquidation_instructions as called_ix

from .model import Model
from .world import Call, Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.leg_instructions import LegOrder, SpotOrder
    from breakwater.chain.liquidation_instructions import StopTerms
    from breakwater.chain.terms import MarketTerms, Rules
    from breakwater.model import PriceEvent

MINT = Key("mint")


def _mint() -> Pubkey:
    return MINT.pubkey()


def wallet(owner: Pubkey) -> Pubkey:
    """An owner's token account."""
    return get_associated_token_address(owner, _mint())


def initialize(admin: Key, operator: Pubkey, rules: Rules) -> Call:
    """See `Model.initialize`."""
    args = (admin.pubkey(), operator, _mint(), rules)
    return Call("initialize", ix.initialize(*args), (admin,), lambda m: m.initialize(*args))


def create_shard(payer: Key, index: int) -> Call:
    """See `Model.create_shard`."""
    instruction = ix.create_shard(payer.pubkey(), index)
    return Call("create_shard", instruction, (payer,), lambda m: m.create_shard(index))


def set_operator(admin: Key, operator: Pubkey) -> Call:
    """See `Model.set_operator`."""
    args = (admin.pubkey(), operator)
    return Call("set_operator", ix.set_operator(*args), (admin,), lambda m: m.set_operator(*args))


def renounce_admin(admin: Key) -> Call:
    """See `Model.renounce_admin`."""
    who = admin.pubkey()
    return Call("renounce_admin", ix.renounce_admin(who), (admin,), lambda m: m.renounce_admin(who))


def create_trader(owner: Key) -> Call:
    """See `Model.create_trader`."""
    who = owner.pubkey()
    return Call("create_trader", ix.create_trader(who), (owner,), lambda m: m.create_trader(who))


def close_trader(owner: Key) -> Call:
    """See `Model.close_trader`."""
    who = owner.pubkey()
    return Call("close_trader", ix.close_trader(who), (owner,), lambda m: m.close_trader(who))


def deposit(owner: Key, amount: int) -> Call:
    """See `Model.deposit`."""
    who, purse = owner.pubkey(), wallet(owner.pubkey())
    instruction = ix.deposit(who, purse, _mint(), amount)
    return Call("deposit", instruction, (owner,), lambda m: m.deposit(who, purse, amount))


def withdraw(owner: Key, amount: int, destination: Pubkey | None = None) -> Call:
    """See `Model.withdraw`."""
    who, purse = owner.pubkey(), destination or wallet(owner.pubkey())
    instruction = ix.withdraw(who, purse, _mint(), amount)
    return Call("withdraw", instruction, (owner,), lambda m: m.withdraw(who, purse, amount))


def provide_liquidity(owner: Key, amount: int, least: int = 0) -> Call:
    """See `Model.provide_liquidity`."""
    args = (owner.pubkey(), amount, least)
    instruction = ix.provide_liquidity(*args)
    return Call("provide_liquidity", instruction, (owner,), lambda m: m.provide_liquidity(*args))


def take_liquidity(owner: Key, lp_shares: int, least: int = 0) -> Call:
    """See `Model.take_liquidity`."""
    args = (owner.pubkey(), lp_shares, least)
    return Call("take_liquidity", ix.take_liquidity(*args), (owner,), lambda m: m.take_liquidity(*args))


def fold() -> Call:
    """See `Model.fold`."""
    return Call("fold", ix.fold(), (), Model.fold)


def propagate_halt(group: int) -> Call:
    """See `Model.propagate_halt`."""
    return Call("propagate_halt", ix.propagate_halt(group), (), lambda m: m.propagate_halt(group))


def create_market(operator: Key, market_id: int, terms: MarketTerms) -> Call:
    """See `Settlement.create_market`."""
    args = (operator.pubkey(), market_id, terms)
    return Call("create_market", ix.create_market(*args), (operator,), lambda m: m.create_market(*args))


def create_position(owner: Key, market_id: int, outcome: int, kind: int) -> Call:
    """See `Settlement.create_position`."""
    args = (owner.pubkey(), market_id, outcome, kind)
    return Call("create_position", ix.create_position(*args), (owner,), lambda m: m.create_position(*args))


def close_position(owner: Key, market_id: int, outcome: int, kind: int, *, signed: bool = True) -> Call:
    """See `Settlement.close_position`."""
    args = (owner.pubkey(), market_id, outcome, kind)
    instruction = ix.close_position(*args, signed=signed)
    predict = partial(_close_position, args=args, signed=signed)
    return Call("close_position", instruction, (owner,) if signed else (), predict)


def _close_position(m: Model, *, args: tuple[Pubkey, int, int, int], signed: bool) -> None:
    m.close_position(*args, signed=signed)


def buy(owner: Key, market_id: int, outcome: int, shares: int, max_cost: int) -> Call:
    """See `Trades.buy`."""
    args = (owner.pubkey(), market_id, outcome, shares, max_cost)
    return Call("buy", ix.buy(*args), (owner,), lambda m: m.buy(*args))


def sell(owner: Key, market_id: int, outcome: int, shares: int, min_proceeds: int) -> Call:
    """See `Trades.sell`."""
    args = (owner.pubkey(), market_id, outcome, shares, min_proceeds)
    return Call("sell", ix.sell(*args), (owner,), lambda m: m.sell(*args))


def open_leveraged(
    owner: Key, market_id: int, feed: Pubkey, outcome: int, shares: int, leverage_x100: int, most: int
) -> Call:
    """See `Trades.open_leveraged`."""
    args = (owner.pubkey(), market_id, feed, outcome, shares, leverage_x100, most)
    return Call("open", ix.open_leveraged(*args), (owner,), lambda m: m.open_leveraged(*args))


def close(owner: Key, market_id: int, outcome: int, shares: int, min_proceeds: int) -> Call:
    """See `Trades.close`."""
    args = (owner.pubkey(), market_id, outcome, shares, min_proceeds)
    return Call("close", ix.close(*args), (owner,), lambda m: m.close(*args))


def batch(owner: Key, orders: Sequence[SpotOrder]) -> Call:
    """See `Trades.batch`."""
    args = (owner.pubkey(), orders)
    return Call("batch", legs_ix.batch(*args), (owner,), lambda m: m.batch(*args))


def create_chain(owner: Key, number: int) -> Call:
    """See `Chains.create_chain`."""
    args = (owner.pubkey(), number)
    return Call("create_chain", legs_ix.create_chain(*args), (owner,), lambda m: m.create_chain(*args))


def close_chain(owner: Key, number: int) -> Call:
    """See `Chains.close_chain`."""
    args = (owner.pubkey(), number)
    return Call("close_chain", legs_ix.close_chain(*args), (owner,), lambda m: m.close_chain(*args))


def open_chain(owner: Key, number: int, legs: Sequence[LegOrder], max_payment: int) -> Call:
    """See `Chains.open_chain`."""
    args = (owner.pubkey(), number, legs, max_payment)
    return Call("open_chain", legs_ix.open_chain(*args), (owner,), lambda m: m.open_chain(*args))


def unwind_chain(owner: Key, number: int, legs: Sequence[tuple[int, Pubkey]], least: int) -> Call:
    """See `Chains.unwind_chain`."""
    args = (owner.pubkey(), number, legs, least)
    return Call("unwind_chain", legs_ix.unwind_chain(*args), (owner,), lambda m: m.unwind_chain(*args))


def redeem_leg(owner: Pubkey, number: int, market_id: int, index: int) -> Call:
    """See `Chains.redeem_leg`."""
    args = (owner, number, market_id, index)
    return Call("redeem_leg", legs_ix.redeem_leg(*args), (), lambda m: m.redeem_leg(*args))


def liquidate(keeper: Key, owner: Pubkey, market_id: int, outcome: int, shares: int) -> Call:
    """See `Liquidations.liquidate`."""
    args = (keeper.pubkey(), owner, market_id, outcome, shares)
    return Call("liquidate", called_ix.liquidate(*args), (keeper,), lambda m: m.liquidate(*args))


def liquidate_chain(
    keeper: Key, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]], part_ppm: int
) -> Call:
    """See `Liquidations.liquidate_chain`."""
    args = (keeper.pubkey(), owner, number, legs, part_ppm)
    instruction = called_ix.liquidate_chain(*args)
    return Call("liquidate_chain", instruction, (keeper,), lambda m: m.liquidate_chain(*args))


def take_over(keeper: Key, owner: Pubkey, market_id: int, outcome: int) -> Call:
    """See `Liquidations.take_over`."""
    args = (keeper.pubkey(), owner, market_id, outcome)
    return Call("take_over", called_ix.take_over(*args), (keeper,), lambda m: m.take_over(*args))


def take_over_chain(keeper: Key, owner: Pubkey, number: int, legs: Sequence[tuple[int, Pubkey]]) -> Call:
    """See `Liquidations.take_over_chain`."""
    args = (keeper.pubkey(), owner, number, legs)
    instruction = called_ix.take_over_chain(*args)
    return Call("take_over_chain", instruction, (keeper,), lambda m: m.take_over_chain(*args))


def place_stop(owner: Key, market_id: int, outcome: int, kind: int, terms: StopTerms) -> Call:
    """See `Stops.place_stop`."""
    args = (owner.pubkey(), market_id, outcome, kind, terms)
    return Call("place_stop", called_ix.place_stop(*args), (owner,), lambda m: m.place_stop(*args))


def cancel_stop(owner: Key, market_id: int, outcome: int, kind: int, side: int) -> Call:
    """See `Stops.cancel_stop`."""
    args = (owner.pubkey(), market_id, outcome, kind, side)
    return Call("cancel_stop", called_ix.cancel_stop(*args), (owner,), lambda m: m.cancel_stop(*args))


def clear_stop(owner: Pubkey, market_id: int, outcome: int, kind: int, side: int) -> Call:
    """See `Stops.cancel_stop`; nobody signs."""
    args = (owner, market_id, outcome, kind, side)
    instruction = called_ix.cancel_stop(*args, signed=False)
    return Call("cancel_stop", instruction, (), lambda m: m.cancel_stop(*args, signed=False))


def execute_stop(keeper: Key, owner: Pubkey, market_id: int, outcome: int, kind: int, side: int) -> Call:
    """See `Stops.execute_stop`."""
    args = (keeper.pubkey(), owner, market_id, outcome, kind, side)
    return Call("execute_stop", called_ix.execute_stop(*args), (keeper,), lambda m: m.execute_stop(*args))


def redeem(owner: Pubkey, market_id: int, outcome: int, kind: int) -> Call:
    """See `Settlement.redeem`."""
    args = (owner, market_id, outcome, kind)
    return Call("redeem", ix.redeem(*args), (), lambda m: m.redeem(*args))


def resolve(market_id: int, feed: Pubkey, index: int) -> Call:
    """See `Settlement.resolve`."""
    args = (market_id, feed, index)
    return Call("resolve", ix.resolve(*args), (), lambda m: m.resolve(*args))


def void(market_id: int) -> Call:
    """See `Settlement.void`."""
    return Call("void", ix.void(market_id), (), lambda m: m.void(market_id))


def close_market(market_id: int, rent_payer: Pubkey) -> Call:
    """See `Settlement.close_market`."""
    args = (market_id, rent_payer)
    return Call("close_market", ix.close_market(*args), (), lambda m: m.close_market(*args))


def create_feed(authority: Key, name: str, publisher: Pubkey, exponent: int, max_age_s: int) -> Call:
    """See `Model.create_feed`."""
    args = (authority.pubkey(), name, publisher, exponent, max_age_s)
    return Call("create_feed", ix.create_feed(*args), (authority,), lambda m: m.create_feed(*args))


def publish(publisher: Key, event: PriceEvent) -> Call:
    """See `Model.publish`."""
    args = (publisher.pubkey(), event)
    return Call("publish", ix.publish(*args), (publisher,), lambda m: m.publish(*args))


def rotate_publisher(authority: Key, name: str, publisher: Pubkey) -> Call:
    """See `Model.rotate_publisher`."""
    args = (authority.pubkey(), name, publisher)
    instruction = ix.rotate_publisher(*args)
    return Call("rotate_publisher", instruction, (authority,), lambda m: m.rotate_publisher(*args))


def read_feed(name: str, max_age_s: int) -> Call:
    """See `Model.read_feed`."""
    return Call("read", ix.read_feed(name, max_age_s), (), lambda m: m.read_feed(name, max_age_s))
