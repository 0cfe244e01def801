//! Attacks on the accounts behind those that `archive_positions` declares: owner, trader and position of each.

use super::*;

/// Owner, trader and position of the last position.
const OWNER: usize = 7;
const TRADER: usize = 8;
const POSITION: usize = 9;

/// The instruction with another account in that place.
fn with(index: usize, other: Address) -> (World, Instruction) {
    let (world, mut instruction) = given();
    instruction.accounts[index].pubkey = other;
    (world, instruction)
}

#[test]
fn a_number_of_accounts_that_is_no_multiple_of_three_none_and_too_many_are_refused() {
    let (mut world, instruction) = given();
    for left in [4, 5, 6, 8, 9] {
        let mut fewer = instruction.clone();
        fewer.accounts.truncate(left);
        world.refuses(&fewer, ExchangeError::BadArchiveBatch);
    }
    let mut more = instruction.clone();
    for _ in 0..31 {
        more.accounts.extend_from_slice(&instruction.accounts[4..7]);
    }
    world.refuses(&more, ExchangeError::BadArchiveBatch);
}

#[test]
fn the_same_bytes_owned_by_another_program_are_refused() {
    for index in [TRADER, POSITION] {
        let (mut world, mut instruction) = given();
        let genuine = world.account(&instruction.accounts[index].pubkey).unwrap();
        let forged = world.key();
        world.put(forged, address::TOKEN, genuine.data);
        instruction.accounts[index].pubkey = forged;
        world.refuses(&instruction, InstructionError::IllegalOwner);
    }
}

#[test]
fn an_account_of_another_type_is_refused() {
    for index in [TRADER, POSITION] {
        let (mut world, mut instruction) = given();
        let mut other = world.account(&instruction.accounts[index].pubkey).unwrap();
        other.data[..8].copy_from_slice(&tag("account", "Other"));
        let forged = world.key();
        world.put(forged, other.owner, other.data);
        instruction.accounts[index].pubkey = forged;
        world.refuses(&instruction, InstructionError::InvalidAccountData);
    }
}

#[test]
fn a_wallet_in_the_place_of_trader_or_position_is_refused() {
    for index in [TRADER, POSITION] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = world.key();
        world.refuses(&instruction, InstructionError::AccountDataTooSmall);
    }
}

#[test]
fn a_read_only_account_is_refused() {
    for index in [OWNER, TRADER, POSITION] {
        let (mut world, mut instruction) = given();
        let key = instruction.accounts[index].pubkey;
        for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == key) {
            meta.is_writable = false;
        }
        world.refuses(&instruction, error::NOT_MUTABLE);
    }
}

#[test]
fn an_account_that_the_instruction_declares_is_refused_behind_it() {
    let (_, instruction) = given();
    for declared in 1..4 {
        for index in [OWNER, TRADER, POSITION] {
            let (mut world, twice) = with(index, instruction.accounts[declared].pubkey);
            world.refuses(&twice, error::DUPLICATE);
        }
    }
}

#[test]
fn a_position_twice_or_in_its_traders_place_is_refused() {
    let (_, instruction) = given();
    let (mut world, twice) = with(POSITION, instruction.accounts[6].pubkey);
    world.refuses(&twice, InstructionError::AccountBorrowFailed);
    let (mut world, one) = with(POSITION, instruction.accounts[TRADER].pubkey);
    world.refuses(&one, InstructionError::AccountBorrowFailed);
    let (mut world, one) = with(TRADER, instruction.accounts[POSITION].pubkey);
    world.refuses(&one, InstructionError::InvalidAccountData);
}

#[test]
fn rent_goes_to_nobody_but_the_owner() {
    let (mut world, mut instruction) = given();
    instruction.accounts[OWNER].pubkey = world.key();
    world.refuses(&instruction, ExchangeError::NotOwner);
}

#[test]
fn somebody_elses_position_and_one_of_another_market_are_refused() {
    let (mut world, instruction) = given();
    let other = world.party(100 * UNIT);
    let market = world.get::<Market>(&instruction.accounts[2].pubkey).id;
    world.holding(&other, market, 1, UNIT);
    world.grow_old();
    let mut theirs = instruction.clone();
    theirs.accounts[POSITION].pubkey = other.position(market, 1, SPOT);
    world.refuses(&theirs, ExchangeError::PositionOfAnotherTrader);

    let (mut world, party, market) = old();
    let elsewhere = world.market(2);
    world.holding(&party, elsewhere, 0, UNIT);
    world.grow_old();
    let mut foreign = archive_positions(party.owner, market, &[(party, 0, SPOT)]);
    foreign.accounts[6].pubkey = party.position(elsewhere, 0, SPOT);
    world.refuses(&foreign, ExchangeError::PositionOfAnotherMarket);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut instruction) = given();
    let own = world.get::<Shard>(&instruction.accounts[3].pubkey).index as u8;
    instruction.accounts[3].pubkey = address::shard((own + 1) % 4);
    world.refuses(&instruction, ExchangeError::WrongShard);
}
