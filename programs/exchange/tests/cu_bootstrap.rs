//! Compute ceilings of the launch's instructions, without the token program's part, and of trades while it lasts.

use {
    crate::cu::{within, Bench, WATCHFUL},
    harness::{
        ix_bootstrap::{self as bx, BOOTSTRAP_RULES},
        *,
    },
};

#[test]
fn locking_and_unlocking_stay_below_fifteen_hundred_and_claims_below_three_thousand() {
    let mut bench = Bench::of(World::with_bootstrap());
    let maker = bench.world.maker(900_000 * UNIT);
    let trader = bench.world.party(100_000 * UNIT);
    let market = bench.world.market(2);
    bench.world.position(&trader, market, 0, SPOT);
    let mint = bench.world.mmt();
    let [mined, traded] = [&maker, &trader].map(|party| bench.world.mmt_purse(party));
    // amounts of every width, shares that weigh once and twice, and one slot and many between
    let early = BOOTSTRAP_RULES.early_shares;
    for (locked, slots) in [(1_000 * UNIT, 1), (early, 100), (777_777 * UNIT + 7, 50_000)] {
        bench.run("lock_liquidity", &bx::lock_liquidity(maker.owner, locked));
        bench
            .world
            .does(&ix::buy(trader.owner, market, 0, 300 * UNIT, u64::MAX));
        bench.world.pass_slots(slots);
        bench.run("claim_maker", &bx::claim_maker(maker.owner, mined, mint));
        bench.run("claim_trades", &bx::claim_trades(trader.owner, traded, mint));
        bench.world.pass_slots(1);
        bench.run("unlock_liquidity", &bx::unlock_liquidity(maker.owner, locked));
    }
    println!("{:?}", bench.table);
    for (name, ceiling) in [
        ("lock_liquidity", 1_500),
        ("unlock_liquidity", 1_500),
        ("claim_maker", 3_000),
        ("claim_trades", 3_000),
    ] {
        within(&bench.table, name, ceiling);
    }
}

/// The dearest buy, open, sell and close at a market of sixteen outcomes in which all fees count.
#[test]
fn trades_of_the_launch_stay_below_the_ceilings_of_all_trades() {
    const SIZES: [u64; 5] = [1, 999_999, 3 * UNIT, 47 * UNIT + 11, 300 * UNIT];
    let mut world = World::with_bootstrap();
    for index in 0..4 {
        world.edit::<Shard>(&address::shard(index), |s| {
            (s.min_fee, s.launch_credits, s.early_trades) = (1, 1_000 * UNIT, 1_000);
        });
    }
    world.edit::<Bootstrap>(&address::bootstrap(), |b| b.trade_credits = 4_000 * UNIT);
    let (maker, party) = (world.party(100_000 * UNIT), world.party(100_000 * UNIT));
    let terms = ix::Terms {
        group: 5,
        breaker: WATCHFUL,
        ..world.terms(16, 1_000 * UNIT)
    };
    let market = world.market_with(&terms);
    for outcome in 0..16 {
        let shares = (37 * u64::from(outcome) + 11) * UNIT + 7;
        world.holding(&maker, market, outcome, shares);
        world.leveraged(&maker, market, outcome, shares / 3, 150);
        world.position(&party, market, outcome, SPOT);
        world.position(&party, market, outcome, LEVERAGED);
    }
    let (owner, feed) = (party.owner, world.feed);
    let mut dearest = [0; 4];
    for outcome in 0..16 {
        let mut run = |world: &mut World, verb: usize, step: Instruction| {
            let credit = world.trader(&party).credit;
            dearest[verb] = world.does(&step).compute_units_consumed.max(dearest[verb]);
            assert!(world.trader(&party).credit > credit, "every one is credited");
        };
        for shares in SIZES {
            world.pass(3);
            run(&mut world, 0, ix::buy(owner, market, outcome, shares, u64::MAX));
            let loan = ix::Loan {
                shares,
                leverage_x100: 177,
                max_payment: u64::MAX,
            };
            run(&mut world, 1, ix::open(owner, market, feed, outcome, loan));
        }
        for shares in SIZES {
            if shares >= UNIT {
                run(&mut world, 2, ix::sell(owner, market, outcome, shares, 0));
                run(&mut world, 3, ix::close(owner, market, outcome, shares, 0));
            }
        }
    }
    println!("buy, open, sell, close: {dearest:?}");
    for (units, ceiling) in dearest.into_iter().zip([3_500, 5_000, 3_500, 5_000]) {
        assert!(units <= ceiling, "{units} CU");
    }
}
