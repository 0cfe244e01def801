use {
    crate::{
        error::{math, ExchangeError},
        events::{log, LiquidityLocked},
        state::{Bootstrap, Maker, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_math::LpShares6,
};

/// Lock or unlock liquidity: shares of the vault move between a trader's book and a maker's.
#[derive(Accounts)]
pub struct LockLiquidity {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = maker.trader @ ExchangeError::MakerOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub maker: Account<Maker>,
    #[account(mut)]
    pub bootstrap: Account<Bootstrap>,
}

impl LockLiquidity {
    /// As long as there are early shares left, those that are locked weigh twice, whoever locks them.
    pub fn lock(&mut self, shares: LpShares6) -> Result<()> {
        require!(shares > LpShares6::ZERO, ExchangeError::ZeroAmount);
        let Self {
            trader,
            maker,
            bootstrap: launch,
            ..
        } = self;
        require!(
            shares.raw() <= trader.lp_shares,
            ExchangeError::InsufficientShares
        );
        launch.emit(Clock::get()?.slot)?;
        trader.lp_shares = math(LpShares6::new(trader.lp_shares).checked_sub(shares))?.raw();
        let early = shares.min(LpShares6::new(launch.early_shares));
        launch.early_shares = math(LpShares6::new(launch.early_shares).checked_sub(early))?.raw();
        let locked = math(LpShares6::new(maker.shares).checked_add(shares))?;
        let early = math(LpShares6::new(maker.early).checked_add(early))?;
        maker.relock(launch, locked.raw(), early.raw())?;
        self.log(shares, LpShares6::ZERO);
        Ok(())
    }

    /// At once, whenever the owner wants. Early shares are unlocked last and are early no more, for nobody.
    pub fn unlock(&mut self, shares: LpShares6) -> Result<()> {
        require!(shares > LpShares6::ZERO, ExchangeError::ZeroAmount);
        let Self {
            trader,
            maker,
            bootstrap: launch,
            ..
        } = self;
        require!(shares.raw() <= maker.shares, ExchangeError::InsufficientShares);
        launch.emit(Clock::get()?.slot)?;
        let left = math(LpShares6::new(maker.shares).checked_sub(shares))?;
        let early = left.raw().min(maker.early);
        // early places are free again: burning them for a moment's lock would leave the rest to whoever did
        let freed = math(LpShares6::new(maker.early).checked_sub(LpShares6::new(early)))?;
        launch.early_shares = math(LpShares6::new(launch.early_shares).checked_add(freed))?.raw();
        maker.relock(launch, left.raw(), early)?;
        trader.lp_shares = math(LpShares6::new(trader.lp_shares).checked_add(shares))?.raw();
        self.log(LpShares6::ZERO, shares);
        Ok(())
    }

    fn log(&self, locked: LpShares6, unlocked: LpShares6) {
        log(LiquidityLocked {
            maker: *self.maker.address(),
            locked: locked.raw(),
            unlocked: unlocked.raw(),
            shares: self.maker.shares,
            early: self.maker.early,
        });
    }
}
