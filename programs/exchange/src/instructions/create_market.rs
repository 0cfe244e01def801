// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        constants::{shard_of, GROUPS, MAX_LIFE_S},
        error::{math, ExchangeError},
        events::{log, MarketCreated},
        state::{Breaker, BreakerLimits, Config, Curve, Market, Shard},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Now},
    breakwater_math::{
        breaker,
        lmsr::{MAX_OUTCOMES, MIN_OUTCOMES},
        mul_div, Collateral6, Ppm, Rounding,
    },
};

/// What a market is about.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct MarketTerms {
    pub close_ms: u64,
    /// The LMSR's b or the pm-AMM's L in micro-units; the vault pays a subsidy of `b ln outcomes` or `L / sqrt(2 pi)`.
    pub liquidity: u64,
    /// Ascending prices in units of the feed; `outcomes - 1` of them, zeros behind.
    pub strikes: [u64; MAX_OUTCOMES],
    pub outcomes: u8,
    /// 0 for the LMSR; for two outcomes 1 for the pm-AMM, 2 for the pm-AMM whose liquidity decays until the close.
    pub curve: u8,
    /// Markets that halt together, 1 to 63; 0: this one halts alone.
    pub group: u8,
    /// How far a leveraged fill may be from the feed's probability of the upper of two outcomes; 0: the feed is no
    /// probability.
    pub max_divergence_ppm: u32,
    pub breaker: BreakerLimits,
}

#[derive(Accounts)]
#[instruction(id: u64)]
pub struct CreateMarket {
    #[account(mut, address = config.operator @ ExchangeError::NotOperator)]
    pub operator: Signer,
    pub config: Account<Config>,
    #[account(mut, constraint = shard.index == shard_of(id) @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    pub feed: Account<Feed>,
    #[account(init, payer = operator, seeds = [b"market", &id.to_le_bytes()], bump)]
    pub market: Account<Market>,
    pub system_program: Program<System>,
}

impl CreateMarket {
    pub fn create_market(&mut self, id: u64, terms: &MarketTerms) -> Result<()> {
        let now = Now::get()?;
        terms.validate(now.s)?;
        let curve = Curve::new(terms.curve, terms.outcomes, Collateral6::new(terms.liquidity))?;
        let none = [0; MAX_OUTCOMES];
        let (subsidy, _) = curve.escrow_and_most(&none[..usize::from(terms.outcomes)])?;
        let largest = math(mul_div(
            self.shard.cash,
            u64::from(self.config.max_subsidy_ppm),
            1_000_000,
            Rounding::Down,
        ))?;
        require!(subsidy.raw() <= largest, ExchangeError::SubsidyTooLarge);

        let market = &mut self.market;
        market.feed = *self.feed.address();
        market.rent_payer = *self.operator.address();
        market.id = id;
        market.close_ms = terms.close_ms;
        [market.liquidity, market.liquidity_inverse, market.liquidity_shift] = curve.words();
        market.curve = terms.curve;
        market.opened_ms = now.ms();
        market.full_liquidity = terms.liquidity;
        market.group = u32::from(terms.group);
        let opening = curve.price_floor(&none[..usize::from(terms.outcomes)], 0)?;
        market.breaker = Breaker::new(&terms.breaker, opening)?;
        if terms.max_divergence_ppm > 0 {
            market.feed_one = terms.one_of(&self.feed)?;
            let most = math(breaker::price_of_ppm(Ppm::new(terms.max_divergence_ppm)))?;
            market.max_divergence_q28 = most.raw();
        }
        market.escrow = subsidy.raw();
        market.max_debt_at_risk = subsidy.raw();
        market.traded_s = [now.s as u32; MAX_OUTCOMES]; // until 2106
        market.strikes = terms.strikes;
        market.outcomes = terms.outcomes;
        market.shard = self.shard.index;
        market.update_claims(Collateral6::ZERO)?;
        self.shard.spend(subsidy)?;
        self.shard.add_claims(market.claim_floor, market.claim_ceiling)?;
        self.shard.require_covered()?;
        log(MarketCreated {
            market: *market.address(),
            feed: market.feed,
            id,
            close_ms: terms.close_ms,
            liquidity: terms.liquidity,
            subsidy: subsidy.raw(),
            first_strike: terms.strikes[0],
            outcomes: u32::from(terms.outcomes),
            shard: market.shard,
        });
        Ok(())
    }
}

impl MarketTerms {
    fn validate(&self, now_s: u64) -> Result<()> {
        let outcomes = usize::from(self.outcomes);
        require!(
            (MIN_OUTCOMES..=MAX_OUTCOMES).contains(&outcomes),
            ExchangeError::BadOutcome
        );
        require!(
            self.close_ms > now_s.saturating_mul(1000),
            ExchangeError::CloseInPast
        );
        require!(
            self.close_ms <= now_s.saturating_add(MAX_LIFE_S).saturating_mul(1000),
            ExchangeError::CloseTooFar
        );
        require!(usize::from(self.group) < GROUPS, ExchangeError::BadGroup);
        let (used, unused) = self.strikes.split_at(outcomes.saturating_sub(1));
        let ascending = used[0] > 0 && used.windows(2).all(|pair| pair[0] < pair[1]);
        require!(
            ascending && unused.iter().all(|&s| s == 0),
            ExchangeError::BadStrikes
        );
        Ok(())
    }

    /// Units of a feed that mean one, where its prices are probabilities: a power of ten.
    fn one_of(&self, feed: &Feed) -> Result<u64> {
        let digits = feed
            .exponent
            .checked_neg()
            .and_then(|digits| u32::try_from(digits).ok());
        let one = digits.and_then(|digits| 10_u64.checked_pow(digits));
        let meant = self.outcomes == 2 && one.is_some();
        require!(meant, ExchangeError::BadParameter);
        Ok(one.unwrap_or(1))
    }
}
