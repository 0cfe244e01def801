use {super::Holding, crate::error::ExchangeError, anchor_lang::prelude::*};

/// Most legs of a chain.
pub const MAX_LEGS: usize = 5;
/// Fewest legs of a chain.
pub const MIN_LEGS: usize = 2;

/// One purchase of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Leg {
    pub market: Address,
    pub holding: Holding,
}

/// Leveraged purchases in 2 to 5 markets, opened and unwound as one. PDA of `["chain", trader, id]`.
///
/// The first leg's margin is the trader's; every other leg's is lent on the shares of the leg before it.
#[account]
pub struct Chain {
    pub trader: Address,
    /// Chosen by the trader.
    pub id: u64,
    /// Legs in use; zero while the chain is empty.
    pub count: u64,
    pub legs: [Leg; MAX_LEGS],
}

impl Chain {
    /// The legs in use.
    #[inline(always)]
    pub fn legs_mut(&mut self) -> &mut [Leg] {
        let count = (self.count as usize).min(MAX_LEGS);
        &mut self.legs[..count]
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.legs.iter().all(|leg| leg.holding.is_empty())
    }

    /// The leg with that number. Errors: `BadLeg` where there is none.
    #[inline(always)]
    pub fn leg_mut(&mut self, index: u8) -> Result<&mut Leg> {
        Ok(self
            .legs_mut()
            .get_mut(usize::from(index))
            .ok_or(ExchangeError::BadLeg)?)
    }
}
