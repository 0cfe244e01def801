//! When a loan is called and who gets what, computed a second time: in 128 bits, from the accounts as they are. Of the
//! program's mathematics only the curve itself is used.

use {
    crate::{
        layout::*,
        math::{fees, lmsr, lmsr::Liquidity, risk, Collateral6, Ppm, PriceQ28},
        world::World,
    },
    std::ops::RangeInclusive,
};

const WHOLE: u128 = 1_000_000;
const ONE: u128 = 1 << 28;

/// A leveraged holding as a liquidation sees it.
#[derive(Clone, Copy, Debug)]
pub struct Loan {
    pub market: u64,
    pub outcome: u8,
    pub shares: u64,
    pub debt: u64,
}

impl From<(&Market, &Position)> for Loan {
    fn from((market, position): (&Market, &Position)) -> Self {
        Self {
            market: market.id,
            outcome: position.outcome,
            shares: position.shares,
            debt: position.debt,
        }
    }
}

impl Loan {
    pub fn of_leg(market: u64, leg: &Leg) -> Self {
        Self {
            market,
            outcome: leg.outcome,
            shares: leg.shares,
            debt: leg.debt,
        }
    }
}

/// `floor(sqrt(n))`.
pub fn root(n: u128) -> u128 {
    let mut root = (n as f64).sqrt() as u128;
    while root * root > n {
        root -= 1;
    }
    while (root + 1) * (root + 1) <= n {
        root += 1;
    }
    root
}

/// The highest leverage in hundredths: `min(50 sqrt(2 / N), 100 coverage / sqrt N)`, between 1x and the tier.
pub fn leverage_cap(outcomes: u8, coverage_q32: u64) -> u128 {
    let n = u128::from(outcomes);
    let tier = root(5_000 * 5_000 * 2 / n);
    let scaled = u128::from(coverage_q32.min(1 << 33)) * 10_000;
    let covered = root(scaled * scaled / n) >> 32;
    covered.min(tier).max(100)
}

/// Millionths of the value that the owner must own: `3 / (4 cap)`, with a cap of at least 10x, rounded up.
pub fn maintenance(outcomes: u8, coverage_q32: u64) -> u128 {
    (75 * WHOLE).div_ceil(leverage_cap(outcomes, coverage_q32).max(1_000))
}

/// An outcome's shares as they were in the last minute.
fn followed(market: &Market, outcome: usize, now_s: i64) -> u64 {
    let elapsed = now_s as u64 - u64::from(market.traded_s[outcome]);
    risk::follow(market.reference[outcome], market.shares[outcome], elapsed)
}

/// Lower bound of an outcome's price in the last minute.
pub fn reference_price(market: &Market, outcome: u8, now_s: i64) -> u32 {
    let outcomes = usize::from(market.outcomes);
    let shares: Vec<u64> = (0..outcomes).map(|i| followed(market, i, now_s)).collect();
    let curve = Liquidity::new(Collateral6::new(market.b)).unwrap();
    let price: PriceQ28 = curve.price_floor(&shares, usize::from(outcome)).unwrap();
    price.raw()
}

/// What a sale brings: notional and average price.
pub fn sale(market: &Market, outcome: u8, shares: u64) -> (u64, u32) {
    let mut after = market.shares;
    after[usize::from(outcome)] -= shares;
    let curve = Liquidity::new(Collateral6::new(market.b)).unwrap();
    let escrow = curve.cost(&after[..usize::from(market.outcomes)]).unwrap();
    let notional = lmsr::sell_proceeds(Collateral6::new(market.escrow), escrow, &curve).unwrap();
    let fill = (u128::from(notional.raw()) << 28) / u128::from(shares);
    (notional.raw(), fill.min(ONE) as u32)
}

/// A loan as it stands when so many of its shares are sold.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub mark_q28: u32,
    pub value: u64,
    pub maintenance: u128,
    pub notional: u64,
    pub fee: u64,
}

