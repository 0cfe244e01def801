//! The exchange: a vault that makes markets, traders that trade them with or without leverage, and settlement by the
//! oracle's first price at or after a market's close.
//!
//! Start with [`state`] (what is kept), then [`instructions`] (what can happen, one verb a file). This file only
//! dispatches. All arithmetic is in `breakwater-math`.
#![cfg_attr(target_os = "solana", no_std)]

extern crate alloc;

use {
    alloc::vec::Vec,
    anchor_lang::prelude::*,
    breakwater_math::{Collateral6, LeverageX100, LpShares6, Mmt9, Ppm, Shares6},
};

pub mod constants;
pub mod error;
pub mod events;
pub mod instructions;
pub mod state;

use {
    instructions::*,
    state::{BootstrapRules, LeafProof},
};

declare_id!("FSJ4dNaQjgZNkZN92PD1x6xamyjZkx6ATvY4HTKRJKq6");

#[cfg(target_os = "solana")]
breakwater_sbf_rt::entrypoint!();

#[program]
pub mod exchange {
    use super::*;

    /// Buy shares of the position's outcome with the trader's balance, fee included at most `max_cost`.
    pub fn buy(ctx: &mut Context<Trade>, shares: u64, max_cost: u64) -> Result<()> {
        ctx.accounts
            .desk()?
            .buy(Shares6::new(shares), Collateral6::new(max_cost))
    }

    /// Sell shares of a spot position for at least `min_proceeds` after the fee.
    pub fn sell(ctx: &mut Context<Trade>, shares: u64, min_proceeds: u64) -> Result<()> {
        ctx.accounts
            .desk()?
            .sell(Shares6::new(shares), Collateral6::new(min_proceeds))
            .map(|_| ())
    }

    /// Buy shares with a loan: the trader pays margin, premium and fee (at most `max_payment`), the vault the rest.
    pub fn open(ctx: &mut Context<Open>, shares: u64, leverage_x100: u16, max_payment: u64) -> Result<()> {
        let leverage = LeverageX100::new(leverage_x100);
        ctx.accounts
            .open(Shares6::new(shares), leverage, Collateral6::new(max_payment))
    }

    /// Sell shares of a leveraged position, repay their part of the loan, receive at least `min_proceeds`.
    pub fn close(ctx: &mut Context<Trade>, shares: u64, min_proceeds: u64) -> Result<()> {
        ctx.accounts
            .desk()?
            .close(Shares6::new(shares), Collateral6::new(min_proceeds))
            .map(|_| ())
    }

