use harness::{
    attacks::{PositionShape, Shape},
    *,
};

const SHARES: u64 = 40 * UNIT + 1;

/// A market of two in which outcome 1 won: a winner and a loser, each with a spot and a leveraged position.
fn settled() -> (World, Party, Party, u64) {
    let (mut world, winner, loser, market) = traded();
    world.settle(market, 100 * UNIT);
    (world, winner, loser, market)
}

fn traded() -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (winner, loser, market) = (
        world.party(1_000 * UNIT),
        world.party(1_000 * UNIT),
        world.market(2),
    );
    for (party, outcome) in [(&winner, 1), (&loser, 0)] {
        world.holding(party, market, outcome, SHARES);
        world.leveraged(party, market, outcome, SHARES, 300);
    }
    (world, winner, loser, market)
}

fn given() -> (World, Instruction) {
    let (world, winner, _, market) = settled();
    (world, ix::redeem(winner.owner, market, 1, LEVERAGED))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1, 2, 3],
    written: &[0, 1, 2, 3],
    data: 0,
}}
harness::position_attacks! { PositionShape { given, trader: 0, signed: false } }

#[test]
fn winning_shares_pay_one_unit_each() {
    let (mut world, winner, _, market) = settled();
    let (before, trader, shard) = (
        world.market_state(market),
        world.trader(&winner),
        world.shard_of(market),
    );

    let done = world.does(&ix::redeem(winner.owner, market, 1, SPOT));

    assert_eq!(
        world.trader(&winner),
        Trader {
            balance: trader.balance + SHARES,
            ..trader
        }
    );
    assert_eq!(
        world.market_state(market),
        Market {
            escrow: before.escrow - SHARES,
            ..before
        }
    );
    assert_eq!(world.shard_of(market), shard);
    let position = world.position_state(&winner, market, 1, SPOT);
    assert_eq!((position.shares, position.cost, position.debt), (0, 0, 0));
    let expected = Redeemed {
        position: key(&winner.position(market, 1, SPOT)),
        trader: key(&winner.trader()),
        market: key(&address::market(market)),
        shares: SHARES,
        payout: SHARES,
        repaid: 0,
    };
    assert_eq!(done.event::<Redeemed>(), expected);
}

#[test]
fn winning_shares_repay_their_loan_first() {
    let (mut world, winner, _, market) = settled();
    let (before, trader, shard) = (
        world.market_state(market),
        world.trader(&winner),
        world.shard_of(market),
    );
    let debt = world.position_state(&winner, market, 1, LEVERAGED).debt;

    let done = world.does(&ix::redeem(winner.owner, market, 1, LEVERAGED));

    assert_eq!(world.trader(&winner).balance, trader.balance + SHARES - debt);
    let mut after = Market {
        escrow: before.escrow - SHARES,
        ..before
    };
    (after.debt[1], after.total_debt) = (0, 0);
    assert_eq!(world.market_state(market), after);
    assert_eq!(
        world.shard_of(market),
        Shard {
            cash: shard.cash + debt,
            debt: 0,
            ..shard
        }
    );
    let redeemed = done.event::<Redeemed>();
    assert_eq!((redeemed.payout, redeemed.repaid), (SHARES, debt));
}

#[test]
fn losing_shares_pay_nothing_and_owe_nothing() {
    let (mut world, _, loser, market) = settled();
    let (before, trader, shard) = (
        world.market_state(market),
        world.trader(&loser),
        world.shard_of(market),
    );
    assert!(world.position_state(&loser, market, 0, LEVERAGED).debt > 0);

    for kind in [SPOT, LEVERAGED] {
        world.does(&ix::redeem(loser.owner, market, 0, kind));
        let position = world.position_state(&loser, market, 0, kind);
        assert_eq!((position.shares, position.cost, position.debt), (0, 0, 0));
    }

    assert_eq!(
        (world.market_state(market), world.trader(&loser)),
        (before, trader)
    );
    assert_eq!(world.shard_of(market), shard);
}

#[test]
fn shares_of_a_voided_market_pay_the_same_each_rounded_down() {
    let (mut world, winner, loser, market) = traded();
    world.pass_close(market);
    world.pass(7 * 24 * 3_600);
    world.does(&ix::void(market));
    for (party, outcome) in [(&winner, 1), (&loser, 0)] {
        let (balance, debt) = (
            world.trader(party).balance,
            world.position_state(party, market, outcome, LEVERAGED).debt,
        );
        world.does(&ix::redeem(party.owner, market, outcome, SPOT));
        assert_eq!(world.trader(party).balance, balance + SHARES / 2);
        world.does(&ix::redeem(party.owner, market, outcome, LEVERAGED));
        assert_eq!(
            world.trader(party).balance,
            balance + SHARES / 2 + (SHARES / 2).saturating_sub(debt)
        );
    }
    let shard = world.shard_of(market);
    assert_eq!((shard.debt, shard.debt_at_risk), (0, 0));
    assert_eq!(world.market_state(market).escrow, 2, "four roundings of a half");
}

#[test]
fn a_second_redemption_is_refused() {
    let (mut world, winner, _, market) = settled();
    let redeem = ix::redeem(winner.owner, market, 1, SPOT);
    world.does(&redeem);
    world.refuses(&redeem, ExchangeError::ZeroAmount);
}

#[test]
fn an_open_market_is_refused_even_after_its_close() {
    let (mut world, winner, _, market) = traded();
    let redeem = ix::redeem(winner.owner, market, 1, SPOT);
    world.refuses(&redeem, ExchangeError::MarketNotSettled);
    world.pass_close(market);
    world.refuses(&redeem, ExchangeError::MarketNotSettled);
}

#[test]
fn everybody_redeemed_the_escrow_is_empty() {
    let (mut world, winner, loser, market) = settled();
    for (party, outcome) in [(&winner, 1), (&loser, 0)] {
        world.does(&ix::redeem(party.owner, market, outcome, SPOT));
        world.does(&ix::redeem(party.owner, market, outcome, LEVERAGED));
    }
    assert_eq!(world.market_state(market).escrow, 0);
    assert_eq!(world.shard_of(market).debt, 0);
}
