use harness::{
    attacks::Shape,
    ix_keepers::{self as kx, MMT_RULES},
    keepers::{Holder, MMT, RESOLUTION},
    *,
};

fn done() -> (World, Holder, Address) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(100 * MMT);
    world.pass_slots(10_000);
    let (market, subject) = world.held_task(&keeper);
    world.resolve(market);
    world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
    (world, keeper, subject)
}

fn given() -> (World, Instruction) {
    let mut world = World::with_mmt();
    let poster = world.key();
    let (market, subject) = world.closed_market();
    world.does_at_once(&kx::post_task(poster, RESOLUTION, subject, subject));
    world.resolve(market);
    (world, kx::close_task(poster, RESOLUTION, subject))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[1, 2, 3],
    written: &[0, 1, 2],
    data: 0,
}}

#[test]
fn rent_goes_to_the_poster_and_what_was_not_paid_to_the_pot() {
    let (mut world, _, subject) = done();
    let (task, pot) = (world.task_of(&subject, RESOLUTION), world.season().keeper_pot);
    let left = MMT / 5 / 10 * 3;
    assert_eq!(task.reserved_mmt, left);
    let done = world.does_at_once(&kx::close_task(world.authority, RESOLUTION, subject));
    assert_eq!(world.season().keeper_pot, pot + left);
    let address = address::task(&subject, RESOLUTION);
    assert!(world
        .account(&address)
        .is_none_or(|account| account.lamports == 0));
    let event = TaskClosed {
        task: key(&address),
        returned: left,
        done: 1,
    };
    assert_eq!(done.event::<TaskClosed>(), event);
}

#[test]
fn rent_comes_back_to_the_lamport() {
    let (mut world, instruction) = given();
    let [poster, task] = [0, 1].map(|i| instruction.accounts[i].pubkey);
    let lamports = |world: &World, key| world.account(&key).unwrap().lamports;
    let sum = lamports(&world, poster) + lamports(&world, task);
    world.does_at_once(&instruction);
    assert_eq!(lamports(&world, poster), sum);
}

#[test]
fn somebody_elses_pocket_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[0].pubkey = world.key();
    world.refuses(&instruction, ExchangeError::NotPoster);
}

#[test]
fn a_task_that_is_held_is_refused() {
    let mut world = World::with_mmt();
    let keeper = world.keeper(100 * MMT);
    let (market, subject) = world.held_task(&keeper);
    let close = kx::close_task(world.authority, RESOLUTION, subject);
    world.refuses(&close, ExchangeError::TaskClaimed);
    world.resolve(market);
    world.refuses(&close, ExchangeError::TaskClaimed);
}

#[test]
fn a_task_that_is_still_to_be_done_is_refused_until_it_expires() {
    let mut world = World::with_mmt();
    let (_, subject) = world.open_task();
    let close = kx::close_task(world.authority, RESOLUTION, subject);
    world.refuses(&close, ExchangeError::TaskPending);
    world.pass_slots(MMT_RULES.expiry_slots - MMT_RULES.exclusive_slots);
    world.refuses(&close, ExchangeError::TaskPending);
    world.pass_slots(1);
    world.does_at_once(&close);
}

#[test]
fn another_subject_is_refused() {
    let (mut world, mut instruction) = given();
    let (_, other) = world.closed_market();
    instruction.accounts[4].pubkey = other;
    world.refuses(&instruction, ExchangeError::WrongSubject);
}
