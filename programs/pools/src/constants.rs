//! Numbers that no key can change after launch.

/// Most decimals of a pool's tokens.
pub const MAX_DECIMALS: u8 = 9;
/// 10 %: above it a fee is a mistake.
pub const MAX_FEE_PPM: u32 = 100_000;

pub const POOL_SEED: &[u8] = b"pool";
pub const VAULT_SEED: &[u8] = b"vault";
pub const LP_SEED: &[u8] = b"lp";
