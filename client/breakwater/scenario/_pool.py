"""The life of a pool: made, filled, swapped in both ways, redeemed, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import pool_instructions as px

from ._life import Scenario, Step, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["PoolLife"]

TERMS: Final = px.PoolTerms(1_000_000_007, 998_244_353, 3_000)
"""A ratio whose products need both words, and nothing divides out."""
HELD: Final = 10**16
FILLED: Final = 10**15
AMOUNTS: Final = (9_999, 47_000_011, 10**13 + 7)
NUMBER: Final = 1


class PoolLife:
    """Continues a `Scenario` that is set up; its admin owns the pool, its trader uses it."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._mints = [key("pool mint a"), key("pool mint b")]

    async def run(self) -> AsyncIterator[Step]:
        """Everything, in order."""
        s, owner, user = self._scenario, self._scenario.admin, self._scenario.trader
        for mint, decimals in zip(self._mints, (6, 9), strict=True):
            await s.create_mint(mint, decimals)
        a, b = (each.pubkey() for each in self._mints)
        yield await s.send("pools.create_pool", px.create_pool(owner.pubkey(), NUMBER, a, b, TERMS), owner)
        pool = at.pool(owner.pubkey(), NUMBER)
        lp_mints = [at.pool_lp_mint(pool, side) for side in (0, 1)]
        tokens = [await self._account(mint, user.pubkey(), HELD) for mint in (a, b)]
        lp = [await self._account(mint, user.pubkey(), 0) for mint in lp_mints]
        for side in (0, 1):
            made = px.deposit(user.pubkey(), pool, side, tokens[side], lp[side], FILLED)
            yield await s.send("pools.deposit", made, user)
        for side in (0, 1):
            for amount in AMOUNTS:
                async for step in self._use(user, pool, side, amount, tokens, lp):
                    yield step
        async for step in self._wind_up(owner, user, pool, tokens, lp):
            yield step

    async def _use(
        self, user: Keypair, pool: Pubkey, side: int, amount: int, tokens: list[Pubkey], lp: list[Pubkey]
    ) -> AsyncIterator[Step]:
        s, other, who = self._scenario, 1 - side, user.pubkey()
        deposit = px.deposit(who, pool, side, tokens[side], lp[side], amount)
        yield await s.send("pools.deposit", deposit, user)
        swap = px.swap(who, pool, side, tokens[side], tokens[other], amount, 1)
        yield await s.send("pools.swap", swap, user)
        own = px.withdraw(who, pool, (side, side), lp[side], tokens[side], amount, amount)
        yield await s.send("pools.withdraw", own, user)
        across = px.withdraw(who, pool, (side, other), lp[side], tokens[other], amount, 1)
        yield await s.send("pools.withdraw (other side)", across, user)

    async def _wind_up(
        self, owner: Keypair, user: Keypair, pool: Pubkey, tokens: list[Pubkey], lp: list[Pubkey]
    ) -> AsyncIterator[Step]:
        s = self._scenario
        yield await s.send(
            "pools.collect_fees", px.collect_fees(owner.pubkey(), pool, tokens[0], tokens[1]), owner
        )
        yield await s.send("pools.set_paused", px.set_paused(owner.pubkey(), pool, paused=True), owner)
        for side in (0, 1):
            # what is left of the claims is destroyed: the reserves are the owner's then
            left = FILLED - sum(AMOUNTS)
            made = spl.burn(
                spl.BurnParams(at.TOKEN_PROGRAM, lp[side], at.pool_lp_mint(pool, side), user.pubkey(), left)
            )
            yield await s.send("token.burn", made, user)
        close = px.close_pool(owner.pubkey(), pool, tokens[0], tokens[1])
        yield await s.send("pools.close_pool", close, owner)

    async def _account(self, mint: Pubkey, owner: Pubkey, amount: int) -> Pubkey:
        """The owner's account of a mint, with so much of it where the admin can make it."""
        s, admin = self._scenario, self._scenario.admin
        address = spl.get_associated_token_address(owner, mint)
        made = spl.create_idempotent_associated_token_account(admin.pubkey(), owner, mint)
        await s.send("token.open", made, admin)
        if amount:
            minted = spl.MintToParams(at.TOKEN_PROGRAM, mint, address, admin.pubkey(), amount)
            await s.send("token.mint", spl.mint_to(minted), admin)
        return address
