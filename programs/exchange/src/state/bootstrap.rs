use {
    super::Season,
    crate::{
        constants::{MIN_LOCKED, MMT_POOL, SEASON_SLOTS, SHARDS},
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_math::{bootstrap, rewards, Collateral6, Mmt9},
};

/// Trades of a shard whose fees are credited twice: a hundred in all.
pub const EARLY_TRADES: u64 = 25;

/// What a launch pays, fixed when it is opened.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct BootstrapRules {
    /// Fees that are credited at most, all trades together; early ones count twice. Micro-units.
    pub trade_credits: u64,
    /// Billionths of an MMT for a unit of credit.
    pub trade_rate: u64,
    /// A trade with a smaller fee does not count, and of a larger one only so much does. Micro-units.
    pub min_fee: u64,
    pub max_fee: u64,
    /// Billionths of an MMT per slot for locked liquidity, in so many slots from the opening.
    pub mining_rate: u64,
    pub mining_slots: u64,
    /// The first shares of the vault that are locked, which weigh twice.
    pub early_shares: u64,
}

impl BootstrapRules {
    /// All that the launch can pay, which the pool must still have besides the whole schedule.
    /// Errors: `BadParameter`, `EmissionExceeded`.
    pub fn validate(&self, season: &Season) -> Result<Mmt9> {
        let in_range = (1..=self.max_fee).contains(&self.min_fee)
            && (1..=SEASON_SLOTS).contains(&self.mining_slots)
            && self.trade_credits.checked_rem(SHARDS as u64) == Some(0);
        require!(in_range, ExchangeError::BadParameter);
        let (trades, makers) = (self.trade_credits, self.mining_slots);
        let budget = math(bootstrap::budget(
            trades,
            self.trade_rate,
            makers,
            self.mining_rate,
        ))?;
        let schedule = math(rewards::emission(&season.rates, SEASON_SLOTS, 0, u64::MAX))?;
        let all = math(schedule.checked_add(budget))?;
        require!(all.raw() <= MMT_POOL, ExchangeError::EmissionExceeded);
        Ok(budget)
    }
}

/// What a launch pays and has paid. PDA of `["bootstrap"]`. Amounts are billionths of an MMT; the reward vault holds all of
/// `budget` from the opening, besides the schedule's.
#[account]
pub struct Bootstrap {
    pub start_slot: u64,
    /// First slot in which locked liquidity earns nothing.
    pub end_slot: u64,
    /// Everything up to this slot has been emitted to makers.
    pub updated_slot: u64,
    pub budget: u64,
    pub trade_credits: u64,
    pub trade_rate: u64,
    pub mining_rate: u64,
    /// Emitted to makers since the start; a time in which nobody had locked anything emitted nothing.
    pub emitted: u64,
    pub paid_traders: u64,
    pub paid_makers: u64,
    /// Shares that will still weigh twice when they are locked.
    pub early_shares: u64,
    pub locked: u64,
    pub total_weight: u64,
    /// What a weight of one has earned since the start, in 2^-40 units.
    pub per_weight_q40: u64,
    /// The rest of the last division, in 2^-40 units.
    pub carry_q40: u64,
}

impl Bootstrap {
    /// Deal out to the makers what the slots up to `slot` bring.
    pub fn emit(&mut self, slot: u64) -> Result<()> {
        let (from, to) = (self.updated_slot, slot.min(self.end_slot));
        self.updated_slot = to.max(from);
        if self.total_weight == 0 {
            return Ok(());
        }
        let amount = to
            .saturating_sub(from)
            .checked_mul(self.mining_rate)
            .ok_or(ExchangeError::Overflow)?;
        let amount = Mmt9::new(amount);
        let (growth, carry) = math(rewards::accrue(amount, self.carry_q40, self.total_weight))?;
        self.per_weight_q40 = self
            .per_weight_q40
            .checked_add(growth)
            .ok_or(ExchangeError::Overflow)?;
        self.carry_q40 = carry;
        self.emitted = math(Mmt9::new(self.emitted).checked_add(amount))?.raw();
        Ok(())
    }

