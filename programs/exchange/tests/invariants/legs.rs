//! One random attempt at each verb of chains and batches, and at telling everybody of a halt.

use {super::Run, harness::*};

impl Run {
    pub fn batch(&mut self) {
        let party = self.any_party();
        let count = 1 + self.random.below(8);
        let mut trades = vec![];
        for _ in 0..count {
            let own: Vec<(u64, u8)> = self
                .positions
                .iter()
                .filter(|(p, market, _, kind)| {
                    p.owner == party.owner
                        && *kind == SPOT
                        && self.trades(*market)
                        && !self.is_halted(*market)
                })
                .map(|&(_, market, outcome, _)| (market, outcome))
                .collect();
            if own.is_empty() {
                return self.buy();
            }
            let (market, outcome) = own[self.random.below(own.len() as u64) as usize];
            let held = self.held(&party, market, outcome, SPOT);
            let side = u8::from(held > 0 && self.random.one_in(2));
            let shares = if side == 1 {
                self.some_of(held)
            } else {
                self.random.amount(500 * UNIT)
            };
            trades.push(ix::BatchTrade {
                market,
                outcome,
                side,
                shares,
                limit: if side == 1 { 0 } else { u64::MAX },
            });
        }
        self.attempt("batch", &ix::batch(party.owner, &trades));
    }

    fn any_chain(&mut self) -> (Party, u64) {
        if self.chains.len() < 12 {
            let (party, id) = (self.any_party(), self.random.below(4));
            if self.attempt("create_chain", &ix::create_chain(party.owner, id)) {
                self.chains.push((party, id));
            }
        }
        let index = self.random.below(self.chains.len().max(1) as u64) as usize;
        self.chains[index]
    }

    fn chain(&self, party: &Party, id: u64) -> Chain {
        self.world.get(&address::chain(&party.trader(), id))
    }

    /// The market that an address is of.
    fn id_of(&self, market: &Key) -> u64 {
        let known = self.markets.iter().copied();
        let mut same = known.filter(|&id| address::market(id).to_bytes() == *market);
        same.next().expect("a market with a leg stays")
    }

    pub fn open_chain(&mut self) {
        let (party, id) = self.any_chain();
        let before = self.world.trader(&party).balance;
        if self.random.one_in(2) {
            self.publish();
        }
        let mut markets: Vec<u64> = self.markets.clone();
        if !self.random.one_in(8) {
            markets.retain(|&market| self.trades(market) && !self.is_halted(market));
        }
        let count = 1 + self.random.below(5) as usize;
        let mut orders = vec![];
        while orders.len() <= count && !markets.is_empty() {
            let index = self.random.below(markets.len() as u64) as usize;
            orders.push(ix::LegOrder {
                market: markets.swap_remove(index),
                outcome: self.random.below(2) as u8,
                shares: 1 + self.random.amount(100 * UNIT),
                leverage_x100: 100 + self.random.below(900) as u16,
            });
        }
        let open = ix::open_chain(party.owner, id, self.world.feed, &orders, u64::MAX);
        if self.attempt("open_chain", &open) && self.random.one_in(3) {
            self.unwind(&party, id);
            assert!(
                self.world.trader(&party).balance < before,
                "a chain unwound at once earned something"
            );
        }
    }

    fn unwind(&mut self, party: &Party, id: u64) {
        let chain = self.chain(party, id);
        let legs = chain.legs.iter().filter(|leg| leg.shares > 0);
        let markets: Vec<u64> = legs.map(|leg| self.id_of(&leg.market)).collect();
        let unwind = ix::unwind_chain(party.owner, id, self.world.feed, &markets, 0);
        self.attempt("unwind_chain", &unwind);
    }

    pub fn unwind_chain(&mut self) {
        let (party, id) = self.any_chain();
        self.unwind(&party, id);
    }

    pub fn redeem_leg(&mut self) {
        let (party, id) = self.any_chain();
        for (index, leg) in self.chain(&party, id).legs.iter().enumerate() {
            let market = if leg.shares > 0 {
                self.id_of(&leg.market)
            } else {
                self.any_market()
            };
            let redeem = ix::redeem_leg(party.owner, id, market, index as u8);
            self.attempt("redeem_leg", &redeem);
        }
    }

    pub fn close_chain(&mut self) {
        let (party, id) = self.any_chain();
        if self.attempt("close_chain", &ix::close_chain(party.owner, id)) {
            self.chains.retain(|(p, i)| (p.owner, *i) != (party.owner, id));
        }
    }

    /// Pay out every leg of a market.
    pub fn clear_legs(&mut self, market: u64) {
        for (party, id) in self.chains.clone() {
            for (index, leg) in self.chain(&party, id).legs.iter().enumerate() {
                if leg.shares > 0 && leg.market == address::market(market).to_bytes() {
                    let redeem = ix::redeem_leg(party.owner, id, market, index as u8);
                    assert!(self.attempt("redeem_leg", &redeem), "a settled leg is paid out");
                }
            }
        }
    }

    pub fn propagate_halt(&mut self) {
        let group = self.random.below(5) as u8;
        self.attempt("propagate_halt", &ix::propagate_halt(group));
    }
}
