"""A sandbox's exchange with one market in which somebody buys and buys: what can be counted afterwards."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain._build import Builder
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.keepers import read_books
from breakwater.localnet.stage import Walk, set_up

if TYPE_CHECKING:
    from solders.instruction import Instruction

__all__ = ["Busy"]

UNIT: Final = 10**6
SHARES: Final = UNIT // 10
COMPUTE: Final = 400_000
LIFE_MS: Final = 86_400_000
"""A soak goes on for tens of thousands of slots."""


class Busy:
    """A sandbox's exchange with one market, in which a trader buys as many shares again and again.

    Args:
        history: transactions that the chain remembers; what it remembers is in this process's memory.
    """

    def __init__(self, history: int = 10_000) -> None:
        self.engine = EmbeddedEngine(programs.embedded_programs(), history=history)
        self.trader = Keypair()
        self._builder = Builder(None)

    async def open(self) -> None:
        """Set it up."""
        keys = {"trader": self.trader, "operator": Keypair(), "publisher": Keypair()}
        sender, own = Sender(self.engine), self.trader.pubkey()
        stage = await set_up(sender, keys, liquidity=10**12, purse=10**11)
        now_ms = self.engine.clock.unix_timestamp * 1000
        event = Walk(1).step(self.engine.clock.slot, now_ms)
        await sender.send([ix.publish(keys["publisher"].pubkey(), event)], [keys["publisher"]])
        terms = ix.MarketTerms(at.feed("BTC/USD"), now_ms + LIFE_MS, 10**10, (10**7,))
        await sender.send([ix.create_market(keys["operator"].pubkey(), 1, terms)], [keys["operator"]])
        purse = get_associated_token_address(own, stage.mint)
        paid = ix.deposit(own, purse, stage.mint, 10**10)
        steps = [ix.create_trader(own), paid, ix.create_position(own, 1, 0, ix.SPOT)]
        await sender.send(steps, [self.trader])

    def order(self) -> str:
        """A signed purchase that no other one equals, in base64."""
        bought: list[Instruction] = [ix.buy(self.trader.pubkey(), 1, 0, SHARES, 10**9)]
        blockhash = self.engine.clock.blockhash.hash
        tx = self._builder.build(bought, [self.trader], blockhash, limit=COMPUTE, price=0)
        return base64.b64encode(bytes(tx)).decode()

    async def wrong(self) -> list[str]:
        """What of the exchange's books is not right, each as a sentence; nothing may be under way."""
        return (await read_books(self.engine)).unsound

    @property
    def bought(self) -> int:
        """How many purchases there have been."""
        place = at.position(at.trader(self.trader.pubkey()), at.market(1), 0, ix.SPOT)
        account = self.engine.get_account(place)
        return 0 if account is None else accounts.position(account.data).shares // SHARES