impl Standing {
    pub fn of(world: &World, loan: &Loan, shares: u64) -> Self {
        let (market, shard) = (world.market_state(loan.market), world.shard_of(loan.market));
        let (notional, fill) = sale(&market, loan.outcome, shares);
        let mark = reference_price(&market, loan.outcome, world.now_s()).max(fill);
        let fee = fees::fee(Collateral6::new(notional), Ppm::new(shard.fee_ppm)).unwrap();
        Self {
            mark_q28: mark,
            value: worth(loan.shares, mark),
            maintenance: maintenance(market.outcomes, shard.coverage_q32),
            notional,
            fee: fee.raw().min(notional),
        }
    }

    /// Whether the sale of so many shares repays their part of the loan.
    pub fn repays(&self, loan: &Loan, shares: u64) -> bool {
        self.notional - self.fee >= due_of(loan, shares)
    }

    /// `debt > value (1 - maintenance)`.
    pub fn calls(&self, debt: u64) -> bool {
        unhealthy(self.value, debt, self.maintenance)
    }
}

/// The loan's part that so many shares secure, rounded up.
pub fn due_of(loan: &Loan, shares: u64) -> u64 {
    (u128::from(loan.debt) * u128::from(shares)).div_ceil(u128::from(loan.shares)) as u64
}

/// The better of the last minute's price and the price now.
pub fn better_price(market: &Market, outcome: u8, now_s: i64) -> u32 {
    let now = Market {
        traded_s: [0; 16],
        ..*market
    };
    reference_price(market, outcome, now_s).max(reference_price(&now, outcome, now_s))
}

/// What the vault takes over of a holding, and what is sold for the keeper.
#[derive(Clone, Copy, Debug)]
pub struct Takeover {
    pub mark_q28: u32,
    pub value: u64,
    pub sold: u64,
    pub notional: u64,
    pub reward: u64,
}

impl Takeover {
    pub fn of(world: &World, loan: &Loan) -> Self {
        let (market, shard) = (world.market_state(loan.market), world.shard_of(loan.market));
        let mark = better_price(&market, loan.outcome, world.now_s());
        let room = room(&market, &shard, world.slot());
        let part = share_of(loan.shares, shard.keeper_ppm);
        let sold = part.min(loan.shares.saturating_sub(loan.debt)).min(room);
        let notional = if sold > 0 {
            sale(&market, loan.outcome, sold).0
        } else {
            0
        };
        let fee = fees::fee(Collateral6::new(notional), Ppm::new(shard.fee_ppm)).unwrap();
        Self {
            mark_q28: mark,
            value: worth(loan.shares, mark),
            sold,
            notional,
            reward: notional - fee.raw().min(notional),
        }
    }

    pub fn is_under_water(&self, loan: &Loan) -> bool {
        self.value < loan.debt
    }
}

pub fn unhealthy(value: u64, debt: u64, maintenance: u128) -> bool {
    u128::from(debt) * WHOLE > u128::from(value) * (WHOLE - maintenance)
}

/// Shares at a price, rounded down.
pub fn worth(shares: u64, price_q28: u32) -> u64 {
    ((u128::from(shares) * u128::from(price_q28)) >> 28) as u64
}

/// So many millionths, rounded up.
pub fn part_of(whole: u64, ppm: u32) -> u64 {
    (u128::from(whole) * u128::from(ppm)).div_ceil(WHOLE) as u64
}

/// So many millionths, rounded down.
pub fn share_of(whole: u64, ppm: u32) -> u64 {
    (u128::from(whole) * u128::from(ppm) / WHOLE) as u64
}

/// Whether a part sold at the mark leaves a healthy loan.
pub fn heals(loan: &Loan, standing: &Standing, shard: &Shard) -> bool {
    let part = part_of(loan.shares, shard.partial_ppm);
    let brought = worth(part, standing.mark_q28);
    let repaid = (brought - part_of(brought, shard.keeper_ppm)).min(loan.debt);
    let left = worth(loan.shares - part, standing.mark_q28);
    !unhealthy(left, loan.debt - repaid, standing.maintenance)
}

