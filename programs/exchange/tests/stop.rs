//! Standing orders to sell a position when its price has fallen or risen to a trigger.

use harness::{
    attacks::{PositionShape, Shape},
    error::{DUPLICATE, IN_USE, NOT_MUTABLE},
    model, *,
};

const SHARES: u64 = 100 * UNIT + 7;
const TIP: u64 = UNIT / 4;
const STOP_LOSS: u8 = 0;
const TAKE_PROFIT: u8 = 1;
const ONE: u32 = 1 << 28;

/// A party with shares of outcome 1 of two, of a kind, for two minutes; a keeper, and another trader.
fn holding(kind: u8) -> (World, Party, Party, Party, u64) {
    let mut world = World::launched();
    let [party, other] = [(); 2].map(|()| world.party(100_000 * UNIT));
    let keeper = world.party(0);
    let terms = world.terms(2, 1_000 * UNIT);
    let id = world.market_with(&terms);
    if kind == SPOT {
        world.holding(&party, id, 1, SHARES);
    } else {
        world.leveraged(&party, id, 1, SHARES, 300);
    }
    world.position(&other, id, 0, SPOT);
    world.position(&other, id, 1, SPOT);
    world.pass(64);
    (world, party, keeper, other, id)
}

fn terms(side: u8, trigger_q28: u32) -> ix::StopTerms {
    ix::StopTerms {
        side,
        shares: SHARES,
        tip: TIP,
        trigger_q28,
        limit_q28: 0,
    }
}

/// What the program looks at: the last minute's price, and that of the sale.
fn prices(world: &World, id: u64) -> (u32, u32) {
    let market = world.market_state(id);
    let (_, fill) = model::sale(&market, 1, SHARES);
    (model::reference_price(&market, 1, world.now_s()), fill)
}

/// A take-profit order of a position of this kind that is due.
fn due(kind: u8) -> (World, Party, Party, u64) {
    let (mut world, party, keeper, _, id) = holding(kind);
    let (_, fill) = prices(&world, id);
    world.does(&ix::place_stop(
        party.owner,
        id,
        1,
        kind,
        &terms(TAKE_PROFIT, fill),
    ));
    (world, party, keeper, id)
}

fn place_given() -> (World, Instruction) {
    let (world, party, _, _, id) = holding(SPOT);
    let order = terms(STOP_LOSS, ONE / 3);
    (world, ix::place_stop(party.owner, id, 1, SPOT, &order))
}

fn execute_given() -> (World, Instruction) {
    let (world, party, keeper, id) = due(SPOT);
    let instruction = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    (world, instruction)
}

fn cancel_given() -> (World, Instruction) {
    let (world, party, _, id) = due(LEVERAGED);
    let instruction = ix::cancel_stop(party.owner, id, 1, LEVERAGED, TAKE_PROFIT);
    (world, instruction)
}

mod place {
    use super::*;
    harness::attacks! { Shape {
        given: place_given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[0],
        data: 25,
    }}
}

mod execute {
    use super::*;
    harness::attacks! { Shape {
        given: execute_given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 3, 4, 5, 6, 7],
        written: &[1, 2, 3, 4, 5, 6, 7],
        data: 0,
    }}

    #[test]
    fn somebody_elses_position_trader_market_and_shard_are_refused() {
        let given = execute_given;
        let shape = PositionShape {
            given,
            trader: 3,
            signed: false,
        };
        shape.foreign_position();
        shape.foreign_market();
        shape.foreign_shard();
        let (mut world, mut instruction) = execute_given();
        let other = world.party(UNIT);
        instruction.accounts[3].pubkey = other.trader();
        world.refuses(&instruction, ExchangeError::PositionOfAnotherTrader);
    }
}

mod cancel {
    use super::*;
    harness::attacks! { Shape {
        given: cancel_given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1],
        written: &[1], // the owner: below
        data: 0,
    }}

    #[test]
    fn the_owner_gets_the_rent_and_so_is_written() {
        let (mut world, mut instruction) = cancel_given();
        instruction.accounts[0].is_writable = false;
        world.refuses(&instruction, NOT_MUTABLE);
    }
}

