"""Loans under water on a running sandbox: one in each of several markets, all due at the same time."""

from __future__ import annotations

import json
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import Receipt, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair
from breakwater.localnet import Sandbox

UNIT = 10**6
SHARES = 20 * UNIT
DEPTH = 1_000 * UNIT
FALL = 500 * UNIT
"""Shares of the other outcome, bought after the loan: the price falls from 0.50 to 0.38, the loan is 0.40."""


@dataclass(frozen=True)
class Loan:
    """A leveraged position that has to go."""

    market: int
    position: Pubkey


async def _all(sender: Sender, requests: list[tuple[list[Instruction], list[Keypair]]]) -> None:
    for result in await sender.send_many(requests):
        assert isinstance(result, Receipt), result


async def sink_loans(engine: RpcEngine, sandbox: Sandbox, markets: range) -> list[Loan]:
    """Open a loan in each market, then make it worth less than it owes."""
    trader, operator = (load_keypair(sandbox.keypair_path(role)) for role in ("trader", "operator"))
    sender, owner, feed = Sender(engine), trader.pubkey(), at.feed(sandbox.feed)
    mint = Pubkey.from_string(sandbox.mint)
    (known,) = await queries.read(engine, [at.trader(owner)])
    if known is None:
        funded = [ix.create_trader(owner)]
        source = get_associated_token_address(owner, mint)
        await sender.send([*funded, ix.deposit(owner, source, mint, 9_000 * UNIT)], [trader])
    close_ms = (await engine.now() + 30 * 86_400) * 1000
    terms = ix.MarketTerms(feed, close_ms, DEPTH, (10_000_000,))
    made = [([ix.create_market(operator.pubkey(), n, terms)], [operator]) for n in markets]
    await _all(sender, made)
    opened = [
        [
            ix.create_position(owner, n, 1, ix.LEVERAGED),
            ix.open_leveraged(owner, n, feed, 1, SHARES, 500, 10**12),
        ]
        for n in markets
    ]
    await _all(sender, [(each, [trader]) for each in opened])
    fallen = [[ix.create_position(owner, n, 0, ix.SPOT), ix.buy(owner, n, 0, FALL, 10**12)] for n in markets]
    await _all(sender, [(each, [trader]) for each in fallen])
    account = at.trader(owner)
    return [Loan(n, at.position(account, at.market(n), 1, ix.LEVERAGED)) for n in markets]


async def debts(engine: RpcEngine, loans: list[Loan]) -> list[int]:
    """What is owed now."""
    found = await queries.read(engine, [each.position for each in loans])
    return [accounts.position(data).debt for data in found if data is not None]


async def balance(engine: RpcEngine, owner: Pubkey) -> int:
    """A trader account's balance."""
    (data,) = await queries.read(engine, [at.trader(owner)])
    return 0 if data is None else accounts.trader(data).balance


async def liquidations(engine: RpcEngine, loan: Loan) -> int:
    """How often a position was liquidated: the events of every transaction that names it."""
    found = (await engine.client.get_signatures_for_address(loan.position)).value
    count = 0
    for each in found:
        if each.err is None:
            landed = await engine.client.get_transaction(each.signature, max_supported_transaction_version=0)
            meta = json.loads(landed.to_json())["result"]["meta"]
            events = programs.event_decoder().decode(meta["logMessages"])
            count += sum(event.name in ("Liquidated", "TakenOver") for event in events)
    return count
