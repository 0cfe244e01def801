//! The liquidation of a chain, computed a second time: the chain valued as one, its proceeds pooled, its loans repaid in
//! their order.

use {
    crate::{
        address as at,
        layout::*,
        model::{part_of, room, split, Loan, Standing},
        world::{Party, World},
    },
    std::collections::HashMap,
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
    /// By shard: its insurance afterwards, and the debt that the vault loses.
    pub insurance: HashMap<u32, u64>,
    pub lost: HashMap<u32, u64>,
    pub drawn: u64,
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
        }
        let first = self.shard_of(loans[0].market);
        call.split = split(proceeds, call.notional, call.debt, &first);
        let mut repayable = call.split[1];
        for (i, loan) in loans.iter().enumerate() {
            let repaid = repayable.min(loan.debt);
            repayable -= repaid;
            // what the shares that are left can never repay
            let left = loan.shares - part_of(loan.shares, part_ppm);
            let bad = (loan.debt - repaid).saturating_sub(left);
            let shard = self.shard_of(loan.market);
            let insurance = call.insurance.entry(shard.index).or_insert(shard.insurance);
            let drawn = bad.min(*insurance);
            *insurance -= drawn;
            if i == 0 {
                *insurance += call.split[2];
            }
            call.drawn += drawn;
            *call.lost.entry(shard.index).or_default() += bad - drawn;
            call.debts.push(loan.debt - repaid - bad);
        }
        call
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
