use {
    super::{
        chain::{leave, venue_of},
        desk::Desk,
        legs::ACCOUNTS,
        liquidate::{Called, EMERGENCY, FULL, PARTIAL},
    },
    crate::{
        error::{math, ExchangeError},
        events::{log, ChainLiquidated},
        state::{Chain, LiquidationRules, Trader, MAX_LEGS},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{
        liquidation::{self, Split},
        mul_div, Collateral6, Ppm, Rounding, Shares6,
    },
};

const WHOLE_PPM: u64 = 1_000_000;

/// Permissionless. Behind these accounts come market, shard and feed of each leg that is left, in their order.
#[derive(Accounts)]
pub struct LiquidateChain {
    #[account(address = reward.owner @ ExchangeError::NotOwner)]
    pub keeper: Signer,
    /// The keeper's own trader account.
    #[account(mut)]
    pub reward: Account<Trader>,
    #[account(mut, address = chain.trader @ ExchangeError::ChainOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub chain: Account<Chain>,
}

/// A chain valued as one.
#[derive(Default)]
struct Whole {
    /// Value at the legs' marks, and the part of it that maintenance wants the owner to own.
    value: Collateral6,
    owned: Collateral6,
    debt: Collateral6,
    notional: Collateral6,
    proceeds: Collateral6,
    halted: bool,
    /// Some leg is sold as far as a partial liquidation or its market's cap goes.
    enough: bool,
    rules: Option<LiquidationRules>,
}

impl Whole {
    /// Whether selling a part of every leg at the marks would leave a healthy chain.
    #[inline(always)]
    fn heals(&self, rules: &LiquidationRules) -> Result<bool> {
        let part = |whole: u64| {
            math(mul_div(
                whole,
                rules.partial_ppm.into(),
                WHOLE_PPM,
                Rounding::Down,
            ))
        };
        let brought = Collateral6::new(part(self.value.raw())?);
        let reward = math(liquidation::part_of(brought.raw(), Ppm::new(rules.keeper_ppm)))?;
        let repaid = math(brought.checked_sub(Collateral6::new(reward)))?.min(self.debt);
        let left = math(self.value.checked_sub(brought))?;
        let owned = math(self.owned.checked_sub(Collateral6::new(part(self.owned.raw())?)))?;
        Ok(math(self.debt.checked_sub(repaid))? <= math(left.checked_sub(owned))?)
    }
}

impl LiquidateChain {
    /// Sell the same part of every leg of an unhealthy chain and deal the proceeds of all out: keeper, the legs' loans in
    /// their order, insurance fund, owner. More than a partial liquidation's part only where that would not heal the chain, as
    /// with a position. Each leg's sale counts against its market's cap, so a chain with a large leg goes
    /// in parts. A loan that the last share does not repay is paid by the insurance fund of the leg's shard, and where that
    /// is empty lost by the vault.
    pub fn liquidate_chain(&mut self, part: Ppm, accounts: &[AccountView]) -> Result<()> {
        let Self {
            reward,
            trader,
            chain,
            ..
        } = self;
        let (address, keeper) = (*chain.address(), *reward.address());
        let Chain {
            trader: key,
            count,
            legs,
            ..
        } = &mut **chain;
        let used = (*count as usize).min(MAX_LEGS);
        let left = legs[..used].iter().filter(|leg| leg.holding.shares > 0).count();
        let fits = left > 0 && accounts.len() == left.saturating_mul(ACCOUNTS);
        require!(fits, ExchangeError::BadLegs);
        let now = Now::get()?;
        let mut whole = Whole::default();
        let mut sales: [Option<Called>; MAX_LEGS] = Default::default();
        let held = legs[..used].iter_mut().filter(|leg| leg.holding.shares > 0);
        for ((leg, views), sale) in held.zip(accounts.chunks_exact(ACCOUNTS)).zip(&mut sales) {
            let mut venue = venue_of(&leg.market, views)?;
            let mut desk = Desk {
                trader: &mut *trader,
                key,
                market: &mut venue.market,
                shard: &mut venue.shard,
                holding: &mut leg.holding,
                now,
            };
            *sale = Some(desk.sell_leg(part, &mut whole)?);
        }

        let limit = math(whole.value.checked_sub(whole.owned))?;
        require!(whole.debt > limit, ExchangeError::Healthy);
        require!(whole.enough, ExchangeError::LiquidationTooSmall);
        let rules = whole.rules.ok_or(ExchangeError::BadLegs)?;
        let severity = if whole.halted || whole.value < whole.debt {
            EMERGENCY
        } else if part.raw() <= rules.partial_ppm {
            PARTIAL
        } else {
            require!(!whole.heals(&rules)?, ExchangeError::LiquidationTooLarge);
            FULL
        };
        let split = math(liquidation::split(
            whole.proceeds,
            whole.notional,
            whole.debt,
            Ppm::new(rules.keeper_ppm),
            Ppm::new(rules.insurance_ppm),
        ))?;
        reward.receive(split.keeper)?;
        trader.receive(split.owner)?;
        let (mut repayable, mut insured) = (split.repaid, split.insurance);
        let held = legs[..used].iter_mut().filter(|leg| leg.holding.shares > 0);
        for ((leg, views), sale) in held.zip(accounts.chunks_exact(ACCOUNTS)).zip(&sales) {
            let mut venue = venue_of(&leg.market, views)?;
            let sale = sale.as_ref().ok_or(ExchangeError::BadLegs)?;
            if sale.shares.raw() == leg.holding.shares {
                leave(&mut venue.market)?;
            }
            let mut desk = Desk {
                trader: &mut *trader,
                key,
                market: &mut venue.market,
                shard: &mut venue.shard,
                holding: &mut leg.holding,
                now,
            };
            let repaid = repayable.min(Collateral6::new(desk.holding.debt));
            repayable = math(repayable.checked_sub(repaid))?;
            let called = Called { severity, ..*sale };
            let dealt = Split {
                keeper: Collateral6::ZERO,
                insurance: insured,
                repaid,
                owner: Collateral6::ZERO,
            };
            // the first leg's shard keeps the insurance fund's part
            insured = Collateral6::ZERO;
            desk.deal(&called, &dealt, &address, &keeper)?;
        }
        log(ChainLiquidated {
            chain: address,
            trader: *key,
            keeper,
            legs: left as u64,
            notional: whole.notional.raw(),
            reward: split.keeper.raw(),
            insured: split.insurance.raw(),
            repaid: split.repaid.raw(),
            amount: split.owner.raw(),
            severity: u64::from(severity),
        });
        Ok(())
    }
}

/// One millionth more, and never more than the whole.
#[inline(always)]
fn next_part(part: Ppm) -> Ppm {
    Ppm::new(part.raw().saturating_add(1).min(WHOLE_PPM as u32))
}

impl Desk<'_> {
    /// Sell a part of a leg, rounded up, within its market's cap, and add the leg to the whole.
    #[inline(always)]
    fn sell_leg(&mut self, part: Ppm, whole: &mut Whole) -> Result<Called> {
        self.market.require_open(self.now)?;
        self.catch_up()?;
        whole.halted |= self.market.is_halted(self.shard, self.now);
        let outcome = self.market.require_outcome(self.holding.outcome)?;
        let held = Shares6::new(self.holding.shares);
        let shares = Shares6::new(math(liquidation::part_of(held.raw(), part))?);
        let reference = self.market.reference_price(outcome, self.now.s)?;
        let priced = self.price_sale(outcome, shares, self.shard.fee_rate())?;
        let mark = reference.max(priced.fill);
        let value = math(liquidation::value(held, mark))?;
        let owned = math(liquidation::part_of(value.raw(), self.maintenance()?))?;

        let rules = self.shard.liquidation;
        let least = math(liquidation::part_of(held.raw(), Ppm::new(rules.partial_ppm)))?;
        let room = self.take_room(shares)?;
        // parts are whole millionths: where not one more fits, the cap is used up
        let next = math(liquidation::part_of(held.raw(), next_part(part)))?;
        let bound = shares == room || next > room.raw();
        self.market.cascade.bound |= u32::from(bound);
        whole.enough |= bound || shares.raw() >= least;
        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        let add = |sum: Collateral6, part: Collateral6| math(sum.checked_add(part));
        whole.value = add(whole.value, value)?;
        whole.owned = add(whole.owned, Collateral6::new(owned))?;
        whole.debt = add(whole.debt, Collateral6::new(self.holding.debt))?;
        whole.notional = add(whole.notional, priced.notional)?;
        whole.proceeds = add(whole.proceeds, proceeds)?;
        whole.rules = Some(rules);
        Ok(Called {
            priced,
            proceeds,
            shares,
            mark,
            severity: PARTIAL,
        })
    }
}