    /// Book a payment to a trader or a maker. The rules have checked that the budget covers all; it says so on chain.
    pub fn book_payment(&mut self, traders: Mmt9, makers: Mmt9) -> Result<()> {
        let traders = math(Mmt9::new(self.paid_traders).checked_add(traders))?;
        let makers = math(Mmt9::new(self.paid_makers).checked_add(makers))?;
        let all = math(traders.checked_add(makers))?;
        require!(all.raw() <= self.budget, ExchangeError::EmissionExceeded);
        (self.paid_traders, self.paid_makers) = (traders.raw(), makers.raw());
        Ok(())
    }
}

/// The launch as a shard's trades see it; all zeros before and after it. Micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Launch {
    /// Credit that is left; zero ends the launch for this shard's trades.
    pub credits: u64,
    /// Trades that are left to be credited twice.
    pub early_trades: u64,
    pub min_fee: u64,
    pub max_fee: u64,
    /// Fees that were credited, for good: nobody's, and nothing is ever lent, paid or covered from it. What could come
    /// back to the vault in any way would come back to whoever owns the vault and trades with himself.
    pub reserve: u64,
}

impl Launch {
    /// The rules' quarter of a launch.
    pub fn new(rules: &BootstrapRules) -> Self {
        Self {
            credits: rules.trade_credits.checked_div(SHARDS as u64).unwrap_or_default(),
            early_trades: EARLY_TRADES,
            min_fee: rules.min_fee,
            max_fee: rules.max_fee,
            reserve: 0,
        }
    }

    /// Count a trade's fee: the part that counts, and the credit for it.
    pub fn count(&mut self, fee: Collateral6) -> (Collateral6, u64) {
        if fee.raw() < self.min_fee {
            return (Collateral6::ZERO, 0);
        }
        let times = if self.early_trades > 0 {
            bootstrap::EARLY
        } else {
            1
        };
        self.early_trades = self.early_trades.saturating_sub(1);
        let (counted, credit) = bootstrap::credited(fee, Collateral6::new(self.max_fee), self.credits, times);
        self.credits = self.credits.saturating_sub(credit);
        (counted, credit)
    }
}

/// Liquidity that a trader has locked. PDA of `["maker", trader]`. What is locked is not in the trader's book.
#[account]
pub struct Maker {
    pub trader: Address,
    /// Shares of the vault, and those among them that weigh twice.
    pub shares: u64,
    pub early: u64,
    pub weight: u64,
    /// The launch's accumulator when this was last settled.
    pub per_weight_q40: u64,
    /// Earned and not yet paid.
    pub rewards: u64,
}

impl Maker {
    /// Book what the weight has earned. The launch must have emitted up to now.
    pub fn settle(&mut self, launch: &Bootstrap) -> Result<()> {
        let growth = launch
            .per_weight_q40
            .checked_sub(self.per_weight_q40)
            .ok_or(ExchangeError::Overflow)?;
        let earned = math(rewards::earned(self.weight, growth))?;
        self.rewards = math(Mmt9::new(self.rewards).checked_add(earned))?.raw();
        self.per_weight_q40 = launch.per_weight_q40;
        Ok(())
    }

    /// Settle, then have so many shares locked, so many of them early: nothing, or as many as keep the accumulator from
    /// overflowing.
    pub fn relock(&mut self, launch: &mut Bootstrap, shares: u64, early: u64) -> Result<()> {
        require!(shares == 0 || shares >= MIN_LOCKED, ExchangeError::LockTooSmall);
        self.settle(launch)?;
        let weight = math(bootstrap::weight(shares, early))?;
        launch.total_weight = replaced(launch.total_weight, self.weight, weight)?;
        launch.locked = replaced(launch.locked, self.shares, shares)?;
        (self.shares, self.early, self.weight) = (shares, early, weight);
        Ok(())
    }
}

fn replaced(total: u64, before: u64, after: u64) -> Result<u64> {
    let rest = total.checked_sub(before).ok_or(ExchangeError::Overflow)?;
    Ok(rest.checked_add(after).ok_or(ExchangeError::Overflow)?)
}
