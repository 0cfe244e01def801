use {super::LiquidationRules, anchor_lang::prelude::*};

/// The exchange's rules. PDA of `["config"]`. Written once; afterwards only `admin` and `operator` can change.
#[account]
pub struct Config {
    /// May appoint the operator, or renounce. All zeros: renounced for good.
    pub admin: Address,
    /// May open markets, nothing else.
    pub operator: Address,
    pub mint: Address,
    /// Free vault must stay above this multiple of the debt at risk; 2^32 is 1.
    pub min_coverage_q32: u64,
    pub fee_base_ppm: u32,
    pub fee_slope_ppm: u32,
    /// Largest part of a shard's cash that one market's subsidy may take.
    pub max_subsidy_ppm: u32,
    pub reserved: u32,
    pub liquidation: LiquidationRules,
}
