use {
    super::close_market::{require_done, sweep},
    crate::{
        error::ExchangeError,
        events::{log, MarketArchived},
        state::{Archive, Market, Shard, DONE_MARKET},
    },
    anchor_lang::{bytemuck::bytes_of, prelude::*},
    breakwater_merkle::leaf_of,
};

/// Permissionless, as `close_market` is; this leaves a record.
#[derive(Accounts)]
pub struct ArchiveMarket {
    /// Unchecked: the key that paid the rent, named in the market; it only receives lamports.
    #[account(mut, address = market.rent_payer @ ExchangeError::NotOwner)]
    pub rent_payer: UncheckedAccount,
    #[account(mut)]
    pub archive: Account<Archive>,
    #[account(mut, close = rent_payer)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
}

impl ArchiveMarket {
    /// The market becomes a leaf, so that its result can be proven when its account is gone. What `close_market` does, it does too.
    pub fn archive_market(&mut self) -> Result<()> {
        require_done(&self.market)?;
        self.record()?;
        sweep(&mut self.market, &mut self.shard)
    }

    // a frame of its own: the event is as long as the market
    #[inline(never)]
    fn record(&mut self) -> Result<()> {
        let mut content = [0; size_of::<Market>()];
        content.copy_from_slice(bytes_of(&*self.market));
        let archive = self.archive.number;
        let index = self.archive.append(&leaf_of(DONE_MARKET, &content))?;
        log(MarketArchived {
            archive,
            index,
            sequence: self.archive.tree()?.sequence(),
            market: *self.market.address(),
            content,
        });
        Ok(())
    }
}
