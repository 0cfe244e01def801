use {
    crate::{
        error::ExchangeError,
        events::{log, MarketRemoved},
        state::{Market, Shard, OPEN},
    },
    anchor_lang::prelude::*,
    breakwater_math::Collateral6,
};

/// Permissionless: a settled market without positions is of no use to anybody.
#[derive(Accounts)]
pub struct CloseMarket {
    /// Unchecked: the key that paid the rent, named in the market; it only receives lamports.
    #[account(mut, address = market.rent_payer @ ExchangeError::NotOwner)]
    pub rent_payer: UncheckedAccount,
    #[account(mut, close = rent_payer)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
}

impl CloseMarket {
    /// The rent goes back to who paid it; what rounding left in escrow goes to the vault.
    pub fn close_market(&mut self) -> Result<()> {
        require_done(&self.market)?;
        sweep(&mut self.market, &mut self.shard)
    }
}

/// Settled, and nobody holds or has archived a claim on it.
pub fn require_done(market: &Market) -> Result<()> {
    require!(market.status != OPEN, ExchangeError::MarketNotSettled);
    require!(market.positions == 0, ExchangeError::NotEmpty);
    Ok(())
}

/// What rounding left in escrow goes to the vault, and the market is gone.
pub fn sweep(market: &mut Account<Market>, shard: &mut Shard) -> Result<()> {
    let swept = market.escrow;
    shard.receive(Collateral6::new(swept))?;
    market.escrow = 0;
    log(MarketRemoved {
        market: *market.address(),
        swept,
    });
    Ok(())
}
