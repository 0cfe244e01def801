//! What can go wrong in a calculation.

/// Why a calculation has no result. Nothing here ever wraps, panics or saturates silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MathError {
    /// The result does not fit its type.
    Overflow,
    /// An argument is outside the documented domain.
    Domain,
    /// A divisor is zero.
    DivisionByZero,
}

/// The result of a calculation.
pub type Result<T> = core::result::Result<T, MathError>;
