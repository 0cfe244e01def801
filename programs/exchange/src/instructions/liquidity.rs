use {
    crate::{
        error::{math, ExchangeError},
        events::{log, LiquidityMoved},
        state::{Config, Shard, Trader, Vault},
    },
    anchor_lang::prelude::*,
    breakwater_math::{vault, Collateral6, LpShares6},
};

/// Provide or take liquidity: book entries between a trader's balance and the vault.
#[derive(Accounts)]
pub struct Liquidity {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    pub config: Account<Config>,
    #[account(mut)]
    pub vault: Account<Vault>,
    #[account(mut, constraint = shard_0.index == 0 @ ExchangeError::WrongShard)]
    pub shard_0: Account<Shard>,
    #[account(mut, constraint = shard_1.index == 1 @ ExchangeError::WrongShard)]
    pub shard_1: Account<Shard>,
    #[account(mut, constraint = shard_2.index == 2 @ ExchangeError::WrongShard)]
    pub shard_2: Account<Shard>,
    #[account(mut, constraint = shard_3.index == 3 @ ExchangeError::WrongShard)]
    pub shard_3: Account<Shard>,
}

impl Liquidity {
    /// Shares are issued at the vault's highest possible value, rounded down: nobody who is in is diluted. Who comes in
    /// names the least to be issued, because one-sided markets raise that value.
    pub fn provide(&mut self, amount: Collateral6, least: LpShares6) -> Result<()> {
        require!(amount > Collateral6::ZERO, ExchangeError::ZeroAmount);
        let Self {
            trader,
            config,
            vault,
            shard_0,
            shard_1,
            shard_2,
            shard_3,
            ..
        } = self;
        let mut shards: [&mut Shard; 4] = [shard_0, shard_1, shard_2, shard_3];
        let assets = vault.net_assets(&shards)?;
        let issued = math(vault::shares_for_deposit(
            amount,
            LpShares6::new(vault.lp_supply),
            assets.high,
        ))?;
        require!(issued > LpShares6::ZERO, ExchangeError::ZeroAmount);
        require!(issued >= least, ExchangeError::SlippageExceeded);

        trader.pay(amount)?;
        trader.lp_shares = math(LpShares6::new(trader.lp_shares).checked_add(issued))?.raw();
        vault.lp_supply = math(LpShares6::new(vault.lp_supply).checked_add(issued))?.raw();
        let cash = math(assets.cash.checked_add(amount))?;
        vault.deal(config, &mut shards, cash)?;
        log(LiquidityMoved {
            trader: *trader.address(),
            deposited: amount.raw(),
            withdrawn: 0,
            lp_shares: trader.lp_shares,
            lp_supply: vault.lp_supply,
            cash: cash.raw(),
        });
        Ok(())
    }

    /// Shares are taken back at the vault's lowest possible value, rounded down, from cash that no loan needs.
    pub fn take(&mut self, shares: LpShares6, least: Collateral6) -> Result<()> {
        require!(shares > LpShares6::ZERO, ExchangeError::ZeroAmount);
        let Self {
            trader,
            config,
            vault,
            shard_0,
            shard_1,
            shard_2,
            shard_3,
            ..
        } = self;
        let mut ledgers: [&mut Shard; 4] = [shard_0, shard_1, shard_2, shard_3];
        require!(
            shares.raw() <= trader.lp_shares,
            ExchangeError::InsufficientShares
        );
        let assets = vault.net_assets(&ledgers)?;
        let value = math(vault::value_of_shares(
            shares,
            LpShares6::new(vault.lp_supply),
            assets.low,
        ))?;
        require!(value >= least, ExchangeError::SlippageExceeded);
        require!(value <= assets.cash, ExchangeError::VaultTooSmall);
        let cash = math(assets.cash.checked_sub(value))?;
        Vault::require_covered(config, &ledgers, cash)?;

        trader.lp_shares = math(LpShares6::new(trader.lp_shares).checked_sub(shares))?.raw();
        vault.lp_supply = math(LpShares6::new(vault.lp_supply).checked_sub(shares))?.raw();
        trader.receive(value)?;
        vault.deal(config, &mut ledgers, cash)?;
        log(LiquidityMoved {
            trader: *trader.address(),
            deposited: 0,
            withdrawn: value.raw(),
            lp_shares: trader.lp_shares,
            lp_supply: vault.lp_supply,
            cash: cash.raw(),
        });
        Ok(())
    }
}
