use {
    super::Season,
    crate::{
        constants::MIN_STAKE,
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_math::{rewards, Mmt9},
};

/// Somebody's staked MMT. PDA of `["stake", owner]`. Amounts are billionths of a token.
#[account]
pub struct Stake {
    pub owner: Address,
    pub amount: u64,
    /// The amount times its tier's multiplier.
    pub weight: u64,
    /// The season's accumulator when this was last settled.
    pub per_weight_q40: u64,
    /// Earned and not yet paid.
    pub rewards: u64,
    /// No longer staked, not yet withdrawn, and not before this slot.
    pub unbonding: u64,
    pub unlock_slot: u64,
}

impl Stake {
    /// Book what the weight has earned. The season must have emitted up to now.
    pub fn settle(&mut self, season: &Season) -> Result<()> {
        let growth = season
            .per_weight_q40
            .checked_sub(self.per_weight_q40)
            .ok_or(ExchangeError::Overflow)?;
        let earned = math(rewards::earned(self.weight, growth))?;
        self.rewards = math(Mmt9::new(self.rewards).checked_add(earned))?.raw();
        self.per_weight_q40 = season.per_weight_q40;
        Ok(())
    }

    /// Settle, then stake so much: nothing, or one token at least, which keeps the accumulator from overflowing.
    pub fn restake(&mut self, season: &mut Season, amount: Mmt9) -> Result<()> {
        require!(
            amount == Mmt9::ZERO || amount.raw() >= MIN_STAKE,
            ExchangeError::StakeTooSmall
        );
        self.settle(season)?;
        let tier = rewards::tier(amount, &season.tiers);
        let weight = math(rewards::multiplied(amount, tier))?;
        let others = math(Mmt9::new(season.total_weight).checked_sub(Mmt9::new(self.weight)))?;
        season.total_weight = math(others.checked_add(weight))?.raw();
        self.weight = weight.raw();
        self.amount = amount.raw();
        Ok(())
    }
}