    /// Buy and sell on spot, one trade after the other. Behind the declared accounts: market, shard, position of each.
    pub fn batch(ctx: &mut Context<Batch>, trades: Vec<BatchTrade>) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        ctx.accounts.batch(&trades, &accounts)
    }

    /// Open an empty chain under a number of the trader's choice.
    pub fn create_chain(ctx: &mut Context<CreateChain>, id: u64) -> Result<()> {
        ctx.accounts.create_chain(id)
    }

    /// Close an empty chain; rent goes back to the owner.
    pub fn close_chain(ctx: &mut Context<CloseChain>) -> Result<()> {
        ctx.accounts.close_chain()
    }

    /// Buy 2 to 5 legs on credit, each leg's shares securing the next one's margin; margin, premiums and fees are at most
    /// `max_payment`. Behind the declared accounts: market, shard, feed of each leg.
    pub fn open_chain(ctx: &mut Context<OpenChain>, legs: Vec<LegOrder>, max_payment: u64) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        let most = Collateral6::new(max_payment);
        ctx.accounts.open_chain(&legs, most, &accounts)
    }

    /// Sell all legs of a chain that are left and repay their loans, for at least `min_proceeds`. Behind the declared
    /// accounts: market, shard, feed of each of them.
    pub fn unwind_chain(ctx: &mut Context<UnwindChain>, min_proceeds: u64) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        let least = Collateral6::new(min_proceeds);
        ctx.accounts.unwind_chain(least, &accounts)
    }

    /// Pay a settled leg of a chain out to its trader. Anybody may ask.
    pub fn redeem_leg(ctx: &mut Context<RedeemLeg>, index: u8) -> Result<()> {
        ctx.accounts.redeem_leg(index)
    }

    /// Sell shares of an unhealthy leveraged position; the signer's trader account gets the reward. Anybody may.
    pub fn liquidate(ctx: &mut Context<Liquidate>, shares: u64) -> Result<()> {
        ctx.accounts.liquidate(Shares6::new(shares))
    }

    /// Sell the same part (parts per million, rounded up) of every leg of an unhealthy chain; the signer's trader account gets
    /// the reward. Anybody may. Behind the declared accounts: market, shard, feed of each leg that is left.
    pub fn liquidate_chain(ctx: &mut Context<LiquidateChain>, part_ppm: u32) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        ctx.accounts.liquidate_chain(Ppm::new(part_ppm), &accounts)
    }

    /// Take over a position whose shares are worth less than its loan; the signer's trader account gets the reward. Anybody may.
    pub fn take_over(ctx: &mut Context<Liquidate>) -> Result<()> {
        ctx.accounts.take_over()
    }

    /// Take over a chain whose shares are worth less than its loans; the signer's trader account gets the reward. Anybody may.
    /// Behind the declared accounts: market, shard, feed of each leg that is left.
    pub fn take_over_chain(ctx: &mut Context<LiquidateChain>) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        ctx.accounts.take_over_chain(&accounts)
    }

    /// Order that a position is sold when its price has fallen (side 0) or risen (side 1) to a trigger.
    pub fn place_stop(ctx: &mut Context<PlaceStop>, side: u8, terms: StopTerms) -> Result<()> {
        ctx.accounts.place_stop(side, &terms)
    }

    /// Take a standing order back; rent goes back to the owner. Signer: the owner, or nobody once its shares are gone.
    pub fn cancel_stop(ctx: &mut Context<CancelStop>) -> Result<()> {
        ctx.accounts.cancel_stop()
    }

    /// Execute a standing order that is due; the signer's trader account gets the tip. Anybody may.
    pub fn execute_stop(ctx: &mut Context<ExecuteStop>) -> Result<()> {
        ctx.accounts.execute_stop()
    }

    /// Tell every shard of a group's halt. Anybody may ask.
    pub fn propagate_halt(ctx: &mut Context<PropagateHalt>, group: u8) -> Result<()> {
        ctx.accounts.propagate_halt(group)
    }

    /// Pay a settled position out to its trader. Anybody may ask.
    pub fn redeem(ctx: &mut Context<Redeem>) -> Result<()> {
        ctx.accounts.redeem()
    }

    /// Open an empty position: `kind` 0 for spot, 1 for leverage.
    pub fn create_position(ctx: &mut Context<CreatePosition>, outcome: u8, kind: u8) -> Result<()> {
        ctx.accounts.create_position(outcome, kind)
    }

    /// Close an empty position; rent goes back to the owner. Signer: the owner, or nobody once the market is settled.
    pub fn close_position(ctx: &mut Context<ClosePosition>) -> Result<()> {
        ctx.accounts.close_position()
    }

    /// Open the signer's trader account.
    pub fn create_trader(ctx: &mut Context<CreateTrader>) -> Result<()> {
        ctx.accounts.create_trader()
    }

    /// Close an empty trader account; rent goes back to the owner.
    pub fn close_trader(ctx: &mut Context<CloseTrader>) -> Result<()> {
        ctx.accounts.close_trader()
    }

    /// Move tokens into the trader's balance.
    pub fn deposit(ctx: &mut Context<Deposit>, amount: u64) -> Result<()> {
        ctx.accounts.deposit(Collateral6::new(amount))
    }

    /// Move tokens out of the trader's balance.
    pub fn withdraw(ctx: &mut Context<Withdraw>, amount: u64) -> Result<()> {
        ctx.accounts.withdraw(Collateral6::new(amount))
    }

    /// Move balance into the vault for at least `min_lp_shares` of it.
    pub fn provide_liquidity(ctx: &mut Context<Liquidity>, amount: u64, min_lp_shares: u64) -> Result<()> {
        let least = LpShares6::new(min_lp_shares);
        ctx.accounts.provide(Collateral6::new(amount), least)
    }

    /// Give shares of the vault back for at least `min_amount` of balance.
    pub fn take_liquidity(ctx: &mut Context<Liquidity>, lp_shares: u64, min_amount: u64) -> Result<()> {
        let least = Collateral6::new(min_amount);
        ctx.accounts.take(LpShares6::new(lp_shares), least)
    }

    /// Fold the shard ledgers: deal cash out anew, publish coverage and fee. Anybody may ask.
    pub fn fold(ctx: &mut Context<Fold>) -> Result<()> {
        ctx.accounts.fold()
    }

    /// Open a market, subsidised by its shard of the vault. Signer: the operator.
    pub fn create_market(ctx: &mut Context<CreateMarket>, id: u64, terms: MarketTerms) -> Result<()> {
        ctx.accounts.create_market(id, &terms)
    }

    /// Settle a closed market by publication number `index` of its feed. Anybody may ask.
    pub fn resolve(ctx: &mut Context<Resolve>, index: u64) -> Result<()> {
        ctx.accounts.resolve(index)
    }

    /// Settle a market that nobody could resolve within the grace period: all shares pay the same.
    pub fn void(ctx: &mut Context<Void>) -> Result<()> {
        ctx.accounts.void()
    }

    /// Remove a settled market without positions; rent goes back to who paid it. Anybody may ask.
    pub fn close_market(ctx: &mut Context<CloseMarket>) -> Result<()> {
        ctx.accounts.close_market()
    }

    /// Fix the rules and create config, vault and token account. Once, and only when nobody can upgrade this program
    /// or the oracle any more.
    pub fn initialize(ctx: &mut Context<Initialize>, operator: Address, rules: Rules) -> Result<()> {
        let bumps = (ctx.bumps.vault, ctx.bumps.token_vault);
        ctx.accounts.initialize(bumps, operator, rules)
    }

    /// Create shard `index` (0 to 3). Anybody may, once each.
    pub fn create_shard(ctx: &mut Context<CreateShard>, index: u8) -> Result<()> {
        ctx.accounts.create_shard(index)
    }

    /// Appoint the operator. Signer: the admin.
    pub fn set_operator(ctx: &mut Context<Admin>, operator: Address) -> Result<()> {
        ctx.accounts.set_operator(operator)
    }

    /// Give the admin's power up for good. Signer: the admin.
    pub fn renounce_admin(ctx: &mut Context<Admin>) -> Result<()> {
        ctx.accounts.renounce_admin()
    }

    /// Fix the rules of MMT and of keepers, create the ledgers and vaults, and fill the reward vault. Signer: the admin. Once.
    pub fn initialize_mmt(ctx: &mut Context<InitializeMmt>, rules: MmtRules) -> Result<()> {
        let bumps = (ctx.bumps.season, ctx.bumps.stake_vault, ctx.bumps.reward_vault);
        ctx.accounts.initialize_mmt(bumps, rules)
    }

    /// Open the signer's stake account.
    pub fn create_stake(ctx: &mut Context<CreateStake>) -> Result<()> {
        ctx.accounts.create_stake()
    }

    /// Close an empty stake account; rent goes back to the owner.
    pub fn close_stake(ctx: &mut Context<CloseStake>) -> Result<()> {
        ctx.accounts.close_stake()
    }

    /// Stake MMT.
    pub fn stake(ctx: &mut Context<StakeTokens>, amount: u64) -> Result<()> {
        ctx.accounts.stake(Mmt9::new(amount))
    }

    /// Stop staking so much; it can be withdrawn after the cool-down.
    pub fn unstake(ctx: &mut Context<Unstake>, amount: u64) -> Result<()> {
        ctx.accounts.unstake(Mmt9::new(amount))
    }

    /// Take out what was unstaked, after the cool-down.
    pub fn withdraw_stake(ctx: &mut Context<WithdrawStake>) -> Result<()> {
        ctx.accounts.withdraw_stake()
    }

    /// Pay a stake's rewards.
    pub fn claim_rewards(ctx: &mut Context<ClaimRewards>) -> Result<()> {
        ctx.accounts.claim_rewards()
    }

    /// Put a keeper on duty with a bond in MMT. Rewards and bond go to the beneficiary.
    pub fn register_keeper(ctx: &mut Context<RegisterKeeper>, bond: u64, beneficiary: Address) -> Result<()> {
        ctx.accounts.register_keeper(Mmt9::new(bond), beneficiary)
    }

    /// Give a sign of life.
    pub fn heartbeat(ctx: &mut Context<Heartbeat>) -> Result<()> {
        ctx.accounts.heartbeat()
    }

    /// Take a keeper off the list that has been silent, or missed three tasks in a row. Anybody may ask.
    pub fn suspend_keeper(ctx: &mut Context<SuspendKeeper>) -> Result<()> {
        ctx.accounts.suspend_keeper()
    }

    /// Come back on duty after a suspension.
    pub fn resume_keeper(ctx: &mut Context<KeeperDuty>) -> Result<()> {
        ctx.accounts.resume_keeper()
    }

    /// Leave; the bond is free after the cool-down.
    pub fn unregister_keeper(ctx: &mut Context<KeeperDuty>) -> Result<()> {
        ctx.accounts.unregister_keeper()
    }

    /// Pay a keeper's bond back after the cool-down and close its account. Anybody may ask.
    pub fn withdraw_bond(ctx: &mut Context<WithdrawBond>) -> Result<()> {
        ctx.accounts.withdraw_bond()
    }

    /// Pay what a keeper's tasks have earned.
    pub fn claim_keeper_rewards(ctx: &mut Context<ClaimKeeperRewards>) -> Result<()> {
        ctx.accounts.claim_keeper_rewards()
    }

    /// Post a task of this kind about a subject that proves its need. Anybody may ask.
    pub fn post_task(ctx: &mut Context<PostTask>, kind: u8) -> Result<()> {
        ctx.accounts.post_task(kind)
    }

    /// Hold a task until its deadline.
    pub fn claim_task(ctx: &mut Context<ClaimTask>) -> Result<()> {
        ctx.accounts.claim_task()
    }

    /// Be credited with a task that the subject shows as done.
    pub fn complete_task(ctx: &mut Context<CompleteTask>) -> Result<()> {
        ctx.accounts.complete_task()
    }

    /// Give a task up; it costs 5 % of the bond and a tier.
    pub fn fail_task(ctx: &mut Context<FailTask>) -> Result<()> {
        ctx.accounts.fail_task()
    }

    /// Take a task away from a keeper that missed the deadline. Anybody may ask.
    pub fn expire_claim(ctx: &mut Context<ExpireClaim>) -> Result<()> {
        ctx.accounts.expire_claim()
    }

    /// Remove a task that is done, expired or no longer needed; rent goes back to its poster. Anybody may ask.
    pub fn close_task(ctx: &mut Context<CloseTask>) -> Result<()> {
        ctx.accounts.close_task()
    }

    /// Begin to pay trades and locked liquidity in MMT, by rules fixed here. Once. Signer: the admin.
    pub fn open_bootstrap(ctx: &mut Context<OpenBootstrap>, rules: BootstrapRules) -> Result<()> {
        ctx.accounts.open_bootstrap(rules)
    }

    /// Open a trader's maker account.
    pub fn create_maker(ctx: &mut Context<CreateMaker>) -> Result<()> {
        ctx.accounts.create_maker()
    }

    /// Close an empty maker account; its rent goes back to the owner.
    pub fn close_maker(ctx: &mut Context<CloseMaker>) -> Result<()> {
        ctx.accounts.close_maker()
    }

    /// Lock shares of the vault, which earns MMT.
    pub fn lock_liquidity(ctx: &mut Context<LockLiquidity>, shares: u64) -> Result<()> {
        ctx.accounts.lock(LpShares6::new(shares))
    }

    /// Take locked shares back.
    pub fn unlock_liquidity(ctx: &mut Context<LockLiquidity>, shares: u64) -> Result<()> {
        ctx.accounts.unlock(LpShares6::new(shares))
    }

    /// Pay a trader for the fees that the launch credited.
    pub fn claim_trades(ctx: &mut Context<ClaimTrades>) -> Result<()> {
        ctx.accounts.claim_trades()
    }

    /// Pay a maker for its locked liquidity.
    pub fn claim_maker(ctx: &mut Context<ClaimMaker>) -> Result<()> {
        ctx.accounts.claim_maker()
    }

    /// Make or lengthen an archive by 10,240 bytes; the last time opens it. Anybody may, when the archive before is nearly full.
    pub fn open_archive(ctx: &mut Context<OpenArchive>, number: u64) -> Result<()> {
        let bump = ctx.bumps.archive;
        ctx.accounts.open_archive(bump, number)
    }

    /// Archive up to 32 positions of a market; rent goes back to their owners. Signer: the owner, or anybody once they are old
    /// and the market no longer trades. Behind the declared accounts: owner, trader, position of each.
    pub fn archive_positions(ctx: &mut Context<ArchivePositions>) -> Result<()> {
        let accounts = ctx.remaining_accounts()?;
        ctx.accounts.archive_positions(&accounts)
    }

    /// Archive a settled market without positions; rent goes back to who paid it. Anybody may ask.
    pub fn archive_market(ctx: &mut Context<ArchiveMarket>) -> Result<()> {
        ctx.accounts.archive_market()
    }

    /// Make an archived position's account again, exactly as it was. Signer: the owner, who pays its rent.
    pub fn restore_position(
        ctx: &mut Context<RestorePosition>,
        content: [u8; 104],
        proof: LeafProof,
    ) -> Result<()> {
        ctx.accounts.restore_position(&content, &proof)
    }

    /// Pay an archived position of a settled market out to its trader. Anybody may ask.
    pub fn redeem_archived(
        ctx: &mut Context<RedeemArchived>,
        content: [u8; 104],
        proof: LeafProof,
    ) -> Result<()> {
        ctx.accounts.redeem_archived(&content, &proof)
    }

    /// Fail unless a leaf is in the archive.
    pub fn verify_leaf(ctx: &mut Context<VerifyLeaf>, leaf: [u8; 32], proof: LeafProof) -> Result<()> {
        ctx.accounts.archive.verify(&proof, &leaf)
    }
}
