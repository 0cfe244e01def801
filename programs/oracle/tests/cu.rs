//! The compute ceiling of the hottest write. `--nocapture` prints what was measured.

use {crate::with_feed, harness::*};

#[test]
fn a_publication_stays_below_its_ceiling_all_through_the_history() {
    let mut world = with_feed();
    // a feed's first publication, like one after a long silence, is compared with the clock and takes the ordinary way
    let first = world.publication(1);
    let done = world.does(&ix::publish(world.publisher, world.feed, first));
    world.publish_count();
    println!("first publish {} CU", done.compute_units_consumed);
    let mut dearest = 0;
    for price in 1..=600 {
        let publication = world.publication(price);
        let done = world.does(&ix::publish(world.publisher, world.feed, publication));
        world.publish_count();
        dearest = dearest.max(done.compute_units_consumed);
    }
    println!("publish {dearest} CU");
    assert!(dearest <= 150, "{dearest} CU, the ceiling is 150");
}

#[test]
fn reading_and_administration_are_reported() {
    let mut world = with_feed();
    world.publish(1);
    let (authority, feed) = (world.authority, world.feed);
    let rotate = world
        .does(&ix::rotate_publisher(authority, feed, authority))
        .compute_units_consumed;
    let read = world.does(&ix::read(feed, 30)).compute_units_consumed;
    let create = world
        .does(&ix::create_feed(authority, "ETH/USD", authority, -6, 30))
        .compute_units_consumed;
    println!("read {read} CU, rotate_publisher {rotate} CU, create_feed {create} CU");
}
