use harness::{
    attacks::Shape,
    ix_keepers::{self as kx, MMT_RULES},
    keepers::{CLAIMED, LIQUIDATION, MMT, PRICE_UPDATE, RESOLUTION},
    *,
};

const BOND: u64 = 100 * MMT;

fn given() -> (World, Instruction) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (_, subject) = world.open_task();
    (world, kx::claim_task(keeper.key, RESOLUTION, subject))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotKeeper.into()),
    owned: &[1, 2, 3],
    written: &[1, 2],
    data: 0,
}}

#[test]
fn one_keeper_holds_the_task_until_the_deadline() {
    let (mut world, instruction) = given();
    let [keeper, task] = [1, 2].map(|i| instruction.accounts[i].pubkey);
    let (keeper_before, before) = (world.get::<Keeper>(&keeper), world.get::<Task>(&task));
    world.pass_slots(1);

    let done = world.does_at_once(&instruction);

    let slot = world.slot();
    let expected = Task {
        claimed_by: key(&keeper),
        claimed_slot: slot,
        deadline_slot: slot + MMT_RULES.claim_slots,
        state: CLAIMED,
        ..before
    };
    assert_eq!(world.get::<Task>(&task), expected);
    let expected = Keeper {
        claims: 1,
        heartbeat_slot: slot,
        ..keeper_before
    };
    assert_eq!(world.get::<Keeper>(&keeper), expected);
    let event = TaskClaimed {
        task: key(&task),
        keeper: key(&keeper),
        priority: before.priority,
        deadline_slot: slot + MMT_RULES.claim_slots,
    };
    assert_eq!(done.event::<TaskClaimed>(), event);
}

#[test]
fn a_task_that_is_held_is_refused_to_others_and_to_its_holder() {
    let (mut world, instruction) = given();
    let rival = world.keeper(BOND);
    world.does_at_once(&instruction);
    let subject = instruction.accounts[4].pubkey;
    world.pass_slots(1_000); // late, but nobody has taken it away
    world.refuses(&instruction, ExchangeError::TaskClaimed);
    let claim = kx::claim_task(rival.key, RESOLUTION, subject);
    world.refuses(&claim, ExchangeError::TaskClaimed);
}

#[test]
fn five_keepers_racing_for_a_task_leave_one_holder() {
    let mut world = World::with_mmt();
    let keepers: Vec<_> = (0..5).map(|_| world.keeper(BOND)).collect();
    let (market, subject) = world.open_task();
    let claims: Vec<_> = keepers
        .iter()
        .map(|k| kx::claim_task(k.key, RESOLUTION, subject))
        .collect();
    let holders = claims.iter().filter(|claim| world.send(claim).is_ok()).count();
    assert_eq!(holders, 1);
    world.resolve(market);
    let completions = keepers
        .iter()
        .map(|k| kx::complete_task(k.key, RESOLUTION, subject));
    let paid = completions
        .filter(|complete| world.send(complete).is_ok())
        .count();
    assert_eq!(paid, 1);
    world.audit();
}

#[test]
fn a_task_that_is_done_is_refused() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (market, subject) = world.held_task(&keeper);
    world.resolve(market);
    world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
    let claim = kx::claim_task(keeper.key, RESOLUTION, subject);
    world.refuses(&claim, ExchangeError::TaskDone);
}

#[test]
fn work_that_somebody_has_done_already_is_refused() {
    let (mut world, instruction) = given();
    let market = world.get::<Market>(&instruction.accounts[4].pubkey).id;
    world.resolve(market);
    world.refuses(&instruction, ExchangeError::TaskObsolete);
}

#[test]
fn in_its_first_slots_a_task_is_of_the_keeper_whose_turn_it_is() {
    let mut world = World::with_mmt();
    let keepers = [world.keeper(BOND), world.keeper(BOND), world.keeper(BOND)];
    for sequence in 0..4 {
        let (_, subject) = world.closed_market();
        world.does_at_once(&kx::post_task(world.authority, RESOLUTION, subject, subject));
        let turn = (sequence + world.slot() / 100) % 3;
        for step in 1..3 {
            let other = keepers[((turn + step) % 3) as usize];
            let claim = kx::claim_task(other.key, RESOLUTION, subject);
            world.refuses(&claim, ExchangeError::NotYourTurn);
        }
        world.does_at_once(&kx::claim_task(keepers[turn as usize].key, RESOLUTION, subject));
    }
}

