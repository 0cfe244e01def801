use {
    super::{
        chain::{leave, venue_of},
        desk::Desk,
        legs::ACCOUNTS,
        liquidate::{Called, EMERGENCY, FULL, PARTIAL},
        redeem::pay_out,
    },
    crate::{
        error::{math, ExchangeError},
        events::{log, ChainLiquidated},
        state::{Chain, LiquidationRules, Trader, MAX_LEGS, OPEN},
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
    /// Of the legs that are sold: their loans, and the sold shares' parts of them.
    sold_debt: Collateral6,
    due: Collateral6,
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
    /// Sell the same part of every leg of an unhealthy chain and deal the proceeds of all out: each leg's part of its loan,
    /// keeper, the legs' loans in their order, insurance fund, owner. More than a partial liquidation's part only where that would not heal the chain, as
    /// with a position. Each leg's sale counts against its market's cap, so a chain with a large leg goes
    /// in parts. Proceeds that would not repay the sold parts' loans are refused: under water, a chain is taken over. A settled
    /// leg is paid out; one whose market has closed and is not settled yet counts at its last price and stays.
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
        let mut views = accounts.chunks_exact(ACCOUNTS);
        let mut at = [usize::MAX; MAX_LEGS];
        for (i, leg) in legs[..used].iter_mut().enumerate() {
            if leg.holding.shares == 0 {
                continue;
            }
            at[i] = left.saturating_sub(views.len());
            let mut venue = venue_of(&leg.market, views.next().ok_or(ExchangeError::BadLegs)?)?;
            if venue.market.status != OPEN {
                leave(&mut venue.market)?;
                pay_out(
                    address,
                    &mut leg.holding,
                    &mut venue.market,
                    &mut venue.shard,
                    trader,
                )?;
                continue;
            }
            let mut desk = Desk {
                trader: &mut *trader,
                key,
                market: &mut venue.market,
                shard: &mut venue.shard,
                holding: &mut leg.holding,
                now,
            };
            if desk.market.is_waiting(now) {
                let value = desk.market.last_value(desk.holding, now)?;
                desk.add_leg(value, &mut whole)?;
            } else {
                sales[i] = Some(desk.sell_leg(part, &mut whole)?);
            }
        }

        let rules = whole.rules.ok_or(ExchangeError::MarketClosed)?;
        let limit = math(whole.value.checked_sub(whole.owned))?;
        require!(whole.debt > limit, ExchangeError::Healthy);
        require!(whole.proceeds >= whole.due, ExchangeError::BelowLoan);
        require!(whole.enough, ExchangeError::LiquidationTooSmall);
        let severity = if whole.halted {
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
            whole.due,
            whole.sold_debt,
            Ppm::new(rules.keeper_ppm),
            Ppm::new(rules.insurance_ppm),
        ))?;
        reward.receive(split.keeper)?;
        trader.receive(split.owner)?;
        // every leg its part of its loan, and what is left of the proceeds to the loans in their order
        let mut beyond = math(split.repaid.checked_sub(whole.due))?;
        let mut insured = split.insurance;
        for (i, sale) in sales.iter().enumerate() {
            let Some(sale) = sale else { continue };
            let leg = &mut legs[i];
            let first = at[i].saturating_mul(ACCOUNTS);
            let mut venue = venue_of(&leg.market, &accounts[first..])?;
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
            let more = beyond.min(math(Collateral6::new(desk.holding.debt).checked_sub(sale.due))?);
            beyond = math(beyond.checked_sub(more))?;
            let repaid = math(sale.due.checked_add(more))?;
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
            legs: sales.iter().flatten().count() as u64,
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
    /// Add a leg of this value to the whole.
    #[inline(always)]
    fn add_leg(&mut self, value: Collateral6, whole: &mut Whole) -> Result<()> {
        let owned = Collateral6::new(math(liquidation::part_of(value.raw(), self.maintenance()?))?);
        whole.value = math(whole.value.checked_add(value))?;
        whole.owned = math(whole.owned.checked_add(owned))?;
        whole.debt = math(whole.debt.checked_add(Collateral6::new(self.holding.debt)))?;
        Ok(())
    }

    /// Sell a part of a leg, rounded up, within its market's cap, and add the leg to the whole.
    #[inline(always)]
    fn sell_leg(&mut self, part: Ppm, whole: &mut Whole) -> Result<Called> {
        self.catch_up()?;
        whole.halted |= self.market.is_halted(self.shard, self.now);
        let outcome = self.market.require_outcome(self.holding.outcome)?;
        let held = Shares6::new(self.holding.shares);
        let shares = Shares6::new(math(liquidation::part_of(held.raw(), part))?);
        let reference = self.market.reference_price(outcome, self.now.s)?;
        let priced = self.price_sale(outcome, shares, self.shard.fee_rate())?;
        let mark = reference.max(priced.fill);
        self.add_leg(math(liquidation::value(held, mark))?, whole)?;

        let rules = self.shard.liquidation;
        let room = self.take_room(shares)?;
        // parts are whole millionths: where not one more fits, the cap is used up
        let used_up = shares == room
            || (held > room && math(liquidation::part_of(held.raw(), next_part(part)))? > room.raw());
        self.market.cascade.bound |= u32::from(used_up);
        whole.enough |= used_up
            || part.raw() >= rules.partial_ppm
            || shares.raw() >= math(liquidation::part_of(held.raw(), Ppm::new(rules.partial_ppm)))?;
        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        let (due, debt) = (self.holding.debt_of(shares)?, Collateral6::new(self.holding.debt));
        whole.notional = math(whole.notional.checked_add(priced.notional))?;
        whole.proceeds = math(whole.proceeds.checked_add(proceeds))?;
        whole.due = math(whole.due.checked_add(due))?;
        whole.sold_debt = math(whole.sold_debt.checked_add(debt))?;
        whole.rules = Some(rules);
        Ok(Called {
            priced,
            proceeds,
            shares,
            due,
            mark,
            severity: PARTIAL,
        })
    }
}
