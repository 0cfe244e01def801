//! Several positions of one person, in one go: what they own together must not grow at the vault's expense.

use harness::*;

const BALANCE: u64 = 100_000 * UNIT;

/// A market of so many outcomes, and somebody with an empty position of each kind in its first outcome.
fn with_positions(outcomes: u8) -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(BALANCE), world.market(outcomes));
    world.position(&party, market, 0, SPOT);
    world.position(&party, market, 0, LEVERAGED);
    (world, party, market)
}

/// Buy in cash, buy on credit at the raised price, and sell the cash purchase into it. False when the loan is refused.
fn pump(world: &mut World, party: &Party, market: u64, loan: ix::Loan) -> bool {
    let spot = loan.shares;
    world.does(&ix::buy(party.owner, market, 0, spot, u64::MAX));
    let lent = world
        .send(&ix::open(party.owner, market, world.feed, 0, loan))
        .is_ok();
    world.does(&ix::sell(party.owner, market, 0, spot, 0));
    lent
}

fn cases() -> impl Iterator<Item = (u8, ix::Loan)> {
    let shares = [1, 50, 500, 1_500, 3_000, 5_000];
    let leverage = [110, 120, 200, 300, 1_000, 1_700, 5_000];
    let markets = [2, 3, 16]
        .into_iter()
        .flat_map(move |outcomes| shares.map(move |s| (outcomes, s)));
    markets.flat_map(move |(outcomes, shares)| {
        leverage.map(|leverage_x100| {
            (
                outcomes,
                ix::Loan {
                    shares: shares * UNIT,
                    leverage_x100,
                    max_payment: u64::MAX,
                },
            )
        })
    })
}

#[test]
fn nobody_raises_a_price_borrows_against_it_and_lets_it_fall() {
    let mut lent = 0;
    for (outcomes, loan) in cases() {
        let (mut world, party, market) = with_positions(outcomes);
        if pump(&mut world, &party, market, loan) {
            lent += 1;
            world.does(&ix::close(party.owner, market, 0, loan.shares, 0));
            let balance = world.trader(&party).balance;
            assert!(
                balance <= BALANCE,
                "gained {} by {loan:?}, {outcomes} outcomes",
                balance - BALANCE
            );
        }
    }
    assert!(lent > 20, "{lent}");
}

#[test]
fn walking_away_from_a_loan_at_a_raised_price_earns_nothing_on_average() {
    let mut lent = 0;
    for (outcomes, loan) in cases() {
        let (mut world, party, market) = with_positions(outcomes);
        if pump(&mut world, &party, market, loan) {
            lent += 1;
            let walked_away = i128::from(world.trader(&party).balance) - i128::from(BALANCE);
            let debt = world.position_state(&party, market, 0, LEVERAGED).debt;
            // the outcome happens as often as its price said before anybody traded
            let when_it_happens = i128::from(loan.shares) - i128::from(debt);
            let expected = walked_away * i128::from(outcomes) + when_it_happens;
            assert!(
                expected <= 0,
                "{expected} on average by {loan:?}, {outcomes} outcomes"
            );
        }
    }
    assert!(lent > 20, "{lent}");
}

/// Whoever holds a wrong price for longer than the reference follows can borrow at it, and hedge the loan with the other
/// outcome. What that takes from the vault is bounded: by the subsidy for the loans, by the subsidy for the market.
#[test]
fn a_price_held_against_nobody_takes_at_most_the_subsidy_twice() {
    let mut lent = 0;
    for (spot, loan, hedge) in [
        (5_000, 600, 300),
        (8_000, 690, 500),
        (3_000, 650, 0),
        (12_000, 690, 640),
    ] {
        for (hold_s, leverage_x100) in [(0, 5_000), (66, 3_000), (66, 5_000), (300, 5_000)] {
            for winner_price in [99, 101] {
                let (mut world, party, market) = with_positions(2);
                world.position(&party, market, 1, SPOT);
                let subsidy = world.market_state(market).escrow;
                world.does(&ix::buy(party.owner, market, 0, spot * UNIT, u64::MAX));
                world.pass(hold_s);
                world.publish(100 * UNIT);
                let loan = ix::Loan {
                    shares: loan * UNIT,
                    leverage_x100,
                    max_payment: u64::MAX,
                };
                lent += usize::from(
                    world
                        .send(&ix::open(party.owner, market, world.feed, 0, loan))
                        .is_ok(),
                );
                world.does(&ix::sell(party.owner, market, 0, spot * UNIT, 0));
                if hedge > 0 {
                    world.does(&ix::buy(party.owner, market, 1, hedge * UNIT, u64::MAX));
                }
                world.settle(market, winner_price * UNIT);
                for (outcome, kind) in [(0, LEVERAGED), (1, SPOT)] {
                    let _ = world.send(&ix::redeem(party.owner, market, outcome, kind));
                }
                let gained = world.trader(&party).balance.saturating_sub(BALANCE);
                assert!(gained <= 2 * subsidy, "{gained} of a subsidy of {subsidy}");
            }
        }
    }
    assert!(lent > 10, "{lent}");
}
