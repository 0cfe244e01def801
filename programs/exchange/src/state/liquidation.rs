use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{liquidation, Collateral6, Ppm, Shares6},
};

/// How liquidations work, fixed at initialization; parts per million.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    bytemuck::Pod,
    bytemuck::Zeroable,
    AnchorSerialize,
    AnchorDeserialize,
    IdlType,
)]
#[repr(C)]
pub struct LiquidationRules {
    /// What a partial liquidation sells of a position.
    pub partial_ppm: u32,
    /// The keeper's reward, of the notional.
    pub keeper_ppm: u32,
    /// The insurance fund's part, of the notional.
    pub insurance_ppm: u32,
    /// Shares that may be sold in one slot, of the market's liquidity.
    pub slot_ppm: u32,
}

/// 10 %: what a liquidation costs above it is no longer a cost but a prize.
const MAX_COST_PPM: u32 = 100_000;
const WHOLE_PPM: u32 = 1_000_000;

impl LiquidationRules {
    /// Errors: `BadParameter` for rules under which nothing or too much would be liquidated.
    pub fn validate(&self) -> Result<()> {
        let sane = (1..=WHOLE_PPM).contains(&self.partial_ppm)
            && self.keeper_ppm <= MAX_COST_PPM
            && self.insurance_ppm <= MAX_COST_PPM
            && (1..=WHOLE_PPM).contains(&self.slot_ppm);
        require!(sane, ExchangeError::BadParameter);
        Ok(())
    }
}

/// Slots without a liquidation after which a widened cap narrows by one level.
const NARROWING_SLOTS: u64 = 16;

/// What a market's liquidations may sell in a slot. While the cap binds slot after slot it doubles, up to eight times, so
/// that a cascade is worked off instead of growing; when it is over the cap narrows again, level by level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Cascade {
    /// The last slot in which something was liquidated, and how many shares.
    pub slot: u64,
    pub sold: u64,
    /// How often the cap has doubled.
    pub level: u32,
    /// Whether the cap was used up in that slot.
    pub bound: u32,
}

impl Cascade {
    /// Shares that may still be sold in this slot.
    #[inline(always)]
    pub fn room(&mut self, slot: u64, liquidity: Collateral6, rules: &LiquidationRules) -> Result<Shares6> {
        if slot != self.slot {
            let quiet = slot.saturating_sub(self.slot);
            self.level = if self.bound != 0 && quiet == 1 {
                self.level.saturating_add(1).min(liquidation::WIDEST)
            } else {
                let steps = quiet.checked_div(NARROWING_SLOTS).unwrap_or(0);
                u64::from(self.level).saturating_sub(steps) as u32
            };
            self.slot = slot;
            self.sold = 0;
            self.bound = 0;
        }
        let cap = math(liquidation::cap_of_slot(
            liquidity,
            Ppm::new(rules.slot_ppm),
            self.level,
        ))?;
        Ok(Shares6::new(cap.raw().saturating_sub(self.sold)))
    }

    /// Take note of shares sold; `room` is what there was.
    #[inline(always)]
    pub fn take(&mut self, shares: Shares6, room: Shares6) {
        self.sold = self.sold.saturating_add(shares.raw());
        self.bound |= u32::from(shares >= room);
    }
}
