//! A loan under water: the vault takes the shares over instead of selling them. What nobody gains by bringing that about is in
//! `collusion_calls`.

use {
    crate::liquidate::lent,
    harness::{
        attacks::{PositionShape, Shape},
        error::DUPLICATE,
        model::Takeover,
        *,
    },
};

const SHARES: u64 = 300 * UNIT + 1;

/// The same after somebody has bought so many shares of the other outcome, and a minute.
fn fallen(sold_against: u64) -> (World, Party, Party, u64) {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 0, sold_against);
    world.pass(64);
    (world, party, keeper, id)
}

fn given() -> (World, Instruction) {
    let (world, party, keeper, id) = fallen(2_000 * UNIT);
    (world, ix::take_over(keeper.owner, party.owner, id, 1))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4, 5],
    written: &[1, 2, 3, 4, 5],
    data: 0,
}}
harness::position_attacks! { PositionShape { given, trader: 2, signed: false } }

/// Take a position over, and compare all that it does with what it should.
#[track_caller]
fn takes(world: &mut World, party: &Party, keeper: &Party, id: u64) -> TakenOver {
    let instruction = ix::take_over(keeper.owner, party.owner, id, 1);
    world.next_slot();
    let (loan, shard, before) = (
        world.loan(party, id, 1),
        world.shard_of(id),
        world.market_state(id),
    );
    let expected = Takeover::of(world, &loan);
    assert!(expected.is_under_water(&loan));
    let (owners, keepers) = (world.trader(party).balance, world.trader(keeper).balance);
    let event = world.does_at_once(&instruction).event::<TakenOver>();
    let (after, market) = (world.shard_of(id), world.market_state(id));
    assert_eq!((event.mark_q28, event.sold), (expected.mark_q28, expected.sold));
    assert_eq!(
        (event.notional, event.reward),
        (expected.notional, expected.reward)
    );
    assert_eq!(event.shares, loan.shares - expected.sold);
    assert_eq!(event.debt, loan.debt);
    assert_eq!(world.trader(keeper).balance, keepers + expected.reward);
    assert_eq!(world.trader(party).balance, owners);
    // the loan stands as it stood, and with it what the market may lend and what the shard has at risk
    assert_eq!(
        (market.debt, market.debt_at_risk),
        (before.debt, before.debt_at_risk)
    );
    assert_eq!((after.debt, after.debt_at_risk), (shard.debt, shard.debt_at_risk));
    assert_eq!(
        (after.insurance, after.bad_debt),
        (shard.insurance, shard.bad_debt)
    );
    assert_eq!(market.taken_shares[1], before.taken_shares[1] + event.shares);
    assert_eq!(market.taken_debt[1], before.taken_debt[1] + event.debt);
    assert_eq!(market.shares[1], before.shares[1] - event.sold);
    assert_eq!(event.income, before.escrow - market.escrow - event.reward);
    assert_eq!(after.cash, shard.cash + event.income);
    let position = world.position_state(party, id, 1, LEVERAGED);
    assert_eq!((position.shares, position.debt, position.cost), (0, 0, 0));
    event
}

#[test]
fn a_position_is_taken_over_from_one_unit_above_what_its_shares_are_worth() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let value = Takeover::of(&world, &world.loan(&party, id, 1)).value;
    world.owe(&party, id, 1, value);
    let instruction = ix::take_over(keeper.owner, party.owner, id, 1);
    world.refuses(&instruction, ExchangeError::AboveLoan);
    world.owe(&party, id, 1, value + 1);
    let event = takes(&mut world, &party, &keeper, id);
    // a hundredth of the shares at a price that they hardly move
    assert_eq!(event.sold, SHARES / 100);
    assert!(event.reward.abs_diff(value / 100) < value / 5_000);
    world.refuses(&instruction, ExchangeError::Healthy);
    world.does(&ix::close_position(party.owner, id, 1, LEVERAGED));
}

#[test]
fn neither_a_price_of_the_moment_nor_that_of_the_last_minute_alone_takes_anything_over() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 0, 2_000 * UNIT);
    let instruction = ix::take_over(keeper.owner, party.owner, id, 1);
    world.refuses(&instruction, ExchangeError::AboveLoan);
    world.pass(64);
    let mut recovered = world.clone();
    recovered.does(&ix::sell(other.owner, id, 0, 2_000 * UNIT, 0));
    recovered.refuses(&instruction, ExchangeError::AboveLoan);
    takes(&mut world, &party, &keeper, id);
}

