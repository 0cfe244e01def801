//! One person with two accounts and as much money as it takes: a loan in one of them, a price pushed and held against nobody for as
//! long as it takes until the loan can be called, and a second account that calls it and trades around that.

use harness::*;

const BALANCE: u64 = 1_000_000 * UNIT;
const MINUTE: i64 = 64;

/// In which order the second account trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// Push after the loan is taken out, call, take the push back.
    PushCallBack,
    /// Have bought against the loan before it is taken out.
    BoughtBefore,
    /// Buy the called outcome at the pushed price, before and after the call, and sell it at the price that was before.
    BuyCheap,
    /// Push the other way first, so that the loan is larger than the shares will be worth.
    PumpFirst,
}

const ORDERS: [Order; 4] = [
    Order::PushCallBack,
    Order::BoughtBefore,
    Order::BuyCheap,
    Order::PumpFirst,
];

/// The two accounts and where they trade.
struct Pair {
    world: World,
    owner: Party,
    second: Party,
    ids: Vec<u64>,
    subsidy: u64,
    calls: u32,
}

impl Pair {
    /// Markets in which outcome 1 has this price, for more than a minute.
    fn new(markets: usize, outcomes: u8, curve: u8, logit: f64) -> Self {
        let mut world = World::launched();
        let [owner, second, maker] = [(); 3].map(|()| world.party(BALANCE));
        let ids = (0..markets).map(|_| {
            let b = 1_000 * UNIT;
            let terms = ix::Terms {
                curve,
                ..world.terms(outcomes, b)
            };
            let id = world.market_with(&terms);
            if logit > 0.0 {
                world.holding(&maker, id, 1, (logit * b as f64) as u64);
            }
            for outcome in 0..2 {
                world.position(&second, id, outcome, SPOT);
            }
            id
        });
        let ids: Vec<u64> = ids.collect();
        world.pass(MINUTE);
        world.publish(100 * UNIT);
        let subsidy = ids
            .iter()
            .map(|&id| world.market_state(id).max_debt_at_risk)
            .sum();
        Self {
            world,
            owner,
            second,
            ids,
            subsidy,
            calls: 0,
        }
    }

    fn money(&self) -> i128 {
        let balance = |party| i128::from(self.world.trader(party).balance);
        balance(&self.owner) + balance(&self.second)
    }

    /// The second account buys (or sells) so many shares of an outcome in every market.
    fn trades(&mut self, outcome: u8, shares: u64, buys: bool) {
        for &id in &self.ids.clone() {
            let owner = self.second.owner;
            self.world.does(&if buys {
                ix::buy(owner, id, outcome, shares, u64::MAX)
            } else {
                ix::sell(owner, id, outcome, shares, 0)
            });
        }
    }

    /// Everything that calls the loan, tried slot by slot until nothing does.
    fn call(&mut self, ways: impl Fn(&World) -> Vec<Instruction>) {
        for _ in 0..40 {
            self.world.next_slot();
            let ways = ways(&self.world);
            let Some(_) = ways.iter().find(|way| self.world.send(way).is_ok()) else {
                break;
            };
            self.world.audit();
            self.calls += 1;
        }
    }

    /// What comes between taking the loan out and the end; `lend` takes it out and may be refused.
    fn run(
        &mut self,
        order: Order,
        push: u64,
        lend: impl Fn(&mut World) -> bool,
        ways: impl Fn(&World) -> Vec<Instruction>,
    ) -> bool {
        match order {
            Order::BoughtBefore => self.trades(0, push / 2, true),
            Order::PumpFirst => self.trades(1, push, true),
            _ => {}
        }
        if !lend(&mut self.world) {
            return false;
        }
        match order {
            Order::PumpFirst => {
                self.trades(1, push, false);
                self.trades(0, push, true);
            }
            Order::BoughtBefore => self.trades(0, push - push / 2, true),
            _ => self.trades(0, push, true),
        }
        let cheap = push / 10;
        if order == Order::BuyCheap {
            self.trades(1, cheap, true);
        }
        self.world.pass(MINUTE);
        self.call(ways);
        if order == Order::BuyCheap {
            self.trades(1, cheap, true);
        }
        self.world.next_slot();
        self.trades(0, push, false);
        if order == Order::BuyCheap {
            self.trades(1, 2 * cheap, false);
        }
        true
    }

