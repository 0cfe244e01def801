//! A standing order lives as long as the shares for which it was given, and no longer.

use harness::*;

const SHARES: u64 = 100 * UNIT;
const TIP: u64 = UNIT / 4;

/// A party with a take-profit order for a position, due at every price, and a keeper.
fn ordered(kind: u8) -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let id = world.market(2);
    world.position(&party, id, 1, kind);
    bought(&mut world, &party, id, kind);
    let terms = ix::StopTerms {
        side: 1,
        shares: SHARES,
        tip: TIP,
        trigger_q28: 1,
        limit_q28: 0,
    };
    world.does(&ix::place_stop(party.owner, id, 1, kind, &terms));
    (world, party, keeper, id)
}

fn bought(world: &mut World, party: &Party, id: u64, kind: u8) {
    let loan = ix::Loan {
        shares: SHARES,
        leverage_x100: 200,
        max_payment: u64::MAX,
    };
    let buy = ix::buy(party.owner, id, 1, SHARES, u64::MAX);
    let open = ix::open(party.owner, id, world.feed, 1, loan);
    world.does_at_once(if kind == SPOT { &buy } else { &open });
}

fn sold(world: &mut World, party: &Party, id: u64, kind: u8, shares: u64) {
    let sell = if kind == SPOT { ix::sell } else { ix::close };
    world.does_at_once(&sell(party.owner, id, 1, shares, 0));
}

/// The order does nothing any more, and anybody sends its rent back.
fn is_dead(world: &mut World, party: &Party, keeper: &Party, id: u64, kind: u8) {
    let at = address::stop(&party.position(id, 1, kind), 1);
    let lamports = |world: &World| world.account(&party.owner).unwrap().lamports;
    let (before, rent) = (lamports(world), world.account(&at).unwrap().lamports);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, 1);
    if world
        .account(&party.position(id, 1, kind))
        .is_some_and(|a| !a.data.is_empty())
    {
        world.refuses(&execute, ExchangeError::WrongStop);
    }
    let stranger = world.key();
    let mut stolen = ix::clear_stop(party.owner, id, 1, kind, 1);
    stolen.accounts[0].pubkey = stranger;
    world.refuses(&stolen, ExchangeError::NotOwner);
    let mut elsewhere = ix::clear_stop(party.owner, id, 1, kind, 1);
    elsewhere.accounts[2].pubkey = stranger;
    world.refuses(&elsewhere, ExchangeError::WrongStop);
    world.does(&ix::clear_stop(party.owner, id, 1, kind, 1));
    assert!(world.account(&at).is_none());
    assert_eq!(lamports(world), before + rent);
}

#[test]
fn an_order_stands_while_any_of_its_shares_are_left_and_more_are_bought() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, id) = ordered(kind);
        sold(&mut world, &party, id, kind, SHARES - 1);
        bought(&mut world, &party, id, kind);
        let clear = ix::clear_stop(party.owner, id, 1, kind, 1);
        world.refuses(&clear, InstructionError::MissingRequiredSignature);
        world.does(&ix::execute_stop(keeper.owner, party.owner, id, 1, kind, 1));
    }
}

#[test]
fn an_order_does_not_sell_shares_bought_after_its_own_were_gone_not_even_in_one_slot() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, id) = ordered(kind);
        for round in 0..3 {
            sold(&mut world, &party, id, kind, SHARES);
            let mut empty = world.clone();
            is_dead(&mut empty, &party, &keeper, id, kind);
            bought(&mut world, &party, id, kind);
            let mut again = world.clone();
            is_dead(&mut again, &party, &keeper, id, kind);
            assert!(world.position_state(&party, id, 1, kind).generation > round);
        }
    }
}

#[test]
fn an_order_does_not_sell_the_shares_of_another_account_at_the_same_address() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, id) = ordered(kind);
        // three generations in one slot run ahead of the clock
        for _ in 0..3 {
            sold(&mut world, &party, id, kind, SHARES);
            bought(&mut world, &party, id, kind);
        }
        sold(&mut world, &party, id, kind, SHARES);
        let close = ix::close_position(party.owner, id, 1, kind);
        let young = world.position_state(&party, id, 1, kind).generation;
        while world.slot() <= u64::from(young) {
            world.refuses(&close, ExchangeError::PositionTooYoung);
            world.next_slot();
        }
        world.does_at_once(&close);
        let mut gone = world.clone();
        is_dead(&mut gone, &party, &keeper, id, kind);
        world.position(&party, id, 1, kind);
        bought(&mut world, &party, id, kind);
        is_dead(&mut world, &party, &keeper, id, kind);
    }
}

#[test]
fn an_order_is_dead_when_its_position_is_taken_over_or_redeemed() {
    let (mut world, party, keeper, id) = ordered(LEVERAGED);
    let mut settled = world.clone();
    settled.settle(id, 50 * UNIT);
    settled.does(&ix::redeem(party.owner, id, 1, LEVERAGED));
    is_dead(&mut settled, &party, &keeper, id, LEVERAGED);
    world.pass(64);
    world.owe(&party, id, 1, SHARES / 10 * 9);
    world.does(&ix::take_over(keeper.owner, party.owner, id, 1));
    is_dead(&mut world, &party, &keeper, id, LEVERAGED);
}

#[test]
fn nothing_is_ordered_for_a_position_without_shares() {
    let (mut world, party, _, id) = ordered(SPOT);
    world.position(&party, id, 0, SPOT);
    let terms = ix::StopTerms {
        side: 0,
        shares: 1,
        tip: 0,
        trigger_q28: 1,
        limit_q28: 0,
    };
    let place = ix::place_stop(party.owner, id, 0, SPOT, &terms);
    world.refuses(&place, ExchangeError::InsufficientShares);
}
