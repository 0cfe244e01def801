use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{Holder, DONE, LIQUIDATION, MMT, PRICE_UPDATE, PRUNING, RESOLUTION, STOP_LOSS},
    *,
};

const BOND: u64 = 100 * MMT;

/// A keeper of this bond holds a resolution, after slots enough to fill the pot.
fn held(bond: u64) -> (World, Holder, u64, Address) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(bond);
    world.pass_slots(10_000);
    let (market, subject) = world.held_task(&keeper);
    (world, keeper, market, subject)
}

fn given() -> (World, Instruction) {
    let (mut world, keeper, market, subject) = held(BOND);
    world.resolve(market);
    (world, kx::complete_task(keeper.key, RESOLUTION, subject))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotKeeper.into()),
    owned: &[1, 2],
    written: &[1, 2],
    data: 0,
}}

#[test]
fn the_keeper_is_credited_with_reward_and_response() {
    let (mut world, keeper, market, subject) = held(BOND);
    world.pass_slots(3);
    world.resolve(market);
    let (before, task) = (world.keeper_of(&keeper), world.task_of(&subject, RESOLUTION));

    let done = world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));

    let (slot, reward) = (world.slot(), MMT / 5);
    let response_slots = slot - task.created_slot;
    let expected = Keeper {
        claims: 0,
        completed: 1,
        rewards: reward,
        response_slots,
        heartbeat_slot: slot,
        ..before
    };
    assert_eq!(world.keeper_of(&keeper), expected);
    let expected = Task {
        state: DONE,
        done_slot: slot,
        reserved_mmt: task.reserved_mmt - reward,
        ..task
    };
    assert_eq!(world.task_of(&subject, RESOLUTION), expected);
    let event = TaskCompleted {
        task: key(&address::task(&subject, RESOLUTION)),
        keeper: key(&keeper.keeper()),
        reward,
        response_slots,
    };
    assert_eq!(done.event::<TaskCompleted>(), event);
}

#[test]
fn a_tiers_multiplier_raises_the_reward() {
    let bonds = [BOND, 1_000 * MMT, 10_000 * MMT, 100_000 * MMT];
    for (bond, tenths) in bonds.into_iter().zip(10..) {
        let (mut world, keeper, market, subject) = held(bond);
        world.resolve(market);
        world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
        assert_eq!(world.keeper_of(&keeper).rewards, MMT / 50 * tenths);
    }
}

#[test]
fn a_second_completion_is_refused() {
    let (mut world, instruction) = given();
    world.does_at_once(&instruction);
    world.refuses(&instruction, ExchangeError::TaskDone);
}

#[test]
fn work_that_was_not_done_is_refused() {
    let (mut world, keeper, _, subject) = held(BOND);
    let complete = kx::complete_task(keeper.key, RESOLUTION, subject);
    world.refuses(&complete, ExchangeError::TaskUnfinished);
}

#[test]
fn another_keeper_is_refused() {
    let (mut world, _, market, subject) = held(BOND);
    let rival = world.keeper(BOND);
    world.resolve(market);
    let complete = kx::complete_task(rival.key, RESOLUTION, subject);
    world.refuses(&complete, ExchangeError::NotClaimer);
}

#[test]
fn a_task_that_nobody_holds_is_refused() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (market, subject) = world.open_task();
    world.resolve(market);
    let complete = kx::complete_task(keeper.key, RESOLUTION, subject);
    world.refuses(&complete, ExchangeError::TaskNotClaimed);
}

#[test]
fn another_subject_is_refused() {
    let (mut world, keeper, _, subject) = held(BOND);
    let other = world.market(2);
    world.settle(other, 100 * UNIT);
    let mut complete = kx::complete_task(keeper.key, RESOLUTION, subject);
    complete.accounts[3].pubkey = address::market(other);
    world.refuses(&complete, ExchangeError::WrongSubject);
}

