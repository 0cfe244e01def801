//! The liquidation of a chain, computed a second time: the chain valued as one, its proceeds pooled, its loans repaid in
//! their order.

use crate::{
    address as at,
    layout::*,
    model::{due_of, part_of, room, split, Loan, Standing, Takeover},
    world::{Party, World},
};

/// What a sale of so many millionths of every leg finds and does.
#[derive(Clone, Debug, Default)]
pub struct ChainCall {
    pub value: u64,
    /// Part of the value that the owner must own.
    pub owned: u64,
    pub debt: u64,
    pub notional: u64,
    /// Keeper, loans, insurance fund, owner.
    pub split: [u64; 4],
    /// Each leg's loan that is left, in the legs' order.
    pub debts: Vec<u64>,
    /// What the sold shares' parts of the loans come to, and whether the sale pays them.
    pub due: u64,
    pub repays: bool,
}

impl ChainCall {
    pub fn is_unhealthy(&self) -> bool {
        self.debt > self.value - self.owned
    }
}

impl World {
    pub fn chain(&self, party: &Party, id: u64) -> Chain {
        self.get(&at::chain(&party.trader(), id))
    }

    /// The loans of a chain's legs that are left.
    pub fn chain_loans(&self, party: &Party, id: u64) -> Vec<Loan> {
        let chain = self.chain(party, id);
        let legs = chain.legs[..chain.count as usize]
            .iter()
            .filter(|leg| leg.shares > 0);
        legs.map(|leg| {
            let market: Market = self.get(&solana_address::Address::new_from_array(leg.market));
            Loan::of_leg(market.id, leg)
        })
        .collect()
    }

    pub fn chain_call(&self, loans: &[Loan], part_ppm: u32) -> ChainCall {
        let mut call = ChainCall::default();
        let mut proceeds = 0;
        for loan in loans {
            let standing = Standing::of(self, loan, part_of(loan.shares, part_ppm));
            call.value += standing.value;
            call.owned += part_of(standing.value, standing.maintenance as u32);
            call.debt += loan.debt;
            call.notional += standing.notional;
            proceeds += standing.notional - standing.fee;
            call.due += due_of(loan, part_of(loan.shares, part_ppm));
        }
        let first = self.shard_of(loans[0].market);
        call.repays = proceeds >= call.due;
        call.split = split(proceeds, call.notional, call.due, call.debt, &first);
        // each its part, and what is left in their order
        let mut beyond = call.split[1].saturating_sub(call.due);
        for loan in loans {
            let left = loan.debt - due_of(loan, part_of(loan.shares, part_ppm));
            call.debts.push(left - beyond.min(left));
            beyond -= beyond.min(left);
        }
        call
    }

    /// What a chain's legs are worth when they are taken over, and what they owe.
    pub fn chain_worth(&self, loans: &[Loan]) -> (u64, u64) {
        let value = loans.iter().map(|loan| Takeover::of(self, loan).value).sum();
        (value, loans.iter().map(|loan| loan.debt).sum())
    }

    /// The largest part of every leg that all markets' caps allow in this slot.
    pub fn chain_part(&self, loans: &[Loan]) -> u32 {
        let of = |loan: &Loan| {
            let (market, shard) = (self.market_state(loan.market), self.shard_of(loan.market));
            let room = room(&market, &shard, self.slot());
            let part = u128::from(room) * 1_000_000 / u128::from(loan.shares);
            part.min(1_000_000) as u32
        };
        loans.iter().map(of).min().unwrap_or(0)
    }
}
