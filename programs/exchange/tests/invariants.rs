//! Long random sequences of every instruction. After each one the world is audited: conservation to the unit, solvency
//! of every market, ledgers equal to what they summarise; a refusal changes nothing; no round trip earns anything.

use {
    harness::{random::Random, *},
    std::collections::BTreeMap,
};

const STEPS: usize = 4_000;
const VERBS: [&str; 20] = [
    "buy",
    "sell",
    "open",
    "close",
    "create_market",
    "create_position",
    "close_position",
    "close_market",
    "resolve",
    "void",
    "redeem",
    "deposit",
    "withdraw",
    "provide",
    "take",
    "fold",
    "publish",
    "create_trader",
    "close_trader",
    "round_trip",
];

struct Run {
    world: World,
    random: Random,
    parties: Vec<Party>,
    markets: Vec<u64>,
    /// Party, market, outcome, kind.
    positions: Vec<(Party, u64, u8, u8)>,
    /// Attempts and successes by verb.
    tally: BTreeMap<&'static str, (u32, u32)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = World::launched();
        let mut parties = vec![world.lender];
        parties.extend((0..6).map(|_| world.party(50_000 * UNIT)));
        let markets = [2, 3, 16].map(|outcomes| world.market(outcomes)).to_vec();
        Self {
            world,
            random: Random(seed),
            parties,
            markets,
            positions: vec![],
            tally: BTreeMap::new(),
        }
    }

    fn any_party(&mut self) -> Party {
        let index = self.random.below(self.parties.len() as u64);
        self.parties[index as usize]
    }

    fn any_market(&mut self) -> u64 {
        let index = self.random.below(self.markets.len() as u64);
        self.markets[index as usize]
    }

    fn trades(&self, market: u64) -> bool {
        let state = self.world.market_state(market);
        state.status == OPEN && (self.world.now_s() as u64) * 1000 < state.close_ms
    }

    /// Somebody's position that exists, mostly in a market that trades, or (one in twenty) perhaps not.
    fn any_position(&mut self, kind: u8) -> (Party, u64, u8) {
        let any_state = self.random.one_in(10);
        let wanted: Vec<u64> = self
            .markets
            .iter()
            .copied()
            .filter(|&market| any_state || self.trades(market))
            .collect();
        let of_kind = |p: &&(Party, u64, u8, u8)| p.3 == kind && wanted.contains(&p.1);
        let known = self.positions.iter().filter(of_kind).count() as u64;
        if known == 0 || self.random.one_in(20) {
            return (self.any_party(), self.any_market(), self.random.below(3) as u8);
        }
        let chosen = self.random.below(known) as usize;
        let &(party, market, outcome, _) = self.positions.iter().filter(of_kind).nth(chosen).unwrap();
        (party, market, outcome)
    }

    /// Shares to give up: all, some, or more than there are.
    fn some_of(&mut self, held: u64) -> u64 {
        match self.random.below(4) {
            0 | 1 => held,
            2 => self.random.below(held.max(1)) + 1,
            _ => self.random.amount(2 * held.max(1)),
        }
    }

    fn held(&self, party: &Party, market: u64, outcome: u8, kind: u8) -> u64 {
        let address = party.position(market, outcome, kind);
        self.world
            .account(&address)
            .map_or(0, |_| self.world.get::<Position>(&address).shares)
    }

    /// Send, audit, and see that a refusal changed nothing.
    fn attempt(&mut self, verb: &'static str, instruction: &Instruction) -> bool {
        let before = self.world.snapshot(instruction);
        let done = self.world.send(instruction);
        match &done {
            Ok(_) => self.world.audit(),
            Err(_) => assert!(
                before == self.world.snapshot(instruction),
                "a refused {verb} changed an account"
            ),
        }
        if let Err(failed) = &done {
            let text = format!("{:?}", failed.err);
            assert!(
                !text.contains("ProgramFailedToComplete"),
                "{verb} panicked:\n{}",
                failed.meta.pretty_logs()
            );
            let overflow: InstructionError = ExchangeError::Insolvent.into();
            assert!(
                !text.contains(&format!("{overflow:?}")),
                "{verb} would be insolvent"
            );
        }
        let (attempts, successes) = self.tally.entry(verb).or_default();
        *attempts += 1;
        *successes += u32::from(done.is_ok());
        done.is_ok()
    }

    fn step(&mut self) {
        if self.markets.iter().filter(|&&market| self.trades(market)).count() < 4 {
            self.create_market();
        }
        match self.random.below(200) {
            0..=39 => self.buy(),
            40..=63 => self.sell(),
            64..=95 => self.open(),
            96..=117 => self.close(),
            118..=123 => self.create_market(),
            124..=147 => self.create_position(),
            148..=153 => self.redeem(),
            154..=157 => self.close_position(),
            158..=160 => self.close_market(),
            161..=172 => self.money(),
            173..=175 => drop(self.attempt("fold", &ix::fold())),
            176..=182 => self.publish(),
            183..=184 => self.settle(),
            185 => self.traders(),
            186..=189 => self.round_trip(),
            _ => self.world.pass(self.random.below(90) as i64),
        }
    }

    fn buy(&mut self) {
        let (party, market, outcome) = self.any_position(SPOT);
        let shares = self.random.amount(3_000 * UNIT);
        let limit = if self.random.one_in(10) {
            shares / 2
        } else {
            u64::MAX
        };
        self.attempt("buy", &ix::buy(party.owner, market, outcome, shares, limit));
    }

    fn sell(&mut self) {
        let (party, market, outcome) = self.any_position(SPOT);
        let held = self.held(&party, market, outcome, SPOT);
        let shares = self.some_of(held);
        self.attempt("sell", &ix::sell(party.owner, market, outcome, shares, 0));
    }

    fn open(&mut self) {
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

    fn close(&mut self) {
        let (party, market, outcome) = self.any_position(LEVERAGED);
        let held = self.held(&party, market, outcome, LEVERAGED);
        let shares = self.some_of(held);
        self.attempt("close", &ix::close(party.owner, market, outcome, shares, 0));
    }

    fn create_market(&mut self) {
        if self.markets.len() >= 16 {
            return self.close_market();
        }
        let id = self.world.new_market_id();
        let outcomes = 2 + self.random.below(15) as u8;
        let b = self.random.amount(20_000 * UNIT);
        let mut terms = self.world.terms(outcomes, b);
        terms.close_ms += self.random.below(20) * HOUR_MS / 2;
        if self.attempt(
            "create_market",
            &ix::create_market(self.world.operator, id, self.world.feed, &terms),
        ) {
            self.markets.push(id);
        }
    }

    fn create_position(&mut self) {
        let (party, market) = (self.any_party(), self.any_market());
        let (outcome, kind) = (self.random.below(16) as u8, self.random.below(2) as u8);
        if self.attempt(
            "create_position",
            &ix::create_position(party.owner, market, outcome, kind),
        ) {
            self.positions.push((party, market, outcome, kind));
        }
    }

    fn redeem(&mut self) {
        for _ in 0..4 {
            let index = self.random.below(self.positions.len().max(1) as u64) as usize;
            let Some(&(party, market, outcome, kind)) = self.positions.get(index) else {
                return;
            };
            self.attempt("redeem", &ix::redeem(party.owner, market, outcome, kind));
        }
    }

    fn close_position(&mut self) {
        let kind = self.random.below(2) as u8;
        let (party, market, outcome) = self.any_position(kind);
        self.remove_position(party, market, outcome, kind);
    }

    fn remove_position(&mut self, party: Party, market: u64, outcome: u8, kind: u8) -> bool {
        let instruction = ix::close_position(party.owner, market, outcome, kind);
        let closed = self.attempt("close_position", &instruction);
        if closed {
            let gone = (party.position(market, outcome, kind), kind);
            self.positions
                .retain(|(p, m, o, k)| (p.position(*m, *o, *k), *k) != gone);
        }
        closed
    }

    fn close_market(&mut self) {
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

    fn clear(&mut self, market: u64) {
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

    fn money(&mut self) {
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

    fn publish(&mut self) {
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
    fn settle(&mut self) {
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

    fn traders(&mut self) {
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
    fn round_trip(&mut self) {
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
                    assert!(self.attempt("sell", &ix::sell(owner, market, outcome, shares, 0)));
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

    /// Settle and close everything; everybody leaves with what is theirs.
    fn wind_down(&mut self) {
        self.world.pass(30 * 24 * 3600);
        for market in self.markets.clone() {
            if self.world.market_state(market).status == OPEN {
                assert!(
                    self.attempt("void", &ix::void(market)),
                    "a dead market can always be voided"
                );
            }
            self.clear(market);
            assert!(self.attempt("close_market", &ix::close_market(market, self.world.operator)));
        }
        for party in self.parties.clone() {
            let lp_shares = self.world.trader(&party).lp_shares;
            if lp_shares > 0 {
                assert!(self.attempt("take", &ix::take_liquidity(party.owner, lp_shares)));
            }
            let balance = self.world.trader(&party).balance;
            if balance > 0 {
                let withdraw = ix::withdraw(party.owner, party.tokens, self.world.mint, balance);
                assert!(self.attempt("withdraw", &withdraw));
            }
            assert!(self.attempt("close_trader", &ix::close_trader(party.owner)));
        }
        let books = self.world.books();
        assert_eq!(
            books
                .shards
                .values()
                .map(|s| s.debt + s.debt_at_risk + s.claim_ceiling)
                .sum::<u64>(),
            0
        );
        assert_eq!(
            books.total(),
            u128::from(self.world.token_amount(&address::token_vault()))
        );
    }
}

fn run(seed: u64) -> BTreeMap<&'static str, (u32, u32)> {
    let mut run = Run::new(seed);
    for _ in 0..STEPS {
        run.step();
    }
    run.wind_down();
    println!("seed {seed}: {:?}", run.tally);
    run.tally
}

#[test]
fn any_sequence_of_instructions_keeps_the_books() {
    let tallies = [1, 2, 3].map(|seed| std::thread::spawn(move || run(seed)));
    let mut successes = BTreeMap::new();
    for tally in tallies {
        for (verb, (_, done)) in tally.join().unwrap() {
            *successes.entry(verb).or_insert(0) += done;
        }
    }
    for verb in VERBS {
        assert!(
            successes.get(verb).is_some_and(|&n| n > 0),
            "no {verb} succeeded: {successes:?}"
        );
    }
}
