"""The smaller machine: stakers, keepers and tasks, against the model in `keepers_model`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from breakwater.chain import addresses as at
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx

from . import calls
from .draft import Refused
from .floor import part_of
from .keepers_duties import RESOLUTION
from .keepers_model import MMT
from .keepers_stage import MINT, SINK_OWNER, audit, mmt_of, stage
from .settlement import GRACE_MS
from .stage import FEEDS, OPERATORS, OWNERS, PUBLISHERS, VENUES, price_event
from .state import Market

if TYPE_CHECKING:
    from collections.abc import Callable

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from .keepers_duties import Duties
    from .world import Key

__all__ = ["TALLY", "KeepersMachine"]

WHO = st.integers(0, len(OWNERS) - 1)
WHICH = st.integers(0, 31)
PART = st.integers(0, 15)
HOUR_MS: Final = 3_600_000
MOST_MARKETS: Final = 14
TALLY: Counter[tuple[str, str]] = Counter()


class KeepersMachine(RuleBasedStateMachine):
    """Stakers, keepers, and markets that close and want to be resolved."""

    def __init__(self) -> None:
        super().__init__()
        self.world, saved, ledger = stage()
        self.world.restore(saved)
        self.ledger = ledger.copy()
        self.next_market = 100
        self.posters: dict[Pubkey, Pubkey] = {}

    def _look(self) -> None:
        """Which markets have closed and wait to be settled."""
        markets = [each for each in self.world.books.values() if type(each) is Market and not each.status]
        closed = (each for each in markets if self.world.now.ms >= each.close_ms)
        self.ledger.pending = {at.market(each.id) for each in closed}

    def attempt(
        self, verb: str, instruction: Instruction, signer: Key | None, predict: Callable[[Duties], None]
    ) -> bool:
        """One instruction: the program does or refuses what the model does or refuses."""
        self._look()
        engine, payer = self.world.engine, self.world.payer.pubkey()
        named = {meta.pubkey for meta in instruction.accounts} - {payer}
        before = {each: engine.get_account(each) for each in named}
        model, expected = self.ledger.copy(), None
        model.slot = self.world.now.slot
        try:
            predict(model)
        except Refused as refused:
            expected = refused.name
        receipt = self.world.execute([instruction], (signer,) if signer else ())
        error = None if receipt.err is None else self.world.refusal(receipt)[1]
        TALLY[verb, error or "done"] += 1
        assert error == expected, f"{verb}: {error}, expected {expected}\n" + "\n".join(receipt.logs)
        if error is not None:
            assert before == {each: engine.get_account(each) for each in named}, f"a refused {verb} changed"
            return False
        self.ledger = model
        audit(self.world, self.ledger)
        return True

    def _task(self, which: int) -> Pubkey | None:
        self._look()
        subjects = list(self.ledger.jobs) or sorted(self.ledger.pending, key=bytes)
        return subjects[which % len(subjects)] if subjects else None

    def _holder(self, who: int, subject: Pubkey, *, right: bool) -> Key:
        job = self.ledger.jobs.get(subject)
        holder = [each for each in OWNERS if job and each.pubkey() == job.holder]
        return holder[0] if holder and right else OWNERS[who]

    # Time and markets

    @rule(slots=st.integers(0, 12) | st.sampled_from((200, 400, 2_100, 20_000, 39_000_000)))
    def rule_slots_pass(self, slots: int) -> None:
        """Deadlines, cool-downs, and once in a while a whole season."""
        self.world.engine.advance_slots(slots)

    @rule()
    def rule_markets_close(self) -> None:
        """Open a few markets, and let them close."""
        for _ in range(3):
            if len([each for each in self.world.books.values() if type(each) is Market]) < MOST_MARKETS:
                self.next_market += 1
                terms = VENUES[0].terms(self.world.now.ms + HOUR_MS)
                self.world.run(calls.create_market(OPERATORS[0], self.next_market, terms))
        self.world.engine.advance_time(4 * HOUR_MS // 1000)

    @rule(which=WHICH)
    def rule_work_is_done(self, which: int) -> None:
        """Somebody resolves a market, or voids it when it is too late for that."""
        if (subject := self._task(which)) and subject in self.ledger.pending:
            self._settle(subject)

    def _settle(self, subject: Pubkey) -> None:
        market: Market = self.world.books[subject]
        name = next(each for each in FEEDS if bytes(at.feed(each)) == market.feed)
        if self.world.now.ms >= market.close_ms + GRACE_MS:
            done = self.world.run(calls.void(market.id))
        else:
            event = price_event(self.world, name, self.world.books[at.feed(name)].price)
            self.world.run(calls.publish(PUBLISHERS[0], event))
            feed = self.world.books[at.feed(name)]
            times = [at_ms for at_ms, _ in feed.history]
            first = next(i for i, at_ms in enumerate(times) if at_ms >= market.close_ms)
            index = feed.count - len(times) + first
            done = self.world.run(calls.resolve(market.id, at.feed(name), index))
        assert done.error is None, done

    # Stakes

    @rule(who=WHO, close=st.booleans())
    def rule_stake_account(self, who: int, *, close: bool) -> None:
        """Open a stake, or close it, which has to be empty."""
        owner, key = OWNERS[who], OWNERS[who].pubkey()
        if close:
            self.attempt("close_stake", mx.close_stake(key), owner, lambda m: m.close_stake(key))
        else:
            self.attempt("create_stake", mx.create_stake(key), owner, lambda m: m.create_stake(key))

    @rule(who=WHO, part=PART)
    def rule_stake(self, who: int, part: int) -> None:
        """Stake a part of a wallet, now and then less than one MMT."""
        key = OWNERS[who].pubkey()
        amount = MMT - 1 if part == 1 else part_of(self.ledger.wallets[key], part)
        stake = mx.stake(key, mmt_of(key), MINT.pubkey(), amount)
        self.attempt("stake", stake, OWNERS[who], lambda m: m.stake(key, amount))

    @rule(who=WHO, part=PART)
    def rule_unstake(self, who: int, part: int) -> None:
        """Stop staking a part."""
        key = OWNERS[who].pubkey()
        stake = self.ledger.stakes.get(key)
        amount = part_of(stake.amount if stake else 0, part)
        self.attempt("unstake", mx.unstake(key, amount), OWNERS[who], lambda m: m.unstake(key, amount))

    @rule(who=WHO)
    def rule_withdraw_stake(self, who: int) -> None:
        """Take out what was unstaked."""
        key = OWNERS[who].pubkey()
        taken = mx.withdraw_stake(key, mmt_of(key), MINT.pubkey())
        self.attempt("withdraw_stake", taken, OWNERS[who], lambda m: m.withdraw_stake(key))

    @rule(who=WHO)
    def rule_claim_rewards(self, who: int) -> None:
        """Ask for what a stake has earned."""
        key = OWNERS[who].pubkey()
        claimed = mx.claim_rewards(key, mmt_of(key), MINT.pubkey())
        self.attempt("claim_rewards", claimed, OWNERS[who], lambda m: m.claim_rewards(key))

    # Keepers

    @rule(who=WHO, bond=st.sampled_from((99, 100, 1_000, 10_000, 10**6)))
    def rule_register(self, who: int, bond: int) -> None:
        """Put a keeper on duty, with a bond that may be too small or too large."""
        key = OWNERS[who].pubkey()
        instruction = kx.register_keeper(key, mmt_of(key), MINT.pubkey(), bond * MMT, key)
        predict: Callable[[Duties], None] = lambda m: m.register_keeper(key, bond * MMT)  # noqa: E731
        self.attempt("register_keeper", instruction, OWNERS[who], predict)

    @rule(who=WHO, how=st.integers(0, 9))
    def rule_duty(self, who: int, how: int) -> None:
        """On duty, off duty, alive, and now and then away for good."""
        owner, key = OWNERS[who], OWNERS[who].pubkey()
        if how < 3:
            self.attempt("heartbeat", kx.heartbeat(key), owner, lambda m: m.heartbeat(key))
        elif how < 5:
            self.attempt("suspend_keeper", kx.suspend_keeper(key), None, lambda m: m.suspend_keeper(key))
        elif how < 8:
            self.attempt("resume_keeper", kx.resume_keeper(key), owner, lambda m: m.resume_keeper(key))
        else:
            left = kx.unregister_keeper(key, key)
            self.attempt("unregister_keeper", left, owner, lambda m: m.unregister_keeper(key))

    @rule(who=WHO)
    def rule_money(self, who: int) -> None:
        """A keeper's rewards, and its bond once it has left."""
        owner, key, mint = OWNERS[who], OWNERS[who].pubkey(), MINT.pubkey()
        claimed = mx.claim_keeper_rewards(key, key, mmt_of(key), mint)
        self.attempt("claim_keeper_rewards", claimed, owner, lambda m: m.claim_keeper_rewards(key))
        taken = kx.withdraw_bond(key, mmt_of(key), mmt_of(SINK_OWNER), mint)
        self.attempt("withdraw_bond", taken, None, lambda m: m.withdraw_bond(key))

    # Tasks

    @rule(which=WHICH)
    def rule_post(self, which: int) -> None:
        """Post a task, mostly about a market that wants resolving."""
        self._look()
        wanted = sorted(self.ledger.pending - self.ledger.jobs.keys(), key=bytes)
        subject = wanted[which % len(wanted)] if wanted and which % 8 else at.market(1 + which % 6)
        poster = OWNERS[which % 4]
        posted = kx.post_task(poster.pubkey(), RESOLUTION, subject, subject)
        if self.attempt("post_task", posted, poster, lambda m: m.post_task(subject)):
            self.posters[subject] = poster.pubkey()

    @rule(who=WHO, which=WHICH)
    def rule_claim(self, who: int, which: int) -> None:
        """Claim a task."""
        key = OWNERS[who].pubkey()
        if subject := self._task(which):
            claimed = kx.claim_task(key, RESOLUTION, subject)
            self.attempt("claim_task", claimed, OWNERS[who], lambda m: m.claim_task(key, subject))

    @rule(who=WHO, which=WHICH, how=st.integers(0, 9))
    def rule_end(self, who: int, which: int, how: int) -> None:
        """Complete, fail or expire a task, mostly as who holds it and mostly after the work."""
        if not (subject := self._task(which)):
            return
        keeper = self._holder(who, subject, right=how > 0)
        key = keeper.pubkey()
        if how < 6:
            if how > 1 and subject in self.ledger.pending:
                self._settle(subject)
            done = kx.complete_task(key, RESOLUTION, subject)
            self.attempt("complete_task", done, keeper, lambda m: m.complete_task(key, subject))
        elif how < 8:
            failed = kx.fail_task(key, RESOLUTION, subject)
            self.attempt("fail_task", failed, keeper, lambda m: m.fail_task(key, subject))
        else:
            late = kx.expire_claim(key, RESOLUTION, subject)
            self.attempt("expire_claim", late, None, lambda m: m.expire_claim(key, subject))

    @rule(
        who=WHO,
        which=WHICH,
        wait=st.sampled_from((4, 10, 25, 140)),
        hows=st.lists(st.integers(0, 9), max_size=4),
    )
    def rule_task_lives(self, who: int, which: int, wait: int, hows: list[int]) -> None:
        """Posted, claimed by somebody on duty, and ended one way or the other, perhaps several times."""
        self.rule_markets_close()
        self.rule_post(which | 1)
        for how in hows:
            on_duty = [i for i, each in enumerate(OWNERS) if each.pubkey() in self.ledger.turns]
            worker = on_duty[who % len(on_duty)] if on_duty else who
            self.world.engine.advance_slots(wait)
            self.rule_claim(worker, which)
            self.world.engine.advance_slots(wait)
            self.rule_end(worker, which, how)
        self.rule_money(who)

    @rule(who=WHO, part=st.integers(1, 13), slots=st.sampled_from((1, 500, 2_000, 39_000_000)))
    def rule_stake_lives(self, who: int, part: int, slots: int) -> None:
        """Staked, paid, unstaked, withdrawn."""
        if OWNERS[who].pubkey() not in self.ledger.stakes:
            self.rule_stake_account(who, close=False)
        self.rule_stake(who, part)
        self.world.engine.advance_slots(slots)
        self.rule_claim_rewards(who)
        self.rule_unstake(who, 14 - part)
        self.world.engine.advance_slots(slots)
        self.rule_withdraw_stake(who)

    @rule(who=WHO, slots=st.sampled_from((1, 160, 310, 2_000)))
    def rule_keeper_leaves(self, who: int, slots: int) -> None:
        """Silent for a while, struck off, back again, away, and paid."""
        self.world.engine.advance_slots(slots)
        for how in (3, 5, 9) if slots == 2_000 else (3, 5):
            self.rule_duty(who, how)
            self.world.engine.advance_slots(slots)
        self.rule_money(who)

    @rule(which=WHICH)
    def rule_close_task(self, which: int) -> None:
        """Remove a task."""
        subject = self._task(which)
        if subject and self.ledger.jobs.get(subject):
            closed = kx.close_task(self.posters[subject], RESOLUTION, subject)
            self.attempt("close_task", closed, None, lambda m: m.close_task(subject))
