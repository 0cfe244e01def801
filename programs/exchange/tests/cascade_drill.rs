//! A hundred positions with as much leverage as the rules give, a price that falls by ten points at once, and keepers who
//! work slot by slot. `--nocapture` prints the figures.

use {
    harness::{
        model::{Loan, Takeover},
        *,
    },
    std::collections::BTreeMap,
};

const COUNT: usize = 100;
const INSURANCE: u64 = 40 * UNIT;
const GAP: f64 = 0.1;

/// Log odds of outcome 1 of a market of two, in floating point.
fn logit(world: &World, id: u64) -> f64 {
    let market = world.market_state(id);
    (market.shares[1] as f64 - market.shares[0] as f64) / market.b as f64
}

fn price(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Somebody takes the other side of what has been bought, so that everybody buys at even prices.
fn even(world: &mut World, maker: &Party, ids: &[u64]) {
    for &id in ids {
        let market = world.market_state(id);
        let shares = market.shares[1] - market.shares[0];
        world.does(&ix::buy(maker.owner, id, 0, shares, u64::MAX));
    }
}

/// Somebody makes outcome 1 of each market ten points cheaper, and a minute passes.
fn gap(world: &mut World, ids: &[u64]) {
    let other = world.party(1_000_000 * UNIT);
    for &id in ids {
        let before = logit(world, id);
        let target = price(before) - GAP;
        let shares = (before - (target / (1.0 - target)).ln()) * world.market_state(id).b as f64;
        world.holding(&other, id, 0, shares as u64);
        let after = price(logit(world, id));
        assert!((after - target).abs() < 1e-5, "{after} instead of {target}");
    }
    world.pass(64);
}

/// The vault's and the fund's books, added up over the shards.
#[derive(Debug, Default)]
struct Funds {
    debt: u64,
    insurance: u64,
    bad_debt: u64,
}

fn funds(world: &World) -> Funds {
    let mut funds = Funds::default();
    for index in 0..4 {
        let shard = world.get::<Shard>(&address::shard(index));
        funds.debt += shard.debt;
        funds.insurance += shard.insurance;
        funds.bad_debt += shard.bad_debt;
    }
    funds
}

/// Watches how far liquidations move the prices from slot to slot.
struct Path {
    ids: Vec<u64>,
    /// Of each market: log odds when the slot began, and in how many slots running something has been sold.
    start: Vec<(f64, u32)>,
    furthest: f64,
    slots: u32,
}

impl Path {
    fn new(world: &World, ids: &[u64]) -> Self {
        Self {
            ids: ids.to_vec(),
            start: ids.iter().map(|&id| (logit(world, id), 0)).collect(),
            furthest: 0.0,
            slots: 0,
        }
    }

    /// The slot is over: a tenth of the liquidity, or twice that for every slot of sales before it, up to eight times.
    fn slot_over(&mut self, world: &World) {
        self.slots += 1;
        for (&id, (start, busy)) in self.ids.iter().zip(&mut self.start) {
            let moved = *start - logit(world, id);
            let most = 0.1 * f64::from(1 << (*busy).min(3));
            assert!(
                (-1e-9..=most + 1e-9).contains(&moved),
                "moved {moved}, cap {most}"
            );
            self.furthest = self.furthest.max(moved);
            *busy = if moved > 0.0 { *busy + 1 } else { 0 };
            *start = logit(world, id);
        }
    }
}

/// Markets in all shards, with insurance in each shard, and somebody with an empty position in each market.
fn venues(world: &mut World, count: usize, b: u64) -> (Vec<u64>, Party) {
    let maker = world.party(1_000_000 * UNIT);
    let ids: Vec<u64> = (0..count)
        .map(|_| {
            let terms = world.terms(2, b);
            let id = world.market_with(&terms);
            world.position(&maker, id, 0, SPOT);
            id
        })
        .collect();
    for index in 0..4 {
        world.edit::<Shard>(&address::shard(index), |s| {
            s.cash -= INSURANCE;
            s.insurance += INSURANCE;
        });
    }
    (ids, maker)
}

/// Two legs at 50x each. The first leg's shares also secure the second one's margin, so with a second leg nine times as
/// dear the notional is 500 times what the owner puts in: the rules' limit. (More than that is refused, and a first leg's
/// loan may not exceed what its shares can pay, which near even prices leaves room for it.) Such an owner owns 0.2 % of
/// the value, less than the 1.5 % of maintenance, so these chains could be called before the price falls at all.
fn open_at_500x(world: &mut World, party: &Party, pair: [u64; 2], first: u64) -> f64 {
    world.does(&ix::create_chain(party.owner, 1));
    let [p, q] = pair.map(|id| price(logit(world, id)));
    // a little less each time, until the chain is within the limit
    let mut second = 9.0 * first as f64 * p / q;
    loop {
        second *= 0.998;
        let order = |market, shares| ix::LegOrder {
            market,
            outcome: 1,
            shares,
            leverage_x100: 5_000,
        };
        let legs = [order(pair[0], first), order(pair[1], second as u64)];
        world.next_slot();
        let opened = world.send(&ix::open_chain(party.owner, 1, world.feed, &legs, u64::MAX));
        match opened {
            Ok(done) => {
                world.audit();
                let event = done.event::<ChainOpened>();
                return event.notional as f64 / (event.notional - event.debt) as f64;
            }
            Err(failed) => assert_eq!(failed.err, refusal(ExchangeError::ChainLeverageAboveCap)),
        }
    }
}

/// What has been taken over in each market, recomputed: shares and loans of outcome 1.
type Taken = BTreeMap<u64, (u64, u64)>;

/// Take over a chain or a position whose loans these are, and note what that must have done.
fn take_over(world: &mut World, loans: &[Loan], instruction: &Instruction, taken: &mut Taken) {
    for loan in loans {
        let expected = Takeover::of(world, loan);
        let (shares, debt) = taken.entry(loan.market).or_default();
        *shares += loan.shares - expected.sold;
        *debt += loan.debt;
    }
    let before = funds(world);
    world.does_at_once(instruction);
    let after = funds(world);
    assert_eq!(
        (after.insurance, after.bad_debt),
        (before.insurance, before.bad_debt)
    );
    assert_eq!(after.debt, before.debt, "a loan that is taken over stands");
    for loan in loans {
        let market = world.market_state(loan.market);
        let found = (market.taken_shares[1], market.taken_debt[1]);
        assert_eq!(found, taken[&loan.market]);
    }
}

/// Settle all markets at a price, one after the other, and compare what fund and vault pay with arithmetic of our own.
fn settle(mut world: World, ids: &[u64], price: u64, taken: &Taken) -> Funds {
    let won = price > 100;
    let (mut drawn_in_all, mut lost_in_all) = (0, 0);
    for id in ids {
        let (shares, debt) = taken.get(id).copied().unwrap_or_default();
        let before = world.shard_of(*id);
        let brought = if won { shares } else { 0 };
        let missing = debt.saturating_sub(brought);
        let drawn = missing.min(before.insurance);
        let surplus = brought.saturating_sub(debt);
        settle_one(&mut world, *id, price * UNIT);
        let after = world.shard_of(*id);
        assert_eq!(after.insurance, before.insurance - drawn + surplus);
        assert_eq!(after.bad_debt - before.bad_debt, missing - drawn);
        assert_eq!(before.debt - after.debt, debt);
        assert!(
            missing == drawn || after.insurance == 0,
            "the fund pays before the vault"
        );
        drawn_in_all += drawn;
        lost_in_all += missing - drawn;
    }
    let after = funds(&world);
    assert_eq!((after.debt, after.bad_debt), (0, lost_in_all), "no loan is left");
    Funds {
        debt: 0,
        insurance: drawn_in_all,
        bad_debt: lost_in_all,
    }
}

/// Resolve one market by the feed's price; those that close at the same time find it in its history.
fn settle_one(world: &mut World, id: u64, price: u64) {
    let close_s = (world.market_state(id).close_ms / 1000) as i64;
    if world.now_s() < close_s {
        world.set_time(close_s - 1);
        world.publish(price);
        world.pass(1);
        world.publish(price);
    }
    let close_ms = world.market_state(id).close_ms;
    let feed = world.get::<Feed>(&world.feed);
    let first = (1..feed.count).rfind(|&i| feed.history[(i as usize - 1) % 256][0] < close_ms);
    world.does(&ix::resolve(
        id,
        world.feed,
        first.expect("a price after the close"),
    ));
}

#[test]
fn a_hundred_chains_at_500x_are_taken_over_after_a_gap_of_ten_points() {
    let mut world = World::launched();
    let (ids, maker) = venues(&mut world, 10, 1_000 * UNIT);
    let keeper = world.party(0);
    let mut least = f64::MAX;
    let parties: Vec<Party> = (0..COUNT)
        .map(|i| {
            let party = world.party(1_000 * UNIT);
            let pair = [ids[i % 10], ids[(i + 1) % 10]];
            least = least.min(open_at_500x(&mut world, &party, pair, 8 * UNIT));
            even(&mut world, &maker, &pair);
            party
        })
        .collect();
    assert!(least > 495.0, "effective leverage {least}");
    let lent = funds(&world);
    gap(&mut world, &ids);

    let mut path = Path::new(&world, &ids);
    let (mut taken, mut calls) = (Taken::new(), 0);
    for party in &parties {
        if calls % 25 == 0 {
            world.next_slot();
        }
        let loans = world.chain_loans(party, 1);
        let (value, debt) = world.chain_worth(&loans);
        assert!(value < debt, "under water");
        let legs: Vec<u64> = loans.iter().map(|loan| loan.market).collect();
        let instruction = ix::take_over_chain(keeper.owner, party.owner, 1, world.feed, &legs);
        take_over(&mut world, &loans, &instruction, &mut taken);
        calls += 1;
        if calls % 25 == 0 {
            path.slot_over(&world);
        }
    }
    assert_eq!(funds(&world).debt, lent.debt);
    assert_eq!(taken.values().map(|(_, debt)| debt).sum::<u64>(), lent.debt);
    let fallen = settle(world.clone(), &ids, 99, &taken);
    assert_eq!(fallen.insurance + fallen.bad_debt, lent.debt, "insured or lost");
    assert_eq!(fallen.insurance, lent.insurance, "the fund is used up first");
    let risen = settle(world.clone(), &ids, 101, &taken);
    assert_eq!(
        (risen.insurance, risen.bad_debt),
        (0, 0),
        "winners pay their loans"
    );
    println!(
        "100 chains, at least {least:.1}x: {} of loans, {} slots, furthest move of log odds {:.4}, {} of insurance drawn and {} \
         lost by the vault if they lose, {} to the keeper",
        lent.debt, path.slots, path.furthest, fallen.insurance, fallen.bad_debt, world.trader(&keeper).balance,
    );
}

#[test]
fn a_hundred_positions_at_50x_in_one_market_are_taken_over_after_a_gap_of_ten_points() {
    let mut world = World::launched();
    let (ids, maker) = venues(&mut world, 1, 5_000 * UNIT);
    let (id, keeper) = (ids[0], world.party(0));
    let parties: Vec<Party> = (0..COUNT)
        .map(|_| {
            let party = world.party(1_000 * UNIT);
            world.leveraged(&party, id, 1, 45 * UNIT, 5_000);
            even(&mut world, &maker, &ids);
            party
        })
        .collect();
    let lent = funds(&world);
    gap(&mut world, &ids);

    let mut path = Path::new(&world, &ids);
    let mut taken = Taken::new();
    world.next_slot();
    for party in &parties {
        let loan = world.loan(party, id, 1);
        let instruction = ix::take_over(keeper.owner, party.owner, id, 1);
        take_over(&mut world, &[loan], &instruction, &mut taken);
    }
    path.slot_over(&world);
    assert_eq!(taken[&id].1, lent.debt);
    let fallen = settle(world.clone(), &ids, 99, &taken);
    assert_eq!(fallen.insurance, INSURANCE.min(lent.debt));
    assert_eq!(fallen.bad_debt, lent.debt - fallen.insurance);
    settle(world.clone(), &ids, 101, &taken);
    println!(
        "100 positions at 50x: {} of loans, {} slot, furthest move of log odds {:.4}, {} of insurance drawn and {} lost by the \
         vault if they lose, {} to the keeper",
        lent.debt, path.slots, path.furthest, fallen.insurance, fallen.bad_debt, world.trader(&keeper).balance,
    );
}
