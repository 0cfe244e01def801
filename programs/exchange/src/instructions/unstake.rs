use {
    crate::{
        error::{math, ExchangeError},
        events::{log, StakeMoved},
        state::{Season, Stake},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

#[derive(Accounts)]
pub struct Unstake {
    #[account(address = stake.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub stake: Account<Stake>,
    #[account(mut)]
    pub season: Account<Season>,
}

impl Unstake {
    /// The amount stops earning at once and may be withdrawn after the cool-down, which begins anew for everything that
    /// is waiting already.
    pub fn unstake(&mut self, amount: Mmt9) -> Result<()> {
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        let staked = Mmt9::new(self.stake.amount);
        require!(amount <= staked, ExchangeError::InsufficientBalance);
        let slot = Clock::get()?.slot;
        self.season.emit(slot)?;
        let left = math(staked.checked_sub(amount))?;
        self.stake.restake(&mut self.season, left)?;
        self.stake.unbonding = math(Mmt9::new(self.stake.unbonding).checked_add(amount))?.raw();
        self.stake.unlock_slot = slot.saturating_add(self.season.cooldown_slots);
        log(StakeMoved::of(&self.stake, Mmt9::ZERO, amount, Mmt9::ZERO));
        Ok(())
    }
}
