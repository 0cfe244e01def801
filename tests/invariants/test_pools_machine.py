"""Service and chain against a simple model: any sequence of moves, kills, restarts, pauses and removals.

The model knows what a pool is worth and what everybody holds, in fractions; nothing of the service's books.
"""

from __future__ import annotations

import asyncio
import math
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from tests.integration.pools_ground import Ground

from breakwater.chain import pool_instructions as px
from breakwater.errors import Fatal, ProgramError
from breakwater.pools import moves

WHO = st.integers(0, 2)
SIDE = st.integers(0, 1)
AMOUNT = st.one_of(st.integers(1, 5), st.integers(1, 10**6), st.integers(1, 10**9))
FUNDS = 10**9
FEE = Fraction(3, 1_000)


class Model:
    """One pool and three holders: tokens a, b and LP tokens a, b of each."""

    def __init__(self, ratio: tuple[int, int]) -> None:
        self.ratio = ratio
        self.reserve, self.fees, self.outside = [0, 0], [0, 0], [0, 0]
        self.held = [[FUNDS, FUNDS, 0, 0] for _ in range(3)]
        self.paused = False

    def exchange(self, side: int, amount: int) -> int | None:
        """Book an exchange into the other side; what is paid out, or None where it is refused."""
        gross = math.floor(Fraction(amount * self.ratio[1 - side], self.ratio[side]))
        fee = math.ceil(gross * FEE)
        if gross == fee or gross > self.reserve[1 - side]:
            return None
        self.reserve[1 - side] -= gross
        self.fees[1 - side] += fee
        return gross - fee


class Killed(BaseException):
    """The process is gone."""