#[test]
fn an_order_is_kept_as_placed_and_its_rent_is_the_owners() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, _, _, id) = holding(kind);
        let position = party.position(id, 1, kind);
        for (side, trigger_q28) in [(STOP_LOSS, 1), (TAKE_PROFIT, ONE - 1)] {
            let order = ix::StopTerms {
                limit_q28: ONE - 1,
                ..terms(side, trigger_q28)
            };
            let before = world.account(&party.owner).unwrap().lamports;
            let done = world.does(&ix::place_stop(party.owner, id, 1, kind, &order));
            let at = address::stop(&position, side);
            let rent = world.account(&at).unwrap().lamports;
            assert_eq!(world.account(&party.owner).unwrap().lamports, before - rent);
            let expected = Stop {
                position: key(&position),
                owner: key(&party.owner),
                shares: SHARES,
                tip: TIP,
                trigger_q28,
                limit_q28: ONE - 1,
                generation: world.position_state(&party, id, 1, kind).generation,
                side,
                reserved: [0; 3],
            };
            assert_eq!(world.get::<Stop>(&at), expected);
            assert_eq!(done.event::<StopPlaced>().side, u64::from(side));
            // one of a side
            let again = ix::place_stop(party.owner, id, 1, kind, &order);
            world.refuses(&again, IN_USE);
        }
    }
}

#[test]
fn terms_that_mean_nothing_are_refused() {
    let (mut world, party, _, _, id) = holding(SPOT);
    let good = terms(STOP_LOSS, ONE / 2);
    let mut refuses = |change: fn(&mut ix::StopTerms), error| {
        let mut order = good;
        change(&mut order);
        world.refuses(&ix::place_stop(party.owner, id, 1, SPOT, &order), error);
    };
    refuses(|order| order.side = 2, ExchangeError::BadParameter);
    refuses(|order| order.side = 255, ExchangeError::BadParameter);
    refuses(|order| order.trigger_q28 = 0, ExchangeError::BadParameter);
    refuses(|order| order.trigger_q28 = ONE, ExchangeError::BadParameter);
    refuses(|order| order.limit_q28 = ONE, ExchangeError::BadParameter);
    refuses(|order| order.shares = 0, ExchangeError::ZeroAmount);
}

#[test]
fn only_the_positions_owner_places_and_cancels_its_orders() {
    let (mut world, party, _, id) = due(SPOT);
    let stranger = world.party(0);
    let mut place = ix::place_stop(party.owner, id, 1, SPOT, &terms(STOP_LOSS, 1));
    place.accounts[0].pubkey = stranger.owner;
    world.refuses(&place, ExchangeError::NotOwner);
    place.accounts[1].pubkey = stranger.trader();
    world.refuses(&place, ExchangeError::PositionOfAnotherTrader);

    let mut cancel = ix::cancel_stop(party.owner, id, 1, SPOT, TAKE_PROFIT);
    cancel.accounts[0].pubkey = stranger.owner;
    world.refuses(&cancel, ExchangeError::NotOwner);
    cancel.accounts[0].pubkey = party.owner;
    cancel.accounts[2].pubkey = stranger.position(id, 1, SPOT);
    world.refuses(&cancel, ExchangeError::WrongStop);
}

#[test]
fn a_cancelled_order_is_gone_and_its_rent_back() {
    for gone in [false, true] {
        let (mut world, party, keeper, id) = due(SPOT);
        if gone {
            // position and market need not be there any more
            world.does(&ix::sell(party.owner, id, 1, SHARES, 0));
            world.does(&ix::close_position(party.owner, id, 1, SPOT));
        }
        let at = address::stop(&party.position(id, 1, SPOT), TAKE_PROFIT);
        let lamports = |world: &World| world.account(&party.owner).unwrap().lamports;
        let (before, rent) = (lamports(&world), world.account(&at).unwrap().lamports);
        let done = world.does(&ix::cancel_stop(party.owner, id, 1, SPOT, TAKE_PROFIT));
        assert_eq!(done.event::<StopCancelled>().side, u64::from(TAKE_PROFIT));
        assert_eq!(lamports(&world), before + rent);
        assert!(world.account(&at).is_none());
        let late = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
        world.refuses(&late, InstructionError::AccountDataTooSmall);
    }
}

