use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{breaker, lmsr::MAX_OUTCOMES, Collateral6, Ppm, PriceQ28, Shares6},
};

/// The price of an outcome moved too far within the window.
pub const PRICE_MOVE: u32 = 1;
/// The window's volume was too large.
pub const VOLUME: u32 = 2;
/// Too large a part of the window's volume was liquidations.
pub const LIQUIDATIONS: u32 = 3;

/// When a market halts; no limit is in force while `window_slots` is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct BreakerLimits {
    /// Volume of a window in micro-units.
    pub max_volume: u64,
    /// Move of an outcome's fill price within a window, of the whole range from 0 to 1.
    pub max_move_ppm: u32,
    /// Part of a window's volume that may be liquidations, once they are more than a sixteenth of `max_volume`.
    pub max_liquidation_ppm: u32,
    pub window_slots: u32,
    /// How long a halt lasts.
    pub cooldown_slots: u32,
}

/// A market's circuit breaker. The trade that trips it still happens; from then on nothing is bought or sold until the
/// cool-down is over, except that loans may be repaid and liquidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Breaker {
    pub max_volume: u64,
    pub max_move_q28: u32,
    pub max_liquidation_ppm: u32,
    pub window_slots: u32,
    pub cooldown_slots: u32,
    /// When the window began.
    pub window_slot: u64,
    /// Traded and liquidated within the window.
    pub volume: u64,
    pub liquidated: u64,
    /// First slot in which the market trades again.
    pub halted_until_slot: u64,
    /// Fill prices before the window began; at first the opening price.
    pub anchor_q28: [u32; MAX_OUTCOMES],
    /// Newest fill prices.
    pub fill_q28: [u32; MAX_OUTCOMES],
}

/// Longest window and longest cool-down, slots: about a day.
const MAX_SLOTS: u32 = 216_000;
const WHOLE_PPM: u32 = 1_000_000;
/// Fewest shares whose fill says something of the price, a hundredth of one. A fill of dust is mostly rounding: anybody could
/// halt a market with it, for nothing.
const FEWEST: Shares6 = Shares6::new(10_000);

/// What a trade shows the breaker.
pub struct Fill {
    pub outcome: usize,
    /// Whether the market has two outcomes.
    pub two: bool,
    pub shares: Shares6,
    pub notional: Collateral6,
    pub fill: PriceQ28,
    pub liquidation: bool,
}

impl Breaker {
    /// A breaker with these limits, for a market whose outcomes all open at one price. Errors: `BadParameter` for limits that
    /// mean nothing.
    pub fn new(limits: &BreakerLimits, opening: PriceQ28) -> Result<Self> {
        let off = limits.window_slots == 0;
        let sane = limits.max_move_ppm <= WHOLE_PPM
            && limits.max_liquidation_ppm <= WHOLE_PPM
            && limits.window_slots <= MAX_SLOTS
            && limits.cooldown_slots <= MAX_SLOTS
            && (off || limits.cooldown_slots > 0);
        require!(sane, ExchangeError::BadParameter);
        Ok(Self {
            max_volume: limits.max_volume,
            max_move_q28: math(breaker::price_of_ppm(Ppm::new(limits.max_move_ppm)))?.raw(),
            max_liquidation_ppm: limits.max_liquidation_ppm,
            window_slots: limits.window_slots,
            cooldown_slots: limits.cooldown_slots,
            fill_q28: [opening.raw(); MAX_OUTCOMES],
            ..bytemuck::Zeroable::zeroed()
        })
    }

    /// Take note of a fill; why the market halts, if it does.
    #[inline(always)]
    pub fn record(&mut self, fills: &Fill, slot: u64) -> Option<u32> {
        if self.window_slots == 0 || slot < self.halted_until_slot {
            return None; // what still happens in a halt does not lengthen it
        }
        let Fill {
            outcome,
            shares,
            notional,
            fill,
            liquidation,
            ..
        } = *fills;
        let over = slot.saturating_sub(self.window_slot) >= u64::from(self.window_slots);
        if over || self.window_slot == 0 {
            self.window_slot = slot;
            self.volume = 0;
            self.liquidated = 0;
            self.anchor_q28 = self.fill_q28;
        }
        self.volume = self.volume.saturating_add(notional.raw());
        let moved = shares >= FEWEST && self.moved(outcome, fill, fills.two);
        if liquidation {
            self.liquidated = self.liquidated.saturating_add(notional.raw());
        }
        let reason = if moved {
            PRICE_MOVE
        } else if self.volume > self.max_volume {
            VOLUME
        } else if liquidation
            // a lone liquidation in a quiet window is no cascade
            && self.liquidated > self.max_volume >> 4
            && breaker::exceeds(
                Collateral6::new(self.liquidated),
                Collateral6::new(self.volume),
                Ppm::new(self.max_liquidation_ppm),
            )
        {
            LIQUIDATIONS
        } else {
            return None;
        };
        self.halted_until_slot = slot.saturating_add(u64::from(self.cooldown_slots));
        // after the cool-down the market starts from the price it halted at
        self.window_slot = 0;
        Some(reason)
    }

    /// Take over an outcome's newest price; whether it is too far from the one before the window.
    #[inline(always)]
    fn moved(&mut self, outcome: usize, fill: PriceQ28, two: bool) -> bool {
        self.fill_q28[outcome] = fill.raw();
        if two {
            // the other outcome's price is what is left of one
            self.fill_q28[outcome ^ 1] = PriceQ28::ONE.raw().saturating_sub(fill.raw());
        }
        fill.raw().abs_diff(self.anchor_q28[outcome]) > self.max_move_q28
    }
}