    /// What the vault and the insurance fund have lost since, whichever outcome wins: at most twice the subsidies.
    #[track_caller]
    fn vault_keeps_its_bound(&self) {
        let id = self.ids[0];
        let subsidy = self.world.market_state(id).max_debt_at_risk;
        for price in [99, 100] {
            let mut world = self.world.clone();
            let shard = world.shard_of(id);
            let before = shard.cash + shard.debt + shard.insurance;
            let escrow = world.market_state(id).escrow;
            world.settle(id, price * UNIT);
            let shard = world.shard_of(id);
            let after = shard.cash + shard.debt + shard.insurance;
            // debt lost is within the debt at risk, and the escrow pays its shares
            assert!(after + subsidy >= before, "{before} became {after}");
            assert!(after <= before + escrow);
        }
    }
}

fn position_ways(owner: Party, second: Party, id: u64) -> impl Fn(&World) -> Vec<Instruction> {
    move |world| {
        let held = world.position_state(&owner, id, 1, LEVERAGED).shares;
        if held == 0 {
            return vec![];
        }
        let room = world.market_state(id).b / 10;
        let part = (held * 3).div_ceil(10);
        let sizes = [held, held.min(room), part, part.min(room)];
        let mut ways = sizes
            .map(|shares| ix::liquidate(second.owner, owner.owner, id, 1, shares))
            .to_vec();
        ways.push(ix::take_over(second.owner, owner.owner, id, 1));
        ways
    }
}

/// Take out a loan, have it called, and be rid of everything; the gain.
fn position_attack(setup: (u8, u8, f64), order: Order, loan: ix::Loan, push: u64) -> Option<(i128, u32)> {
    let (outcomes, curve, logit) = setup;
    let mut pair = Pair::new(1, outcomes, curve, logit);
    let (owner, second, id) = (pair.owner, pair.second, pair.ids[0]);
    pair.world.position(&owner, id, 1, LEVERAGED);
    let before = pair.money();
    let lend = |world: &mut World| {
        let open = ix::open(owner.owner, id, world.feed, 1, loan);
        world.send(&open).is_ok()
    };
    if !pair.run(order, push, lend, position_ways(owner, second, id)) {
        return None;
    }
    let left = pair.world.position_state(&owner, id, 1, LEVERAGED).shares;
    if left > 0 {
        let _ = pair.world.send(&ix::close(owner.owner, id, 1, left, 0));
    }
    pair.vault_keeps_its_bound();
    Some((pair.money() - before, pair.calls))
}

#[test]
fn nobody_gains_by_pushing_a_price_until_his_own_loan_is_called() {
    let (mut lent, mut called, mut best) = (0, 0, i128::MIN);
    // outcomes, curve, log odds (a pm-AMM's z) of the price at which the loan is taken out
    let setups = [
        (2, 0, 0.0),
        (2, 0, 2.94), // a price of 0.95
        (3, 0, 1.5),
        (16, 0, 3.0),
        (2, 1, 0.0),
        (2, 1, 1.5),
        (2, 2, 0.7),
    ];
    for setup in setups {
        for order in ORDERS {
            for (shares, leverage_x100) in [(30, 5_000), (400, 1_700), (400, 5_000), (700, 5_000), (700, 300)]
            {
                for push in [60, 400, 3_000] {
                    let loan = ix::Loan {
                        shares: shares * UNIT,
                        leverage_x100,
                        max_payment: u64::MAX,
                    };
                    let Some((gain, calls)) = position_attack(setup, order, loan, push * UNIT) else {
                        continue;
                    };
                    lent += 1;
                    called += u32::from(calls > 0);
                    best = best.max(gain);
                    assert!(gain <= 0, "gained {gain} by {loan:?}, {push} {order:?} {setup:?}");
                }
            }
        }
    }
    println!("{lent} loans, {called} of them called, at best {best}");
    assert!(lent > 120 && called > 60, "{lent} loans, {called} called");
}

#[test]
fn the_attack_that_took_a_third_of_the_subsidy_costs_what_the_loan_has_cost() {
    // b = 1,000, from 0.95 down to 0.5
    let loan = ix::Loan {
        shares: 600 * UNIT,
        leverage_x100: 5_000,
        max_payment: u64::MAX,
    };
    let (gain, calls) = position_attack((2, 0, 2.94), Order::PushCallBack, loan, 3_000 * UNIT).unwrap();
    println!("gain {gain} in {calls} calls");
    assert!(calls > 0 && gain < -10 * i128::from(UNIT), "{gain}");
}

