use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::Collateral6,
};

/// A trader's book. PDA of `["trader", owner]`. Deposits and withdrawals move tokens; everything else moves entries.
#[account]
pub struct Trader {
    pub owner: Address,
    pub balance: u64,
    /// Shares of the vault.
    pub lp_shares: u64,
    /// Position accounts that are open.
    pub positions: u64,
    /// Fees credited by the launch and not yet paid for in MMT; closing the account gives them up.
    pub credit: u64,
}

impl Trader {
    #[inline(always)]
    pub fn pay(&mut self, amount: Collateral6) -> Result<()> {
        self.balance = self
            .balance
            .checked_sub(amount.raw())
            .ok_or(ExchangeError::InsufficientBalance)?;
        Ok(())
    }

    #[inline(always)]
    pub fn receive(&mut self, amount: Collateral6) -> Result<()> {
        self.balance = math(Collateral6::new(self.balance).checked_add(amount))?.raw();
        Ok(())
    }
}
