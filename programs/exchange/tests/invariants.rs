//! Long random sequences of every instruction. After each one the world is audited: conservation to the unit, solvency
//! of every market, ledgers equal to what they summarise; a refusal changes nothing; no round trip earns anything.

mod verbs;

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