#[test]
fn pushing_again_and_again_gains_nothing_and_takes_at_most_twice_the_subsidy() {
    let mut pair = Pair::new(1, 2, 0, 2.2);
    let (owner, second, id) = (pair.owner, pair.second, pair.ids[0]);
    pair.world.position(&owner, id, 1, LEVERAGED);
    let (mut shares, mut cycles) = (600 * UNIT, 0);
    let before = pair.money();
    while shares >= UNIT {
        let loan = ix::Loan {
            shares,
            leverage_x100: 5_000,
            max_payment: u64::MAX,
        };
        pair.world.publish(100 * UNIT);
        let lend = |world: &mut World| {
            let open = ix::open(owner.owner, id, world.feed, 1, loan);
            world.send(&open).is_ok()
        };
        if pair.run(
            Order::PushCallBack,
            3_000 * UNIT,
            lend,
            position_ways(owner, second, id),
        ) {
            cycles += 1;
            assert!(pair.money() <= before);
        } else {
            shares /= 2;
        }
        pair.world.pass(MINUTE);
    }
    // what was taken over is still lent: the market's limit ends it
    let market = pair.world.market_state(id);
    assert!(market.taken_debt[1] > pair.subsidy * 9 / 10 && market.debt_at_risk <= pair.subsidy);
    assert!(cycles >= 2 && pair.calls >= cycles, "{cycles} cycles");
    pair.vault_keeps_its_bound();
}

fn chain_attack(
    markets: usize,
    curve: u8,
    logit: f64,
    order: Order,
    terms: (u64, u16, u64),
) -> Option<(i128, u32)> {
    let (shares, leverage_x100, push) = terms;
    let mut pair = Pair::new(markets, 2, curve, logit);
    let (owner, second, ids) = (pair.owner, pair.second, pair.ids.clone());
    pair.world.does(&ix::create_chain(owner.owner, 1));
    let before = pair.money();
    let orders: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(i, &market)| ix::LegOrder {
            market,
            outcome: 1,
            shares: shares * UNIT * (2 + i as u64) / 2,
            leverage_x100,
        })
        .collect();
    let lend = |world: &mut World| {
        let open = ix::open_chain(owner.owner, 1, world.feed, &orders, u64::MAX);
        world.send(&open).is_ok()
    };
    let ways = |world: &World| {
        let held: Vec<u64> = world
            .chain_loans(&owner, 1)
            .iter()
            .map(|loan| loan.market)
            .collect();
        if held.is_empty() {
            return vec![];
        }
        let part = |ppm| ix::liquidate_chain(second.owner, owner.owner, 1, world.feed, &held, ppm);
        let mut ways = [1_000_000, 300_000, 100_000, 30_000].map(part).to_vec();
        ways.push(ix::take_over_chain(
            second.owner,
            owner.owner,
            1,
            world.feed,
            &held,
        ));
        ways
    };
    if !pair.run(order, push * UNIT, lend, ways) {
        return None;
    }
    let left: Vec<u64> = pair
        .world
        .chain_loans(&owner, 1)
        .iter()
        .map(|loan| loan.market)
        .collect();
    if !left.is_empty() {
        let unwind = ix::unwind_chain(owner.owner, 1, pair.world.feed, &left, 0);
        let _ = pair.world.send(&unwind);
    }
    Some((pair.money() - before, pair.calls))
}

#[test]
fn nobody_gains_by_pushing_prices_until_his_own_chain_is_called() {
    let (mut lent, mut called, mut best) = (0, 0, i128::MIN);
    for (markets, curve, logit) in [(2, 0, 0.0), (2, 0, 2.94), (5, 0, 2.2), (2, 1, 0.8), (3, 1, 0.0)] {
        for order in ORDERS {
            for shares in [20, 250] {
                for leverage in [200, 900, 5_000] {
                    for push in [60, 1_500] {
                        let terms = (shares, leverage, push);
                        let Some((gain, calls)) = chain_attack(markets, curve, logit, order, terms) else {
                            continue;
                        };
                        lent += 1;
                        called += u32::from(calls > 0);
                        best = best.max(gain);
                        assert!(
                            gain <= 0,
                            "gained {gain} by {terms:?} {order:?} {markets} {curve} {logit}"
                        );
                    }
                }
            }
        }
    }
    println!("{lent} chains, {called} of them called, at best {best}");
    assert!(lent > 60 && called > 30, "{lent} chains, {called} called");
}

#[test]
fn who_has_somebody_elses_loan_called_gets_the_reward_and_no_cheap_shares() {
    let mut pair = Pair::new(1, 2, 0, 2.94);
    let (victim, second, id) = (pair.owner, pair.second, pair.ids[0]);
    pair.world.leveraged(&victim, id, 1, 400 * UNIT, 5_000);
    let before = pair.world.trader(&second).balance;
    let ways = position_ways(victim, second, id);
    pair.run(Order::PushCallBack, 3_000 * UNIT, |_| true, ways);
    let gain = i128::from(pair.world.trader(&second).balance) - i128::from(before);
    // four shares at the pushed price, less the fees of the push
    assert_eq!(pair.calls, 1);
    assert!(gain < 4 * i128::from(UNIT), "{gain}");
}
