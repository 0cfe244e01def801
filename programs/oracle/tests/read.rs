use {
    crate::with_feed,
    harness::{attacks::Shape, *},
};

fn given() -> (World, Instruction) {
    let mut world = with_feed();
    world.publish(123);
    let instruction = ix::read(world.feed, 30);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: None,
    stranger: None,
    owned: &[0],
    written: &[],
    data: 4,
}}

#[test]
fn the_newest_price_is_the_return_data() {
    let mut world = with_feed();
    world.publish(122);
    world.publish(123);

    let done = world.does(&ix::read(world.feed, 30));

    let now_ms = world.now_s() as u64 * 1000;
    let expected: Vec<u8> = [123, 1, 2, now_ms]
        .iter()
        .flat_map(|v: &u64| v.to_le_bytes())
        .chain((-6_i32).to_le_bytes())
        .collect();
    assert_eq!(done.return_data.data, expected);
    assert_eq!(done.return_data.program_id, address::ORACLE);
}

#[test]
fn a_price_as_old_as_accepted_is_read_and_one_second_later_it_is_stale() {
    let (mut world, instruction) = given();
    world.pass(30);
    world.does(&instruction);
    world.pass(1);
    world.refuses(&instruction, OracleError::StalePrice);
    world.does(&ix::read(world.feed, 31));
}

#[test]
fn a_feed_that_never_published_is_stale_at_any_age() {
    let mut world = with_feed();
    world.refuses(&ix::read(world.feed, u32::MAX), OracleError::StalePrice);
}

#[test]
fn a_price_from_the_future_has_age_zero() {
    let mut world = with_feed();
    let mut publication = world.publication(123);
    publication[4] += 60_000;
    world.does(&ix::publish(world.publisher, world.feed, publication));
    world.does(&ix::read(world.feed, 0));
}
