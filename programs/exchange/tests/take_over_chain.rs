//! A chain under water is taken over leg by leg, each with its own loan.

use harness::{attacks::Shape, error::DUPLICATE, model::Takeover, *};

const ID: u64 = 3;

/// Three legs at 2x in markets of two outcomes, a keeper, and somebody with positions in the markets.
fn chained() -> (World, Party, Party, Party, Vec<u64>) {
    let mut world = World::launched();
    let [party, other] = [(); 2].map(|()| world.party(200_000 * UNIT));
    let keeper = world.party(0);
    let markets: Vec<u64> = (0..3)
        .map(|_| {
            let id = world.market_with(&world.terms(2, 5_000 * UNIT));
            world.position(&other, id, 0, SPOT);
            id
        })
        .collect();
    world.does(&ix::create_chain(party.owner, ID));
    let orders: Vec<_> = markets
        .iter()
        .zip([300, 200, 100])
        .map(|(&market, shares)| ix::LegOrder {
            market,
            outcome: 1,
            shares: shares * UNIT + 1,
            leverage_x100: 200,
        })
        .collect();
    world.does(&ix::open_chain(party.owner, ID, world.feed, &orders, u64::MAX));
    world.pass(64);
    (world, party, keeper, other, markets)
}

/// The same after the first leg has fallen for good.
fn sunk() -> (World, Party, Party, Party, Vec<u64>) {
    let (mut world, party, keeper, other, markets) = chained();
    world.does(&ix::buy(other.owner, markets[0], 0, 12_000 * UNIT, u64::MAX));
    world.pass(64);
    (world, party, keeper, other, markets)
}

fn given() -> (World, Instruction) {
    let (world, party, keeper, _, markets) = sunk();
    let feed = world.feed;
    let instruction = ix::take_over_chain(keeper.owner, party.owner, ID, feed, &markets);
    (world, instruction)
}

#[test]
fn its_accounts_are_checked_like_those_of_any_instruction() {
    let shape = Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3],
        written: &[1, 2, 3],
        data: 0,
    };
    shape.succeeds_untouched();
    shape.missing_signature();
    shape.strangers_signature();
    shape.forged_accounts();
    shape.confused_types();
    shape.swapped_accounts();
    shape.read_only_accounts();
    shape.truncated_data();
    shape.oversized_data();
}

#[test]
fn every_leg_needs_its_own_market_and_shard_in_its_place() {
    let (world, good) = given();
    let refuses = |change: &dyn Fn(&mut Vec<AccountMeta>), error: ExchangeError| {
        let (mut world, mut wrong) = (world.clone(), good.clone());
        change(&mut wrong.accounts);
        world.refuses(&wrong, error);
    };
    refuses(&|a| a.truncate(a.len() - 3), ExchangeError::BadLegs);
    refuses(&|a| a.truncate(4), ExchangeError::BadLegs);
    refuses(&|a| a.push(a[4].clone()), ExchangeError::BadLegs);
    refuses(&|a| a[4..].rotate_left(3), ExchangeError::BadLeg);
    let lender = world.lender.trader();
    refuses(&|a| a[2].pubkey = lender, ExchangeError::ChainOfAnotherTrader);
}

