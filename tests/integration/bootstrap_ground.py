"""An exchange with MMT, where a launch can be opened, on the embedded engine."""

from __future__ import annotations

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater import trading
from breakwater.chain import accounts, programs
from breakwater.chain import bootstrap_instructions as bx
from breakwater.chain import instructions as ix
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.keepers import _genesis as genesis
from breakwater.localnet.stage import FEED, Walk

UNIT, SOL = 10**6, 10**9
RULES = bx.BootstrapRules()


class World:
    """An exchange with MMT and a launch, and somebody who trades at it."""

    def __init__(self, engine: EmbeddedEngine, ground: genesis.Ground, mmt: Pubkey) -> None:
        self.engine, self.ground, self.sender, self.mmt = engine, ground, ground.sender, mmt
        self.trader = Keypair()

    async def tokens(self, owner: Keypair) -> int:
        """MMT in the owner's account."""
        address = get_associated_token_address(owner.pubkey(), self.mmt)
        held = self.engine.get_account(address)
        return 0 if held is None else accounts.token_amount(held.data)

    async def market(self) -> int:
        """A market to trade at, and the trader's position in it."""
        admin = self.ground.admin
        made, _ = await trading.create_market(
            self.sender, admin, feed=FEED, strikes=("100000",), closes="1h", liquidity=1_000 * UNIT,
            curve=ix.LMSR, market_id=None, guards=trading.Guards(breaker=False),
        )  # fmt: skip
        position = ix.create_position(self.trader.pubkey(), made.id, 0, ix.SPOT)
        await self.sender.send([position], [self.trader])
        return int(made.id)

    async def buy(self, market: int, shares: int) -> int:
        """One purchase; its fee."""
        order = ix.buy(self.trader.pubkey(), market, 0, shares, 2**64 - 1)
        receipt = await self.sender.send([order], [self.trader])
        (traded,) = (e for e in programs.event_decoder().decode(receipt.logs) if e.name == "Traded")
        self.engine.advance_slots(1)
        return int(traded.fields["fee"])


async def make_world() -> World:
    """A trader with 50,000 units, a provider with a million in the vault, a price, and no launch yet."""
    engine = EmbeddedEngine(programs.embedded_programs())
    admin = Keypair()
    ground = await genesis.found(Sender(engine, priority_fee=0), admin, 1_000_000 * UNIT)
    mmt, own = await genesis.found_mmt(ground, mx.MmtRules()), admin.pubkey()
    world = World(engine, ground, mmt)
    await engine.airdrop(world.trader.pubkey(), 10 * SOL)
    owner = world.trader.pubkey()
    await ground.sender.send(genesis.minted(admin, owner, ground.mint, 50_000 * UNIT), [admin])
    steps = [
        ix.create_trader(owner),
        ix.deposit(owner, genesis.wallet(owner, ground.mint), ground.mint, 50_000 * UNIT),
    ]
    await ground.sender.send(steps, [world.trader])
    feed = ix.create_feed(own, FEED, own, -2, 30)
    first = Walk(seed=1).step(await engine.slot(), await engine.now() * 1000)
    await ground.sender.send([feed, ix.publish(own, first), ix.fold()], [admin])
    return world


async def launch(world: World) -> None:
    """Open the launch."""
    admin, mmt = world.ground.admin, world.mmt
    source = genesis.wallet(admin.pubkey(), mmt)
    await world.sender.send([bx.open_bootstrap(admin.pubkey(), mmt, source, RULES)], [admin])
