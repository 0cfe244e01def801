"""What wallets and pools hold, read at one slot, from any engine."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import pool_accounts
from breakwater.chain.engine import EmbeddedEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.engine import RpcEngine
    from breakwater.chain.pool_accounts import Pool

    from .records import PoolRecord

__all__ = ["Account", "PoolView", "Reader", "ata"]

PER_CALL: Final = 100
_known: dict[tuple[bytes, bytes], Pubkey] = {}


def ata(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """An owner's associated token account; remembered, because deriving it searches."""
    key = (bytes(owner), bytes(mint))
    if key not in _known:
        _known[key] = get_associated_token_address(owner, mint)
    return _known[key]


@dataclass(frozen=True, slots=True)
class Account:
    """An account that exists."""

    lamports: int
    data: bytes
    owner: str
    """The program that it belongs to."""

    @property
    def amount(self) -> int:
        """Units that a token account holds."""
        return int.from_bytes(self.data[64:72], "little")

    @property
    def supply(self) -> int:
        """Units of a mint that exist."""
        return int.from_bytes(self.data[36:44], "little")

    @property
    def decimals(self) -> int:
        """Of a mint."""
        return self.data[44]


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool with what its vaults hold and how many claims there are, all at one slot."""

    pool: Pool
    held: tuple[int, int]
    supply: tuple[int, int]

    @property
    def is_sound(self) -> bool:
        """Whether the vaults hold at least what is booked, and the reserves are worth all claims."""
        booked = (self.pool.reserve[side] + self.pool.fees[side] <= self.held[side] for side in (0, 1))
        return all(booked) and self.pool.is_covered(*self.supply)


class Reader:
    """Reads accounts of an engine.

    Args:
        engine: any.
    """

    def __init__(self, engine: EmbeddedEngine | RpcEngine) -> None:
        self._engine = engine

    async def accounts(self, addresses: Sequence[Pubkey], *, slot: int = 0) -> list[Account | None]:
        """The accounts in order, as of that slot or a later one, up to 100 of them at the same.

        Raises:
            Retryable: the node does not answer, or is behind.
        """
        engine = self._engine
        if isinstance(engine, EmbeddedEngine):
            found = map(engine.get_account, addresses)
            return [
                None if each is None else Account(each.lamports, bytes(each.data), str(each.owner))
                for each in found
            ]
        accounts: list[Account | None] = []
        config = {"encoding": "base64", "commitment": engine.commitment, "minContextSlot": slot}
        for i in range(0, len(addresses), PER_CALL):
            part = [str(each) for each in addresses[i : i + PER_CALL]]
            for value in (await engine.rpc.call("getMultipleAccounts", part, config))["value"]:
                known = value is not None
                accounts.append(
                    Account(value["lamports"], base64.b64decode(value["data"][0]), value["owner"])
                    if known
                    else None
                )
        return accounts

    async def pool(self, record: PoolRecord, *, slot: int = 0) -> PoolView | None:
        """A pool with its vaults and LP mints; None where it is closed."""
        return self.view(await self.accounts(self.of_pool(record), slot=slot))

    @staticmethod
    def of_pool(record: PoolRecord) -> list[Pubkey]:
        """Addresses that make up a view."""
        return [Pubkey.from_string(each) for each in (record.address, *record.vaults, *record.lp_mints)]

    @staticmethod
    def view(found: Sequence[Account | None]) -> PoolView | None:
        """A view out of the accounts at `of_pool`'s addresses."""
        pool, vault_a, vault_b, lp_a, lp_b = found
        if pool is None or vault_a is None or vault_b is None or lp_a is None or lp_b is None:
            return None
        held, supply = (vault_a.amount, vault_b.amount), (lp_a.supply, lp_b.supply)
        return PoolView(pool_accounts.pool(pool.data), held, supply)
