use {
    super::desk::Desk,
    crate::{
        error::ExchangeError,
        state::{Market, Position, Shard, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Now},
    breakwater_math::{Collateral6, LeverageX100, Shares6},
};

/// Accounts of every trade but `open`, which reads the feed too.
#[derive(Accounts)]
pub struct Trade {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub position: Account<Position>,
}

impl Trade {
    /// The desk at which the trade happens.
    #[inline(always)]
    pub fn desk(&mut self) -> Result<Desk<'_>> {
        let Position { trader, holding, .. } = &mut *self.position;
        Ok(Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut self.market,
            shard: &mut self.shard,
            holding,
            now: Now::get()?,
        })
    }
}

#[derive(Accounts)]
pub struct Open {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub position: Account<Position>,
    #[account(address = market.feed @ ExchangeError::WrongFeed)]
    pub feed: Account<Feed>,
}

impl Open {
    #[inline(always)]
    pub fn open(&mut self, shares: Shares6, leverage: LeverageX100, max_payment: Collateral6) -> Result<()> {
        let Position { trader, holding, .. } = &mut *self.position;
        let mut desk = Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut self.market,
            shard: &mut self.shard,
            holding,
            now: Now::get()?,
        };
        desk.open(shares, leverage, max_payment, &self.feed)
    }
}
