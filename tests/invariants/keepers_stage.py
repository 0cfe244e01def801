"""MMT's beginning on the exchange's stage, and the audit of every account it has."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from solders.account import Account
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import keeper_accounts as records
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx

from .keepers_duties import RESOLUTION, Duties
from .keepers_model import CLAIMED, MMT, POOL, SUNK
from .stage import ADMIN, OWNERS, set_up
from .world import Key, World

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = ["MINT", "RULES", "audit", "mmt_of", "stage"]

MINT = Key("MMT")
RULES = mx.MmtRules(cooldown_slots=2_000, expiry_slots=3_000)
HOLDINGS = (150_000 * MMT, 20_000 * MMT, 3_000 * MMT, 400 * MMT)
SINK_OWNER = at.mmt_sink()
AMOUNT = slice(64, 72)


def mmt_of(owner: Pubkey) -> Pubkey:
    """An owner's MMT."""
    return spl.get_associated_token_address(owner, MINT.pubkey())


@lru_cache
def stage() -> tuple[World, Any, Duties]:
    """The world with MMT, set up once: its state to return to, and the model's."""
    world = set_up()
    admin, mint = ADMIN.pubkey(), MINT.pubkey()
    made = CreateAccountParams(
        from_pubkey=admin, to_pubkey=mint, lamports=1_461_600, space=82, owner=at.TOKEN_PROGRAM
    )
    params = spl.InitializeMintParams(
        decimals=9, program_id=at.TOKEN_PROGRAM, mint=mint, mint_authority=admin
    )
    closed = spl.SetAuthorityParams(
        at.TOKEN_PROGRAM, mint, spl.AuthorityType.MINT_TOKENS, admin, new_authority=None
    )
    _require(world, (ADMIN, MINT), create_account(made), spl.initialize_mint(params))
    for owner, amount in ((admin, POOL), (SINK_OWNER, SUNK)):
        paid = spl.MintToParams(at.TOKEN_PROGRAM, mint, mmt_of(owner), admin, amount)
        opened = spl.create_associated_token_account(admin, owner, mint)
        _require(world, (ADMIN,), opened, spl.mint_to(paid))
    _require(world, (ADMIN,), spl.set_authority(closed))
    begun = mx.initialize_mmt(admin, mint, mmt_of(admin), mmt_of(SINK_OWNER), RULES)
    _require(world, (ADMIN,), begun)
    slot = world.now.slot
    ledger = Duties(RULES, slot, slot, updated_slot=slot)
    for holder, amount in zip(OWNERS, HOLDINGS, strict=True):
        who = holder.pubkey()
        _require(world, (ADMIN,), spl.create_associated_token_account(admin, who, mint))
        _give(world, mmt_of(who), amount)
        ledger.wallets[who] = amount
    for holder, bond in zip(OWNERS[1:], (10_000 * MMT, 1_000 * MMT, 100 * MMT), strict=True):
        who = holder.pubkey()
        ledger.slot = world.now.slot
        _require(
            world, (holder,), kx.register_keeper(who, mmt_of(who), mint, bond, who), mx.create_stake(who)
        )
        ledger.register_keeper(who, bond)
        ledger.create_stake(who)
    audit(world, ledger)
    return world, world.save(), ledger.copy()


def _give(world: World, tokens: Pubkey, amount: int) -> None:
    """Tokens past all rules: after `initialize_mmt` the whole supply lies in the pool and the sink."""
    account = world.engine.get_account(tokens)
    assert account is not None
    data = account.data[: AMOUNT.start] + amount.to_bytes(8, "little") + account.data[AMOUNT.stop :]
    world.engine.set_account(tokens, Account(account.lamports, data, account.owner))


def _require(world: World, signers: tuple[Key, ...], *instructions: Any) -> None:
    receipt = world.execute(list(instructions), signers)
    assert receipt.err is None, receipt


def _data(world: World, key: Pubkey) -> bytes | None:
    account = world.engine.get_account(key)
    return None if account is None or account.owner not in (at.EXCHANGE, at.TOKEN_PROGRAM) else account.data


def _tokens(world: World, key: Pubkey) -> int:
    data = _data(world, key)
    assert data is not None
    return accounts.token_amount(data)


def _same(record: Any, found: Any, what: str) -> None:
    names = {each.name for each in fields(record)} & set(found.__slots__)
    wrong = {
        name: (getattr(found, name), getattr(record, name))
        for name in names - {"rules", "wallets", "stakes", "keepers", "tasks"}
        if getattr(found, name) != getattr(record, name)
    }
    assert not wrong, f"{what} has (chain, model) {wrong}"


def audit(world: World, m: Duties) -> None:
    """Accounts as the model has them, vaults as the books say, and nothing beyond the schedule."""
    for who, amount in m.wallets.items():
        assert _tokens(world, mmt_of(who)) == amount, "a wallet"
    staked = sum(each.amount + each.unbonding for each in m.stakes.values())
    bonds = sum(each.bond + each.slashed for each in m.keepers.values())
    assert _tokens(world, at.stake_vault()) == staked + bonds, "stakes and bonds are what their vault holds"
    assert _tokens(world, at.reward_vault()) == m.schedule(2**62) - m.paid, (
        "what was paid left the reward vault"
    )
    assert _tokens(world, mmt_of(SINK_OWNER)) == SUNK + m.sunk, "what was slashed is in the sink"
    held = sum(m.wallets.values()) + staked + bonds + m.sunk - m.paid
    assert held == sum(HOLDINGS), "MMT came or went"

    due = m.keeper_pot + sum(job.reserved_mmt for job in m.jobs.values())
    due += sum(keeper.rewards for keeper in m.keepers.values())
    due += sum(m.owed(each) for each in m.stakes.values())
    assert m.paid + due <= m.emitted <= m.schedule(m.updated_slot) <= POOL, "more is owed than was emitted"
    assert m.total_weight == sum(each.weight for each in m.stakes.values())

    season = records.season(_data(world, at.season()) or b"")
    _same(m, season, "season")
    assert season.tasks == m.tasks
    listed = tuple(bytes(at.keeper(each)) for each in m.turns)
    found = records.registry(_data(world, at.registry()) or b"").keepers
    assert tuple(each for each in found if any(each)) == listed, "the list of keepers"
    for who in m.wallets:
        _audit_one(m.stakes.get(who), _data(world, at.stake(who)), records.stake, "stake")
        _audit_one(m.keepers.get(who), _data(world, at.keeper(who)), records.keeper, "keeper")
    for subject in m.pending | m.done | m.jobs.keys():
        job = m.jobs.get(subject)
        _audit_one(job, _data(world, at.task(subject, RESOLUTION)), records.task, "task")
    for who, keeper in m.keepers.items():
        claims = sum(job.state == CLAIMED and job.holder == who for job in m.jobs.values())
        assert keeper.claims == claims, "tasks a keeper holds"


def _audit_one(record: Any, data: bytes | None, read: Any, what: str) -> None:
    assert (record is None) == (data is None), f"{what}: {record} in the model, {data!r} on the chain"
    if data is not None:
        _same(record, read(data), what)
