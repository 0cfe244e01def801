use {
    harness::{
        archive::{leaf, BELOW, BUFFER},
        attacks::Shape,
        ix_archive::{archive_positions, redeem_archived, restore_position, verify_leaf},
        *,
    },
    std::sync::Mutex,
};

const SHARES: u64 = 20 * UNIT;

/// Somebody whose shares of outcome 0 lie in the archive, as leaf 1 of 3.
pub fn archived() -> (World, Party, u64) {
    static WORLD: Mutex<Option<(World, Party, u64)>> = Mutex::new(None);
    let mut kept = WORLD.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let make = || {
        let mut world = World::with_archive();
        let (party, other) = (world.party(1_000 * UNIT), world.party(1_000 * UNIT));
        let market = world.market(2);
        world.holding(&other, market, 0, SHARES / 3);
        world.holding(&other, market, 1, SHARES / 4);
        world.holding(&party, market, 0, SHARES);
        world.grow_old();
        for (who, outcome) in [(other, 0), (party, 0), (other, 1)] {
            world.does(&archive_positions(who.owner, market, &[(who, outcome, SPOT)]));
        }
        (world, party, market)
    };
    kept.get_or_insert_with(make).clone()
}

/// The content of leaf 1.
fn content(world: &World) -> [u8; 104] {
    bytemuck::cast(world.shelves[&0].live[&1])
}

fn restore(world: &World, party: &Party, market: u64) -> Instruction {
    restore_position(party, market, (0, SPOT), &content(world), &world.proof(1))
}

fn given() -> (World, Instruction) {
    let (world, party, market) = archived();
    let instruction = restore(&world, &party, market);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3],
    written: &[0, 1],
    data: 104 + 16 + 4 + 32 * BELOW,
}}

fn lamports(world: &World, address: &Address) -> u64 {
    world.account(address).map_or(0, |account| account.lamports)
}

/// Another position is archived: a change by somebody else.
fn interleave(world: &mut World, count: u64) {
    let market = world.market(2);
    let party = world.party(0);
    for _ in 0..count {
        world.position(&party, market, 0, SPOT);
        world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    }
}

#[test]
fn a_restored_position_is_the_old_one_byte_for_byte_and_its_owner_pays_the_rent() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    world.does(&ix::sell(party.owner, market, 0, UNIT, 0));
    world.grow_old();
    let position = party.position(market, 0, SPOT);
    let (account, purse) = (world.account(&position).unwrap(), lamports(&world, &party.owner));
    let books = (
        world.trader(&party),
        world.market_state(market),
        world.shard_of(market),
    );
    world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    let kept: [u8; 104] = bytemuck::cast(world.shelves[&0].live[&0]);
    let proof = world.proof(0);

    let done = world.does(&restore_position(&party, market, (0, SPOT), &kept, &proof));

    let restored = world.account(&position).unwrap();
    assert_eq!(
        (restored.data, restored.lamports),
        (account.data, account.lamports)
    );
    assert_eq!(lamports(&world, &party.owner), purse);
    assert_eq!(
        (
            world.trader(&party),
            world.market_state(market),
            world.shard_of(market)
        ),
        books
    );
    let expected = PositionRestored {
        archive: 0,
        index: 0,
        sequence: 2,
        position: key(&position),
        trader: key(&party.trader()),
    };
    assert_eq!(done.event::<PositionRestored>(), expected);
    assert_eq!(world.archive(0).claims, 0);
    world.does(&ix::sell(party.owner, market, 0, SHARES - UNIT, 0));
}

#[test]
fn a_position_is_restored_and_sold_in_one_transaction_that_fits() {
    let (mut world, party, market) = archived();
    let sell = ix::sell(party.owner, market, 0, SHARES, 0);
    let both = [restore(&world, &party, market), sell];
    let message = solana_message::Message::new(&both, Some(&party.owner));
    let size = 1 + 64 + message.serialize().len();
    assert!(size <= 1_232, "{size} bytes");
    world.does_together(&both);
}

#[test]
fn a_leaf_is_restored_once_whatever_its_proof() {
    let (mut world, party, market) = archived();
    let kept = content(&world);
    let first = restore(&world, &party, market);
    world.does(&first);
    world.does(&ix::sell(party.owner, market, 0, SHARES, 0));
    world.does(&ix::close_position(party.owner, market, 0, SPOT));
    let again = |proof: &archive::LeafProof| restore_position(&party, market, (0, SPOT), &kept, proof);
    world.refuses(&first, ExchangeError::LeafSpent);
    world.refuses(&again(&world.proof(1)), ExchangeError::LeafSpent);
    interleave(&mut world, BUFFER);
    world.refuses(&first, ExchangeError::StaleProof);
    world.refuses(&again(&world.proof(1)), ExchangeError::LeafSpent);
}

