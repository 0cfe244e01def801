//! Accounts that follow an instruction's own: three for every trade of a batch or leg of a chain. They are loaded one
//! trade at a time, so that several trades may share a market, a shard or a feed.

use {
    crate::{
        error::ExchangeError,
        state::{Market, Shard},
    },
    anchor_lang::{accounts::HeaderOnly, prelude::*, AnchorAccount},
};

/// Accounts of one leg or one trade of a batch.
pub const ACCOUNTS: usize = 3;

/// A market with its shard, both written.
pub struct Venue {
    pub market: Account<Market>,
    pub shard: Account<Shard>,
}

impl Venue {
    /// Load what one trade writes. Errors: Anchor's for an account of another program or kind, or one that is not
    /// writable or in use; `WrongShard`.
    #[inline(always)]
    pub fn load(market: &AccountView, shard: &AccountView) -> Result<Self> {
        let market: Account<Market> = exclusive(market)?;
        let shard: Account<Shard> = exclusive(shard)?;
        require!(shard.index == market.shard, ExchangeError::WrongShard);
        Ok(Self { market, shard })
    }
}

/// Load an account to be written, unless anything of this instruction holds it already.
#[inline(always)]
pub fn exclusive<T>(view: &AccountView) -> Result<Account<T>>
where
    Account<T>: AnchorAccount,
    T: anchor_lang::bytemuck::Pod + anchor_lang::accounts::SlabSchema,
{
    require!(!view.is_borrowed(), ProgramError::AccountBorrowFailed);
    // SAFETY: whatever Anchor has loaded of this account marks it as borrowed until it is dropped, and nothing does.
    unsafe { anchor_lang::accounts::Slab::<T, HeaderOnly>::load_mut(*view) }
}