#[test]
fn late_work_counts_as_long_as_nobody_took_the_task_away() {
    let (mut world, keeper, market, subject) = held(BOND);
    world.pass_slots(1_000);
    world.resolve(market);
    world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
    let record = world.keeper_of(&keeper);
    assert_eq!((record.completed, record.missed, record.slashed), (1, 0, 0));
}

#[test]
fn a_price_completes_an_update() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (market, feed) = (address::market(world.market(2)), world.feed);
    world.pass(31);
    world.does_at_once(&kx::post_task(world.authority, PRICE_UPDATE, feed, market));
    world.does_at_once(&kx::claim_task(keeper.key, PRICE_UPDATE, feed));
    let complete = kx::complete_task(keeper.key, PRICE_UPDATE, feed);
    world.refuses(&complete, ExchangeError::TaskUnfinished);
    world.publish(100 * UNIT);
    world.does_at_once(&complete);
}

#[test]
fn a_sale_completes_a_stop_loss_and_a_purchase_does_not() {
    let mut world = World::with_mmt();
    let (keeper, party, market) = (world.keeper(BOND), world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, 20 * UNIT);
    let subject = party.position(market, 0, SPOT);
    world.does_at_once(&kx::post_task(party.owner, STOP_LOSS, subject, party.trader()));
    world.does_at_once(&kx::claim_task(keeper.key, STOP_LOSS, subject));
    let complete = kx::complete_task(keeper.key, STOP_LOSS, subject);
    world.does_at_once(&ix::buy(party.owner, market, 0, UNIT, u64::MAX));
    world.refuses(&complete, ExchangeError::TaskUnfinished);
    world.does_at_once(&ix::sell(party.owner, market, 0, 2 * UNIT, 0));
    world.does_at_once(&complete);
}

#[test]
fn a_repayment_completes_a_liquidation() {
    let mut world = World::with_mmt();
    let (keeper, party, market) = (world.keeper(BOND), world.party(1_000 * UNIT), world.market(2));
    world.called_loan(&party, market);
    let subject = party.position(market, 0, LEVERAGED);
    world.does_at_once(&kx::post_task(
        world.authority,
        LIQUIDATION,
        subject,
        address::market(market),
    ));
    world.does_at_once(&kx::claim_task(keeper.key, LIQUIDATION, subject));
    let complete = kx::complete_task(keeper.key, LIQUIDATION, subject);
    world.refuses(&complete, ExchangeError::TaskUnfinished);
    world.does_at_once(&ix::close(party.owner, market, 0, UNIT, 0));
    world.does_at_once(&complete);
    assert_eq!(world.keeper_of(&keeper).rewards, 0, "the liquidation itself pays");
}

#[test]
fn a_closed_account_completes_its_pruning() {
    let mut world = World::with_mmt();
    let (keeper, party, market) = (world.keeper(BOND), world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, 20 * UNIT);
    world.settle(market, 100 * UNIT);
    world.pass(30 * 24 * 60 * 60);
    let subject = party.position(market, 0, SPOT);
    world.does_at_once(&kx::post_task(
        world.authority,
        PRUNING,
        subject,
        address::market(market),
    ));
    world.does_at_once(&kx::claim_task(keeper.key, PRUNING, subject));
    let complete = kx::complete_task(keeper.key, PRUNING, subject);
    world.does_at_once(&ix::redeem(party.owner, market, 0, SPOT));
    world.refuses(&complete, ExchangeError::TaskUnfinished);
    world.does_at_once(&ix::close_position(party.owner, market, 0, SPOT));
    world.does_at_once(&complete);

    let subject = address::market(market);
    world.does_at_once(&kx::post_task(world.authority, PRUNING, subject, subject));
    world.pass_slots(4);
    world.does_at_once(&kx::claim_task(keeper.key, PRUNING, subject));
    let operator = world.operator;
    world.does_at_once(&ix::close_market(market, operator));
    world.does_at_once(&kx::complete_task(keeper.key, PRUNING, subject));
    assert_eq!(world.keeper_of(&keeper).completed, 2);
}