#[test]
fn two_restores_of_one_leaf_in_one_transaction_are_refused() {
    let (mut world, party, market) = archived();
    let one = restore(&world, &party, market);
    let close = [
        ix::sell(party.owner, market, 0, SHARES, 0),
        ix::close_position(party.owner, market, 0, SPOT),
    ];
    world.next_slot();
    let all = [one.clone(), close[0].clone(), close[1].clone(), one];
    let message = solana_message::Message::new(&all, Some(&world.payer));
    let sent = world
        .svm
        .send_transaction(solana_transaction::Transaction::new_unsigned(message));
    let spent = InstructionError::from(ExchangeError::LeafSpent);
    let expected = solana_transaction_error::TransactionError::InstructionError(3, spent);
    assert_eq!(sent.unwrap_err().err, expected);
}

#[test]
fn a_proof_holds_while_others_write_and_ends_after_sixty_three_changes() {
    let (world, party, market) = archived();
    let early = restore(&world, &party, market);
    for changes in [1, 31, 32, 33, 62, 63] {
        let mut world = world.clone();
        interleave(&mut world, changes);
        world.does(&early);
    }
    let mut world = world;
    interleave(&mut world, 64);
    world.refuses(&early, ExchangeError::StaleProof);
    world.does(&restore(&world, &party, market));
}

/// Whose claim a leaf is, and its content.
fn claim(world: &World, index: u64) -> (Party, [u8; 104]) {
    let position = world.shelves[&0].live[&index];
    let owner = Address::from(world.get::<Trader>(&Address::from(position.trader)).owner);
    let party = Party { owner, tokens: owner };
    (party, bytemuck::cast(position))
}

#[test]
fn a_proof_made_before_singles_batches_a_restore_and_a_replacement_beside_it_holds() {
    let (mut world, party, market) = archived();
    let crowd: Vec<Party> = (0..5).map(|_| world.party(0)).collect();
    for who in &crowd {
        for outcome in [0, 1] {
            world.position(who, market, outcome, SPOT);
        }
    }
    let early = restore(&world, &party, market);
    let made = world.archive(0).sequence;
    interleave(&mut world, 13);
    // the leaf beside it
    let (who, left) = claim(&world, 0);
    let proof = world.proof(0);
    world.does(&restore_position(&who, market, (0, SPOT), &left, &proof));
    let (who, right) = claim(&world, 2);
    let proof = world.proof(2);
    interleave(&mut world, 13);
    world.settle(market, 100 * UNIT);
    world.does(&redeem_archived(&who, market, &right, &proof));
    let keeper = world.key();
    for outcome in [0, 1] {
        for two in crowd.chunks(2) {
            let named: Vec<_> = two.iter().map(|&who| (who, outcome, SPOT)).collect();
            world.does(&archive_positions(keeper, market, &named));
        }
    }
    assert!(world.archive(0).sequence - made >= 32);
    world.does(&early);
}

#[test]
fn a_wrong_truncated_overlong_or_early_proof_is_refused_by_an_error_of_its_own() {
    let (mut world, party, market) = archived();
    let (kept, proof) = (content(&world), world.proof(1));
    let with = |kept: &[u8; 104], proof: &archive::LeafProof| {
        restore_position(&party, market, (0, SPOT), kept, proof)
    };
    for level in 0..BELOW {
        let mut wrong = proof.clone();
        wrong.siblings[level][7] ^= 1;
        world.refuses(&with(&kept, &wrong), ExchangeError::WrongProof);
    }
    for (byte, index) in [(64, 1), (72, 1), (88, 1), (100, 1)] {
        let mut wrong = kept;
        wrong[byte] ^= index;
        world.refuses(&with(&wrong, &proof), ExchangeError::WrongProof);
    }
    let mut wrong = proof.clone();
    for index in [0, 2] {
        wrong.index = index;
        world.refuses(&with(&kept, &wrong), ExchangeError::WrongProof);
    }
    for index in [3, 1 << 20, u64::MAX] {
        wrong.index = index;
        world.refuses(&with(&kept, &wrong), ExchangeError::LeafOutOfRange);
    }
    for sequence in [proof.sequence + 1, u64::MAX] {
        let early = archive::LeafProof {
            sequence,
            ..proof.clone()
        };
        world.refuses(&with(&kept, &early), ExchangeError::UnknownRoot);
    }
    let mut short = proof.clone();
    while short.siblings.pop().is_some() {
        world.refuses(&with(&kept, &short), ExchangeError::TruncatedProof);
    }
    let mut long = proof.clone();
    for _ in 0..3 {
        long.siblings.push([0; 32]);
        world.refuses(&with(&kept, &long), ExchangeError::OverlongProof);
    }
}

