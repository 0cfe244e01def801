//! Compute ceilings of whole instructions, worst case over outcomes and sizes. `--nocapture` prints the table.

use {harness::*, std::collections::BTreeMap};

const SIZES: [u64; 5] = [1, 999_999, 3 * UNIT, 47 * UNIT + 11, 300 * UNIT];

/// The dearest execution of each instruction, and what the token program took of it.
pub type Table = BTreeMap<&'static str, (u64, u64)>;

/// A circuit breaker that looks at every trade and lets it pass; its window is over at every one.
pub const WATCHFUL: ix::Limits = ix::Limits {
    max_volume: u64::MAX,
    max_move_ppm: 1_000_000,
    max_liquidation_ppm: 1_000_000,
    window_slots: 1,
    cooldown_slots: 1,
};

pub struct Bench {
    pub world: World,
    pub table: Table,
}

/// Units that the token program consumed inside a transaction.
fn token_units(logs: &[String]) -> u64 {
    let line = format!("Program {} consumed ", address::TOKEN);
    logs.iter()
        .filter_map(|log| log.strip_prefix(&line)?.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

impl Bench {
    pub fn of(world: World) -> Self {
        Self {
            world,
            table: Table::new(),
        }
    }

    pub fn run(&mut self, name: &'static str, instruction: &Instruction) {
        let done = self.world.does(instruction);
        let token = token_units(&done.logs);
        let own = done.compute_units_consumed - token;
        let dearest = self.table.entry(name).or_default();
        *dearest = (own, token).max(*dearest);
    }

    /// Every verb in a market of that many outcomes, all of which hold shares and secure loans.
    fn trades(&mut self, outcomes: u8, curve: u8) {
        let lender = self.world.lender;
        let maker = self.world.party(100_000 * UNIT);
        let taker = self.world.party(100_000 * UNIT);
        let id = self.world.new_market_id();
        // every guard that a market can have, and none that stops it
        let divergence = if outcomes == 2 { 1_000_000 } else { 0 };
        let terms = ix::Terms {
            curve,
            group: 5,
            max_divergence_ppm: divergence,
            breaker: WATCHFUL,
            ..self.world.terms(outcomes, 1_000 * UNIT)
        };
        self.run(
            "create_market",
            &ix::create_market(self.world.operator, id, self.world.feed, &terms),
        );
        for outcome in 0..outcomes {
            let shares = (37 * u64::from(outcome) + 11) * UNIT + 7;
            self.world.holding(&maker, id, outcome, shares);
            self.world.leveraged(&maker, id, outcome, shares / 3, 150);
            self.run(
                "create_position",
                &ix::create_position(taker.owner, id, outcome, SPOT),
            );
            self.run(
                "create_position",
                &ix::create_position(taker.owner, id, outcome, LEVERAGED),
            );
        }
        let feed = self.world.feed;
        for outcome in 0..outcomes {
            for shares in SIZES {
                let loan = ix::Loan {
                    shares,
                    leverage_x100: 177,
                    max_payment: u64::MAX,
                };
                self.world.pass(3); // references are on their way
                self.run("buy", &ix::buy(taker.owner, id, outcome, shares, u64::MAX));
                self.run("open", &ix::open(taker.owner, id, feed, outcome, loan));
            }
            for shares in SIZES {
                self.run("sell", &ix::sell(taker.owner, id, outcome, shares, 0));
                if shares >= UNIT {
                    self.run("close", &ix::close(taker.owner, id, outcome, shares, 0));
                }
            }
        }
        self.run("fold", &ix::fold());
        self.run(
            "provide_liquidity",
            &ix::provide_liquidity(lender.owner, 1_000 * UNIT + 1),
        );
        self.run("take_liquidity", &ix::take_liquidity(lender.owner, 7 * UNIT + 1));
        self.settlement(&maker, id, outcomes);
    }

    fn settlement(&mut self, maker: &Party, id: u64, outcomes: u8) {
        let world = &mut self.world;
        let close_ms = world.market_state(id).close_ms;
        world.set_time((close_ms / 1000) as i64 - 1);
        world.publish(100 * UNIT);
        world.pass(1);
        let publication = world.publication(101 * UNIT);
        let (publisher, feed) = (world.publisher, world.feed);
        self.run("publish", &ix::publish(publisher, feed, publication));
        self.world.publish_count();
        let index = self.world.get::<Feed>(&feed).count - 1;
        self.run("resolve", &ix::resolve(id, feed, index));
        for outcome in 0..outcomes {
            for kind in [SPOT, LEVERAGED] {
                self.run("redeem", &ix::redeem(maker.owner, id, outcome, kind));
                self.run(
                    "close_position",
                    &ix::close_position(maker.owner, id, outcome, kind),
                );
            }
        }
    }

    fn tokens(&mut self) {
        let party = self.world.party(1_000 * UNIT);
        let mint = self.world.mint;
        self.run(
            "withdraw",
            &ix::withdraw(party.owner, party.tokens, mint, 500 * UNIT),
        );
        self.run(
            "deposit",
            &ix::deposit(party.owner, party.tokens, mint, 300 * UNIT),
        );
    }
}

fn measured(outcomes: u8, curve: u8) -> Table {
    let mut bench = Bench::of(World::launched());
    bench.trades(outcomes, curve);
    bench.tokens();
    bench.table
}

pub fn within(table: &Table, name: &str, ceiling: u64) {
    let (units, _) = table[name];
    assert!(
        units <= ceiling,
        "{name} takes {units} CU, its ceiling is {ceiling}"
    );
}

fn check(outcomes: u8, curve: u8) {
    let table = measured(outcomes, curve);
    println!(
        "{:<20} {:>8} {:>8}   N = {outcomes}, curve {curve}",
        "instruction", "CU", "token CU"
    );
    for (name, (units, token)) in &table {
        println!("{name:<20} {units:>8} {token:>8}");
    }
    within(&table, "publish", 150);
    within(&table, "buy", 3_500);
    within(&table, "sell", 3_500);
    within(&table, "open", 5_000);
    within(&table, "close", 5_000);
    within(&table, "redeem", 3_000);
}

#[test]
fn every_instruction_of_a_market_with_two_outcomes_stays_below_its_ceiling() {
    check(2, 0);
}

#[test]
fn every_instruction_of_a_market_with_sixteen_outcomes_stays_below_its_ceiling() {
    check(16, 0);
}

#[test]
fn every_instruction_of_a_pm_amm_market_stays_below_the_same_ceilings() {
    check(2, 1);
}

#[test]
fn trades_on_a_pm_amm_whose_liquidity_decays_stay_below_seven_thousand() {
    let table = measured(2, 2);
    for (name, ceiling) in [("buy", 7_000), ("sell", 7_000), ("open", 7_000), ("close", 7_000)] {
        println!("{name:<20} {:>8}", table[name].0);
        within(&table, name, ceiling);
    }
}

/// Markets of two outcomes that are not fresh, in all shards.
pub fn venues(world: &mut World, count: usize) -> Vec<u64> {
    let maker = world.party(100_000 * UNIT);
    let venue = |world: &mut World| {
        let terms = ix::Terms {
            group: 5,
            breaker: WATCHFUL,
            ..world.terms(2, 1_000 * UNIT)
        };
        let id = world.market_with(&terms);
        world.holding(&maker, id, 0, 11 * UNIT + 7);
        world.holding(&maker, id, 1, 48 * UNIT + 7);
        id
    };
    (0..count).map(|_| venue(world)).collect()
}

#[test]
fn a_chain_of_five_legs_stays_below_fifteen_thousand() {
    let mut world = World::launched();
    let ids = venues(&mut world, 5);
    let (party, feed) = (world.party(100_000 * UNIT), world.feed);
    world.does(&ix::create_chain(party.owner, 1));
    let legs = ids.iter().enumerate().map(|(i, &market)| ix::LegOrder {
        market,
        outcome: (i % 2) as u8,
        shares: (20 + 3 * i as u64) * UNIT + 1,
        leverage_x100: 250,
    });
    let legs: Vec<_> = legs.collect();
    let mut bench = Bench::of(world);
    bench.world.pass(3);
    bench.run(
        "open_chain",
        &ix::open_chain(party.owner, 1, feed, &legs, u64::MAX),
    );
    bench.run("unwind_chain", &ix::unwind_chain(party.owner, 1, feed, &ids, 0));
    println!("{:?}", bench.table);
    within(&bench.table, "open_chain", 15_000);
    within(&bench.table, "unwind_chain", 15_000);
}

#[test]
fn a_further_trade_of_a_batch_stays_below_two_thousand() {
    let mut world = World::launched();
    let ids = venues(&mut world, 10);
    let party = world.party(100_000 * UNIT);
    for &id in &ids {
        world.position(&party, id, 1, SPOT);
    }
    let trade = |side| {
        ids.iter().map(move |&market| ix::BatchTrade {
            market,
            outcome: 1,
            side,
            shares: 7 * UNIT + 1,
            limit: if side == 0 { u64::MAX } else { 0 },
        })
    };
    for side in [0, 1] {
        let trades: Vec<_> = trade(side).collect();
        let mut used = vec![];
        for count in 1..=trades.len() {
            let mut bench = Bench {
                world: world.clone(),
                table: Table::new(),
            };
            bench.run("batch", &ix::batch(party.owner, &trades[..count]));
            used.push(bench.table["batch"].0);
        }
        let marginal = used.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        println!("side {side}: {used:?}, marginal {marginal}");
        assert!(marginal <= 2_000, "a further trade takes {marginal} CU");
        world.does(&ix::batch(party.owner, &trades));
    }
}