#[test]
fn after_a_hundred_slots_it_is_the_next_keepers_turn() {
    let mut world = World::with_mmt();
    let keepers = [world.keeper(BOND), world.keeper(BOND)];
    let (_, subject) = world.closed_market();
    let to_turn = 100 - world.slot() % 100;
    world.pass_slots(to_turn - 1);
    world.does_at_once(&kx::post_task(world.authority, RESOLUTION, subject, subject));
    let turn = (world.slot() / 100 % 2) as usize;
    let claims = keepers.map(|k| kx::claim_task(k.key, RESOLUTION, subject));
    world.refuses(&claims[1 - turn], ExchangeError::NotYourTurn);
    world.pass_slots(1);
    world.refuses(&claims[turn], ExchangeError::NotYourTurn);
    world.does_at_once(&claims[1 - turn]);
}

#[test]
fn waiting_ten_slots_makes_a_task_more_urgent() {
    for (waited, urgency) in [(6, 1), (10, 2), (25, 3), (30, 4), (1_000, 4)] {
        let mut world = World::with_mmt();
        let keeper = world.keeper(BOND);
        let (_, subject) = world.closed_market();
        world.does_at_once(&kx::post_task(world.authority, RESOLUTION, subject, subject));
        world.pass_slots(waited);
        world.does_at_once(&kx::claim_task(keeper.key, RESOLUTION, subject));
        let task = world.task_of(&subject, RESOLUTION);
        assert_eq!(task.priority, urgency << 56 | task.value, "after {waited} slots");
    }
}

#[test]
fn more_tasks_than_a_keeper_may_hold_are_refused() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    for _ in 0..8 {
        world.held_task(&keeper);
    }
    let (_, subject) = world.open_task();
    let claim = kx::claim_task(keeper.key, RESOLUTION, subject);
    world.refuses(&claim, ExchangeError::TooManyClaims);
}

#[test]
fn keepers_off_duty_and_keepers_whose_bond_has_melted_are_refused() {
    let change = |error: ExchangeError, change: fn(&mut Keeper)| {
        let (mut world, instruction) = given();
        let keeper = instruction.accounts[1].pubkey;
        let mut account = world.get::<Keeper>(&keeper);
        change(&mut account);
        world.edit::<Keeper>(&keeper, |k| *k = account);
        world.refuses(&instruction, error);
    };
    change(ExchangeError::KeeperNotActive, |keeper| keeper.status = 1);
    change(ExchangeError::KeeperNotActive, |keeper| keeper.status = 2);
    change(ExchangeError::BondTooSmall, |keeper| keeper.bond = BOND / 2 - 1);
}

#[test]
fn another_subject_is_refused() {
    let (mut world, mut instruction) = given();
    let (_, other) = world.closed_market();
    instruction.accounts[4].pubkey = other;
    world.refuses(&instruction, ExchangeError::WrongSubject);
}

#[test]
fn a_price_that_came_meanwhile_makes_an_update_obsolete() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let market = address::market(world.market(2));
    world.pass(31);
    world.does_at_once(&kx::post_task(world.authority, PRICE_UPDATE, world.feed, market));
    let claim = kx::claim_task(keeper.key, PRICE_UPDATE, world.feed);
    let mut late = world.clone();
    world.does_at_once(&claim);
    late.publish(100 * UNIT);
    late.refuses(&claim, ExchangeError::TaskObsolete);
}

#[test]
fn a_loan_that_was_repaid_meanwhile_makes_a_liquidation_obsolete() {
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
    let claim = kx::claim_task(keeper.key, LIQUIDATION, subject);
    let mut late = world.clone();
    world.does_at_once(&claim);
    late.does_at_once(&ix::close(party.owner, market, 0, UNIT, 0));
    late.refuses(&claim, ExchangeError::TaskObsolete);
}
