"""Loans under water on a running sandbox: one in each of several markets, all due at the same time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import Receipt, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair
from breakwater.keepers.race import called
from breakwater.localnet import Sandbox

UNIT = 10**6
SHARES = 10 * UNIT
DEPTH = 200 * UNIT
FALL = 600 * UNIT
"""Shares of the other outcome, bought after the loan: the price falls from 0.50 to 0.05, the loan is 0.40.

The last minute's price, which follows in 64 seconds, is below the loan after ten of them.
"""


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
    """How often a position was called: the events of every transaction that names it."""
    return await called(engine, loan.position)


class Proxy:
    """TCP between a keeper and a node, which can be cut and mended; `connections` counts those that came."""

    def __init__(self, host: str, port: int) -> None:
        self._node = (host, port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.connections = self.port = 0

    async def mend(self) -> None:
        """Take connections, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End every connection and take no more."""
        assert self._server is not None
        self._server.close()
        for each in list(self._open):
            each.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection(*self._node)
        self.connections += 1
        self._open |= {writer, out}
        try:
            await asyncio.gather(_pump(reader, out), _pump(there, writer))
        finally:
            self._open -= {writer, out}


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()
