use {super::Holding, crate::error::ExchangeError, anchor_lang::prelude::*, breakwater_math::PriceQ28};

/// Sells when the price has fallen to the trigger.
pub const STOP_LOSS: u8 = 0;
/// Sells when the price has risen to the trigger.
pub const TAKE_PROFIT: u8 = 1;

/// An owner's standing order to sell a position. PDA of `["stop", position, [side]]`.
#[account]
pub struct Stop {
    pub position: Address,
    /// Paid the account's rent and gets it back.
    pub owner: Address,
    /// Micro-shares; what the position holds when it holds fewer.
    pub shares: u64,
    /// What the keeper gets who executes it, from the owner's balance.
    pub tip: u64,
    pub trigger_q28: u32,
    /// The least average price of the sale.
    pub limit_q28: u32,
    /// The holding's when the order was given.
    pub generation: u32,
    /// [`STOP_LOSS`] or [`TAKE_PROFIT`].
    pub side: u8,
    pub reserved: [u8; 3],
}

impl Stop {
    /// Whether the holding still has the shares for which the order was given.
    #[inline(always)]
    pub fn stands_for(&self, holding: &Holding) -> bool {
        holding.shares > 0 && holding.generation == self.generation
    }

    /// Whether a sale at `fill` is due when the last minute's price was `reference`. A loss is only stopped when both are at or
    /// below the trigger: no price made for the moment does it. A profit is only taken by a fill at or above it.
    #[inline(always)]
    pub fn require_due(&self, reference: PriceQ28, fill: PriceQ28) -> Result<()> {
        let due = if self.side == STOP_LOSS {
            reference.max(fill).raw() <= self.trigger_q28
        } else {
            fill.raw() >= self.trigger_q28
        };
        require!(due, ExchangeError::NotTriggered);
        require!(fill.raw() >= self.limit_q28, ExchangeError::SlippageExceeded);
        Ok(())
    }
}
