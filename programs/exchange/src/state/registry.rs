use {crate::error::ExchangeError, anchor_lang::prelude::*, breakwater_math::duties};

/// Keepers that can be on duty at once.
pub const MAX_KEEPERS: usize = 128;

/// The keepers on duty and the rules of duty. PDA of `["registry"]`. Claims read it; only keepers that come and go write it.
#[account]
pub struct Registry {
    /// Keepers listed; they are the first of `keepers`.
    pub count: u64,
    /// Slots from a claim to its deadline.
    pub claim_slots: u64,
    /// Slots from a task's creation in which only the keeper whose turn it is may claim it.
    pub exclusive_slots: u64,
    /// Tasks that a keeper may hold at once.
    pub max_claims: u64,
    /// Slots without a sign of life after which anybody may take a keeper off duty.
    pub heartbeat_slots: u64,
    /// Slots that a keeper taken off duty has to wait.
    pub suspension_slots: u64,
    /// Slots after which a task that nobody did may be removed.
    pub expiry_slots: u64,
    /// Seconds between a market's close and the pruning of what is left of it.
    pub prune_age_s: u64,
    pub min_bond: u64,
    pub keepers: [Address; MAX_KEEPERS],
}

impl Registry {
    fn listed(&self) -> usize {
        (self.count as usize).min(MAX_KEEPERS)
    }

    pub fn list(&mut self, keeper: Address) -> Result<()> {
        let place = self.keepers.get_mut(self.count as usize);
        *place.ok_or(ExchangeError::RegistryFull)? = keeper;
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The last keeper takes the place of the one that leaves.
    pub fn unlist(&mut self, keeper: &Address) -> Result<()> {
        let listed = &mut self.keepers[..(self.count as usize).min(MAX_KEEPERS)];
        let place = listed.iter().position(|each| each == keeper);
        let (place, last) = place
            .zip(listed.len().checked_sub(1))
            .ok_or(ExchangeError::KeeperNotActive)?;
        listed.swap(place, last);
        listed[last] = Address::default();
        self.count = last as u64;
        Ok(())
    }

    /// Whether task number `sequence` is this keeper's at `slot`.
    #[inline(always)]
    pub fn has_turn(&self, keeper: &Address, sequence: u64, slot: u64) -> bool {
        duties::turn(sequence, slot, self.listed() as u64)
            .and_then(|turn| self.keepers.get(turn as usize))
            .is_some_and(|whose| whose == keeper)
    }
}
