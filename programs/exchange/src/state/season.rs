use {
    crate::{
        constants::{MMT_POOL, SEASON_SLOTS},
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_math::{
        mul_div,
        rewards::{self, SEASONS, TIERS},
        Mmt9, Rounding,
    },
};

/// Kinds of task, see [`super::Task`].
pub const TASK_KINDS: usize = 5;

/// MMT's schedule and ledger. PDA of `["season"]`; signs for the two token accounts. Amounts are billionths of a token.
///
/// What was emitted is either in `keeper_pot`, reserved in a task, booked to a keeper or a stake, or was paid; all of it is
/// covered by the reward vault, which holds the whole pool from the start.
#[account]
pub struct Season {
    pub mint: Address,
    /// Stakes and bonds.
    pub stake_vault: Address,
    /// The pool that rewards are paid from.
    pub reward_vault: Address,
    /// A token account of the sink, for which nobody can sign.
    pub sink: Address,
    pub start_slot: u64,
    /// Everything up to this slot has been emitted.
    pub updated_slot: u64,
    /// Units per slot, by season of 38,880,000 slots.
    pub rates: [u64; SEASONS],
    /// Totals since the start.
    pub emitted: u64,
    pub paid: u64,
    /// Emitted for keepers and not reserved by a task.
    pub keeper_pot: u64,
    pub total_weight: u64,
    /// What a weight of one has earned since the start, in 2^-40 units.
    pub per_weight_q40: u64,
    /// The rest of the last division, in 2^-40 units.
    pub carry_q40: u64,
    /// Amounts at which tiers 1 to 3 begin.
    pub tiers: [u64; TIERS - 1],
    /// What a task pays in tier 0, by kind.
    pub task_rewards: [u64; TASK_KINDS],
    /// Slots between asking for a stake or a bond and getting it.
    pub cooldown_slots: u64,
    /// Tasks posted so far; the next one's number.
    pub tasks: u64,
    /// The keepers' part of the emission; the rest is the stakers'.
    pub keepers_ppm: u32,
    pub bump: u8,
    pub reserved: [u8; 3],
}

impl Season {
    /// Emit what the schedule says up to `slot`. The stakers' part of a time without stakes is never emitted.
    pub fn emit(&mut self, slot: u64) -> Result<()> {
        let from = self.updated_slot.saturating_sub(self.start_slot);
        let to = slot.saturating_sub(self.start_slot);
        let amount = math(rewards::emission(&self.rates, SEASON_SLOTS, from, to))?;
        self.updated_slot = slot.max(self.updated_slot);
        let keepers = math(mul_div(
            amount.raw(),
            u64::from(self.keepers_ppm),
            1_000_000,
            Rounding::Down,
        ))?;
        let keepers = Mmt9::new(keepers);
        let mut emitted = keepers;
        if self.total_weight > 0 {
            let stakers = math(amount.checked_sub(keepers))?;
            let (growth, carry) = math(rewards::accrue(stakers, self.carry_q40, self.total_weight))?;
            self.per_weight_q40 = self
                .per_weight_q40
                .checked_add(growth)
                .ok_or(ExchangeError::Overflow)?;
            self.carry_q40 = carry;
            emitted = amount;
        }
        self.keeper_pot = math(Mmt9::new(self.keeper_pot).checked_add(keepers))?.raw();
        self.emitted = math(Mmt9::new(self.emitted).checked_add(emitted))?.raw();
        // `initialize_mmt` has checked the whole schedule against the pool, so this can't fail; it says so on chain
        require!(self.emitted <= MMT_POOL, ExchangeError::EmissionExceeded);
        Ok(())
    }

    /// Take at most `wanted` out of the keepers' pot.
    pub fn reserve(&mut self, wanted: Mmt9) -> Result<Mmt9> {
        let taken = wanted.min(Mmt9::new(self.keeper_pot));
        self.keeper_pot = math(Mmt9::new(self.keeper_pot).checked_sub(taken))?.raw();
        Ok(taken)
    }

    /// What a task did not pay goes back to the pot.
    pub fn unreserve(&mut self, amount: Mmt9) -> Result<()> {
        self.keeper_pot = math(Mmt9::new(self.keeper_pot).checked_add(amount))?.raw();
        Ok(())
    }

    /// Book rewards that leave the reward vault.
    pub fn book_payment(&mut self, amount: Mmt9) -> Result<()> {
        self.paid = math(Mmt9::new(self.paid).checked_add(amount))?.raw();
        Ok(())
    }
}
