use {
    crate::{
        error::PoolsError,
        events::{log, PauseSet},
        state::Pool,
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct SetPaused {
    #[account(address = pool.owner @ PoolsError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub pool: Account<Pool>,
}

impl SetPaused {
    /// A paused pool takes nothing in. It still pays out: an owner has no hold on what others deposited.
    pub fn set_paused(&mut self, paused: bool) -> Result<()> {
        self.pool.paused = u8::from(paused);
        log(PauseSet {
            pool: *self.pool.address(),
            paused: u64::from(paused),
        });
        Ok(())
    }
}
