use {
    super::{
        chain::join,
        desk::Desk,
        legs::{Venue, ACCOUNTS},
    },
    crate::{
        constants::MAX_CHAIN_LEVERAGE,
        error::{math, ExchangeError},
        events::{log, ChainOpened},
        state::{Chain, Leg, Trader, LEVERAGED, MAX_LEGS, MIN_LEGS},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Freshness, Now},
    breakwater_math::{liquidation, Collateral6, LeverageX100, Ppm, Shares6},
};

/// One purchase of a chain.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct LegOrder {
    pub shares: u64,
    pub leverage_x100: u16,
    pub outcome: u8,
}

/// Behind these accounts come market, shard and feed of each leg.
#[derive(Accounts)]
pub struct OpenChain {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = chain.trader @ ExchangeError::ChainOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub chain: Account<Chain>,
}

/// What a chain's legs come to.
#[derive(Clone, Copy)]
struct Totals {
    /// Margin of the leg that was priced last; it is lent on the leg before it.
    margin: Collateral6,
    notional: Collateral6,
    /// Fees and premiums.
    credit: Collateral6,
    debt: Collateral6,
    /// What a keeper gets of the notional.
    reward: Ppm,
}

impl OpenChain {
    /// Buy every leg on credit, for at most `max_payment` of the trader's balance. The first leg's margin is the
    /// trader's; every other leg's margin is lent on the shares of the leg before it and is at most what they cost. All
    /// purchases together are at most 500 times the first margin, and what the trader pays is at least the reward of calling
    /// the chain at once. Every loan is secured by one leg's shares
    /// and never above what they pay.
    ///
    /// The legs are priced from the last to the first, because a leg secures the margin of the one behind it.
    #[inline(always)]
    pub fn open_chain(
        &mut self,
        legs: &[LegOrder],
        max_payment: Collateral6,
        accounts: &[AccountView],
    ) -> Result<()> {
        let fits = (MIN_LEGS..=MAX_LEGS).contains(&legs.len())
            && accounts.len() == legs.len().saturating_mul(ACCOUNTS);
        require!(fits, ExchangeError::BadLegs);
        require!(self.chain.is_empty(), ExchangeError::NotEmpty);
        self.chain.count = legs.len() as u64;
        let now = Now::get()?;
        let mut totals = Totals {
            margin: Collateral6::ZERO,
            notional: Collateral6::ZERO,
            credit: Collateral6::ZERO,
            debt: Collateral6::ZERO,
            reward: Ppm::ZERO,
        };
        for (index, (order, views)) in legs.iter().zip(accounts.chunks_exact(ACCOUNTS)).enumerate().rev() {
            self.open_leg(index, order, views, now, &mut totals)?;
        }

        let payment = math(totals.margin.checked_add(totals.credit))?;
        require!(payment <= max_payment, ExchangeError::SlippageExceeded);
        // a margin too large for the product is too large for its chain to be above the cap
        let most = totals.margin.raw().saturating_mul(MAX_CHAIN_LEVERAGE);
        require!(
            totals.notional.raw() <= most,
            ExchangeError::ChainLeverageAboveCap
        );
        // a chain may be open to liquidation from the start: whoever calls it must not get more than was paid
        let reward = math(liquidation::part_of(totals.notional.raw(), totals.reward))?;
        require!(payment.raw() >= reward, ExchangeError::ChainLeverageAboveCap);
        self.trader.pay(payment)?;
        log(ChainOpened {
            chain: *self.chain.address(),
            trader: self.chain.trader,
            legs: self.chain.count,
            notional: totals.notional.raw(),
            payment: payment.raw(),
            debt: totals.debt.raw(),
        });
        Ok(())
    }

    #[inline(always)]
    fn open_leg(
        &mut self,
        index: usize,
        order: &LegOrder,
        views: &[AccountView],
        now: Now,
        totals: &mut Totals,
    ) -> Result<()> {
        let mut venue = Venue::load(&views[0], &views[1])?;
        let market = *venue.market.address();
        let behind = &self.chain.legs[index.saturating_add(1)..self.chain.count as usize];
        require!(
            behind.iter().all(|leg| leg.market != market),
            ExchangeError::BadLegs
        );
        let feed: Account<Feed> = AnchorAccount::load(views[2])?;
        require!(*feed.address() == venue.market.feed, ExchangeError::WrongFeed);
        require!(
            feed.freshness(now.s) != Freshness::Stale,
            ExchangeError::ChainsSuspended
        );
        join(&mut venue.market)?;

        let Chain { trader, legs, .. } = &mut *self.chain;
        let leg = &mut legs[index];
        *leg = Leg {
            market,
            ..anchor_lang::bytemuck::Zeroable::zeroed()
        };
        leg.holding.outcome = order.outcome;
        leg.holding.kind = LEVERAGED;
        let mut desk = Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut venue.market,
            shard: &mut venue.shard,
            holding: &mut leg.holding,
            now,
        };
        let (shares, leverage) = (Shares6::new(order.shares), LeverageX100::new(order.leverage_x100));
        let advance = totals.margin;
        let financed = desk.finance(shares, leverage, advance, &feed)?;
        require!(
            advance <= financed.priced.notional,
            ExchangeError::MarginAboveProceeds
        );
        let credit = financed.price_of_credit()?;
        let reward = Ppm::new(desk.shard.liquidation.keeper_ppm);
        let own = if index == 0 {
            financed.margin
        } else {
            Collateral6::ZERO
        };
        desk.purchase(&financed, math(credit.checked_add(own))?)?;
        *totals = Totals {
            margin: financed.margin,
            notional: math(totals.notional.checked_add(financed.priced.notional))?,
            credit: math(totals.credit.checked_add(credit))?,
            debt: math(totals.debt.checked_add(financed.debt))?,
            reward,
        };
        Ok(())
    }
}
