//! Seeded pseudo-random numbers (SplitMix64): the same seed, the same run.

pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }

    /// Of any magnitude up to `n`, small ones as often as large ones.
    pub fn amount(&mut self, n: u64) -> u64 {
        let bits = 64 - n.max(1).leading_zeros();
        let limit = 1_u64 << self.below(u64::from(bits)).min(62);
        self.below(limit.min(n) + 1).saturating_add(limit.min(n)).min(n)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