class PoolsMachine(RuleBasedStateMachine):
    """Every rule does the same to the service and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = tempfile.TemporaryDirectory()
        self.on = Ground(Path(self.directory.name))

    def teardown(self) -> None:
        """Close everything."""
        self.on.service.store.close()
        self.runner.close()
        self.directory.cleanup()

    def do(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    @initialize(tokens=st.tuples(st.integers(1, 50), st.integers(1, 50)))
    def open(self, tokens: tuple[int, int]) -> None:
        self.do(self.on.service.start())
        self.pool = self.do(self.on.service.create_pool((6, 6), tokens, 3_000))
        self.model = Model(self.pool.ratio)
        self.names = [self.do(self.new_holder()) for _ in range(3)]

    async def new_holder(self) -> str:
        service, pool = self.on.service, self.pool
        record = await service.create_thread("deposit", pool.address, 0)
        wallet = service.books.wallets[record.id]
        await service.books.run(moves.open_accounts(service.core, wallet, [*pool.mints, *pool.lp_mints]))
        await service.books.run(moves.top_up(service.core, wallet, 10**9))
        for side in (0, 1):
            await service.books.run(moves.fund(service.core, wallet, pool, side, FUNDS))
        return record.id

    def wallet(self, who: int) -> moves.Wallet:
        return self.on.service.books.wallets[self.names[who]]

    def attempt(self, move: moves.Move, *, allowed: bool) -> None:
        """It succeeds exactly when the model says so."""
        try:
            self.do(self.on.service.books.run(move))
        except (ProgramError, Fatal):
            assert not allowed, move.what
        else:
            assert allowed, move.what

    @rule(who=WHO, to=WHO, side=SIDE, amount=AMOUNT)
    def deposit(self, who: int, to: int, side: int, amount: int) -> None:
        model = self.model
        allowed = not model.paused and amount <= model.held[who][side]
        self.attempt(
            moves.deposit(self.wallet(who), self.pool, side, amount, self.wallet(to)), allowed=allowed
        )
        if allowed:
            model.held[who][side] -= amount
            model.held[to][2 + side] += amount
            model.reserve[side] += amount

    @rule(who=WHO, to=WHO, burned=SIDE, paid=SIDE, shares=AMOUNT)
    def withdraw(self, who: int, to: int, burned: int, paid: int, shares: int) -> None:
        model, out = self.model, None
        if shares <= model.held[who][2 + burned]:
            if burned != paid:
                out = model.exchange(burned, shares)
            elif shares <= model.reserve[paid]:
                model.reserve[paid] -= shares
                out = shares
        move = moves.withdraw(self.wallet(who), self.pool, (burned, paid), shares, self.wallet(to))
        self.attempt(move, allowed=out is not None)
        if out is not None:
            model.held[who][2 + burned] -= shares
            model.held[to][paid] += out

    @rule(who=WHO, to=WHO, side=SIDE, amount=AMOUNT)
    def swap(self, who: int, to: int, side: int, amount: int) -> None:
        model, out = self.model, None
        if not model.paused and amount <= model.held[who][side]:
            out = model.exchange(side, amount)
        move = moves.swap(self.wallet(who), self.pool, side, amount, self.wallet(to))
        self.attempt(move, allowed=out is not None)
        if out is not None:
            model.held[who][side] -= amount
            model.reserve[side] += amount
            model.held[to][1 - side] += out

    @rule(who=WHO, side=SIDE, amount=AMOUNT, landed=st.booleans())
    def killed_in_a_deposit(self, who: int, side: int, amount: int, landed: bool) -> None:
        """The process dies after signing, before or after the chain has it; the next one finds out which."""
        model, engine = self.model, self.on.engine
        if model.paused or amount > model.held[who][side]:
            return
        execute = engine.execute

        def dies(*given: Any, **named: Any) -> Any:
            if landed:
                execute(*given, **named)
            raise Killed

        engine.execute = dies  # type: ignore[method-assign]
        wallet = self.wallet(who)
        try:
            self.do(self.on.service.books.run(moves.deposit(wallet, self.pool, side, amount, wallet)))
        except Killed:
            pass
        finally:
            engine.execute = execute  # type: ignore[method-assign]
        self.restart()
        if landed:
            model.held[who][side] -= amount
            model.held[who][2 + side] += amount
            model.reserve[side] += amount

    @rule()
    def restart(self) -> None:
        """Ends like a kill, and starts again."""
        self.on.kill()
        self.on.engine.advance_slots()  # no process starts within a slot
        self.on.open()
        self.do(self.on.service.start())
        assert self.on.service.store.recovered == []

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        key = Pubkey.from_string(self.pool.address)
        made = px.set_paused(self.on.core.pubkey(), key, paused=paused)
        self.do(self.on.service._sender.send([made], [self.on.core]))
        self.model.paused = paused

    @rule(side=SIDE, amount=AMOUNT)
    def mint_and_send(self, side: int, amount: int) -> None:
        to = str(Keypair().pubkey())
        self.do(self.on.service.mint_and_send(self.pool.address, side, to, amount))
        self.model.outside[side] += amount

    @rule(who=WHO)
    def delete(self, who: int) -> None:
        """Whoever is deleted leaves nothing behind; somebody new takes the place."""
        model, service = self.model, self.on.service
        wallet = self.wallet(who)
        self.do(service.delete_thread(self.names[who]))
        assert self.on.engine.get_account(wallet.address) is None
        view = self.do(service.reader.pool(self.pool))
        # how much of the claims could be paid in which token is the program's matter, tested elsewhere
        model.reserve, model.fees = list(view.pool.reserve), list(view.pool.fees)
        self.names[who] = self.do(self.new_holder())
        model.held[who] = [FUNDS, FUNDS, 0, 0]

    @invariant()
    def everybody_holds_what_the_model_says(self) -> None:
        if not hasattr(self, "names"):
            return
        books, pool, model = self.on.service.books, self.pool, self.model
        for name, expected in zip(self.names, model.held, strict=True):
            assert [books.held(name, mint) for mint in (*pool.mints, *pool.lp_mints)] == expected
        view = self.do(self.on.service.reader.pool(pool))
        assert (list(view.pool.reserve), list(view.pool.fees)) == (model.reserve, model.fees)
        assert view.is_sound
        assert [books.held("outside", mint) for mint in pool.mints] == model.outside
        claims = [sum(each[2 + side] for each in model.held) for side in (0, 1)]
        assert list(view.supply) == claims
        worth = sum(model.reserve[side] * pool.ratio[1 - side] for side in (0, 1))
        assert worth >= sum(claims[side] * pool.ratio[1 - side] for side in (0, 1))

    @invariant()
    def the_books_come_out(self) -> None:
        if hasattr(self, "names"):
            found = self.do(self.on.service.reconcile())
            assert (found.lost_units, found.differences) == (0, [])


TestPools = PoolsMachine.TestCase
TestPools.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