#[test]
fn a_due_order_sells_as_its_owner_would_and_tips_who_did_it() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, id) = due(kind);
        let mut twin = world.clone();
        let at = address::stop(&party.position(id, 1, kind), TAKE_PROFIT);
        let lamports = |world: &World| world.account(&party.owner).unwrap().lamports;
        let (before, rent) = (lamports(&world), world.account(&at).unwrap().lamports);
        let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, TAKE_PROFIT);
        let event = world.does(&execute).event::<StopExecuted>();
        let own = if kind == SPOT { ix::sell } else { ix::close };
        twin.does(&own(party.owner, id, 1, SHARES, 0));
        assert_eq!(world.market_state(id), twin.market_state(id));
        assert_eq!(world.shard_of(id), twin.shard_of(id));
        let position = world.position_state(&party, id, 1, kind);
        assert_eq!(position, twin.position_state(&party, id, 1, kind));
        assert_eq!(position.shares, 0);
        assert_eq!(world.trader(&party).balance, twin.trader(&party).balance - TIP);
        assert_eq!(world.trader(&keeper).balance, TIP);
        assert_eq!((event.shares, event.tip), (SHARES, TIP));
        assert_eq!(lamports(&world), before + rent);
        assert!(world.account(&at).is_none());
        world.refuses(&execute, InstructionError::AccountDataTooSmall);
    }
}

#[test]
fn an_order_for_more_than_is_held_sells_what_is_held() {
    let (mut world, party, keeper, id) = due(SPOT);
    world.does(&ix::sell(party.owner, id, 1, SHARES / 2, 0));
    let (_, fill) = model::sale(&world.market_state(id), 1, SHARES - SHARES / 2);
    let at = address::stop(&party.position(id, 1, SPOT), TAKE_PROFIT);
    world.edit::<Stop>(&at, |stop| stop.trigger_q28 = fill);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    let mut emptied = world.clone();
    emptied.does(&ix::sell(party.owner, id, 1, SHARES - SHARES / 2, 0));
    emptied.refuses(&execute, ExchangeError::WrongStop);
    let event = world.does(&execute).event::<StopExecuted>();
    assert_eq!(event.shares, SHARES - SHARES / 2);
}

#[test]
fn a_profit_is_taken_from_exactly_the_trigger_on() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, _, id) = holding(kind);
        let (_, fill) = prices(&world, id);
        let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, TAKE_PROFIT);
        let order = terms(TAKE_PROFIT, fill + 1);
        world.does(&ix::place_stop(party.owner, id, 1, kind, &order));
        world.refuses(&execute, ExchangeError::NotTriggered);
        let at = address::stop(&party.position(id, 1, kind), TAKE_PROFIT);
        world.edit::<Stop>(&at, |stop| stop.trigger_q28 = fill);
        assert_eq!(world.does(&execute).event::<StopExecuted>().fill_q28, fill);
    }
}

#[test]
fn a_loss_is_stopped_from_exactly_the_trigger_on() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, _, id) = holding(kind);
        let (reference, fill) = prices(&world, id);
        let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, STOP_LOSS);
        let order = terms(STOP_LOSS, reference.max(fill) - 1);
        world.does(&ix::place_stop(party.owner, id, 1, kind, &order));
        world.refuses(&execute, ExchangeError::NotTriggered);
        let at = address::stop(&party.position(id, 1, kind), STOP_LOSS);
        world.edit::<Stop>(&at, |stop| stop.trigger_q28 += 1);
        world.does(&execute);
    }
}

