"""Leveraged trades a second on the embedded engine, one process: signed, verified, executed, audited."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.message import Message
from solders.transaction import Transaction

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain
from ._trades import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from solders.keypair import Keypair

__all__ = ["measured", "work"]

TRADERS: Final = 16
MARKETS: Final = 8
PER_SLOT: Final = 500
"""Under one blockhash; the next slot's is another."""

WARM_UP: Final = 500
LIQUIDITY: Final = 1_000_000_000 * UNIT
DEPTH: Final = 4_000_000 * UNIT
PURSE: Final = 5_000_000 * UNIT
SHARES: Final = 2_000 * UNIT
ONE_SIGNATURE: Final = b"\x01"
OPEN: Final = struct.Struct("<QH")
CLOSE: Final = struct.Struct("<Q")
TAG_BYTES: Final = 8
"""Before an instruction's arguments."""


@dataclass(slots=True)
class _Form:
    """A message whose arguments are filled in; the rest of it is compiled once."""

    key: Keypair
    packed: bytearray
    at_blockhash: int
    at_data: int

    @classmethod
    def of(cls, instruction: Any, key: Keypair, blockhash: Any) -> _Form:
        message = Message.new_with_blockhash([instruction], key.pubkey(), blockhash)
        packed, data = bytearray(bytes(message)), bytes(instruction.data)
        return cls(key, packed, packed.index(bytes(blockhash)), packed.rindex(data) + TAG_BYTES)

    def signed(self) -> Transaction:
        body = bytes(self.packed)
        return Transaction.from_bytes(ONE_SIGNATURE + bytes(self.key.sign_message(body)) + body)


class _Trades:
    """Opens at 1x to 50x and the closes that follow, by turns of all traders, markets and outcomes."""

    def __init__(self, stage: Stage, numbers: Sequence[int], blockhash: Any) -> None:
        places = [(key, number, outcome) for number in numbers for outcome in (0, 1) for key in stage.people]
        self._opens = [
            _Form.of(ix.open_leveraged(k.pubkey(), n, at.feed(FEED), o, SHARES, 100, ANY), k, blockhash)
            for k, n, o in places
        ]
        self._closes = [_Form.of(ix.close(k.pubkey(), n, o, SHARES, 0), k, blockhash) for k, n, o in places]
        self._turn = 0

    def use(self, blockhash: Any) -> None:
        """Sign under this one from now on."""
        raw = bytes(blockhash)
        for form in (*self._opens, *self._closes):
            form.packed[form.at_blockhash : form.at_blockhash + 32] = raw

    def some(self, count: int) -> Iterator[Transaction]:
        """The next trades, each signed when it is asked for."""
        places = len(self._opens)
        for _ in range(count):
            place, lap = self._turn % places, self._turn // places
            shares = SHARES + lap // 2
            if lap % 2:
                form = self._closes[place]
                CLOSE.pack_into(form.packed, form.at_data, shares)
            else:
                form = self._opens[place]
                OPEN.pack_into(form.packed, form.at_data, shares, 100 + 700 * self._turn % 4_901)
            self._turn += 1
            yield form.signed()


async def measured(trades: int, seed: int, ready: Connection | None = None) -> dict[str, Any]:
    """Trade so often; what it took.

    Args:
        trades: how many.
        seed: of the keys.
        ready: told when everything is set up; answers when to begin.
    """
    async with fresh_chain("embedded") as engine:
        if not isinstance(engine, EmbeddedEngine):
            raise TypeError("it is the embedded engine that is measured")
        stage = await Stage.opened(engine, LIQUIDITY, seed, books=False)
        people = await stage.join(TRADERS, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        await stage.require(
            [
                ([ix.create_position(key.pubkey(), number, outcome, ix.LEVERAGED)], [key])
                for key in people
                for number in numbers
                for outcome in (0, 1)
            ]
        )
        await stage.publish()
        made = _Trades(stage, numbers, engine.clock.blockhash.hash)
        for each in made.some(WARM_UP):
            engine.execute(each)
        gc.collect()
        gc.freeze()
        if ready is not None:
            ready.send("ready")
            ready.recv()
        failed, wall, cpu = 0, time.monotonic(), time.process_time()
        for first in range(0, trades, PER_SLOT):
            engine.advance_slots(1)
            made.use(engine.clock.blockhash.hash)
            for each in made.some(min(PER_SLOT, trades - first)):
                if engine.execute(each).err is not None:
                    failed += 1
        done, cpu = time.monotonic(), time.process_time() - cpu
        broken = await stage.broken()
    return {"trades": trades, "failed": failed, "began": wall, "done": done, "cpu_s": cpu, "broken": broken}


def work(trades: int, seed: int, line: Connection) -> None:
    """What a process of its own does: say when it is ready, trade, hand the result back."""
    with contextlib.suppress(KeyboardInterrupt):  # whoever started it says so
        line.send(asyncio.run(measured(trades, seed, line)))