#[test]
fn what_the_loan_needs_if_the_shares_win_is_not_sold_for_the_keeper() {
    for (owed, sold) in [
        (0, 0),
        (1, 1),
        (7, 7),
        (SHARES / 100, SHARES / 100),
        (SHARES / 99, SHARES / 100),
    ] {
        let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
        world.owe(&party, id, 1, SHARES - owed);
        let event = takes(&mut world, &party, &keeper, id);
        assert_eq!((event.sold, event.shares), (sold, SHARES - sold));
    }
}

#[test]
fn the_slots_cap_bounds_what_is_sold_for_keepers_and_not_what_is_taken_over() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let shard = address::shard(address::shard_of(id));
    world.edit::<Shard>(&shard, |s| s.slot_ppm = 400); // two shares
    world.owe(&party, id, 1, SHARES / 100 * 98);
    let event = takes(&mut world, &party, &keeper, id);
    assert_eq!((event.sold, event.shares), (2 * UNIT, SHARES - 2 * UNIT));
    assert_eq!(world.market_state(id).cascade_bound, 1);
}

/// The vault's and the fund's money, everywhere.
fn funds(world: &World) -> (u64, u64) {
    let shards = [0, 1, 2, 3].map(|i| world.get::<Shard>(&address::shard(i)));
    let insurance = shards.iter().map(|s| s.insurance).sum();
    (shards.iter().map(|s| s.cash).sum(), insurance)
}

#[test]
fn a_winner_pays_its_loan_and_the_insurance_fund_and_a_loser_is_paid_by_the_fund_and_then_lost() {
    for insurance in [0, 5 * UNIT, 1_000 * UNIT] {
        for price in [99, 101] {
            let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
            world.insure(id, insurance);
            let event = takes(&mut world, &party, &keeper, id);
            let (before, market) = (world.shard_of(id), world.market_state(id));
            let closed = world.clone();
            world.settle(id, price * UNIT);
            let after = world.shard_of(id);
            let won = price > 100;
            let brought = if won { event.shares } else { 0 };
            let drawn = if won { 0 } else { event.debt.min(insurance) };
            let lost = if won { 0 } else { event.debt - drawn };
            assert_eq!(after.debt, before.debt - event.debt);
            assert_eq!(
                after.insurance,
                insurance + brought.saturating_sub(event.debt) - drawn
            );
            assert_eq!(after.bad_debt, before.bad_debt + lost);
            let winner = usize::from(won);
            let residue = market.escrow - market.shares[winner];
            assert_eq!(after.cash, before.cash + residue + event.debt - lost);
            let settled = world.market_state(id);
            assert_eq!(settled.escrow, market.shares[winner] - brought);
            assert_eq!((settled.total_debt, settled.debt_at_risk), (0, 0));
            let mut again = closed;
            let event = settled_event(&mut again, id, price);
            assert_eq!((event.taken, event.drawn, event.bad_debt), (brought, drawn, lost));
            assert_eq!(event.residue, residue);
        }
    }
}

/// Credited fees are nobody's: were they to pay a loss, they would come back to whoever owns the vault and loses his own loan.
#[test]
fn what_a_launch_has_set_aside_pays_for_no_loss() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let reserve = 1_000 * UNIT;
    world.edit::<Shard>(&address::shard(address::shard_of(id)), |s| {
        (s.cash, s.reserve) = (s.cash - reserve, reserve);
    });
    let event = takes(&mut world, &party, &keeper, id);
    world.settle(id, 99 * UNIT);
    world.does(&ix::fold());
    let after = world.shard_of(id);
    assert_eq!((after.bad_debt, after.reserve), (event.debt, reserve));
}

fn settled_event(world: &mut World, id: u64, price: u64) -> MarketSettled {
    let close_ms = world.market_state(id).close_ms;
    world.set_time((close_ms / 1000) as i64 - 1);
    world.publish(price * UNIT);
    world.pass(1);
    world.publish(price * UNIT);
    let index = world.get::<Feed>(&world.feed).count - 1;
    world.does(&ix::resolve(id, world.feed, index)).event()
}

#[test]
fn a_voided_market_pays_for_what_was_taken_over_like_for_any_other_share() {
    for (insurance, debt) in [(0, 137), (0, 200), (10, 200), (1_000, 200)] {
        let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
        let second = world.party(10_000 * UNIT);
        world.leveraged(&second, id, 0, 50 * UNIT, 200);
        world.pass(64);
        let insurance = insurance * UNIT;
        world.insure(id, insurance);
        world.owe(&party, id, 1, debt * UNIT);
        let event = takes(&mut world, &party, &keeper, id);
        let (before, market) = (world.shard_of(id), world.market_state(id));
        world.set_time((market.close_ms / 1000) as i64 + 7 * 24 * 60 * 60);
        let settled = world.does(&ix::void(id)).event::<MarketSettled>();
        let brought = event.shares / 2;
        let missing = event.debt.saturating_sub(brought);
        let drawn = missing.min(insurance);
        assert_eq!((settled.taken, settled.drawn), (brought, drawn));
        assert_eq!(settled.bad_debt, missing - drawn);
        let after = world.shard_of(id);
        assert_eq!(after.bad_debt, before.bad_debt + missing - drawn);
        assert_eq!(
            after.insurance,
            insurance + brought.saturating_sub(event.debt) - drawn
        );
        // the other loan is still to be redeemed, and at risk until then
        let left = world.position_state(&second, id, 0, LEVERAGED).debt;
        assert_eq!((after.debt, world.market_state(id).debt_at_risk), (left, left));
        world.does(&ix::redeem(second.owner, id, 0, LEVERAGED));
    }
}