/// Shares that may still be sold in this slot.
pub fn room(market: &Market, shard: &Shard, slot: u64) -> u64 {
    let quiet = slot - market.cascade_slot;
    let (level, sold) = if quiet == 0 {
        (market.cascade_level, market.cascade_sold)
    } else if quiet == 1 && market.cascade_bound != 0 {
        ((market.cascade_level + 1).min(3), 0)
    } else {
        let narrower = u64::from(market.cascade_level).saturating_sub(quiet / 16);
        (narrower as u32, 0)
    };
    let cap = (u128::from(market.b) * u128::from(shard.slot_ppm) * (1 << level) / WHOLE).max(1);
    (cap as u64).saturating_sub(sold)
}

/// How many shares may be sold of an unhealthy loan in this slot; empty where the market's cap is used up.
pub fn sizes(world: &World, loan: &Loan) -> RangeInclusive<u64> {
    let (market, shard) = (world.market_state(loan.market), world.shard_of(loan.market));
    let room = room(&market, &shard, world.slot());
    let part = part_of(loan.shares, shard.partial_ppm).min(room);
    part.max(1)..=room.min(loan.shares)
}

/// Who gets what: keeper (of what the sold shares' part of the loan leaves), loan, insurance fund, owner.
pub fn split(proceeds: u64, notional: u64, due: u64, debt: u64, shard: &Shard) -> [u64; 4] {
    let keeper = share_of(notional, shard.keeper_ppm).min(proceeds.saturating_sub(due));
    let repaid = debt.min(proceeds - keeper);
    let insured = share_of(notional, shard.insurance_ppm).min(proceeds - keeper - repaid);
    [keeper, repaid, insured, proceeds - keeper - repaid - insured]
}

impl World {
    /// A party's position as a liquidation sees it.
    pub fn loan(&self, party: &crate::Party, market: u64, outcome: u8) -> Loan {
        let position = self.position_state(party, market, outcome, LEVERAGED);
        Loan::from((&self.market_state(market), &position))
    }

    /// Let a position owe so much, past the program and in all ledgers.
    pub fn owe(&mut self, party: &crate::Party, market: u64, outcome: u8, debt: u64) {
        let held = self.position_state(party, market, outcome, LEVERAGED).debt;
        let before = self.market_state(market);
        self.edit::<Position>(&party.position(market, outcome, LEVERAGED), |p| p.debt = debt);
        self.book_debt(&before, outcome, held, debt);
    }

    /// Enter in all ledgers that a loan of a market has become another one.
    pub fn book_debt(&mut self, before: &Market, outcome: u8, held: u64, debt: u64) {
        let market = before.id;
        self.edit::<Market>(&crate::address::market(market), |m| {
            let of_outcome = &mut m.debt[usize::from(outcome)];
            *of_outcome = *of_outcome - held + debt;
            m.total_debt = m.total_debt - held + debt;
            m.debt_at_risk = m.total_debt - m.debt[..usize::from(m.outcomes)].iter().min().unwrap();
        });
        let at_risk = self.market_state(market).debt_at_risk;
        let shard = crate::address::shard(crate::address::shard_of(market));
        self.edit::<Shard>(&shard, |s| {
            s.debt = s.debt - held + debt;
            s.debt_at_risk = s.debt_at_risk - before.debt_at_risk + at_risk;
        });
        self.audit();
    }

    /// What the last fold published of a market's shard becomes something else, past the program.
    pub fn cover(&mut self, market: u64, coverage_q32: u64) {
        let shard = crate::address::shard(crate::address::shard_of(market));
        self.edit::<Shard>(&shard, |s| s.coverage_q32 = coverage_q32);
    }

    /// Insurance set aside in a market's shard, past the program: out of the shard's cash.
    pub fn insure(&mut self, market: u64, amount: u64) {
        let shard = crate::address::shard(crate::address::shard_of(market));
        self.edit::<Shard>(&shard, |s| {
            s.cash -= amount;
            s.insurance += amount;
        });
    }
}
