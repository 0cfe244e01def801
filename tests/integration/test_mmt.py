"""Stakes by the client: what is due is paid to the unit, and nothing leaves before its time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import mmt
from breakwater.chain import accounts, programs, queries
from breakwater.chain import mmt_instructions as mx
from breakwater.chain.engine import EmbeddedEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput
from breakwater.keepers._genesis import SOL, UNIT, bonded, found, found_mmt, wallet
from breakwater.mmt.earnings import SEASON_SLOTS

ONE = mx.MMT
RULES = mx.MmtRules(cooldown_slots=200, tiers=(1_000 * ONE, 5_000 * ONE, 9_000 * ONE))


@dataclass
class House:
    """An exchange with MMT, and somebody who has ten thousand of it."""

    engine: EmbeddedEngine
    sender: Sender
    token: Pubkey
    key: Keypair

    @property
    def owner(self) -> Pubkey:
        return self.key.pubkey()

    async def tokens(self) -> int:
        (data,) = await queries.read(self.engine, [wallet(self.owner, self.token)])
        return 0 if data is None else accounts.token_amount(data)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as engine:
        assert isinstance(engine, EmbeddedEngine)
        sender, key = Sender(engine), Keypair()
        ground = await found(sender, Keypair(), 1_000_000 * UNIT)
        token = await found_mmt(ground, RULES)
        await engine.airdrop(key.pubkey(), 10 * SOL)
        await sender.send(bonded(ground, token, key.pubkey(), 10_000 * ONE), [ground.admin])
        yield House(engine, sender, token, key)


async def test_a_claim_pays_what_the_status_says_over_seasons_and_tiers(house: House) -> None:
    staked = await mmt.stake(house.sender, house.key, 4_000 * ONE)
    assert (staked.moved, staked.amount) == (4_000 * ONE, 4_000 * ONE)
    received = 0
    for slots in (1, 777, SEASON_SLOTS - 5, 3):
        house.engine.advance_slots(slots)
        found = await mmt.status(house.engine, house.owner)
        assert found.tier == (1 if found.stake and found.stake.amount < 5_000 * ONE else 2)
        paid = await mmt.claim(house.sender, house.key)
        assert paid.amount == found.due > 0
        received += paid.amount
        if slots == 777:
            await mmt.stake(house.sender, house.key, 1_000 * ONE)
    assert (await mmt.status(house.engine)).season == 1
    assert await house.tokens() == 5_000 * ONE + received
    # alone among the stakers: all that was emitted but the keepers' fifth, less what rounding leaves
    ledger = (await mmt.status(house.engine)).ledger
    share = ledger.emitted - ledger.emitted * RULES.keepers_ppm // 10**6
    assert 0 <= share - received <= 8


async def test_what_is_unstaked_waits_for_the_cool_down_which_starts_anew(house: House) -> None:
    await mmt.stake(house.sender, house.key, 100 * ONE)
    await mmt.unstake(house.sender, house.key, 40 * ONE)
    house.engine.advance_slots(150)
    await mmt.unstake(house.sender, house.key)
    house.engine.advance_slots(150)
    with pytest.raises(InvalidInput, match="Wait 50 slots"):
        await mmt.withdraw(house.sender, house.key)
    house.engine.advance_slots(50)
    taken = await mmt.withdraw(house.sender, house.key)
    assert (taken.moved, taken.amount, taken.unbonding) == (100 * ONE, 0, 0)
    assert await house.tokens() == 10_000 * ONE


async def test_what_cannot_be_done_is_said_before_anything_is_sent(house: House) -> None:
    sender, key = house.sender, house.key
    for act, sentence in (
        (mmt.stake(sender, key, 10_001 * ONE), "Stake at most 10000 MMT"),
        (mmt.stake(sender, key, ONE - 1), "Stake one MMT at least"),
        (mmt.unstake(sender, key), "Stake first"),
        (mmt.withdraw(sender, key), "Unstake first"),
        (mmt.claim(sender, key), "Stake and wait first"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            await act
    await mmt.stake(sender, key, 2 * ONE)
    with pytest.raises(InvalidInput, match="Unstake at most 2 MMT"):
        await mmt.unstake(sender, key, 3 * ONE)
    with pytest.raises(InvalidInput, match="Stake one MMT at least, or nothing"):
        await mmt.unstake(sender, key, ONE + 1)
    assert await house.tokens() == 9_998 * ONE


async def test_after_the_last_season_nothing_is_emitted(house: House) -> None:
    await mmt.stake(house.sender, house.key, 100 * ONE)
    house.engine.advance_slots(8 * SEASON_SLOTS + 1)
    found = await mmt.status(house.engine, house.owner)
    assert (found.season, found.rate) == (None, 0)
    assert (await mmt.claim(house.sender, house.key)).amount == found.due
    house.engine.advance_slots(1_000)
    assert (await mmt.status(house.engine, house.owner)).due == 0


async def test_an_exchange_without_mmt_says_so() -> None:
    async with open_engine("embedded", programs=programs.embedded_programs()) as engine:
        with pytest.raises(InvalidInput, match="opened without MMT"):
            await mmt.status(engine)


@pytest.mark.parametrize("text", ["0", "-1", "1.0000000001", "much", "nan", "inf", "1e99", "1e9999999", ""])
def test_what_is_no_amount_of_mmt_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="Give the bond"):
        mmt.parse_mmt(text, "the bond")


def test_an_amount_has_nine_decimals() -> None:
    assert mmt.parse_mmt("12.000000001") == 12 * ONE + 1
