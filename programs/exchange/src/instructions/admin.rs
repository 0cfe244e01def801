use {
    crate::{
        error::ExchangeError,
        events::{log, AdminRenounced, OperatorSet},
        state::Config,
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct Admin {
    #[account(mut)]
    pub config: Account<Config>,
    #[account(address = config.admin @ ExchangeError::NotAdmin)]
    pub admin: Signer,
}

impl Admin {
    pub fn set_operator(&mut self, operator: Address) -> Result<()> {
        let old = self.config.operator;
        self.config.operator = operator;
        log(OperatorSet { old, new: operator });
        Ok(())
    }

    /// For good: no key signs for the zero address.
    pub fn renounce_admin(&mut self) -> Result<()> {
        let admin = self.config.admin;
        self.config.admin = Address::default();
        log(AdminRenounced { admin });
        Ok(())
    }
}
