use {
    super::Registry,
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{rewards, Mmt9},
};

/// On duty.
pub const ACTIVE: u8 = 0;
/// Off duty after three misses in a row, or after a silence; may come back after `unlock_slot`.
pub const SUSPENDED: u8 = 1;
/// Unregistered; the bond is free from `unlock_slot` on.
pub const LEAVING: u8 = 2;

/// Duties missed or failed in a row that suspend a keeper.
pub const MAX_MISSES: u8 = 3;

/// A keeper, its bond and its record. PDA of `["keeper", authority]`. Amounts are billionths of an MMT.
#[account]
pub struct Keeper {
    /// Signs for the work.
    pub authority: Address,
    /// Owns what is paid out: rewards and bond. Fixed at registration, so that a stolen authority takes neither.
    pub beneficiary: Address,
    pub bond: u64,
    /// Taken from the bond, to be sent to the sink when the keeper leaves.
    pub slashed: u64,
    /// Earned and not yet paid.
    pub rewards: u64,
    pub registered_slot: u64,
    /// Last sign of life.
    pub heartbeat_slot: u64,
    pub unlock_slot: u64,
    pub completed: u64,
    /// Given up before the deadline.
    pub failed: u64,
    /// Lost to somebody else after the deadline.
    pub missed: u64,
    /// Slots from creation to completion, summed over the completed tasks.
    pub response_slots: u64,
    /// Tasks held now.
    pub claims: u32,
    /// Duties missed or failed since the last completed one.
    pub misses: u8,
    /// Multiplies rewards; set by the bond at registration, one lower with every failure.
    pub tier: u8,
    /// [`ACTIVE`], [`SUSPENDED`] or [`LEAVING`].
    pub status: u8,
    /// 1 while the registry lists the keeper.
    pub listed: u8,
}

impl Keeper {
    #[inline(always)]
    pub fn require_active(&self) -> Result<()> {
        require!(self.status == ACTIVE, ExchangeError::KeeperNotActive);
        Ok(())
    }

    /// Work needs the authority; money may also be asked for by who gets it.
    pub fn require_principal(&self, signer: &Address) -> Result<()> {
        require!(
            *signer == self.authority || *signer == self.beneficiary,
            ExchangeError::NotKeeper
        );
        Ok(())
    }

    #[inline(always)]
    pub fn take_claim(&mut self, registry: &Registry, slot: u64) -> Result<()> {
        self.require_active()?;
        let claims = self.claims.checked_add(1).ok_or(ExchangeError::Overflow)?;
        require!(
            u64::from(claims) <= registry.max_claims,
            ExchangeError::TooManyClaims
        );
        // half: some failures must leave a keeper the chance to do better
        require!(self.bond >= registry.min_bond >> 1, ExchangeError::BondTooSmall);
        self.claims = claims;
        self.heartbeat_slot = slot;
        Ok(())
    }

    /// A claimed task is done. What it pays is booked; no token moves.
    #[inline(always)]
    pub fn succeed(&mut self, response_slots: u64, reward: Mmt9, slot: u64) -> Result<()> {
        self.claims = self.claims.checked_sub(1).ok_or(ExchangeError::Overflow)?;
        self.rewards = math(Mmt9::new(self.rewards).checked_add(reward))?.raw();
        self.completed = self.completed.saturating_add(1);
        self.response_slots = self.response_slots.saturating_add(response_slots);
        self.misses = 0;
        self.heartbeat_slot = slot;
        Ok(())
    }

    /// A claimed task was not done: 5 % of the bond, a tier, and after the third in a row the duty. Returns the penalty.
    pub fn fall_short(&mut self, suspension_slots: u64, slot: u64) -> Result<Mmt9> {
        self.claims = self.claims.checked_sub(1).ok_or(ExchangeError::Overflow)?;
        let penalty = rewards::penalty(Mmt9::new(self.bond));
        self.bond = math(Mmt9::new(self.bond).checked_sub(penalty))?.raw();
        self.slashed = math(Mmt9::new(self.slashed).checked_add(penalty))?.raw();
        self.tier = self.tier.saturating_sub(1);
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MAX_MISSES && self.status == ACTIVE {
            self.suspend(suspension_slots, slot);
        }
        Ok(penalty)
    }

    pub fn suspend(&mut self, suspension_slots: u64, slot: u64) {
        self.status = SUSPENDED;
        self.unlock_slot = slot.saturating_add(suspension_slots);
    }
}
