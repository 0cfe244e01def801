use {
    crate::with_feed,
    harness::{attacks::Shape, *},
};

fn given() -> (World, Instruction) {
    let mut world = with_feed();
    let successor = world.key();
    let instruction = ix::rotate_publisher(world.authority, world.feed, successor);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(1),
    stranger: Some(OracleError::NotAuthority.into()),
    owned: &[0],
    written: &[0],
    data: 32,
}}

#[test]
fn the_successor_publishes_and_the_predecessor_no_longer_does() {
    let mut world = with_feed();
    let successor = world.key();

    let done = world.does(&ix::rotate_publisher(world.authority, world.feed, successor));

    let (feed, old, new) = (key(&world.feed), key(&world.publisher), key(&successor));
    assert_eq!(
        done.event::<PublisherRotated>(),
        PublisherRotated { feed, old, new }
    );
    let publication = world.publication(5);
    world.refuses(
        &ix::publish(world.publisher, world.feed, publication),
        OracleError::NotPublisher,
    );
    world.does(&ix::publish(successor, world.feed, publication));
}

#[test]
fn nothing_but_the_publisher_changes() {
    let (mut world, instruction) = given();
    world.publish(100);
    let before = world.get::<Feed>(&world.feed);

    world.does(&instruction);

    let after = world.get::<Feed>(&world.feed);
    assert_eq!(
        after,
        Feed {
            publisher: after.publisher,
            ..before
        }
    );
}

#[test]
fn the_publisher_may_not_rotate() {
    let mut world = with_feed();
    let publisher = world.publisher;
    world.refuses(
        &ix::rotate_publisher(publisher, world.feed, publisher),
        OracleError::NotAuthority,
    );
}

#[test]
fn the_authority_of_another_feed_may_not_rotate() {
    let mut world = with_feed();
    let other = world.key();
    world.does(&ix::create_feed(other, "ETH/USD", other, -6, 30));
    world.refuses(
        &ix::rotate_publisher(other, world.feed, other),
        OracleError::NotAuthority,
    );
}
