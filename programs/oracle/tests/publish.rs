//! `publish` has a fast way around the dispatcher for the ordinary shape of the instruction; every other shape takes the
//! slow way. Both must have the same results and the same errors.

use {
    crate::with_feed,
    harness::{attacks::Shape, *},
};

fn given() -> (World, Instruction) {
    let world = with_feed();
    let instruction = ix::publish(world.publisher, world.feed, world.publication(100));
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(1),
    stranger: Some(OracleError::NotPublisher.into()),
    owned: &[0],
    written: &[0],
    data: 40,
}}

/// Another shape of the same publication, and whether the fast way takes it.
type Form = (&'static str, bool, fn(&mut World, &mut Instruction));

const FORMS: [Form; 6] = [
    ("as every publisher sends it", true, |_, _| {}),
    ("publisher writable", true, |_, instruction| {
        instruction.accounts[1].is_writable = true
    }),
    ("a byte too many", false, |_, instruction| {
        instruction.data.push(0)
    }),
    ("an account too many", false, |world, instruction| {
        let extra = world.key();
        instruction.accounts.push(AccountMeta::new_readonly(extra, false));
    }),
    ("the feed once more at the end", false, |_, instruction| {
        let again = AccountMeta::new_readonly(instruction.accounts[0].pubkey, false);
        instruction.accounts.push(again);
    }),
    ("publisher with data", false, |world, instruction| {
        world.put(instruction.accounts[1].pubkey, address::SYSTEM, vec![7; 13]);
    }),
];

/// A feed with two publications, the newest with sequence 2.
fn published() -> World {
    let mut world = with_feed();
    world.publish(100);
    world.pass(1);
    world.publish(101);
    world.pass(1);
    world
}

#[test]
fn both_ways_record_the_same() {
    for (name, fast, change) in FORMS {
        let mut world = published();
        let before = world.get::<Feed>(&world.feed);
        let publication = [102, 3, 9, 77, world.now_s() as u64 * 1000];
        let mut instruction = ix::publish(world.publisher, world.feed, publication);
        change(&mut world, &mut instruction);

        let done = world.does(&instruction);

        let mut expected = Feed {
            count: 3,
            sequence: 9,
            price: 102,
            confidence: 3,
            slot: 77,
            timestamp_ms: publication[4],
            ..before
        };
        expected.history[2] = [publication[4], 102];
        assert_eq!(world.get::<Feed>(&world.feed), expected, "{name}");
        assert_eq!(
            done.compute_units_consumed <= 150,
            fast,
            "{name}: {} CU",
            done.compute_units_consumed
        );
    }
}

#[test]
fn a_publisher_who_also_pays_the_fee_takes_the_fast_way() {
    let mut world = published();
    let (publisher, feed) = (world.publisher, world.feed);
    let instruction = ix::publish(publisher, feed, world.publication(102));

    let done = world.send_paid_by(&instruction, publisher).unwrap();

    assert!(done.compute_units_consumed <= 150);
    assert_eq!(world.get::<Feed>(&feed).price, 102);
}

/// Every form of a bad publication is refused with the same error.
#[track_caller]
fn refused(change: fn(&mut ix::Publication), error: OracleError) {
    for (_, _, form) in FORMS {
        let mut world = published();
        let mut publication = world.publication(102);
        change(&mut publication);
        let mut instruction = ix::publish(world.publisher, world.feed, publication);
        form(&mut world, &mut instruction);
        world.refuses(&instruction, error);
    }
}

#[test]
fn a_replayed_sequence_is_refused() {
    refused(|publication| publication[2] = 2, OracleError::SequenceNotGrowing);
}

#[test]
fn a_sequence_that_goes_back_is_refused() {
    refused(|publication| publication[2] = 1, OracleError::SequenceNotGrowing);
    refused(|publication| publication[2] = 0, OracleError::SequenceNotGrowing);
}

#[test]
fn the_identical_instruction_succeeds_only_once() {
    let (mut world, instruction) = given();
    world.does(&instruction);
    world.refuses(&instruction, OracleError::SequenceNotGrowing);
}

#[test]
fn an_earlier_time_is_refused_and_the_same_time_is_not() {
    refused(
        |publication| publication[4] -= 1_001,
        OracleError::TimeRunsBackwards,
    );
    let mut world = published();
    let mut publication = world.publication(102);
    publication[4] -= 1_000;
    world.does(&ix::publish(world.publisher, world.feed, publication));
}

#[test]
fn a_price_of_zero_is_refused() {
    refused(|publication| publication[0] = 0, OracleError::NoPrice);
}

#[test]
fn what_would_end_the_feed_is_refused_in_every_form() {
    // nothing could be published behind the largest time or sequence
    let world = published();
    let [price, confidence, sequence, slot, time] = world.publication(102);
    let far = [
        [price, confidence, u64::MAX, slot, time],
        [price, confidence, sequence, slot, u64::MAX],
        [price, confidence, sequence, slot, time * 1_000], // microseconds
        [price, confidence, sequence, slot, time + 11 * 60 * 1_000],
    ];
    for (_, _, form) in FORMS {
        for publication in far {
            let mut world = published();
            let mut instruction = ix::publish(world.publisher, world.feed, publication);
            form(&mut world, &mut instruction);
            world.refuses(&instruction, OracleError::TooFarAhead);
        }
    }
}

#[test]
fn the_largest_price_and_confidence_are_recorded() {
    let mut world = published();
    let (publisher, feed) = (world.publisher, world.feed);
    let [_, _, sequence, _, time] = world.publication(102);
    world.does(&ix::publish(
        publisher,
        feed,
        [u64::MAX, u64::MAX, sequence, u64::MAX, time],
    ));
    let state = world.get::<Feed>(&feed);
    assert_eq!([state.price, state.confidence, state.slot], [u64::MAX; 3]);
}

#[test]
fn after_a_long_silence_the_clusters_clock_decides() {
    let mut world = published();
    world.pass(3 * 24 * 3_600);
    let (publisher, feed) = (world.publisher, world.feed);
    let publication = world.publication(102);
    world.does(&ix::publish(publisher, feed, publication));
    assert_eq!(world.get::<Feed>(&feed).timestamp_ms, publication[4]);
}

#[test]
fn a_stranger_is_refused_in_every_form() {
    for (_, _, form) in FORMS {
        let mut world = published();
        let stranger = world.key();
        let mut instruction = ix::publish(stranger, world.feed, world.publication(102));
        form(&mut world, &mut instruction);
        world.refuses(&instruction, OracleError::NotPublisher);
    }
}

#[test]
fn an_unsigned_publication_is_refused_in_every_form() {
    for (_, _, form) in FORMS {
        let mut world = published();
        let mut instruction = ix::publish(world.publisher, world.feed, world.publication(102));
        instruction.accounts[1].is_signer = false;
        form(&mut world, &mut instruction);
        world.refuses(&instruction, InstructionError::MissingRequiredSignature);
    }
}

#[test]
fn the_publisher_of_one_feed_cannot_publish_in_another() {
    let mut world = published();
    let other = world.key();
    world.does(&ix::create_feed(other, "ETH/USD", other, -6, 30));
    let publication = world.publication(102);
    world.refuses(
        &ix::publish(other, world.feed, publication),
        OracleError::NotPublisher,
    );
    let publisher = world.publisher;
    world.refuses(
        &ix::publish(publisher, address::feed("ETH/USD"), publication),
        OracleError::NotPublisher,
    );
}

#[test]
fn the_authority_may_not_publish() {
    let mut world = published();
    let instruction = ix::publish(world.authority, world.feed, world.publication(102));
    world.refuses(&instruction, OracleError::NotPublisher);
}

#[test]
fn the_feed_in_the_place_of_its_publisher_is_refused() {
    let mut world = published();
    let mut instruction = ix::publish(world.feed, world.feed, world.publication(102));
    instruction.accounts[1].is_signer = false;
    world.refuses(&instruction, error::DUPLICATE);
}

#[test]
fn a_feed_that_is_too_short_is_refused() {
    for length in [0, 7, 8, 100, 4_000] {
        let (mut world, instruction) = given();
        let mut account = world.account(&world.feed).unwrap();
        assert!(length < account.data.len());
        account.data.truncate(length);
        world.put(world.feed, address::ORACLE, account.data);
        world.refuses(&instruction, InstructionError::AccountDataTooSmall);
    }
}

#[test]
fn the_history_keeps_the_last_256_publications() {
    let mut world = with_feed();
    for price in 1..=300 {
        world.publish(price);
    }
    let feed = world.get::<Feed>(&world.feed);
    assert_eq!(feed.count, 300);
    for index in 44..300_u64 {
        assert_eq!(feed.history[(index % 256) as usize][1], index + 1);
    }
}
