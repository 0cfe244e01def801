//! Quantities with their unit in the type. Only arithmetic that means something exists.

use crate::error::{MathError, Result};

/// Which way a result that is no whole number goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards negative infinity.
    Down,
    /// Towards positive infinity.
    Up,
}

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident($raw:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
        #[repr(transparent)]
        pub struct $name($raw);

        impl $name {
            pub const ZERO: Self = Self(0);

            #[inline(always)]
            pub const fn new(raw: $raw) -> Self {
                Self(raw)
            }

            #[inline(always)]
            pub const fn raw(self) -> $raw {
                self.0
            }
        }
    };
}

/// Amounts that add up: sums and differences are errors outside the type's range.
macro_rules! amount {
    ($name:ident) => {
        impl $name {
            /// Sum. Errors: `Overflow`.
            #[inline(always)]
            pub const fn checked_add(self, other: Self) -> Result<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Ok(Self(sum)),
                    None => Err(MathError::Overflow),
                }
            }

            /// Difference. Errors: `Overflow` when it would be negative.
            #[inline(always)]
            pub const fn checked_sub(self, other: Self) -> Result<Self> {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Ok(Self(difference)),
                    None => Err(MathError::Overflow),
                }
            }
        }
    };
}

unit! {
    /// Millionths of a unit of collateral.
    Collateral6(u64)
}
unit! {
    /// Millionths of an outcome share. A share of the outcome that happens pays one unit of collateral.
    Shares6(u64)
}
unit! {
    /// Millionths of a share of the vault.
    LpShares6(u64)
}
unit! {
    /// Parts per million: 100 are a basis point.
    Ppm(u32)
}
unit! {
    /// Leverage in hundredths: 100 is 1x, 5000 is 50x.
    LeverageX100(u16)
}
unit! {
    /// A price or probability with 28 fractional bits: 2^28 is 1.0.
    PriceQ28(u32)
}
unit! {
    /// A ratio with 32 fractional bits: 2^32 is 1.0; `u64::MAX` stands for every larger one.
    CoverageQ32(u64)
}
unit! {
    /// Signed fixed point with 48 fractional bits, from -32768 up to but without 32768.
    Q48(i64)
}

amount!(Collateral6);
amount!(Shares6);
amount!(LpShares6);

impl Shares6 {
    /// What the shares pay when their outcome happens.
    #[inline(always)]
    pub const fn payout(self) -> Collateral6 {
        Collateral6::new(self.0)
    }
}

impl CoverageQ32 {
    /// 1.0
    pub const ONE: Self = Self(1 << 32);
    /// Stands for everything that does not fit, infinity included.
    pub const MAX: Self = Self(u64::MAX);
}

impl PriceQ28 {
    /// 1.0
    pub const ONE: Self = Self(1 << 28);
}

impl LeverageX100 {
    /// 1x: no debt.
    pub const ONE: Self = Self(100);

    /// Half, rounded down, but never below 1x.
    #[inline(always)]
    pub const fn halved(self) -> Self {
        if self.0 < 200 {
            Self::ONE
        } else {
            Self(self.0 / 2)
        }
    }
}

unit! {
    /// Billionths of an MMT token.
    Mmt9(u64)
}

amount!(Mmt9);
