//! What somebody can take from the vault who holds a price for a minute and has his own loans called: never more than the
//! market may cost, however often he does it.

use harness::{model, *};

const B: u64 = 1_000 * UNIT;

/// A price of so many parts of the other one, as shares that somebody else has bought.
fn market(world: &mut World, maker: &Party, odds: f64) -> u64 {
    let terms = world.terms(2, B);
    let id = world.market_with(&terms);
    world.holding(maker, id, 1, (odds.ln() * B as f64) as u64);
    world.pass(64);
    id
}

/// Sell all that a position holds, in as many slots as it takes.
fn have_called(world: &mut World, owner: &Party, keeper: &Party, id: u64) {
    loop {
        let loan = world.loan(owner, id, 1);
        if loan.shares == 0 {
            break;
        }
        world.next_slot();
        let shares = *model::sizes(world, &loan).end();
        world.does_at_once(&ix::liquidate(keeper.owner, owner.owner, id, 1, shares));
    }
}

fn lost(world: &World) -> u64 {
    let shards = (0..4).map(|i| world.get::<Shard>(&address::shard(i)));
    shards.map(|shard| shard.bad_debt).sum()
}

#[test]
fn a_price_pushed_again_and_again_costs_no_more_than_the_markets_subsidy() {
    let mut world = World::launched();
    let [owner, second, maker] = [(); 3].map(|()| world.party(1_000_000 * UNIT));
    let id = market(&mut world, &maker, 9.0);
    let subsidy = world.market_state(id).max_debt_at_risk;
    assert!((693 * UNIT..694 * UNIT).contains(&subsidy));
    world.position(&owner, id, 1, LEVERAGED);
    world.position(&second, id, 0, SPOT);
    let (mut shares, mut cycles, push) = (600 * UNIT, 0, 3_000 * UNIT);
    loop {
        let loan = ix::Loan {
            shares,
            leverage_x100: 5_000,
            max_payment: u64::MAX,
        };
        world.publish(100 * UNIT);
        let open = ix::open(owner.owner, id, world.feed, 1, loan);
        if let Err(failed) = world.send(&open) {
            assert_eq!(failed.err, refusal(ExchangeError::MarketDebtTooLarge));
            shares /= 2;
            if shares < UNIT {
                break;
            }
            continue;
        }
        world.does(&ix::buy(second.owner, id, 0, push, u64::MAX));
        world.pass(64);
        have_called(&mut world, &owner, &second, id);
        world.does(&ix::sell(second.owner, id, 0, push, 0));
        world.pass(64);
        cycles += 1;
    }
    assert!(cycles >= 3, "{cycles} cycles");
    let lost = lost(&world);
    assert_eq!(world.market_state(id).max_debt_at_risk, subsidy - lost);
    assert!(lost > subsidy / 2 && lost <= subsidy, "{lost} of {subsidy}");
}

#[test]
fn a_chain_that_pays_less_than_the_reward_of_calling_it_is_not_opened() {
    let mut world = World::launched();
    let [owner, maker] = [(); 2].map(|()| world.party(1_000_000 * UNIT));
    let ids: Vec<u64> = (0..5).map(|_| market(&mut world, &maker, 499.0)).collect();
    world.does(&ix::create_chain(owner.owner, 1));
    let order = |(i, &market): (i32, &u64)| ix::LegOrder {
        market,
        outcome: 1,
        shares: (95e6 / 1.08_f64.powi(4 - i)) as u64,
        leverage_x100: 5_000,
    };
    let orders: Vec<_> = (0..).zip(&ids).map(order).collect();
    world.publish(100 * UNIT);
    let open = ix::open_chain(owner.owner, 1, world.feed, &orders, u64::MAX);
    world.refuses(&open, ExchangeError::ChainLeverageAboveCap);
}