/// The two bounds of what the vault is worth.
fn bounds(world: &World) -> (u64, u64) {
    let shards = [0, 1, 2, 3].map(|i| world.get::<Shard>(&address::shard(i)));
    let low = shards
        .iter()
        .map(|s| s.cash + s.debt - s.debt_at_risk + s.claim_floor);
    let high = shards.iter().map(|s| s.cash + s.debt + s.claim_ceiling);
    (low.sum(), high.sum())
}

#[test]
fn what_was_taken_over_changes_neither_bound_of_the_vaults_worth() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let (low, high) = bounds(&world);
    let event = takes(&mut world, &party, &keeper, id);
    let (after_low, after_high) = bounds(&world);
    // the keeper's shares are an ordinary sale; nothing else moved
    assert!(after_low.abs_diff(low) <= event.sold && after_high.abs_diff(high) <= event.sold);
    for price in [99, 101] {
        let mut world = world.clone();
        let (cash, insurance) = funds(&world);
        let market = world.market_state(id);
        world.settle(id, price * UNIT);
        let (settled, fund) = funds(&world);
        assert!(settled - cash >= market.claim_floor && settled - cash <= market.claim_ceiling + event.debt);
        assert!(fund >= insurance);
    }
}

/// Nothing is sold of less than a hundred shares, so no trade follows what the pool releases as time passes.
#[test]
fn dust_that_is_taken_over_from_a_decaying_pool_moves_neither_bound_either() {
    let mut world = World::launched();
    let (party, keeper, other) = (
        world.party(10_000 * UNIT),
        world.party(0),
        world.party(100_000 * UNIT),
    );
    let terms = ix::Terms {
        curve: 2,
        ..world.terms(2, 5_000 * UNIT)
    };
    let id = world.market_with(&terms);
    world.leveraged(&party, id, 1, 99, 500);
    world.holding(&other, id, 0, 4_000 * UNIT);
    world.pass(((world.market_state(id).close_ms / 1000) as i64 - world.now_s()) / 2);
    let (before, escrow) = (bounds(&world), world.market_state(id).escrow);
    let event = world
        .does(&ix::take_over(keeper.owner, party.owner, id, 1))
        .event::<TakenOver>();
    assert_eq!((event.shares, event.sold), (99, 0));
    let market = world.market_state(id);
    assert!(market.escrow < escrow, "the pool has released something");
    assert_eq!(bounds(&world), before);
    let most = market.shares.iter().max().expect("outcomes");
    assert_eq!(market.claim_floor, market.escrow - most);
}

#[test]
fn after_the_close_nothing_is_taken_over_any_more_and_nobody_takes_over_for_himself() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let instruction = ix::take_over(keeper.owner, party.owner, id, 1);
    world.refuses(&ix::take_over(party.owner, party.owner, id, 1), DUPLICATE);
    let mut settled = world.clone();
    settled.settle(id, 50 * UNIT);
    settled.refuses(&instruction, ExchangeError::MarketClosed);
    world.pass_close(id);
    world.refuses(&instruction, ExchangeError::MarketClosed);
}

#[test]
fn in_a_halt_a_loan_under_water_is_taken_over_all_the_same() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let until = world.slot() + 100;
    world.edit::<Market>(&address::market(id), |m| m.breaker.halted_until_slot = until);
    takes(&mut world, &party, &keeper, id);
}

#[test]
fn shares_without_a_loan_and_shares_bought_in_cash_are_never_taken_over() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    world.owe(&party, id, 1, 0);
    let mut instruction = ix::take_over(keeper.owner, party.owner, id, 1);
    world.refuses(&instruction, ExchangeError::Healthy);
    world.holding(&party, id, 1, SHARES);
    instruction.accounts[5].pubkey = party.position(id, 1, SPOT);
    world.refuses(&instruction, ExchangeError::WrongKind);
    assert_eq!(world.position_state(&party, id, 1, SPOT).shares, SHARES);
}
