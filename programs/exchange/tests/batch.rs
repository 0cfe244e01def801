use {
    crate::Quote,
    harness::{attacks::Shape, tail_attacks::TailShape, *},
};

const HELD: u64 = 50 * UNIT;

fn trade(market: u64, outcome: u8, side: u8, shares: u64) -> ix::BatchTrade {
    let limit = if side == 0 { u64::MAX } else { 0 };
    ix::BatchTrade {
        market,
        outcome,
        side,
        shares,
        limit,
    }
}

/// A party that holds shares of outcome 0 and an empty position of outcome 1 in each of so many markets.
fn with_positions(count: usize) -> (World, Party, Vec<u64>) {
    let mut world = World::launched();
    let party = world.party(2_000 * UNIT);
    let ids: Vec<u64> = (0..count).map(|_| world.market(2)).collect();
    for &id in &ids {
        world.holding(&party, id, 0, HELD);
        world.position(&party, id, 1, SPOT);
    }
    world.next_slot();
    (world, party, ids)
}

fn given() -> (World, Instruction) {
    let (world, party, ids) = with_positions(2);
    let trades = [trade(ids[0], 1, 0, 7 * UNIT), trade(ids[1], 0, 1, 3 * UNIT)];
    (world, ix::batch(party.owner, &trades))
}

harness::attacks! { tail Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1],
    written: &[1],
    data: 4 + 2 * 17,
}}
const TAIL: TailShape = TailShape {
    given,
    declared: 2,
    miscounted: ExchangeError::BadBatch,
    foreign_market: ExchangeError::PositionOfAnotherMarket,
    read: &[0, 1, 2],
    written: &[0, 1, 2],
};
harness::tail_attacks! { TAIL }

#[test]
fn a_length_that_the_data_does_not_have_is_refused() {
    TAIL.false_lengths();
}

#[test]
fn a_batch_does_what_its_trades_do_one_after_the_other() {
    let (mut world, party, ids) = with_positions(3);
    let trades = [
        trade(ids[0], 1, 0, 20 * UNIT),
        trade(ids[1], 0, 1, HELD),
        trade(ids[0], 0, 1, 10 * UNIT + 1),
        trade(ids[2], 1, 0, 1),
        trade(ids[0], 1, 0, 5 * UNIT), // the same position again
    ];
    let batch = ix::batch(party.owner, &trades);
    let mut one_by_one = world.clone();
    for t in trades {
        let instruction = if t.side == 0 {
            ix::buy(party.owner, t.market, t.outcome, t.shares, t.limit)
        } else {
            ix::sell(party.owner, t.market, t.outcome, t.shares, t.limit)
        };
        one_by_one.does_at_once(&instruction);
    }
    world.does_at_once(&batch);
    assert!(world.snapshot(&batch) == one_by_one.snapshot(&batch));
}

#[test]
fn sixteen_trades_fit_and_seventeen_or_none_are_refused() {
    // as many markets as a transaction without lookup tables has room for
    let (mut world, party, ids) = with_positions(8);
    let buy_and_sell = |&id: &u64| [trade(id, 1, 0, UNIT), trade(id, 0, 1, UNIT)];
    let trades: Vec<_> = ids.iter().flat_map(buy_and_sell).collect();
    world.does(&ix::batch(party.owner, &trades));
    for id in ids {
        let held = |outcome| world.position_state(&party, id, outcome, SPOT).shares;
        assert_eq!([held(0), held(1)], [HELD - UNIT, UNIT]);
    }
    let more = [&trades[..], &trades[..1]].concat();
    world.refuses(&ix::batch(party.owner, &more), ExchangeError::BadBatch);
    world.refuses(&ix::batch(party.owner, &[]), ExchangeError::BadBatch);
}

#[test]
fn a_failing_trade_leaves_nothing_behind_whichever_it_is() {
    for failing in 0..4 {
        let (mut world, party, ids) = with_positions(4);
        let mut trades: Vec<_> = ids.iter().map(|&id| trade(id, 0, 1, UNIT)).collect();
        trades[failing].shares = HELD + 1;
        world.refuses(
            &ix::batch(party.owner, &trades),
            ExchangeError::InsufficientShares,
        );
        trades[failing].shares = 0;
        world.refuses(&ix::batch(party.owner, &trades), ExchangeError::ZeroAmount);
    }
}

#[test]
fn every_trade_keeps_its_limit_to_the_unit() {
    let (mut world, party, ids) = with_positions(2);
    let bought = Quote::purchase(&world, ids[0], 1, UNIT);
    let sold = Quote::sale(&world, ids[1], 0, UNIT);
    let (cost, proceeds) = (bought.notional + bought.fee, sold.notional - sold.fee);
    let batch = |most, least| {
        let mut trades = [trade(ids[0], 1, 0, UNIT), trade(ids[1], 0, 1, UNIT)];
        (trades[0].limit, trades[1].limit) = (most, least);
        ix::batch(party.owner, &trades)
    };
    world.refuses(&batch(cost - 1, proceeds), ExchangeError::SlippageExceeded);
    world.refuses(&batch(cost, proceeds + 1), ExchangeError::SlippageExceeded);
    world.does(&batch(cost, proceeds));
}

#[test]
fn a_side_there_is_not_is_refused() {
    let (mut world, party, ids) = with_positions(1);
    for side in [2, 3, 255] {
        world.refuses(
            &ix::batch(party.owner, &[trade(ids[0], 0, side, UNIT)]),
            ExchangeError::BadBatch,
        );
    }
}

#[test]
fn a_leveraged_position_is_refused() {
    let (mut world, party, ids) = with_positions(1);
    world.leveraged(&party, ids[0], 0, UNIT, 200);
    for side in [0, 1] {
        let mut batch = ix::batch(party.owner, &[trade(ids[0], 0, side, UNIT)]);
        batch.accounts[4].pubkey = party.position(ids[0], 0, LEVERAGED);
        world.refuses(&batch, ExchangeError::WrongKind);
    }
}

#[test]
fn somebody_elses_position_is_refused() {
    let (mut world, party, ids) = with_positions(1);
    let other = world.party(UNIT);
    for side in [0, 1] {
        let mut batch = ix::batch(party.owner, &[trade(ids[0], 0, side, UNIT)]);
        batch.accounts[0].pubkey = other.owner;
        batch.accounts[1].pubkey = other.trader();
        world.refuses(&batch, ExchangeError::PositionOfAnotherTrader);
    }
}

#[test]
fn trading_ends_at_the_close() {
    let (mut world, party, ids) = with_positions(1);
    world.pass_close(ids[0]);
    for side in [0, 1] {
        let batch = ix::batch(party.owner, &[trade(ids[0], 0, side, UNIT)]);
        world.refuses(&batch, ExchangeError::MarketClosed);
    }
}
