use {
    crate::{
        constants::POOL_SEED,
        error::{math, PoolsError},
    },
    anchor_lang::{
        address_eq,
        pinocchio::cpi::{Seed, Signer as PdaSigner},
        prelude::*,
    },
    breakwater_math::{
        ratio::{self, Exchanged},
        Ppm,
    },
};

/// One of a pool's two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Side {
    A = 0,
    B = 1,
}

impl Side {
    #[inline(always)]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Two tokens that exchange at a fixed ratio. PDA of `["pool", owner, number]`; signs for both vaults and both LP mints. What
/// is kept by side has a's first.
///
/// An LP token is a claim of exactly one unit of its side. Its holders are covered because no instruction lowers
/// `reserve_a * ratio_b + reserve_b * ratio_a` by more than the claims that it takes back.
#[account]
pub struct Pool {
    pub owner: Address,
    pub mints: [Address; 2],
    pub vaults: [Address; 2],
    pub lp_mints: [Address; 2],
    pub number: u64,
    /// So many units of a are worth so many of b.
    pub ratio: [u64; 2],
    /// What secures the LP tokens.
    pub reserve: [u64; 2],
    /// What the owner has earned and not collected; in the vaults too.
    pub fees: [u64; 2],
    pub fee_ppm: u32,
    pub decimals: [u8; 2],
    /// 1: neither deposits nor swaps.
    pub paused: u8,
    pub bump: u8,
}

impl Pool {
    /// Errors: `WrongVault`.
    #[inline(always)]
    pub fn side_of_vault(&self, vault: &Address) -> Result<Side> {
        side_in(&self.vaults, vault).ok_or_else(|| PoolsError::WrongVault.into())
    }

    /// Errors: `WrongLpMint`.
    #[inline(always)]
    pub fn side_of_lp_mint(&self, mint: &Address) -> Result<Side> {
        side_in(&self.lp_mints, mint).ok_or_else(|| PoolsError::WrongLpMint.into())
    }

    /// Errors: `Paused`.
    #[inline(always)]
    pub fn require_active(&self) -> Result<()> {
        require!(self.paused == 0, PoolsError::Paused);
        Ok(())
    }

    /// More of a token is in the pool. Errors: `Overflow`. Returns the reserve afterwards.
    #[inline(always)]
    pub fn receive(&mut self, side: Side, amount: u64) -> Result<u64> {
        let reserve = &mut self.reserve[side as usize];
        *reserve = reserve.checked_add(amount).ok_or(PoolsError::Overflow)?;
        Ok(*reserve)
    }

    /// Less of a token is in the pool. Errors: `InsufficientReserve`. Returns the reserve afterwards.
    #[inline(always)]
    pub fn spend(&mut self, side: Side, amount: u64) -> Result<u64> {
        let reserve = &mut self.reserve[side as usize];
        *reserve = reserve
            .checked_sub(amount)
            .ok_or(PoolsError::InsufficientReserve)?;
        Ok(*reserve)
    }

    /// What units of one side are worth in the other, less the fee, which is booked to the owner; the other side's reserve
    /// is spent. Errors: `AmountTooSmall`, `SlippageExceeded`, `InsufficientReserve`, `Overflow`.
    #[inline(always)]
    pub fn exchange(&mut self, from: Side, amount: u64, least: u64) -> Result<Exchanged> {
        let to = from.other();
        let (own, other) = (self.ratio[from as usize], self.ratio[to as usize]);
        let exchanged = math(ratio::exchange(amount, own, other, Ppm::new(self.fee_ppm)))?;
        require!(exchanged.out > 0, PoolsError::AmountTooSmall);
        require!(exchanged.out >= least, PoolsError::SlippageExceeded);
        self.spend(to, exchanged.gross)?;
        let fees = &mut self.fees[to as usize];
        *fees = fees.checked_add(exchanged.fee).ok_or(PoolsError::Overflow)?;
        Ok(exchanged)
    }

    /// Do something with the pool's signature.
    #[inline(always)]
    pub fn signing<T>(&self, act: impl FnOnce(&[PdaSigner]) -> T) -> T {
        let (number, bump) = (self.number.to_le_bytes(), [self.bump]);
        let seeds = [
            Seed::from(POOL_SEED),
            Seed::from(self.owner.as_ref()),
            Seed::from(number.as_slice()),
            Seed::from(bump.as_slice()),
        ];
        act(&[PdaSigner::from(&seeds)])
    }
}

#[inline(always)]
fn side_in(addresses: &[Address; 2], wanted: &Address) -> Option<Side> {
    if address_eq(&addresses[0], wanted) {
        Some(Side::A)
    } else if address_eq(&addresses[1], wanted) {
        Some(Side::B)
    } else {
        None
    }
}
