//! A task is posted only about a subject that proves its need.

use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{LIQUIDATION, MMT, PRICE_UPDATE, PRUNING, RESOLUTION, STOP_LOSS, UNCLAIMED},
    *,
};

const MONTH_S: i64 = 30 * 24 * 60 * 60;

fn given() -> (World, Instruction) {
    let mut world = World::with_mmt();
    let (_, subject) = world.closed_market();
    let poster = world.key();
    (world, kx::post_task(poster, RESOLUTION, subject, subject))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: None, // anybody may
    owned: &[1, 2],
    written: &[0, 1],
    data: 1,
}}

/// A world, a subject and what proves the need of it, for a task of this kind.
type Case = (World, Address, Address, Address);

fn resolution() -> Case {
    let mut world = World::with_mmt();
    let (_, subject) = world.closed_market();
    let poster = world.authority;
    (world, poster, subject, subject)
}

fn holding(kind: u8) -> (World, Party, u64, Address) {
    let mut world = World::with_mmt();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    if kind == LEVERAGED {
        world.called_loan(&party, market);
    } else {
        world.holding(&party, market, 0, 20 * UNIT);
    }
    (world, party, market, party.position(market, 0, kind))
}

fn liquidation() -> Case {
    let (world, _, market, subject) = holding(LEVERAGED);
    let poster = world.authority;
    (world, poster, subject, address::market(market))
}

fn stop_loss() -> Case {
    let (world, party, _, subject) = holding(SPOT);
    (world, party.owner, subject, party.trader())
}

fn price_update() -> Case {
    let mut world = World::with_mmt();
    let market = world.market(2);
    world.pass(31);
    let (poster, feed) = (world.authority, world.feed);
    (world, poster, feed, address::market(market))
}

fn pruned_market() -> Case {
    let mut world = World::with_mmt();
    let market = world.market(2);
    world.settle(market, 100 * UNIT);
    world.pass(MONTH_S);
    let (poster, subject) = (world.authority, address::market(market));
    (world, poster, subject, subject)
}

fn pruned_position() -> Case {
    let (mut world, _, market, subject) = holding(SPOT);
    world.settle(market, 100 * UNIT);
    world.pass(MONTH_S);
    let poster = world.authority;
    (world, poster, subject, address::market(market))
}

const CASES: [(u8, fn() -> Case); 6] = [
    (LIQUIDATION, liquidation),
    (STOP_LOSS, stop_loss),
    (PRICE_UPDATE, price_update),
    (RESOLUTION, resolution),
    (PRUNING, pruned_market),
    (PRUNING, pruned_position),
];

#[test]
fn a_task_waits_with_its_priority_and_its_reward_set_aside() {
    for (kind, case) in CASES {
        let (mut world, poster, subject, related) = case();
        world.pass_slots(10_000);
        let rules = kx::MMT_RULES;
        let done = world.does_at_once(&kx::post_task(poster, kind, subject, related));
        let task = world.task_of(&subject, kind);
        let reward = rules.task_rewards[usize::from(kind)];
        let urgency = 4 - kind;
        let expected = Task {
            subject: key(&subject),
            poster: key(&poster),
            priority: u64::from(urgency) << 56 | task.value,
            value: task.value,
            witness: task.witness,
            created_slot: world.slot(),
            reserved_mmt: reward / 10 * 13,
            reward,
            kind,
            urgency,
            state: UNCLAIMED,
            ..Zeroable::zeroed()
        };
        assert_eq!(task, expected);
        assert!(task.value > 0, "kind {kind} is worth nothing");
        let event = TaskPosted {
            task: key(&address::task(&subject, kind)),
            subject: key(&subject),
            poster: key(&poster),
            priority: task.priority,
            sequence: 0,
            reward,
            kind: u64::from(kind),
        };
        assert_eq!(done.event::<TaskPosted>(), event);
        let season = world.season();
        assert_eq!(season.tasks, 1);
        assert_eq!(season.keeper_pot, season.emitted - task.reserved_mmt);
    }
}

#[test]
fn a_second_task_of_the_kind_about_the_subject_is_refused() {
    for (kind, case) in CASES {
        let (mut world, poster, subject, related) = case();
        let post = kx::post_task(poster, kind, subject, related);
        world.does_at_once(&post);
        world.refuses(&post, error::IN_USE);
    }
}

#[test]
fn what_the_pot_does_not_hold_is_not_promised() {
    let (mut world, poster, subject, related) = resolution();
    let pot = world.slot() - world.season().start_slot; // next to nothing
    world.does_at_once(&kx::post_task(poster, RESOLUTION, subject, related));
    let task = world.task_of(&subject, RESOLUTION);
    assert!(task.reward < MMT / 5, "{} after {pot} slots", task.reward);
    assert_eq!(task.reward, task.reserved_mmt * 10 / 13);
    assert_eq!(world.season().keeper_pot, 0);
}