#[test]
fn a_price_that_was_only_just_made_stops_no_loss_and_a_recovered_one_neither() {
    let (mut world, party, keeper, other, id) = holding(SPOT);
    let (_, fill) = prices(&world, id);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, STOP_LOSS);
    let order = terms(STOP_LOSS, fill - ONE / 20);
    world.does(&ix::place_stop(party.owner, id, 1, SPOT, &order));
    world.does(&ix::buy(other.owner, id, 0, 500 * UNIT, u64::MAX));
    assert!(prices(&world, id).1 < order.trigger_q28);
    world.refuses(&execute, ExchangeError::NotTriggered);
    world.pass(64);
    let mut recovered = world.clone();
    recovered.does(&ix::buy(other.owner, id, 1, 500 * UNIT, u64::MAX));
    let (reference, fill) = prices(&recovered, id);
    assert!(reference < order.trigger_q28 && fill > order.trigger_q28);
    recovered.refuses(&execute, ExchangeError::NotTriggered);
    world.does(&execute);
}

#[test]
fn no_order_sells_below_its_limit() {
    let (mut world, party, keeper, id) = due(SPOT);
    let (_, fill) = prices(&world, id);
    let at = address::stop(&party.position(id, 1, SPOT), TAKE_PROFIT);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    world.edit::<Stop>(&at, |stop| stop.limit_q28 = fill + 1);
    world.refuses(&execute, ExchangeError::SlippageExceeded);
    world.edit::<Stop>(&at, |stop| stop.limit_q28 = fill);
    world.does(&execute);
}

#[test]
fn a_tip_may_come_out_of_the_proceeds_and_is_never_more_than_the_balance() {
    let (mut world, party, keeper, id) = due(SPOT);
    let mut twin = world.clone();
    twin.does(&ix::sell(party.owner, id, 1, SHARES, 0));
    let most = twin.trader(&party).balance;
    let at = address::stop(&party.position(id, 1, SPOT), TAKE_PROFIT);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    for too_much in [most + 1, u64::MAX] {
        world.edit::<Stop>(&at, |stop| stop.tip = too_much);
        world.refuses(&execute, ExchangeError::InsufficientBalance);
    }
    world.edit::<Stop>(&at, |stop| stop.tip = most);
    world.does(&execute);
    assert_eq!(world.trader(&party).balance, 0);
    assert_eq!(world.trader(&keeper).balance, most);
}

#[test]
fn an_order_of_another_position_and_the_owners_own_account_are_refused() {
    let (mut world, party, keeper, id) = due(SPOT);
    world.leveraged(&party, id, 1, SHARES, 200);
    let mut execute = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    execute.accounts[6].pubkey = party.position(id, 1, LEVERAGED);
    world.refuses(&execute, ExchangeError::WrongStop);
    let own = ix::execute_stop(party.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    world.refuses(&own, DUPLICATE);
    let mut rent = ix::execute_stop(keeper.owner, party.owner, id, 1, SPOT, TAKE_PROFIT);
    rent.accounts[2].pubkey = world.key();
    world.refuses(&rent, ExchangeError::NotOwner);
}

#[test]
fn in_a_halt_a_loan_is_repaid_and_nothing_else_sold() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, keeper, id) = due(kind);
        let until = world.slot() + 100;
        world.edit::<Market>(&address::market(id), |m| m.breaker.halted_until_slot = until);
        let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, TAKE_PROFIT);
        match kind {
            SPOT => world.refuses(&execute, ExchangeError::MarketHalted),
            _ => drop(world.does(&execute)),
        }
    }
}

#[test]
fn a_stop_that_does_not_repay_its_loan_takes_the_balance_and_fails_without_one() {
    let (mut world, party, keeper, id) = due(LEVERAGED);
    let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, LEVERAGED, TAKE_PROFIT);
    world.owe(&party, id, 1, SHARES); // more than they sell for
    let mut rich = world.clone();
    rich.does(&execute);
    let (mint, balance) = (world.mint, world.trader(&party).balance);
    world.does(&ix::withdraw(party.owner, party.tokens, mint, balance));
    world.refuses(&execute, ExchangeError::Underwater);
}
