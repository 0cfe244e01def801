"""An exchange to be watched, on the embedded engine, whose figures can be moved to the unit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater import trading
from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.keepers import _genesis as genesis
from breakwater.keepers.duty import register
from breakwater.model import PriceEvent
from breakwater.monitor import View

UNIT = 10**6
SOL = 10**9
FEED = "BTC/USD"
MONEY = 10_000_000 * UNIT
CALM = trading.Guards(breaker=False)
RULES = ix.Rules(min_coverage_q32=1 << 29, max_subsidy_ppm=500_000)
"""Coverage may fall to an eighth before the programs refuse."""


@dataclass
class Ground:
    """The exchange, and whoever may do something to it."""

    engine: EmbeddedEngine
    admin: Keypair
    mint: Pubkey
    mmt: Pubkey
    trader: Keypair
    price: int = 100_000_00
    sequence: int = 0
    sent: int = 0
    keepers: list[Keypair] = field(default_factory=list)

    @property
    def sender(self) -> Sender:
        return Sender(self.engine, priority_fee=0)

    async def send(self, *instructions: Instruction, key: Keypair | None = None) -> None:
        self.sent += 1  # equal transactions of one slot would be the same one
        await self.sender.send(list(instructions), [key or self.admin], compute_limit=900_000 + self.sent)

    async def publish(self, age_s: int = 0, price: int | None = None) -> None:
        """A price whose time is `age_s` before the chain's."""
        self.sequence += 1
        self.price = price or self.price
        now_ms = (await self.engine.now() - age_s) * 1000
        event = PriceEvent(FEED, self.price, -2, self.price // 10_000, self.sequence, 0, now_ms)
        await self.send(ix.publish(self.admin.pubkey(), event))

    async def market(
        self, liquidity: int = 1_000 * UNIT, guards: trading.Guards = CALM, closes: str = "30d"
    ) -> int:
        made, _ = await trading.create_market(
            self.sender,
            self.admin,
            feed=FEED,
            strikes=("100000",),
            closes=closes,
            liquidity=liquidity,
            curve=ix.LMSR,
            market_id=None,
            guards=guards,
        )
        return made.id

    async def buy(self, market: int, outcome: int, shares: int) -> None:
        owner = self.trader.pubkey()
        known = at.position(at.trader(owner), at.market(market), outcome, ix.SPOT)
        new = [] if self.engine.get_account(known) else [ix.create_position(owner, market, outcome, ix.SPOT)]
        await self.send(*new, ix.buy(owner, market, outcome, shares, 10**15), key=self.trader)
        self.engine.advance_slots(1)

    async def lend(self, market: int, outcome: int, shares: int, leverage_x100: int = 500) -> None:
        """Open a loan: coverage falls."""
        owner = self.trader.pubkey()
        known = at.position(at.trader(owner), at.market(market), outcome, ix.LEVERAGED)
        new = []
        if not self.engine.get_account(known):
            new = [ix.create_position(owner, market, outcome, ix.LEVERAGED)]
        loan = ix.open_leveraged(owner, market, at.feed(FEED), outcome, shares, leverage_x100, 10**15)
        await self.send(*new, loan, key=self.trader)
        self.engine.advance_slots(1)

    async def keeper(self) -> Keypair:
        """Register another keeper; its bond is what the schedule left with the admin."""
        key = Keypair()
        await self.engine.airdrop(key.pubkey(), 10 * SOL)
        founded = genesis.Ground(self.sender, self.admin, self.mint)
        await self.send(*genesis.bonded(founded, self.mmt, key.pubkey(), mx.MmtRules().min_bond))
        await register(self.sender, key)
        self.keepers.append(key)
        return key

    # The vault, to the unit

    def _data(self, address: Pubkey) -> bytes:
        account = self.engine.get_account(address)
        assert account is not None
        return account.data

    @property
    def shards(self) -> list[accounts.Shard]:
        return [accounts.shard(self._data(at.shard(i))) for i in range(at.SHARDS)]

    @property
    def cash(self) -> int:
        return accounts.vault(self._data(at.vault())).cash + sum(each.cash for each in self.shards)

    @property
    def at_risk(self) -> int:
        return sum(each.debt_at_risk for each in self.shards)

    async def have_cash(self, target: int) -> None:
        """Have the provider take liquidity out, or bring some in, until the vault's cash is exactly this."""
        spare = 100 * UNIT  # a unit alone would be worth no liquidity share
        if self.cash > target - spare:
            vault = accounts.vault(self._data(at.vault()))
            worth = self.cash + sum(e.debt - e.debt_at_risk + e.claim_floor for e in self.shards)
            shares = (self.cash - target + spare) * vault.lp_supply // worth
            await self.send(ix.take_liquidity(self.admin.pubkey(), shares))
        await self.send(ix.provide_liquidity(self.admin.pubkey(), target - self.cash))
        assert self.cash == target
        self.engine.advance_slots(1)

    def set_tokens(self, amount: int) -> None:
        """Change what the token account of all collateral holds, past all rules: no instruction can."""
        account = self.engine.get_account(at.token_vault())
        assert account is not None
        data = account.data[:64] + amount.to_bytes(8, "little") + account.data[72:]
        self.engine.set_account(at.token_vault(), Account(account.lamports, data, account.owner))


async def make_ground(start_time: int | None = None) -> Ground:
    """An exchange with ten million in the vault, a trader with as much, a price and an empty registry."""
    engine = EmbeddedEngine(programs.embedded_programs(), start_time=start_time or int(time.time()))
    sender, admin, trader = Sender(engine, priority_fee=0), Keypair(), Keypair()
    for key in (admin, trader):
        await engine.airdrop(key.pubkey(), 1_000 * SOL)
    mint = await genesis._mint(sender, admin, 6)
    own, owner = admin.pubkey(), trader.pubkey()
    await sender.send(genesis.minted(admin, own, mint, 2 * MONEY), [admin])
    await sender.send(genesis.minted(admin, owner, mint, MONEY), [admin])
    shards = [ix.create_shard(own, i) for i in range(at.SHARDS)]
    await sender.send([ix.initialize(own, own, mint, RULES), *shards], [admin])
    steps = [
        ix.create_trader(own),
        ix.deposit(own, get_associated_token_address(own, mint), mint, 2 * MONEY),
        ix.provide_liquidity(own, MONEY),
        ix.create_feed(own, FEED, own, -2, 30),
    ]
    await sender.send(steps, [admin])
    source = get_associated_token_address(owner, mint)
    await sender.send([ix.create_trader(owner), ix.deposit(owner, source, mint, MONEY)], [trader])
    mmt = await genesis.found_mmt(genesis.Ground(sender, admin, mint), mx.MmtRules())
    ground = Ground(engine, admin, mint, mmt, trader)
    await ground.publish()
    return ground


def slot_of(view: View) -> int:
    """A view's slot, which is known."""
    assert view.slot is not None
    return view.slot
