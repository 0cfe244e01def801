"""Nobody signs what they have not read: a transaction that a server built, held against the order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from breakwater import trading
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput
from breakwater.trading.quotes import limit_for

if TYPE_CHECKING:
    from solders.transaction import VersionedTransaction

    from .schemas import BuildRequest, Quote

__all__ = ["inspect"]

BUDGET = (2, 3)
"""First bytes of the compute budget's limit and price."""

MOST_PRICE = 1_000_000
"""Micro-lamports per compute unit beyond which nobody is asked to pay unseen."""

FEED_OF_OPEN = 5
"""Place of the feed among the accounts of an open; the program checks that it is the market's."""


def inspect(transaction: VersionedTransaction, wanted: BuildRequest, quote: Quote) -> None:
    """Make sure that signing does what was asked for, at the quote's limit, and nothing else.

    Raises:
        InvalidInput: it would do something else.
    """
    owner = Pubkey.from_string(wanted.owner)
    message = transaction.message
    if message.header.num_required_signatures != 1 or message.account_keys[0] != owner:
        _refuse("it asks for other signatures than the owner's")
    if getattr(message, "address_table_lookups", ()):
        _refuse("it hides accounts in a lookup table")
    made = [_instruction(transaction, i) for i in range(len(message.instructions))]
    budget = [each for each in made if each.program_id == COMPUTE_BUDGET]
    if any(each.data[0] not in BUDGET for each in budget):
        _refuse("its compute budget is more than a limit and a price")
    if any(each.data[0] == 3 and int.from_bytes(each.data[1:9], "little") > MOST_PRICE for each in budget):
        _refuse("it pays too much per compute unit")
    orders = [each for each in made if each.program_id != COMPUTE_BUDGET]
    if not _agrees(wanted, quote):
        _refuse("its quote is for another order")
    kind = ix.LEVERAGED if wanted.side in ("open", "close") else ix.SPOT
    if len(orders) == 2 and _same(orders[0], ix.create_position(owner, wanted.market, wanted.outcome, kind)):
        del orders[0]
    if len(orders) != 1 or not _same(orders[0], _order(owner, wanted, quote, orders[0])):
        _refuse("it is not the order that its quote describes")


def _agrees(wanted: BuildRequest, quote: Quote) -> bool:
    """Whether a quote is of the order, and its limit within the slippage that was allowed."""
    same = (quote.market, quote.side, quote.outcome) == (wanted.market, wanted.side, wanted.outcome)
    amount, limit = _micro(quote.amount), _micro(quote.limit)
    if wanted.spend is not None and amount > trading.parse_amount(wanted.spend):
        return False
    if wanted.shares is not None and _micro(quote.shares) != trading.parse_amount(wanted.shares):
        return False
    return same and limit == limit_for(wanted.side, amount, wanted.slippage_bps)


def _order(owner: Pubkey, wanted: BuildRequest, quote: Quote, found: Instruction) -> Instruction:
    """The instruction as we would have made it."""
    shares, limit, market, outcome = _micro(quote.shares), _micro(quote.limit), wanted.market, wanted.outcome
    if wanted.side == "open":
        if len(found.accounts) <= FEED_OF_OPEN:
            _refuse("it names too few accounts")
        feed = found.accounts[FEED_OF_OPEN].pubkey
        leverage = trading.parse_leverage(wanted.leverage)
        return ix.open_leveraged(owner, market, feed, outcome, shares, leverage, limit)
    make = {"buy": ix.buy, "sell": ix.sell, "close": ix.close}[wanted.side]
    return make(owner, market, outcome, shares, limit)


def _instruction(transaction: VersionedTransaction, index: int) -> Instruction:
    message = transaction.message
    compiled, keys = message.instructions[index], message.account_keys
    accounts = [AccountMeta(keys[each], False, False) for each in compiled.accounts]
    return Instruction(keys[compiled.program_id_index], compiled.data, accounts)


def _same(found: Instruction, ours: Instruction) -> bool:
    """Whether both call the same with the same accounts; who signs and what is written the header says."""
    return (
        found.program_id == ours.program_id
        and found.data == ours.data
        and [each.pubkey for each in found.accounts] == [each.pubkey for each in ours.accounts]
    )


def _micro(shown: str) -> int:
    """Units with 6 decimals -> micro-units; unlike what people type it may be zero."""
    return int(shown.replace(".", ""))


def _refuse(what: str) -> NoReturn:
    raise InvalidInput(f"Do not sign this transaction: {what}.")
