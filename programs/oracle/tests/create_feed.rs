use harness::{attacks::Shape, *};

fn given() -> (World, Instruction) {
    let world = World::new();
    let instruction = ix::create_feed(world.authority, "ETH/USD", world.publisher, -8, 30);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: None, // anybody may
    owned: &[],
    written: &[0],
    data: 72,
}}

#[test]
fn a_feed_starts_empty_with_its_signer_as_authority() {
    let (mut world, instruction) = given();

    let done = world.does(&instruction);

    let (authority, publisher) = (key(&world.authority), key(&world.publisher));
    let expected = Feed {
        publisher,
        authority,
        id: address::feed_id("ETH/USD"),
        exponent: -8,
        max_age_s: 30,
        ..Zeroable::zeroed()
    };
    assert_eq!(world.get::<Feed>(&address::feed("ETH/USD")), expected);
    let feed = key(&address::feed("ETH/USD"));
    assert_eq!(
        done.event::<FeedCreated>(),
        FeedCreated {
            feed,
            publisher,
            authority
        }
    );
}

#[test]
fn a_second_creation_is_refused() {
    let (mut world, instruction) = given();
    world.does(&instruction);
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn a_stranger_cannot_take_a_feed_over_by_creating_it_again() {
    let (mut world, mut instruction) = given();
    world.does(&instruction);
    instruction.accounts[0].pubkey = world.key();
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn the_address_of_another_feed_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[1].pubkey = address::feed("BTC/USD");
    world.refuses(&instruction, InstructionError::InvalidSeeds);
}

#[test]
fn an_address_that_already_has_lamports_can_still_become_a_feed() {
    let (mut world, instruction) = given();
    let lamports = 1;
    world
        .svm
        .set_account(
            address::feed("ETH/USD"),
            Account {
                lamports,
                ..Account::default()
            },
        )
        .unwrap();
    world.does(&instruction);
    assert_eq!(world.get::<Feed>(&address::feed("ETH/USD")).exponent, -8);
}

#[test]
fn a_maximum_age_of_zero_is_refused() {
    let mut world = World::new();
    let instruction = ix::create_feed(world.authority, "ETH/USD", world.publisher, -8, 0);
    world.refuses(&instruction, OracleError::NoMaximumAge);
}

#[test]
fn another_program_in_the_place_of_the_system_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[2].pubkey = address::TOKEN;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
