//! A hundred positions with as much leverage as the rules give, a price that falls by ten points at once, and keepers who
//! work slot by slot. `--nocapture` prints the figures.

use harness::{model, *};

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

/// One liquidation of a chain, as large as the caps allow, if that is enough; and what it did to the fund, recomputed.
fn liquidate(world: &mut World, party: &Party, keeper: &Party, totals: &mut Funds) -> bool {
    let loans = world.chain_loans(party, 1);
    let part = world.chain_part(&loans);
    if loans.is_empty() || part == 0 {
        return false;
    }
    let call = world.chain_call(&loans, part);
    let ids: Vec<u64> = loans.iter().map(|loan| loan.market).collect();
    let instruction = ix::liquidate_chain(keeper.owner, party.owner, 1, world.feed, &ids, part);
    let bound = ids.iter().zip(&loans).any(|(&id, loan)| {
        let room = model::room(&world.market_state(id), &world.shard_of(id), world.slot());
        model::part_of(loan.shares, part + 1) > room
    });
    if part < 300_000 && !bound {
        world.refuses(&instruction, ExchangeError::LiquidationTooSmall);
        return false;
    }
    assert!(call.is_unhealthy());
    let before = funds(world);
    world.does_at_once(&instruction);
    for (&shard, &insurance) in &call.insurance {
        let shard = world.get::<Shard>(&address::shard(shard as u8));
        assert_eq!(shard.insurance, insurance, "insurance of shard {}", shard.index);
    }
    let after = funds(world);
    let lost: u64 = call.lost.values().sum();
    assert_eq!(after.bad_debt, before.bad_debt + lost);
    assert_eq!(after.insurance + call.drawn, before.insurance + call.split[2]);
    totals.insurance += call.drawn;
    totals.bad_debt += lost;
    totals.debt += call.split[1] + call.drawn;
    true
}

#[test]
fn a_hundred_chains_at_500x_are_worked_off_after_a_gap_of_ten_points() {
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
    let mut totals = Funds::default();
    let mut sales = 0;
    while parties.iter().any(|p| !world.chain_loans(p, 1).is_empty()) {
        world.next_slot();
        for party in &parties {
            sales += u32::from(liquidate(&mut world, party, &keeper, &mut totals));
        }
        path.slot_over(&world);
        assert!(path.slots < 100, "the cascade goes on");
    }

    let after = funds(&world);
    assert_eq!(after.debt, 0, "no loan is left");
    assert_eq!(
        totals.debt + totals.bad_debt,
        lent.debt,
        "repaid, insured or lost"
    );
    assert_eq!(
        (after.insurance, after.bad_debt),
        (lent.insurance - totals.insurance, totals.bad_debt)
    );
    assert_eq!(
        after.insurance, 0,
        "the fund is used up before the vault loses anything more"
    );
    println!(
        "100 chains, at least {least:.1}x: {} of loans, {} slots, {sales} sales, furthest move of log odds {:.3}, \
         {} repaid, {} of insurance drawn, {} lost by the vault, {} to the keeper",
        lent.debt, path.slots, path.furthest, totals.debt - totals.insurance, totals.insurance, totals.bad_debt,
        world.trader(&keeper).balance,
    );
}

#[test]
fn a_hundred_positions_at_50x_in_one_market_are_worked_off_after_a_gap_of_ten_points() {
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
    let mut insurance = world.shard_of(id).insurance;
    let (drawn_before, mut lost) = (insurance, 0);
    while funds(&world).debt > 0 {
        world.next_slot();
        for party in &parties {
            let loan = world.loan(party, id, 1);
            if loan.shares == 0 {
                continue;
            }
            let sizes = model::sizes(&world, &loan);
            if sizes.is_empty() {
                break;
            }
            let done = world.does_at_once(&ix::liquidate(keeper.owner, party.owner, id, 1, *sizes.end()));
            let event = done.event::<Liquidated>();
            let bad = (loan.debt - event.repaid).saturating_sub(event.left);
            let drawn = bad.min(insurance);
            insurance = insurance - drawn + event.insured;
            lost += bad - drawn;
            assert_eq!((event.drawn, event.lost), (drawn, bad - drawn));
            assert_eq!(world.shard_of(id).insurance, insurance);
        }
        path.slot_over(&world);
        assert!(path.slots < 100, "the cascade goes on");
    }
    assert_eq!(funds(&world).bad_debt, lost);
    println!(
        "100 positions at 50x: {} of loans, {} slots, furthest move of log odds {:.3}, {} of insurance drawn, {lost} lost, \
         {} to the keeper",
        lent.debt, path.slots, path.furthest, drawn_before - insurance, world.trader(&keeper).balance,
    );
}