#[test]
fn a_length_of_siblings_that_the_data_does_not_have_is_refused() {
    let (mut world, instruction) = given();
    for claimed in [11_u32, 255, 65_536, 1 << 24, u32::MAX / 2, u32::MAX] {
        let mut lying = instruction.clone();
        lying.data[8 + 104 + 16..][..4].copy_from_slice(&claimed.to_le_bytes());
        world.refuses(&lying, InstructionError::InvalidInstructionData);
    }
}

#[test]
fn another_owners_leaf_is_refused() {
    let (mut world, party, market) = archived();
    let thief = world.party(0);
    let (kept, proof) = (content(&world), world.proof(1));
    // in the thief's name, with the thief's account
    let own = restore_position(&thief, market, (0, SPOT), &kept, &proof);
    world.refuses(&own, ExchangeError::PositionOfAnotherTrader);
    // with the owner's account
    let mut theirs = restore_position(&party, market, (0, SPOT), &kept, &proof);
    theirs.accounts[0].pubkey = thief.owner;
    world.refuses(&theirs, ExchangeError::NotOwner);
    // as if it had always been the thief's
    let mut claimed = kept;
    claimed[..32].copy_from_slice(thief.trader().as_ref());
    let claimed = restore_position(&thief, market, (0, SPOT), &claimed, &proof);
    world.refuses(&claimed, ExchangeError::WrongProof);
}

#[test]
fn a_position_of_another_market_outcome_or_kind_is_refused() {
    let (mut world, party, market) = archived();
    let (kept, proof) = (content(&world), world.proof(1));
    let elsewhere = world.market(2);
    let other = restore_position(&party, elsewhere, (0, SPOT), &kept, &proof);
    world.refuses(&other, ExchangeError::PositionOfAnotherMarket);
    for place in [(1, SPOT), (0, LEVERAGED)] {
        let moved = restore_position(&party, market, place, &kept, &proof);
        world.refuses(&moved, error::WRONG_SEEDS);
        let mut content = kept;
        (content[96], content[97]) = place;
        let moved = restore_position(&party, market, place, &content, &proof);
        world.refuses(&moved, ExchangeError::WrongProof);
    }
}

#[test]
fn what_is_done_does_not_come_back() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    world.settle(market, 99 * UNIT);
    let kept = world.content(&party, market, 0, SPOT);
    world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    let proof = world.proof(0);
    let restore = restore_position(&party, market, (0, SPOT), &kept, &proof);
    world.refuses(&restore, ExchangeError::LeafSpent);
    world.does(&verify_leaf(&leaf(b"pos.done", &kept), &proof));
}

#[test]
fn a_new_position_at_the_address_is_in_the_way_until_it_is_gone() {
    let (mut world, party, market) = archived();
    let restore = restore(&world, &party, market);
    world.holding(&party, market, 0, UNIT);
    world.refuses(&restore, error::IN_USE);
    world.does(&ix::sell(party.owner, market, 0, UNIT, 0));
    world.does(&ix::close_position(party.owner, market, 0, SPOT));
    world.does(&restore);
    assert_eq!(world.position_state(&party, market, 0, SPOT).shares, SHARES);
}

#[test]
fn lamports_sent_to_the_address_beforehand_do_not_keep_a_position_away() {
    let (mut world, party, market) = archived();
    let restore = restore(&world, &party, market);
    let gift = Account {
        lamports: 1,
        ..Account::default()
    };
    let position = party.position(market, 0, SPOT);
    world.svm.set_account(position, gift).unwrap();
    world.does(&restore);
    let rent = world.svm.minimum_balance_for_rent_exemption(112);
    assert_eq!(lamports(&world, &position), rent);
}

#[test]
fn an_order_stands_again_for_the_shares_that_came_back() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    let terms = ix::StopTerms {
        side: 1,
        shares: SHARES,
        tip: 0,
        trigger_q28: 1 << 20,
        limit_q28: 0,
    };
    world.does(&ix::place_stop(party.owner, market, 0, SPOT, &terms));
    world.grow_old();
    world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    let kept: [u8; 104] = bytemuck::cast(world.shelves[&0].live[&0]);
    let keeper = world.party(0);
    let execute = ix::execute_stop(keeper.owner, party.owner, market, 0, SPOT, 1);
    world.refuses(&execute, InstructionError::AccountDataTooSmall);
    let proof = world.proof(0);
    world.does(&restore_position(&party, market, (0, SPOT), &kept, &proof));
    world.does(&execute);
}
