//! One event for every change. All are fixed-size and copied as they lie in memory; amounts are units of their token.

use anchor_lang::{bytemuck, prelude::*, Event};

/// Log an event. Does what `emit!` does, with the discriminator and the body side by side on the stack instead of
/// copied into a vector.
#[inline(always)]
pub fn log<E: Event + bytemuck::Pod>(event: E) {
    #[repr(C)]
    struct Framed<E> {
        discriminator: [u8; 8],
        body: E,
    }
    let mut discriminator = [0; 8];
    discriminator.copy_from_slice(E::DISCRIMINATOR);
    let framed = Framed {
        discriminator,
        body: event,
    };
    // SAFETY: the body is `Pod` and aligned to at most eight bytes behind eight bytes, so there is no padding.
    let bytes = unsafe {
        core::slice::from_raw_parts(
            (&raw const framed).cast::<u8>(),
            core::mem::size_of::<Framed<E>>(),
        )
    };
    sol_log_data(&[bytes]);
}

#[event(bytemuck)]
pub struct PoolCreated {
    pub pool: Address,
    pub owner: Address,
    pub mint_a: Address,
    pub mint_b: Address,
    pub number: u64,
    pub ratio_a: u64,
    pub ratio_b: u64,
    pub fee_ppm: u64,
}

/// `amount` came into the pool, and as many LP tokens of its side came into being.
#[event(bytemuck)]
pub struct Deposited {
    pub pool: Address,
    pub owner: Address,
    pub amount: u64,
    /// The side's reserve afterwards.
    pub reserve: u64,
    /// 0 for a, 1 for b.
    pub side: u64,
}

/// So many LP tokens of side `burned_side` were burned for `amount` of side `paid_side`, and `fee` of that one stayed with
/// the pool's owner; there is none while both are the same.
#[event(bytemuck)]
pub struct Withdrawn {
    pub pool: Address,
    pub owner: Address,
    pub burned: u64,
    pub amount: u64,
    pub fee: u64,
    /// The paid side's reserve afterwards.
    pub reserve: u64,
    pub burned_side: u32,
    pub paid_side: u32,
}

#[event(bytemuck)]
pub struct Swapped {
    pub pool: Address,
    pub owner: Address,
    pub paid_in: u64,
    pub paid_out: u64,
    /// In the token that was paid out.
    pub fee: u64,
    pub reserve_in: u64,
    pub reserve_out: u64,
    /// The side that was paid in: 0 for a, 1 for b.
    pub side: u64,
}

#[event(bytemuck)]
pub struct PauseSet {
    pub pool: Address,
    pub paused: u64,
}

#[event(bytemuck)]
pub struct FeesCollected {
    pub pool: Address,
    pub fees_a: u64,
    pub fees_b: u64,
}

/// What was left in the vaults went to the owner.
#[event(bytemuck)]
pub struct PoolClosed {
    pub pool: Address,
    pub swept_a: u64,
    pub swept_b: u64,
}
