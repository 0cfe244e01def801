use {anchor_lang::prelude::*, breakwater_math::MathError};

#[error_code]
pub enum PoolsError {
    #[msg("the result does not fit: the amount is too large")]
    Overflow,
    #[msg("the value lies outside the domain of the calculation")]
    OutOfDomain,
    #[msg("the signer does not own the pool")]
    NotOwner,
    #[msg("a ratio needs two numbers above zero")]
    BadRatio,
    #[msg("the fee is above a tenth")]
    FeeTooHigh,
    #[msg("a pool needs two different mints")]
    SameMint,
    #[msg("a token of a pool has at most 9 decimals")]
    TooManyDecimals,
    #[msg("the token account is not one of the pool's vaults")]
    WrongVault,
    #[msg("the mint is not one of the pool's LP mints")]
    WrongLpMint,
    #[msg("the vault and the LP mint are of different sides")]
    WrongSide,
    #[msg("an amount of zero does nothing")]
    ZeroAmount,
    #[msg("the amount is too small: nothing would be paid out for it")]
    AmountTooSmall,
    #[msg("less would be paid out than the least named")]
    SlippageExceeded,
    #[msg("the pool holds less of that token")]
    InsufficientReserve,
    #[msg("the pool is paused: it only pays out")]
    Paused,
    #[msg("the pool's LP tokens are not all redeemed")]
    NotEmpty,
}

impl From<MathError> for PoolsError {
    #[cold]
    fn from(error: MathError) -> Self {
        match error {
            MathError::Overflow => Self::Overflow,
            MathError::Domain | MathError::DivisionByZero => Self::OutOfDomain,
        }
    }
}

/// Names a calculation's error for the caller of the program.
#[inline(always)]
pub fn math<T>(result: breakwater_math::Result<T>) -> Result<T> {
    result.map_err(|error| PoolsError::from(error).into())
}