fn unfounded(case: Case, kind: u8) {
    let (mut world, poster, subject, related) = case;
    let post = kx::post_task(poster, kind, subject, related);
    world.refuses(&post, ExchangeError::TaskUnfounded);
}

#[test]
fn a_resolution_before_the_close_or_after_the_settlement_is_refused() {
    let (mut world, poster, ..) = resolution();
    let open = address::market(world.market(2));
    unfounded((world.clone(), poster, open, open), RESOLUTION);
    let market = world.market(2);
    world.settle(market, 100 * UNIT);
    let settled = address::market(market);
    unfounded((world, poster, settled, settled), RESOLUTION);
}

#[test]
fn an_update_of_a_fresh_feed_is_refused() {
    let (mut world, poster, feed, market) = price_update();
    world.publish(100 * UNIT);
    world.pass(30);
    unfounded((world, poster, feed, market), PRICE_UPDATE);
}

#[test]
fn an_update_of_a_feed_that_no_open_market_uses_is_refused() {
    let (mut world, poster, feed, market) = price_update();
    let (own, key) = (address::feed("MINE"), world.key());
    world.does_at_once(&ix::create_feed(key, "MINE", key, -6, 30));
    unfounded((world.clone(), poster, own, market), PRICE_UPDATE);
    let settled = world.market(2);
    world.settle(settled, 100 * UNIT);
    world.pass(31);
    unfounded((world, poster, feed, address::market(settled)), PRICE_UPDATE);
}

#[test]
fn a_liquidation_without_a_loan_or_with_another_market_is_refused() {
    let (mut world, poster, subject, _) = liquidation();
    let other = address::market(world.market(2));
    unfounded((world, poster, subject, other), LIQUIDATION);
    let (world, _, market, subject) = holding(SPOT);
    let poster = world.authority;
    unfounded((world, poster, subject, address::market(market)), LIQUIDATION);
}

#[test]
fn a_stop_loss_of_somebody_elses_position_is_refused() {
    let (mut world, _, subject, trader) = stop_loss();
    let thief = world.party(0);
    unfounded((world.clone(), thief.owner, subject, trader), STOP_LOSS);
    unfounded((world, thief.owner, subject, thief.trader()), STOP_LOSS);
}

#[test]
fn a_stop_loss_of_an_empty_position_is_refused() {
    let mut world = World::with_mmt();
    let (party, market) = (world.party(UNIT), world.market(2));
    world.position(&party, market, 0, SPOT);
    let subject = party.position(market, 0, SPOT);
    unfounded((world, party.owner, subject, party.trader()), STOP_LOSS);
}

#[test]
fn pruning_before_a_month_has_passed_is_refused() {
    for case in [pruned_market, pruned_position] {
        let (mut world, poster, subject, related) = case();
        world.set_time(world.now_s() - 2);
        unfounded((world, poster, subject, related), PRUNING);
    }
}

#[test]
fn pruning_a_market_that_still_has_positions_is_refused() {
    let (world, poster, _, market) = pruned_position();
    unfounded((world, poster, market, market), PRUNING);
}

#[test]
fn pruning_with_another_market_is_refused() {
    let (mut world, poster, subject, _) = pruned_position();
    let other = world.market(2);
    world.settle(other, 100 * UNIT);
    world.pass(MONTH_S);
    unfounded((world, poster, subject, address::market(other)), PRUNING);
}

#[test]
fn a_kind_that_does_not_exist_is_refused() {
    for kind in [5, 255] {
        let (mut world, poster, subject, related) = resolution();
        let post = kx::post_task(poster, kind, subject, related);
        world.refuses(&post, ExchangeError::BadTaskKind);
    }
}

#[test]
fn subjects_of_another_type_are_refused() {
    for (kind, case) in CASES {
        let (mut world, poster, _, related) = case();
        let season = address::registry();
        let post = kx::post_task(poster, kind, season, related);
        let error = if kind == PRICE_UPDATE {
            InstructionError::IllegalOwner
        } else {
            InstructionError::InvalidAccountData
        };
        world.refuses(&post, error);
    }
}

#[test]
fn forged_subjects_are_refused() {
    for (kind, case) in CASES {
        let (mut world, poster, subject, related) = case();
        let (genuine, forged) = (world.account(&subject).unwrap(), world.key());
        world.put(forged, address::TOKEN, genuine.data);
        let post = kx::post_task(poster, kind, forged, related);
        world.refuses(&post, InstructionError::IllegalOwner);
    }
}
