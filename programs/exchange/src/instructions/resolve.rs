use {
    crate::{
        error::{math, ExchangeError},
        events::{log, MarketSettled},
        state::{Market, Shard, OPEN, RESOLVED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{now_s, Feed},
    breakwater_math::Collateral6,
};

/// Permissionless: the feed's history decides, not the caller.
#[derive(Accounts)]
pub struct Resolve {
    #[account(mut)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(address = market.feed @ ExchangeError::WrongFeed)]
    pub feed: Account<Feed>,
}

impl Resolve {
    /// Settle by the feed's publication number `index`, which the history must prove to be the first at or after the
    /// close. Loans secured by losing shares are lost, those that were taken over to the insurance fund first; the escrow keeps
    /// what the winners get, the vault the rest.
    pub fn resolve(&mut self, index: u64) -> Result<()> {
        let market = &mut self.market;
        require!(market.status == OPEN, ExchangeError::MarketSettled);
        let now_ms = now_s()?.saturating_mul(1000);
        require!(now_ms >= market.close_ms, ExchangeError::MarketOpen);
        // a market is either resolved or voided, and the time alone says which
        require!(now_ms < market.void_ms(), ExchangeError::OnlyVoid);
        let proven = self.feed.first_at_or_after(market.close_ms, index);
        let price = proven.ok_or(ExchangeError::NoSettlementPrice)?;
        let winner = market.outcome_at(price);
        let won = market.require_outcome(winner)?;

        let payable = market.shares[won];
        let residue = market
            .escrow
            .checked_sub(payable)
            .ok_or(ExchangeError::Insolvent)?;
        // what the vault took over is settled here and now, the rest of the loans are their positions'
        let (owed, taken) = (market.all_taken_debt()?, market.taken_shares[won]);
        let secured = market.debt[won]
            .checked_sub(market.taken_debt[won])
            .ok_or(ExchangeError::Overflow)?;
        let lost = math(Collateral6::new(market.total_debt).checked_sub(owed))?;
        let lost = math(lost.checked_sub(Collateral6::new(secured)))?;

        self.shard
            .remove_claims(market.claim_floor, market.claim_ceiling)?;
        self.shard.book_risk(market.debt_at_risk, Collateral6::ZERO)?;
        self.shard.book_repayment(lost, Collateral6::ZERO)?;
        let (drawn, missing) = self.shard.settle_taken(owed, Collateral6::new(taken))?;
        self.shard.receive(Collateral6::new(residue))?;
        market.status = RESOLVED;
        market.winner = winner;
        market.settlement_price = price;
        market.escrow = payable.checked_sub(taken).ok_or(ExchangeError::Insolvent)?;
        market.claim_floor = 0;
        market.claim_ceiling = 0;
        market.debt_at_risk = 0;
        market.debt = [0; 16];
        market.debt[won] = secured;
        market.total_debt = secured;
        market.taken_shares = [0; 16];
        market.taken_debt = [0; 16];
        log(MarketSettled {
            market: *market.address(),
            price,
            payable,
            residue,
            bad_debt: math(lost.checked_add(missing))?.raw(),
            taken,
            drawn: drawn.raw(),
            winner: u32::from(winner),
            voided: 0,
        });
        Ok(())
    }
}
