use harness::{
    attacks::Shape,
    ix_archive::{archive_market, archive_positions, open_archive},
    *,
};

const BYTES: usize = 89_384;

fn given() -> (World, Instruction) {
    let mut world = World::launched();
    let payer = world.key();
    (world, open_archive(payer, 0))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: None, // anybody may pay
    owned: &[],
    written: &[0, 1],
    data: 8,
}}

fn lamports(world: &World, address: &Address) -> u64 {
    world.account(address).map_or(0, |account| account.lamports)
}

#[test]
fn nine_steps_make_an_empty_archive_whose_payers_pay_its_rent_and_no_more() {
    let mut world = World::launched();
    let (archive, payer) = (address::archive(0), world.key());
    let before = lamports(&world, &payer);
    for step in 1..=9 {
        let done = world.does(&open_archive(payer, 0));
        let account = world.account(&archive).unwrap();
        let bytes = BYTES.min(step * 10_240);
        let rent = world.svm.minimum_balance_for_rent_exemption(bytes);
        assert_eq!((account.data.len(), account.lamports), (bytes, rent));
        assert_eq!(lamports(&world, &payer), before - rent);
        let opened = done.events::<ArchiveOpened>();
        if step < 9 {
            assert!(opened.is_empty() && account.data.iter().all(|&byte| byte == 0));
        } else {
            let archive = key(&archive);
            assert_eq!(opened, [ArchiveOpened { archive, number: 0 }]);
        }
    }
    world.shelves.entry(0).or_default();
    world.audit(); // its root is the one of no leaves
    assert_eq!(world.archive(0).length, 0);
}

#[test]
fn all_steps_fit_one_transaction() {
    let mut world = World::launched();
    let steps: Vec<_> = (0..9).map(|_| open_archive(world.payer, 0)).collect();
    world.does_together(&steps);
    assert_eq!(world.archive(0).number, 0);
}

#[test]
fn lamports_sent_beforehand_count_as_rent_and_keep_nobody_from_opening() {
    let mut world = World::launched();
    let gift = Account {
        lamports: 1_000_000,
        ..Account::default()
    };
    world.svm.set_account(address::archive(0), gift).unwrap();
    world.open_archive();
    let rent = world.svm.minimum_balance_for_rent_exemption(BYTES);
    assert_eq!(lamports(&world, &address::archive(0)), rent);
}

#[test]
fn an_open_archive_is_not_opened_again() {
    let mut world = World::with_archive();
    let again = open_archive(world.key(), 0);
    world.refuses(&again, ExchangeError::ArchiveExists);
}

#[test]
fn an_account_at_another_address_is_refused() {
    let (mut world, mut instruction) = given();
    for other in [
        address::archive(1),
        address::trader(&world.lender.owner),
        world.key(),
    ] {
        instruction.accounts[1].pubkey = other;
        world.refuses(&instruction, error::WRONG_SEEDS);
    }
}

#[test]
fn a_growing_archive_takes_nothing() {
    let mut world = World::launched();
    let (party, market) = (world.party(UNIT), world.market(2));
    world.position(&party, market, 0, SPOT);
    let archive = archive_positions(party.owner, market, &[(party, 0, SPOT)]);
    world.refuses(&archive, InstructionError::AccountDataTooSmall);
    for _ in 0..8 {
        world.does(&open_archive(world.payer, 0));
        world.refuses(&archive, InstructionError::AccountDataTooSmall);
    }
    world.does(&open_archive(world.payer, 0));
    world.does(&archive);
}

#[test]
fn the_next_archive_opens_when_the_one_before_has_room_for_65536_leaves_or_fewer() {
    let mut world = World::with_archive();
    let next = open_archive(world.key(), 1);
    world.refuses(&next, ExchangeError::ArchiveOutOfOrder);
    let fill = |world: &mut World, room: u64| {
        let length = (1 << 20) - room;
        world.edit::<Archive>(&address::archive(0), |archive| archive.length = length);
    };
    fill(&mut world, 65_537);
    world.refuses(&next, ExchangeError::ArchiveOutOfOrder);
    fill(&mut world, 65_536);
    let mut far = open_archive(world.key(), 2);
    far.accounts[2].pubkey = address::archive(0);
    world.refuses(&far, ExchangeError::ArchiveOutOfOrder);
    for _ in 0..9 {
        world.does(&next);
    }
    assert_eq!(world.archive(1).number, 1);
}

#[test]
fn what_is_no_archive_is_not_taken_for_the_one_before() {
    let mut world = World::with_archive();
    world.edit::<Archive>(&address::archive(0), |archive| archive.length = 1 << 20);
    let mut next = open_archive(world.key(), 1);
    let genuine = world.account(&address::archive(0)).unwrap();
    next.accounts[2].pubkey = world.key();
    world.refuses(&next, InstructionError::IllegalOwner);
    world.put(next.accounts[2].pubkey, address::TOKEN, genuine.data.clone());
    world.refuses(&next, InstructionError::IllegalOwner);
    let mut other = genuine.data;
    other[..8].copy_from_slice(&tag("account", "Other"));
    world.put(next.accounts[2].pubkey, address::EXCHANGE, other);
    world.refuses(&next, InstructionError::InvalidAccountData);
}

#[test]
fn a_settled_market_waits_for_an_open_archive() {
    let mut world = World::launched();
    let market = world.market(2);
    world.settle(market, 100 * UNIT);
    world.does(&open_archive(world.payer, 0));
    let archive = archive_market(market, world.operator);
    world.refuses(&archive, InstructionError::AccountDataTooSmall);
}
