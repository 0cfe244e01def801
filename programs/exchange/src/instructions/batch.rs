use {
    super::{
        desk::Desk,
        legs::{exclusive, Venue, ACCOUNTS},
    },
    crate::{
        constants::MAX_BATCH,
        error::ExchangeError,
        events::{BUY, SELL},
        state::{Position, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{Collateral6, Shares6},
};

/// One trade of a batch.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct BatchTrade {
    pub shares: u64,
    /// What a purchase may cost at most, or a sale must bring at least, after the fee.
    pub limit: u64,
    /// 0 buy, 1 sell.
    pub side: u8,
}

/// Spot trades one after the other: behind these accounts come market, shard and position of each.
#[derive(Accounts)]
pub struct Batch {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
}

impl Batch {
    /// All trades happen in their order, or none.
    #[inline(always)]
    pub fn batch(&mut self, trades: &[BatchTrade], accounts: &[AccountView]) -> Result<()> {
        let fits = (1..=MAX_BATCH).contains(&trades.len())
            && accounts.len() == trades.len().saturating_mul(ACCOUNTS);
        require!(fits, ExchangeError::BadBatch);
        let now = Now::get()?;
        let key = *self.trader.address();
        for (trade, views) in trades.iter().zip(accounts.chunks_exact(ACCOUNTS)) {
            let mut venue = Venue::load(&views[0], &views[1])?;
            let mut position: Account<Position> = exclusive(&views[2])?;
            require!(position.trader == key, ExchangeError::PositionOfAnotherTrader);
            require!(
                position.market == *venue.market.address(),
                ExchangeError::PositionOfAnotherMarket
            );
            let mut desk = Desk {
                trader: &mut self.trader,
                key: &key,
                market: &mut venue.market,
                shard: &mut venue.shard,
                holding: &mut position.holding,
                now,
            };
            let (shares, limit) = (Shares6::new(trade.shares), Collateral6::new(trade.limit));
            match trade.side {
                BUY => desk.buy(shares, limit)?,
                SELL => desk.sell(shares, limit).map(|_| ())?,
                _ => return Err(ExchangeError::BadBatch.into()),
            }
        }
        Ok(())
    }
}
