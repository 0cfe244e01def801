//! One random attempt at each verb.

use {super::Run, harness::*};

impl Run {
    pub fn buy(&mut self) {
        let (party, market, outcome) = self.any_position(SPOT);
        let shares = self.random.amount(3_000 * UNIT);
        let limit = if self.random.one_in(10) {
            shares / 2
        } else {
            u64::MAX
        };
        self.attempt("buy", &ix::buy(party.owner, market, outcome, shares, limit));
    }

    pub fn sell(&mut self) {
        let (party, market, outcome) = self.any_position(SPOT);
        let held = self.held(&party, market, outcome, SPOT);
        let shares = self.some_of(held);
        self.attempt("sell", &ix::sell(party.owner, market, outcome, shares, 0));
    }

    pub fn open(&mut self) {
        let (party, market, outcome) = self.any_position(LEVERAGED);
        let shares = self.random.amount(2_000 * UNIT);
        let leverage_x100 = 100 + self.random.below(5_000).min(self.random.below(5_000)) as u16;
        let loan = ix::Loan {
            shares,
            leverage_x100,
            max_payment: u64::MAX,
        };
        self.attempt(
            "open",
            &ix::open(party.owner, market, self.world.feed, outcome, loan),
        );
    }

    pub fn close(&mut self) {
        let (party, market, outcome) = self.any_position(LEVERAGED);
        let held = self.held(&party, market, outcome, LEVERAGED);
        let shares = self.some_of(held);
        self.attempt("close", &ix::close(party.owner, market, outcome, shares, 0));
    }

    pub fn create_market(&mut self) {
        if self.markets.len() >= 16 {
            return self.retire();
        }
        let id = self.world.new_market_id();
        // every third has two outcomes, half of them on the pm-AMM
        let outcomes = 2 + (self.random.below(3) > 0) as u8 * self.random.below(15) as u8;
        let b = self.random.amount(20_000 * UNIT);
        let mut terms = self.world.terms(outcomes, b);
        if outcomes == 2 {
            terms.curve = self.random.below(3) as u8;
        }
        terms.group = self.random.below(4) as u8;
        if self.random.one_in(2) {
            terms.breaker = ix::Limits {
                max_volume: self.random.amount(5_000 * UNIT),
                max_move_ppm: self.random.below(300_000) as u32,
                max_liquidation_ppm: 1_000_000,
                window_slots: 1 + self.random.below(20) as u32,
                cooldown_slots: 1 + self.random.below(4) as u32,
            };
        }
        terms.close_ms += self.random.below(20) * HOUR_MS / 2;
        if self.attempt(
            "create_market",
            &ix::create_market(self.world.operator, id, self.world.feed, &terms),
        ) {
            self.markets.push(id);
        }
    }

    pub fn create_position(&mut self) {
        let (party, market) = (self.any_party(), self.any_market());
        let (outcome, kind) = (self.random.below(16) as u8, self.random.below(2) as u8);
        if self.attempt(
            "create_position",
            &ix::create_position(party.owner, market, outcome, kind),
        ) {
            self.positions.push((party, market, outcome, kind));
        }
    }

    pub fn redeem(&mut self) {
        for _ in 0..4 {
            let index = self.random.below(self.positions.len().max(1) as u64) as usize;
            let Some(&(party, market, outcome, kind)) = self.positions.get(index) else {
                return;
            };
            self.attempt("redeem", &ix::redeem(party.owner, market, outcome, kind));
        }
    }

    pub fn close_position(&mut self) {
        let kind = self.random.below(2) as u8;
        let (party, market, outcome) = self.any_position(kind);
        self.remove_position(party, market, outcome, kind);
    }

    pub fn remove_position(&mut self, party: Party, market: u64, outcome: u8, kind: u8) -> bool {
        let instruction = ix::close_position(party.owner, market, outcome, kind);
        let closed = self.attempt("close_position", &instruction);
        if closed {
            let gone = (party.position(market, outcome, kind), kind);
            self.positions
                .retain(|(p, m, o, k)| (p.position(*m, *o, *k), *k) != gone);
        }
        closed
    }

    /// Make room: settle a market that no longer trades, if nobody has, pay everybody out and remove it.
    fn retire(&mut self) {
        let over = |&market: &u64| !self.trades(market);
        let Some(market) = self.markets.iter().copied().find(over) else {
            return;
        };
        if self.world.market_state(market).status == OPEN && !self.attempt("void", &ix::void(market)) {
            self.world.pass(8 * 24 * 3600);
            assert!(
                self.attempt("void", &ix::void(market)),
                "a dead market can always be voided"
            );
        }
        self.clear(market);
        assert!(self.attempt("close_market", &ix::close_market(market, self.world.operator)));
        self.markets.retain(|&m| m != market);
    }

    pub fn close_market(&mut self) {
        let market = self.any_market();
        // empty it first, now and then
        if self.random.one_in(2) && self.world.market_state(market).status != OPEN {
            self.clear(market);
        }
        if self.attempt("close_market", &ix::close_market(market, self.world.operator)) {
            self.markets.retain(|&m| m != market);
            if self.markets.is_empty() {
                self.markets.push(self.world.market(2));
            }
        }
    }

