//! Who gets what a liquidation brings, who bears what it does not, and that nobody gains by bringing one about.

use {
    crate::liquidate::{lent, threshold},
    harness::{
        error::DUPLICATE,
        model::{self, Standing},
        *,
    },
};

const SHARES: u64 = 300 * UNIT + 1;
const PART: u64 = 90 * UNIT + 1;

/// What so many sold shares of a position that owes `debt` bring everybody, by the accounts before and after.
#[track_caller]
fn deals(world: &mut World, party: &Party, keeper: &Party, id: u64, debt: u64, shares: u64) -> Liquidated {
    world.owe(party, id, 1, debt);
    let (loan, shard) = (world.loan(party, id, 1), world.shard_of(id));
    let (owners, keepers) = (world.trader(party).balance, world.trader(keeper).balance);
    let before = world.market_state(id);
    let standing = Standing::of(world, &loan, shares);
    let proceeds = standing.notional - standing.fee;
    let due = model::due_of(&loan, shares);
    let [reward, repaid, insured, amount] = model::split(proceeds, standing.notional, due, debt, &shard);
    assert_eq!(reward + repaid + insured + amount, proceeds);

    let event = world
        .does(&ix::liquidate(keeper.owner, party.owner, id, 1, shares))
        .event::<Liquidated>();

    let after = world.shard_of(id);
    assert_eq!((event.notional, event.fee), (standing.notional, standing.fee));
    assert_eq!((event.reward, event.repaid), (reward, repaid));
    assert_eq!((event.insured, event.amount), (insured, amount));
    assert_eq!(event.debt, debt - repaid);
    assert!(repaid >= due && event.debt <= event.left);
    assert_eq!(world.trader(keeper).balance, keepers + reward);
    assert_eq!(world.trader(party).balance, owners + amount);
    assert_eq!(after.insurance, shard.insurance + insured);
    assert_eq!(after.bad_debt, shard.bad_debt);
    assert_eq!(after.debt, shard.debt - repaid);
    let escrow = world.market_state(id).escrow;
    assert_eq!(event.income, before.escrow - escrow - proceeds);
    assert_eq!(after.cash, shard.cash + event.income + repaid);
    assert_eq!(after.fees, shard.fees + event.income);
    assert_eq!(after.volume, shard.volume + standing.notional);
    event
}

#[test]
fn a_part_brings_the_keeper_a_hundredth_and_the_rest_goes_against_the_loan() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let debt = threshold(&world, &world.loan(&party, id, 1), PART) + 1;
    let event = deals(&mut world, &party, &keeper, id, debt, PART);
    assert_eq!(event.reward, event.notional / 100);
    assert_eq!((event.insured, event.amount, event.severity), (0, 0, 0));
}

#[test]
fn what_is_left_of_all_goes_to_the_insurance_fund_and_then_to_the_owner() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    world.cover(id, 0); // maintenance is 7.5 %, and a part does not heal below 5.5 %
    let value = Standing::of(&world, &world.loan(&party, id, 1), SHARES).value;
    for (percent, insured, amount) in [(95, true, true), (96, true, true)] {
        let mut world = world.clone();
        let event = deals(&mut world, &party, &keeper, id, value / 100 * percent, SHARES);
        assert_eq!(event.severity, 1);
        assert_eq!(event.insured, event.notional / 200);
        assert_eq!(
            (event.insured > 0, event.amount > 0),
            (insured, amount),
            "{percent}"
        );
    }
}

#[test]
fn a_fold_deals_the_insurance_evenly() {
    let (mut world, _, _, id) = lent(2, 5_000 * UNIT);
    world.insure(id, 7);
    world.audit();
    world.does(&ix::fold());
    let insurance = [0, 1, 2, 3].map(|i| world.get::<Shard>(&address::shard(i)).insurance);
    assert_eq!(insurance, [4, 1, 1, 1]);
}

#[test]
fn who_is_liquidated_in_the_slot_of_his_purchase_pays_no_flash_fee() {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let id = world.market_with(&world.terms(2, 5_000 * UNIT));
    world.leveraged(&party, id, 1, SHARES, 1_000);
    let loan = world.loan(&party, id, 1);
    let debt = threshold(&world, &loan, PART) + 1;
    world.owe(&party, id, 1, debt);
    let position = world.position_state(&party, id, 1, LEVERAGED);
    assert_eq!(position.opened_slot, world.slot());
    let standing = Standing::of(&world, &loan, PART);
    let done = world.does_at_once(&ix::liquidate(keeper.owner, party.owner, id, 1, PART));
    assert_eq!(done.event::<Liquidated>().fee, standing.fee);
}

