use {super::Holding, anchor_lang::prelude::*};

/// A trader's shares of one outcome. PDA of `["position", trader, market, [outcome, kind]]`.
#[account]
pub struct Position {
    pub trader: Address,
    pub market: Address,
    pub holding: Holding,
}