    pub fn clear(&mut self, market: u64) {
        self.clear_legs(market);
        for party in self.parties.clone() {
            for (outcome, kind) in (0..16).flat_map(|outcome| [(outcome, SPOT), (outcome, LEVERAGED)]) {
                if self
                    .world
                    .account(&party.position(market, outcome, kind))
                    .is_none()
                {
                    continue;
                }
                if self.held(&party, market, outcome, kind) > 0 {
                    assert!(self.attempt("redeem", &ix::redeem(party.owner, market, outcome, kind)));
                }
                assert!(
                    self.remove_position(party, market, outcome, kind),
                    "a redeemed position closes"
                );
            }
        }
    }

    pub fn money(&mut self) {
        let party = self.any_party();
        let trader = self.world.trader(&party);
        let (owner, mint) = (party.owner, self.world.mint);
        match self.random.below(4) {
            0 => {
                let amount = self.random.amount(self.world.token_amount(&party.tokens) + 1);
                self.attempt("deposit", &ix::deposit(owner, party.tokens, mint, amount));
            }
            1 => {
                let amount = self.random.amount(trader.balance / 2 + 1);
                self.attempt("withdraw", &ix::withdraw(owner, party.tokens, mint, amount));
            }
            2 => {
                let amount = self.random.amount(trader.balance / 2 + 1);
                self.attempt("provide", &ix::provide_liquidity(owner, amount));
            }
            _ => {
                let shares = self.random.amount(trader.lp_shares + 1);
                self.attempt("take", &ix::take_liquidity(owner, shares));
            }
        }
    }

    pub fn publish(&mut self) {
        let price = (98 + self.random.below(20)) * UNIT;
        let mut publication = self.world.publication(price);
        if self.random.one_in(5) {
            publication[2] -= self.random.below(2);
            publication[4] -= self.random.below(2);
        }
        if self.attempt(
            "publish",
            &ix::publish(self.world.publisher, self.world.feed, publication),
        ) {
            self.world.publish_count();
        }
    }

    /// Settle a market, rightly or not, in time or by its grace period.
    pub fn settle(&mut self) {
        let market = self.any_market();
        let state = self.world.market_state(market);
        let count = self.world.get::<Feed>(&self.world.feed).count;
        match self.random.below(16) {
            0 => drop(self.attempt("resolve", &ix::resolve(market, self.world.feed, count - 1))),
            1 => drop(self.attempt("void", &ix::void(market))),
            2 => {
                self.world.pass(8 * 24 * 3600);
                self.attempt("void", &ix::void(market));
            }
            _ if state.status == OPEN => {
                let close_s = (state.close_ms / 1000) as i64;
                if self.world.now_s() < close_s - 1 {
                    self.world.set_time(close_s - 1);
                    self.publish();
                    self.world.pass(2);
                    self.publish();
                }
                let history = self.world.get::<Feed>(&self.world.feed);
                for index in 1..history.count.min(256) {
                    let time = |i: u64| history.history[(i % 256) as usize][0];
                    if time(index) >= state.close_ms && time(index - 1) < state.close_ms {
                        self.attempt("resolve", &ix::resolve(market, self.world.feed, index));
                    }
                }
            }
            _ => {}
        }
    }

    pub fn traders(&mut self) {
        let owner = self.world.key();
        let tokens = self.world.create_tokens(self.world.mint, owner, 20_000 * UNIT);
        assert!(self.attempt("create_trader", &ix::create_trader(owner)));
        let other = self.any_party().owner;
        self.attempt("create_trader", &ix::create_trader(other));
        if self.attempt("close_trader", &ix::close_trader(other)) {
            assert!(
                self.attempt("create_trader", &ix::create_trader(other)),
                "an emptied account can come back"
            );
        }
        assert!(self.attempt("close_trader", &ix::close_trader(owner)));
        if self.parties.len() < 10 {
            assert!(self.attempt("create_trader", &ix::create_trader(owner)));
            self.parties.push(Party { owner, tokens });
        }
    }

    /// Out and back at once never earns anything.
    pub fn round_trip(&mut self) {
        let party = self.any_party();
        let before = self.world.trader(&party);
        let market = self.any_market();
        let shares = 1 + self.random.amount(2_000 * UNIT);
        let outcome = self.random.below(2) as u8;
        let owner = party.owner;
        match self.random.below(3) {
            0 => {
                if self
                    .world
                    .account(&party.position(market, outcome, SPOT))
                    .is_some()
                    && self.attempt("buy", &ix::buy(owner, market, outcome, shares, u64::MAX))
                {
                    let sold = self.attempt("sell", &ix::sell(owner, market, outcome, shares, 0));
                    if !sold {
                        assert!(self.is_halted(market), "what was bought can be sold");
                        return;
                    }
                }
            }
            1 => {
                let loan = ix::Loan {
                    shares,
                    leverage_x100: 200,
                    max_payment: u64::MAX,
                };
                let empty = self.held(&party, market, outcome, LEVERAGED) == 0;
                if empty && self.attempt("open", &ix::open(owner, market, self.world.feed, outcome, loan)) {
                    // refused only where the balance does not make up for the loan
                    self.attempt("close", &ix::close(owner, market, outcome, shares, 0));
                }
            }
            _ => {
                let amount = self.random.amount(before.balance / 2 + 1);
                if self.attempt("provide", &ix::provide_liquidity(owner, amount)) {
                    let issued = self.world.trader(&party).lp_shares - before.lp_shares;
                    self.attempt("take", &ix::take_liquidity(owner, issued));
                }
            }
        }
        let after = self.world.trader(&party);
        assert!(
            after.balance <= before.balance,
            "a round trip earned {before:?} -> {after:?}"
        );
        self.tally.entry("round_trip").or_default().1 += 1;
    }
}
