//! Long random sequences of every instruction. After each one the world is audited: conservation to the unit, solvency
//! of every market, ledgers equal to what they summarise; a refusal changes nothing; no round trip earns anything.
//!
//! A sequence is a list of [`Op`]s, so that a failing one shrinks to the few that matter; its seed is kept in
//! `invariants.proptest-regressions`, to be committed, and runs first from then on.

mod legs;
mod verbs;

use {
    harness::{random::Random, *},
    proptest::{
        prelude::*,
        test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestError, TestRng, TestRunner},
    },
    std::{
        collections::{BTreeMap, BTreeSet},
        sync::{Arc, Mutex},
    },
};

/// Sequences of a seed, and instructions or so of a sequence.
const CASES: u32 = 12;
const STEPS: std::ops::Range<usize> = 1..6_000;
/// Fewest instructions of a whole run.
const CALLS: u32 = 100_000;
const VERBS: [&str; 27] = [
    "batch",
    "buy",
    "close",
    "close_chain",
    "close_market",
    "close_position",
    "close_trader",
    "create_chain",
    "create_market",
    "create_position",
    "create_trader",
    "deposit",
    "fold",
    "open",
    "open_chain",
    "propagate_halt",
    "provide",
    "publish",
    "redeem",
    "redeem_leg",
    "resolve",
    "round_trip",
    "sell",
    "take",
    "unwind_chain",
    "void",
    "withdraw",
];

/// One step of a sequence: what is tried, and a seed for how. It does not depend on the steps before, so that those can be
/// left out.
#[derive(Clone, Copy, Debug)]
struct Op {
    verb: u64,
    seed: u64,
}

/// Attempts and successes by verb.
type Tally = BTreeMap<&'static str, (u32, u32)>;

struct Run {
    world: World,
    random: Random,
    parties: Vec<Party>,
    markets: Vec<u64>,
    /// Party, market, outcome, kind.
    positions: Vec<(Party, u64, u8, u8)>,
    /// Party and number.
    chains: Vec<(Party, u64)>,
    tally: Tally,
}

impl Run {
    fn new() -> Self {
        let mut world = World::launched();
        let mut parties = vec![world.lender];
        parties.extend((0..6).map(|_| world.party(50_000 * UNIT)));
        let markets = [2, 3, 16].map(|outcomes| world.market(outcomes)).to_vec();
        Self {
            world,
            random: Random(0),
            parties,
            markets,
            positions: vec![],
            chains: vec![],
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

    /// Neither its own breaker nor its group's lets the market trade.
    fn is_halted(&self, market: u64) -> bool {
        let (state, shard) = (self.world.market_state(market), self.world.shard_of(market));
        state.breaker.halted_until_slot > self.world.slot()
            || shard.halts[state.group as usize] > self.world.slot()
    }

    fn step(&mut self, op: Op) {
        self.random = Random(op.seed);
        // some instructions share a slot with the one before
        if self.random.one_in(2) {
            self.world.next_slot();
        }
        if self.markets.iter().filter(|&&market| self.trades(market)).count() < 4 {
            self.create_market();
        }
        match op.verb {
            0..=29 => self.buy(),
            30..=49 => self.sell(),
            50..=73 => self.open(),
            74..=91 => self.close(),
            92..=97 => self.create_market(),
            98..=121 => self.create_position(),
            122..=127 => self.redeem(),
            128..=131 => self.close_position(),
            132..=134 => self.close_market(),
            135..=146 => self.money(),
            147..=149 => drop(self.attempt("fold", &ix::fold())),
            150..=156 => self.publish(),
            157..=158 => self.settle(),
            159 => self.traders(),
            160..=163 => self.round_trip(),
            164..=168 => self.batch(),
            169..=178 => self.open_chain(),
            179..=182 => self.unwind_chain(),
            183..=184 => self.redeem_leg(),
            185..=186 => self.close_chain(),
            187 => self.propagate_halt(),
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
        for (party, id) in self.chains.clone() {
            assert!(self.attempt("close_chain", &ix::close_chain(party.owner, id)));
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

fn run(ops: &[Op]) -> Tally {
    let mut run = Run::new();
    for op in ops {
        run.step(*op);
    }
    run.wind_down();
    run.tally
}

fn sequences() -> impl Strategy<Value = Vec<Op>> {
    let op = (0..200_u64, any::<u64>()).prop_map(|(verb, seed)| Op { verb, seed });
    prop::collection::vec(op, STEPS)
}

/// Sequences of one seed; what they tried, or the shortest sequence found that fails.
fn explore(seed: u64) -> Tally {
    let regressions = concat!(env!("CARGO_MANIFEST_DIR"), "/invariants.proptest-regressions");
    let config = Config {
        cases: CASES,
        max_shrink_iters: 400,
        max_shrink_time: 60_000,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(regressions))),
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let total = Arc::new(Mutex::new(Tally::new()));
    let result = TestRunner::new_with_rng(config, rng).run(&sequences(), |ops| {
        let tally = run(&ops);
        let mut total = total.lock().unwrap();
        for (verb, (attempts, successes)) in tally {
            let sum = total.entry(verb).or_default();
            *sum = (sum.0 + attempts, sum.1 + successes);
        }
        Ok(())
    });
    if let Err(TestError::Fail(why, ops)) = &result {
        panic!("seed {seed}: {why}\n{} steps: {ops:?}", ops.len());
    }
    result.expect("sequences are never rejected");
    let total = total.lock().unwrap().clone();
    println!("seed {seed}: {total:?}");
    total
}

#[test]
fn any_sequence_of_instructions_keeps_the_books() {
    let fresh = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64);
    println!("fresh seed: {fresh}");
    let threads = [1, 2, 3, fresh].map(|seed| std::thread::spawn(move || explore(seed)));
    let (mut calls, mut succeeded) = (0, BTreeSet::new());
    for thread in threads {
        let tally = thread
            .join()
            .unwrap_or_else(|failure| std::panic::resume_unwind(failure));
        for (verb, (attempts, successes)) in tally {
            calls += attempts;
            if successes > 0 {
                succeeded.insert(verb);
            }
        }
    }
    println!("{calls} instructions");
    assert!(calls >= CALLS, "{calls} instructions are too few");
    let never: Vec<_> = VERBS.iter().filter(|verb| !succeeded.contains(*verb)).collect();
    assert!(never.is_empty(), "never succeeded: {never:?}");
}
