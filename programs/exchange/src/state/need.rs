use {
    super::*,
    crate::error::{math, ExchangeError},
    anchor_lang::{prelude::*, AnchorAccount},
    breakwater_feed::{Feed, Freshness},
    breakwater_math::{liquidation, risk, Collateral6, Shares6},
};

/// Why a subject needs work: proven by the chain when a task is posted, and asked again before a claim and a reward.
pub struct Need {
    /// Orders tasks of equal urgency.
    pub value: u64,
    /// What the work will change.
    pub witness: u64,
}

/// What a need is proven from besides the subject.
pub struct Proof<'a> {
    pub subject: &'a AccountView,
    /// The market of a position or feed, the trader of a position to be stopped; unused for the other kinds.
    pub related: &'a AccountView,
    pub poster: &'a Address,
    pub now_s: u64,
    pub prune_age_s: u64,
}

fn unfounded(needed: bool) -> Result<()> {
    require!(needed, ExchangeError::TaskUnfounded);
    Ok(())
}

/// A market whose last day is so long ago that what is left of it may go.
fn is_abandoned(market: &Market, proof: &Proof) -> bool {
    let from_ms = market
        .close_ms
        .saturating_add(proof.prune_age_s.saturating_mul(1000));
    market.status != OPEN && proof.now_s.saturating_mul(1000) >= from_ms
}

impl Need {
    /// Errors: `BadTaskKind`; `TaskUnfounded` when nothing is to be done, or the poster may not ask for it.
    pub fn prove(kind: u8, proof: &Proof) -> Result<Self> {
        match kind {
            LIQUIDATION => Self::of_loan(proof),
            TO_STOP => Self::of_stop(proof),
            PRICE_UPDATE => Self::of_feed(proof),
            RESOLUTION => Self::of_closed_market(proof),
            PRUNING => Self::of_remains(proof),
            _ => Err(ExchangeError::BadTaskKind.into()),
        }
    }

    /// A loan in an open market that the last minute's price leaves unhealthy, however high the coverage. Whether the price of
    /// the moment does so too is for `liquidate` to say.
    fn of_loan(proof: &Proof) -> Result<Self> {
        let position = Account::<Position>::load(*proof.subject)?;
        let market = Account::<Market>::load(*proof.related)?;
        unfounded(
            position.market == *market.address() && market.status == OPEN && position.holding.debt > 0,
        )?;
        let outcome = market.require_outcome(position.holding.outcome)?;
        let mark = market.reference_price(outcome, proof.now_s)?;
        let value = math(liquidation::value(Shares6::new(position.holding.shares), mark))?;
        let cap = math(risk::tier_cap(usize::from(market.outcomes)))?;
        let debt = Collateral6::new(position.holding.debt);
        unfounded(liquidation::is_unhealthy(
            value,
            debt,
            liquidation::maintenance(cap),
        ))?;
        Ok(Self {
            value: position.holding.debt,
            witness: position.holding.debt,
        })
    }

    /// Only the position's owner gives orders about it.
    fn of_stop(proof: &Proof) -> Result<Self> {
        let position = Account::<Position>::load(*proof.subject)?;
        let trader = Account::<Trader>::load(*proof.related)?;
        let own = position.trader == *trader.address() && trader.owner == *proof.poster;
        unfounded(own && position.holding.shares > 0)?;
        Ok(Self {
            value: position.holding.shares,
            witness: position.holding.shares,
        })
    }

    /// Anybody may open a feed, so only those that an open market settles by count.
    fn of_feed(proof: &Proof) -> Result<Self> {
        let feed = Account::<Feed>::load(*proof.subject)?;
        let market = Account::<Market>::load(*proof.related)?;
        let used = market.feed == *feed.address() && market.status == OPEN;
        unfounded(used && feed.freshness(proof.now_s) != Freshness::Fresh)?;
        Ok(Self {
            value: feed.age_s(proof.now_s),
            witness: feed.timestamp_ms,
        })
    }

    fn of_closed_market(proof: &Proof) -> Result<Self> {
        let market = Account::<Market>::load(*proof.subject)?;
        let closed = proof.now_s.saturating_mul(1000) >= market.close_ms;
        unfounded(market.status == OPEN && closed)?;
        Ok(Self {
            value: market.escrow,
            witness: 0,
        })
    }

    /// A position, or a market without positions, long after the settlement.
    fn of_remains(proof: &Proof) -> Result<Self> {
        if let Ok(market) = Account::<Market>::load(*proof.subject) {
            unfounded(market.positions == 0 && is_abandoned(&market, proof))?;
        } else {
            let position = Account::<Position>::load(*proof.subject)?;
            let market = Account::<Market>::load(*proof.related)?;
            unfounded(position.market == *market.address() && is_abandoned(&market, proof))?;
        }
        Ok(Self {
            value: proof.subject.lamports(),
            witness: 0,
        })
    }
}

impl Task {
    /// Whether the subject still needs what the task asks for. The caller has compared the address.
    #[inline(always)]
    pub fn is_needed(&self, subject: &AccountView) -> Result<bool> {
        if self.kind == PRICE_UPDATE {
            return Ok(Account::<Feed>::load(*subject)?.timestamp_ms <= self.witness);
        }
        if !subject.owned_by(&crate::ID) {
            return Ok(false); // closed: there is nothing left to do
        }
        match self.kind {
            LIQUIDATION => Ok(Account::<Position>::load(*subject)?.holding.debt >= self.witness),
            TO_STOP => Ok(Account::<Position>::load(*subject)?.holding.shares >= self.witness),
            RESOLUTION => Ok(Account::<Market>::load(*subject)?.status == OPEN),
            // a position of a settled market can't come back; a market's id may be used again
            _ => Ok(Account::<Market>::load(*subject).map_or(true, |market| market.status != OPEN)),
        }
    }
}
