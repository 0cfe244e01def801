use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{duties, rewards, Mmt9},
};

/// A loan whose position has to be sold; paid by the liquidation itself.
pub const LIQUIDATION: u8 = 0;
/// A position whose owner wants it sold.
pub const TO_STOP: u8 = 1;
/// A feed that an open market needs and that is not fresh.
pub const PRICE_UPDATE: u8 = 2;
/// A market that has closed and is not settled.
pub const RESOLUTION: u8 = 3;
/// A market or position that nobody needs any more.
pub const PRUNING: u8 = 4;

/// Urgency of a kind when its task is posted; waiting adds up to three levels.
pub const URGENCY: [u8; super::TASK_KINDS] = [4, 3, 2, 1, 0];

/// Nobody holds the task.
pub const UNCLAIMED: u8 = 0;
/// One keeper holds it.
pub const CLAIMED: u8 = 1;
/// Done and paid, for good.
pub const DONE: u8 = 2;

/// Something to be done, once, by one keeper. PDA of `["task", subject, [kind]]`, so that a subject has one task of a kind.
#[account]
pub struct Task {
    /// The account that the work changes.
    pub subject: Address,
    /// Paid the rent and gets it back.
    pub poster: Address,
    /// The keeper account, zero while unclaimed.
    pub claimed_by: Address,
    /// Urgency, then value: the larger comes first.
    pub priority: u64,
    pub value: u64,
    /// What the subject said when the task was posted; the work is done when it says otherwise.
    pub witness: u64,
    /// Number among all tasks posted; decides whose turn it is.
    pub sequence: u64,
    pub created_slot: u64,
    pub claimed_slot: u64,
    pub deadline_slot: u64,
    pub done_slot: u64,
    /// MMT set aside for this task, enough for a keeper of the highest tier.
    pub reserved_mmt: u64,
    /// What a keeper of tier 0 gets.
    pub reward: u64,
    pub kind: u8,
    pub urgency: u8,
    /// [`UNCLAIMED`], [`CLAIMED`] or [`DONE`].
    pub state: u8,
    pub padding: [u8; 5],
}

impl Task {
    /// One keeper holds the task until the deadline. The priority becomes what waiting has made of it.
    #[inline(always)]
    pub fn claim(&mut self, keeper: Address, claim_slots: u64, slot: u64) -> Result<()> {
        match self.state {
            UNCLAIMED => (),
            CLAIMED => return Err(ExchangeError::TaskClaimed.into()),
            _ => return Err(ExchangeError::TaskDone.into()),
        }
        self.state = CLAIMED;
        self.claimed_by = keeper;
        self.claimed_slot = slot;
        self.deadline_slot = slot.saturating_add(claim_slots);
        let urgency = duties::urgency_at(self.urgency, self.created_slot, slot);
        self.priority = duties::priority(urgency, self.value);
        Ok(())
    }

    #[inline(always)]
    pub fn require_held_by(&self, keeper: &Address) -> Result<()> {
        match self.state {
            CLAIMED => (),
            UNCLAIMED => return Err(ExchangeError::TaskNotClaimed.into()),
            _ => return Err(ExchangeError::TaskDone.into()),
        }
        require!(self.claimed_by == *keeper, ExchangeError::NotClaimer);
        Ok(())
    }

    /// Done, once and for all; what a keeper of this tier gets comes out of what was set aside.
    #[inline(always)]
    pub fn finish(&mut self, tier: u8, slot: u64) -> Result<Mmt9> {
        let reserved = Mmt9::new(self.reserved_mmt);
        let reward = math(rewards::multiplied(Mmt9::new(self.reward), usize::from(tier)))?.min(reserved);
        self.reserved_mmt = math(reserved.checked_sub(reward))?.raw();
        self.state = DONE;
        self.done_slot = slot;
        Ok(reward)
    }

    /// Nobody holds the task any more; it waits since its creation.
    pub fn reopen(&mut self) {
        self.state = UNCLAIMED;
        self.claimed_by = Address::default();
        self.claimed_slot = 0;
        self.deadline_slot = 0;
    }

    pub fn response_slots(&self, slot: u64) -> u64 {
        slot.saturating_sub(self.created_slot)
    }
}
