// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    super::mmt_tokens::Route,
    crate::{
        error::ExchangeError,
        events::{log, KeeperRegistered},
        state::{Keeper, Registry, Season},
    },
    anchor_lang::prelude::*,
    breakwater_math::{rewards, Mmt9},
};

#[derive(Accounts)]
pub struct RegisterKeeper {
    #[account(mut)]
    pub authority: Signer,
    #[account(init, payer = authority, seeds = [b"keeper", authority.address().as_ref()], bump)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub registry: Account<Registry>,
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint` that `authority` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.stake_vault @ ExchangeError::WrongTokenVault)]
    pub stake_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

impl RegisterKeeper {
    /// On duty from now on. The bond decides the tier; the beneficiary gets rewards and, in the end, the bond.
    pub fn register_keeper(&mut self, bond: Mmt9, beneficiary: Address) -> Result<()> {
        require!(bond.raw() >= self.registry.min_bond, ExchangeError::BondTooSmall);
        require!(beneficiary != Address::default(), ExchangeError::BadParameter);
        let route = Route {
            from: self.source.account(),
            mint: self.mint.account(),
            to: self.stake_vault.account(),
        };
        route.collect(self.authority.account(), bond)?;
        let (address, slot) = (*self.keeper.address(), Clock::get()?.slot);
        self.registry.list(address)?;
        let keeper = &mut self.keeper;
        keeper.authority = *self.authority.address();
        keeper.beneficiary = beneficiary;
        keeper.bond = bond.raw();
        keeper.tier = rewards::tier(bond, &self.season.tiers) as u8;
        keeper.registered_slot = slot;
        keeper.heartbeat_slot = slot;
        keeper.listed = 1;
        log(KeeperRegistered {
            keeper: address,
            authority: keeper.authority,
            beneficiary,
            bond: bond.raw(),
            tier: u64::from(keeper.tier),
        });
        Ok(())
    }
}