#[test]
fn an_owners_trader_account_earns_no_reward_by_its_own_position() {
    let (mut world, party, _, id) = lent(2, 5_000 * UNIT);
    let debt = threshold(&world, &world.loan(&party, id, 1), PART) + 1;
    world.owe(&party, id, 1, debt);
    world.refuses(&ix::liquidate(party.owner, party.owner, id, 1, PART), DUPLICATE);
}

#[test]
fn an_owner_with_two_accounts_gets_what_the_rules_give_and_never_what_he_put_in() {
    // bought at any leverage, pushed down by himself for a minute or not, sold to himself, and all bought back
    let mut liquidated = 0;
    for leverage in [200, 1_000, 2_500, 5_000] {
        for push in [0, 300, 1_000, 2_000] {
            let mut world = World::launched();
            let (owner, second) = (world.party(50_000 * UNIT), world.party(50_000 * UNIT));
            let id = world.market_with(&world.terms(2, 5_000 * UNIT));
            let money = |world: &World| world.trader(&owner).balance + world.trader(&second).balance;
            let before = money(&world);
            world.leveraged(&owner, id, 1, SHARES, leverage);
            world.position(&second, id, 0, SPOT);
            if push > 0 {
                world.does(&ix::buy(second.owner, id, 0, push * UNIT, u64::MAX));
            }
            world.pass(64);
            let mut ways = vec![ix::take_over(second.owner, owner.owner, id, 1)];
            ways.extend([SHARES, PART].map(|shares| ix::liquidate(second.owner, owner.owner, id, 1, shares)));
            let sold = ways.iter().any(|way| world.send(way).is_ok());
            world.audit();
            liquidated += u32::from(sold);
            if push > 0 {
                world.does(&ix::sell(second.owner, id, 0, push * UNIT, 0));
            }
            let left = world.position_state(&owner, id, 1, LEVERAGED).shares;
            if left > 0 {
                world.does(&ix::close(owner.owner, id, 1, left, 0));
            }
            let after = money(&world);
            assert!(after <= before, "gained {} at {leverage}, {push}", after - before);
        }
    }
    assert!(liquidated >= 5, "{liquidated} of his positions were liquidated");
}

/// A market that halts when more than 45 % of a window's volume are liquidations, together with group 9.
fn watched() -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let terms = ix::Terms {
        group: 9,
        breaker: ix::Limits {
            max_volume: 1_000 * UNIT,
            max_move_ppm: 1_000_000,
            max_liquidation_ppm: 450_000,
            window_slots: 10_000,
            cooldown_slots: 50,
        },
        ..world.terms(2, 5_000 * UNIT)
    };
    let id = world.market_with(&terms);
    world.leveraged(&party, id, 1, SHARES, 1_000);
    world.pass(64);
    (world, party, keeper, id)
}

#[test]
fn a_market_halts_when_too_much_of_its_volume_is_liquidations() {
    let (mut world, party, keeper, id) = watched();
    world.cover(id, 0);
    let loan = world.loan(&party, id, 1);
    let debt = Standing::of(&world, &loan, SHARES).value / 100 * 95;
    world.owe(&party, id, 1, debt);
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    // 40 % of the volume so far
    world.does(&liquidate(200 * UNIT));
    assert_eq!(world.market_state(id).breaker.halted_until_slot, 0);
    let left = SHARES - 200 * UNIT;
    let value = Standing::of(&world, &world.loan(&party, id, 1), left).value;
    world.owe(&party, id, 1, value / 100 * 96);
    let before = world.market_state(id).breaker;
    let done = world.does(&liquidate(left));
    let (halted, sold) = (done.event::<MarketHalted>(), done.event::<Liquidated>());
    assert_eq!((halted.reason, halted.group), (3, 9));
    assert_eq!(halted.liquidated, before.liquidated + sold.notional);
    assert!(100 * halted.liquidated > 45 * halted.volume);
    assert!(100 * before.liquidated <= 45 * before.volume);
    assert_eq!(halted.until_slot, world.slot() + 50);
    assert_eq!(world.shard_of(id).halts[9], world.slot() + 50);
}