#[test]
fn a_chain_under_water_goes_to_the_vault_leg_by_leg() {
    let (mut world, party, keeper, _, markets) = sunk();
    world.next_slot();
    let loans = world.chain_loans(&party, ID);
    let taken: Vec<Takeover> = loans.iter().map(|loan| Takeover::of(&world, loan)).collect();
    let (value, debt) = world.chain_worth(&loans);
    assert!(value < debt);
    let before: Vec<Market> = markets.iter().map(|&id| world.market_state(id)).collect();
    let (owners, keepers) = (world.trader(&party).balance, world.trader(&keeper).balance);
    let instruction = ix::take_over_chain(keeper.owner, party.owner, ID, world.feed, &markets);
    let event = world.does_at_once(&instruction).event::<ChainTakenOver>();
    let reward: u64 = taken.iter().map(|each| each.reward).sum();
    assert_eq!(
        (event.legs, event.value, event.debt, event.reward),
        (3, value, debt, reward)
    );
    assert_eq!(world.trader(&keeper).balance, keepers + reward);
    assert_eq!(world.trader(&party).balance, owners);
    for ((loan, each), before) in loans.iter().zip(&taken).zip(before) {
        let after = world.market_state(loan.market);
        assert_eq!(after.taken_shares[1], loan.shares - each.sold);
        assert_eq!(after.taken_debt[1], loan.debt);
        assert_eq!(after.debt_at_risk, before.debt_at_risk);
        assert_eq!(after.positions, before.positions - 1);
    }
    world.refuses(&instruction, ExchangeError::BadLegs);
    world.does(&ix::close_chain(party.owner, ID));
    for (&id, price) in markets.iter().zip([99, 101, 99]) {
        let mut world = world.clone();
        world.settle(id, price * UNIT);
    }
}

#[test]
fn a_leg_that_has_gained_keeps_one_that_has_lost() {
    let (mut world, party, keeper, other, markets) = sunk();
    world.position(&other, markets[1], 1, SPOT);
    world.does(&ix::buy(other.owner, markets[1], 1, 9_000 * UNIT, u64::MAX));
    world.pass(64);
    let (value, debt) = world.chain_worth(&world.chain_loans(&party, ID));
    assert!(value > debt, "{value} {debt}");
    let instruction = ix::take_over_chain(keeper.owner, party.owner, ID, world.feed, &markets);
    world.refuses(&instruction, ExchangeError::AboveLoan);
    let own = ix::take_over_chain(party.owner, party.owner, ID, world.feed, &markets);
    world.refuses(&own, DUPLICATE);
}

/// Let one leg's market close before the others.
fn closes_early(world: &mut World, id: u64) {
    world.edit::<Market>(&address::market(id), |m| m.close_ms -= HOUR_MS / 2);
}

#[test]
fn a_settled_leg_is_paid_out_on_the_way() {
    for price in [99, 101] {
        let (mut world, party, keeper, _, markets) = sunk();
        closes_early(&mut world, markets[2]);
        world.settle(markets[2], price * UNIT);
        let mut twin = world.clone();
        world.next_slot();
        twin.does(&ix::redeem_leg(party.owner, ID, markets[2], 2));
        let feed = world.feed;
        world.does(&ix::take_over_chain(
            keeper.owner,
            party.owner,
            ID,
            feed,
            &markets,
        ));
        twin.does(&ix::take_over_chain(
            keeper.owner,
            party.owner,
            ID,
            feed,
            &markets[..2],
        ));
        assert_eq!(world.trader(&party), twin.trader(&party));
        assert_eq!(world.trader(&keeper), twin.trader(&keeper));
        assert_eq!(world.chain(&party, ID), twin.chain(&party, ID));
        for &id in &markets {
            assert_eq!(world.market_state(id), twin.market_state(id));
        }
    }
}

#[test]
fn a_leg_whose_market_waits_for_its_settlement_counts_and_stays() {
    let (mut world, party, keeper, _, markets) = sunk();
    closes_early(&mut world, markets[1]);
    let (value, debt) = world.chain_worth(&world.chain_loans(&party, ID));
    world.pass_close(markets[1]);
    let instruction = ix::take_over_chain(keeper.owner, party.owner, ID, world.feed, &markets);
    let event = world.does(&instruction).event::<ChainTakenOver>();
    assert_eq!((event.legs, event.debt), (2, debt));
    assert!(event.value.abs_diff(value) < UNIT);
    let left = world.chain_loans(&party, ID);
    assert_eq!((left.len(), left[0].market), (1, markets[1]));
    let again = ix::take_over_chain(keeper.owner, party.owner, ID, world.feed, &markets[1..2]);
    world.refuses(&again, ExchangeError::MarketClosed);
    world.settle(markets[1], 101 * UNIT);
    world.does(&ix::redeem_leg(party.owner, ID, markets[1], 1));
    world.does(&ix::close_chain(party.owner, ID));
}
