"""Rules: instructions with one account that is not the right one. Each is refused by its own error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as legs_ix
from breakwater.chain.leg_instructions import BUY, LegOrder, SpotOrder
from breakwater.chain.terms import LEVERAGED, SPOT

from . import calls
from .draft import Refused
from .floor import ANY, U64, Floor
from .stage import FEEDS, OWNERS
from .state import Market
from .world import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Model
    from .world import Key

OWNER, TRADER, MARKET, SHARD, POSITION = range(5)


def replaced_account(
    instruction: Instruction,
    index: int,
    key: Pubkey | None = None,
    *,
    signs: bool | None = None,
    writable: bool | None = None,
) -> Instruction:
    """The instruction with one account replaced, or asked for in another way."""
    metas = list(instruction.accounts)
    old = metas[index]
    metas[index] = AccountMeta(
        key or old.pubkey,
        old.is_signer if signs is None else signs,
        old.is_writable if writable is None else writable,
    )
    return Instruction(instruction.program_id, instruction.data, metas)


class Attacks(Floor):
    """Wrong accounts."""

    def refused(self, error: str, instruction: Instruction, signers: Sequence[Key]) -> None:
        """This instruction fails by this error whatever the books say."""

        def refuse(_: Model) -> None:
            raise Refused(error)

        self.run(Call(f"attack {error}", instruction, tuple(signers), refuse))

    def _other_market(self, market_id: int) -> Market:
        markets: list[Market] = self.of(Market)
        return next((each for each in markets if each.id != market_id), markets[0])

    @rule(which=ANY, how=st.integers(0, 11))
    def rule_trade_with_a_wrong_account(self, which: int, how: int) -> None:
        """A purchase whose accounts do not belong together."""
        if not (found := self.position(which, SPOT, held=False)):
            return
        owner, market, outcome, _ = found
        thief = next(each for each in OWNERS if each is not owner)
        who, trader = owner.pubkey(), at.trader(owner.pubkey())
        good = ix.buy(who, market, outcome, 1, U64)
        other = self._other_market(market).id
        theirs = at.position(at.trader(thief.pubkey()), at.market(market), outcome, SPOT)
        loan = at.position(trader, at.market(market), outcome, LEVERAGED)
        wrong_shard = at.shard((at.shard_index(market) + 1) % at.SHARDS)
        attempts = [
            ("NotOwner", replaced_account(good, OWNER, thief.pubkey()), thief),
            ("MissingRequiredSignature", replaced_account(good, OWNER, signs=False), None),
            ("NotOwner", replaced_account(good, TRADER, at.trader(thief.pubkey())), owner),
            ("PositionOfAnotherMarket", replaced_account(good, MARKET, at.market(other)), owner),
            ("WrongShard", replaced_account(good, SHARD, wrong_shard), owner),
            ("PositionOfAnotherTrader", replaced_account(good, POSITION, theirs), owner),
            ("WrongKind", replaced_account(good, POSITION, loan), owner),
            ("ConstraintMut", replaced_account(good, TRADER, writable=False), owner),
            ("ConstraintDuplicateMutableAccount", replaced_account(good, POSITION, at.market(market)), owner),
            ("IllegalOwner", replaced_account(good, MARKET, at.feed(FEEDS[0])), owner),
            ("NotEnoughAccountKeys", Instruction(at.EXCHANGE, good.data, good.accounts[:3]), owner),
            ("InvalidInstructionData", Instruction(at.EXCHANGE, good.data[:20], good.accounts), owner),
        ]
        error, instruction, signer = attempts[how]
        # whatever is missing fails as something missing, and says nothing about the attack
        if all(self.record(meta.pubkey) for meta in instruction.accounts[TRADER:]) and other != market:
            self.refused(error, instruction, [signer] if signer else [])

    @rule(which=ANY, how=st.integers(0, 8))
    def rule_move_money_with_a_wrong_account(self, which: int, how: int) -> None:
        """Tokens, liquidity and ledgers with accounts of somebody else."""
        owner, thief = OWNERS[which % 2], OWNERS[2]
        who, mint = owner.pubkey(), calls.MINT.pubkey()
        purse, loot = calls.wallet(who), calls.wallet(thief.pubkey())
        if not (self.trader(owner) and self.trader(thief) and self.record(loot).amount):
            return
        paid, taken = ix.deposit(who, purse, mint, 1), ix.withdraw(who, purse, mint, 1)
        attempts = [
            ("OwnerMismatch", replaced_account(paid, 4, loot), owner),
            ("WrongTokenVault", replaced_account(paid, 5, loot), owner),
            ("WrongMint", replaced_account(paid, 6, who), owner),
            ("IncorrectProgramId", replaced_account(paid, 7, at.EXCHANGE), owner),
            ("NotOwner", replaced_account(taken, 0, thief.pubkey()), thief),
            ("ConstraintDuplicateMutableAccount", replaced_account(taken, 4, at.token_vault()), owner),
            ("NotOwner", replaced_account(ix.take_liquidity(who, 1), 0, thief.pubkey()), thief),
            ("ConstraintDuplicateMutableAccount", replaced_account(ix.fold(), 3, at.shard(0)), None),
            ("NotOwner", replaced_account(ix.close_trader(who), 0, thief.pubkey()), thief),
        ]
        error, instruction, signer = attempts[how]
        self.refused(error, instruction, [signer] if signer else [])

    @rule(which=ANY, how=st.integers(0, 6))
    def rule_reach_for_another_ones_shares(self, which: int, how: int) -> None:
        """Batches, chains and redemptions with accounts of somebody else."""
        found, held = self.position(which, SPOT, held=False), self.chain(which, held=False)
        if not found or not held:
            return
        owner, market, outcome, _ = found
        thief = next(each for each in OWNERS if each is not owner)
        robbed, chain = held
        other, state = self._other_market(market), self.market_by_id(market)
        batch = legs_ix.batch(owner.pubkey(), [SpotOrder(market, outcome, BUY, 1, U64)])
        theirs = at.position(at.trader(thief.pubkey()), at.market(market), outcome, SPOT)
        elsewhere = at.position(at.trader(owner.pubkey()), at.market(other.id), outcome, SPOT)
        feed, wrong_feed = Pubkey(state.feed), at.feed(FEEDS[bytes(at.feed(FEEDS[0])) == state.feed])
        robber = next(each for each in OWNERS if each is not robbed)
        legs = [LegOrder(each.id, Pubkey(each.feed), 0, 1, 100) for each in (other, state)]
        unwound = legs_ix.unwind_chain(robber.pubkey(), chain.id, [(market, feed)], 0)
        stolen = replaced_account(unwound, 2, at.chain(at.trader(robbed.pubkey()), chain.id))
        opened = replaced_account(legs_ix.open_chain(robbed.pubkey(), chain.id, legs, U64), 8, wrong_feed)
        redeemed = ix.redeem(owner.pubkey(), market, outcome, SPOT)
        attempts = [
            ("PositionOfAnotherTrader", replaced_account(batch, 4, theirs), owner),
            ("PositionOfAnotherMarket", replaced_account(batch, 4, elsewhere), owner),
            ("ChainOfAnotherTrader", stolen, robber),
            ("NotEmpty" if chain.held else "WrongFeed", opened, robbed),
            ("WrongFeed", ix.resolve(market, wrong_feed, 1), None),
            ("PositionOfAnotherTrader", replaced_account(redeemed, 0, at.trader(thief.pubkey())), None),
            (
                "NotOwner",
                replaced_account(ix.close_position(owner.pubkey(), market, outcome, SPOT), 0, thief.pubkey()),
                thief,
            ),
        ]
        error, instruction, signer = attempts[how]
        present = all(self.record(meta.pubkey) for meta in instruction.accounts[1:])
        if present and other.id != market:
            self.refused(error, instruction, [signer] if signer else [])
