"""The one way in which a public run sends: every fee is counted before its transaction leaves."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

import stamina

from breakwater.chain.engine import Receipt
from breakwater.chain.queries import read_accounts
from breakwater.chain.sender import Sender
from breakwater.limits import back_off
from breakwater.trials import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.account import Account
    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine
    from breakwater.errors import BreakwaterError

    from .books import Purse

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["Spender"]

ATTEMPTS: Final = 12
AGREEING: Final = 5
AGREEING_S: Final = 0.7
"""So many answers in a row, so far apart: a replica that lags by several slots has caught up."""

LONGEST_S: Final = 15.0


class Spender:
    """Sends at the payer's expense, within a purse.

    Args:
        engine: the cluster.
        payer: pays every fee.
        purse: what may be paid.
    """

    def __init__(self, engine: RpcEngine, payer: Keypair, purse: Purse) -> None:
        self.engine, self.payer, self.purse = engine, payer, purse
        self.tally = Tally()
        self.signed = 0
        self._sender = Sender(engine, payer, priority_fee=0)

    async def send(
        self, requests: Sequence[Request], *, count: bool = False
    ) -> list[Receipt | BreakwaterError]:
        """Send; each pays for the payer's signature and its own.

        Args:
            requests: instructions and signers of each.
            count: whether they are the load, to be counted as succeeded or refused.

        Raises:
            InsufficientFunds: the budget does not allow all of them; none was sent.
        """
        for _, signers in requests:
            self.purse.pay(1 + len(signers))
        self.signed += len(requests)
        results = await self._sender.send_many(requests)
        if count:
            for each in results:
                if isinstance(each, Receipt):
                    self.tally.succeeded()
                else:
                    self.tally.failed(each)
        return results

    async def require(self, requests: Sequence[Request]) -> None:
        """Send what has to succeed."""
        for each in await self.send(requests):
            if not isinstance(each, Receipt):
                raise each

    async def read(self, places: Sequence[Pubkey]) -> list[Account | None]:
        """Accounts, asked for until the endpoint answers."""
        async for attempt in stamina.retry_context(
            on=back_off, attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=LONGEST_S
        ):
            with attempt:
                return await read_accounts(self.engine, places)
        raise AssertionError("unreachable")  # pragma: no cover

    async def balance(self) -> int:
        """The payer's lamports, once all replicas behind the endpoint say the same.

        Nothing may be under way.
        """
        seen: deque[int] = deque(maxlen=AGREEING)
        while len(seen) < AGREEING or len(set(seen)) > 1:
            if seen:
                await asyncio.sleep(AGREEING_S)
            (account,) = await self.read([self.payer.pubkey()])
            seen.append(0 if account is None else account.lamports)
        return seen[-1]
