//! Reproducible operands that reach every part of each function's domain, and beyond.

use crate::functions::*;
use crate::MAX_OPERANDS;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A word of random length.
    fn word(&mut self) -> u64 {
        let x = self.draw();
        self.draw() >> (x & 63)
    }

    /// A signed word of random length.
    fn signed(&mut self) -> u64 {
        let x = self.draw();
        ((self.draw() as i64) >> (x & 63)) as u64
    }

    fn below(&mut self, n: u64) -> u64 {
        self.draw().checked_rem(n).unwrap_or(0)
    }

    /// Operands for a function.
    pub fn operands(&mut self, function: u64) -> [u64; MAX_OPERANDS] {
        let mut o = [0; MAX_OPERANDS];
        match function {
            EXP => o[0] = ((self.draw() as i64) >> 9_u64.wrapping_add(self.below(50))) as u64,
            COST | PRICE | NORMALISED_COST | PRICE_FLOOR | COST_AND_TOP => self.market(&mut o),
            FEE_RATE => {
                o[0] = self.word() & 0xffff_ffff;
                o[1] = self.word() & 0xffff_ffff;
                o[2] = self.word();
            }
            LEVERAGE_CAP | TIER_CAP | SUBSIDY => {
                o[0] = self.below(19);
                o[1] = self.word();
            }
            DEBT_AT_RISK => {
                o[0] = self.below(17);
                for x in &mut o[1..] {
                    *x = self.word();
                }
            }
            Q48_MUL | Q48_DIV | FROM_RATIO | LN => {
                o[0] = self.signed();
                o[1] = self.signed();
                o[2] = self.draw();
            }
            NORMAL_CDF | NORMAL_PDF | NORMAL_BOTH => {
                o[0] = ((self.draw() as i64) >> 11_u64.wrapping_add(self.below(48))) as u64
            }
            NORMAL_INVERSE => o[0] = self.draw() >> 15_u64.wrapping_add(self.below(48)),
            POSITION | POSITION_STEPS => o[0] = self.draw() >> 12_u64.wrapping_add(self.below(30)),
            POOL_ESCROW | POOL_COST | POOL_PRICE | POOL_TRADE | SOLVE_BUY | SOLVE_SELL | SOLVE_STEPS => {
                self.pool(&mut o)
            }
            DELTA_AT => {
                o[0] = self.liquidity();
                o[1] = self.draw() >> 15_u64.wrapping_add(self.below(48));
            }
            LIQUIDITY_AT => {
                o[0] = self.liquidity();
                o[1] = self.word() >> 20;
                o[2] = o[1].wrapping_add(self.word() >> 20);
                o[3] = o[1].wrapping_add(self.word() >> 20);
            }
            DECAYED => {
                o[0] = self.signed();
                o[1] = self.liquidity();
                o[2] = self.liquidity();
            }
            _ => {
                for x in &mut o {
                    *x = self.word();
                }
            }
        }
        o
    }

    /// The liquidity of a pool.
    fn liquidity(&mut self) -> u64 {
        self.draw() >> 14_u64.wrapping_add(self.below(50))
    }

    /// `[L, delta, quantity or amount, quantity or outcome, start?, start]`, most of it within some 16 L.
    fn pool(&mut self, o: &mut [u64; MAX_OPERANDS]) {
        let l = self.liquidity();
        o[0] = l;
        for x in &mut o[1..6] {
            let shift = self.below(16);
            *x = self.below(l << 4) >> shift;
        }
        if self.draw() & 1 == 0 {
            o[1] = o[1].wrapping_neg();
        }
        if self.draw() & 1 == 0 {
            o[5] = o[5].wrapping_neg();
        }
        if self.draw() & 15 == 0 {
            let i = self.below(4).wrapping_add(1) as usize;
            o[i] = self.word();
        }
    }

    /// `[outcome, b, number of outcomes, quantities...]`, the quantities within about 64 b of each other.
    fn market(&mut self, o: &mut [u64; MAX_OPERANDS]) {
        o[0] = self.below(17);
        let b = self.draw() >> 7_u64.wrapping_add(self.below(57));
        o[1] = b;
        o[2] = self.below(16).wrapping_add(2);
        let spread = self.below(7);
        let floor = self.word() >> 1;
        for x in &mut o[3..] {
            let d = self.below(b.wrapping_shl(spread as u32));
            *x = if self.draw() & 7 == 0 {
                self.word()
            } else {
                floor.wrapping_add(d)
            };
        }
    }
}
