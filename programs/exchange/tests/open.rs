use {
    crate::{booked, premium, Quote},
    harness::{
        attacks::{PositionShape, Shape},
        *,
    },
};

const SHARES: u64 = 30 * UNIT;

/// A party with an empty leveraged position in outcome 1 of a market of two.
fn with_position() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.position(&party, market, 1, LEVERAGED);
    (world, party, market)
}

fn at(world: &World, party: &Party, market: u64, leverage_x100: u16) -> Instruction {
    let loan = ix::Loan {
        shares: SHARES,
        leverage_x100,
        max_payment: u64::MAX,
    };
    ix::open(party.owner, market, world.feed, 1, loan)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_position();
    let instruction = at(&world, &party, market, 500);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4, 5],
    written: &[1, 2, 3, 4],
    data: 18,
}}
harness::position_attacks! { PositionShape { given, trader: 1, signed: true } }

#[test]
fn the_trader_pays_margin_and_fee_and_the_shard_lends_the_rest() {
    let (mut world, party, market) = with_position();
    let (before, shard, trader) = (
        world.market_state(market),
        world.shard_of(market),
        world.trader(&party),
    );
    let quote = Quote::purchase(&world, market, 1, SHARES);
    let margin = quote.notional.div_ceil(3);
    let debt = quote.notional - margin;
    let premium = premium(&world, market, 1, SHARES, quote.notional, debt);
    assert!(
        debt * 49 / 100 < premium && premium < debt * 51 / 100,
        "an even chance costs half"
    );

    let done = world.does(&at(&world, &party, market, 300));

    let amount = margin + premium + quote.fee;
    let income = amount + debt - (quote.market.escrow - before.escrow);
    let mut market_after = Market {
        debt_at_risk: debt,
        total_debt: debt,
        ..quote.market
    };
    market_after.debt[1] = debt;
    assert_eq!(world.market_state(market), market_after);
    let mut shard_after = booked(&shard, &before, &quote, income);
    shard_after.cash -= debt;
    (shard_after.debt, shard_after.debt_at_risk) = (debt, debt);
    assert_eq!(world.shard_of(market), shard_after);
    assert_eq!(
        world.trader(&party),
        Trader {
            balance: trader.balance - amount,
            ..trader
        }
    );
    let position = world.position_state(&party, market, 1, LEVERAGED);
    assert_eq!(
        (position.shares, position.cost, position.debt),
        (SHARES, amount, debt)
    );
    let expected = Traded {
        trader: key(&party.trader()),
        market: key(&address::market(market)),
        shares: SHARES,
        notional: quote.notional,
        fee: quote.fee,
        amount,
        premium,
        shortfall: 0,
        debt,
        escrow: quote.market.escrow,
        income,
        outcome: 1,
        side: 2,
        leverage_x100: 300,
        reserved: 0,
    };
    assert_eq!(done.event::<Traded>(), expected);
}

#[test]
fn one_times_leverage_borrows_nothing() {
    let (mut world, party, market) = with_position();
    world.does(&at(&world, &party, market, 100));
    assert_eq!(world.position_state(&party, market, 1, LEVERAGED).debt, 0);
    assert_eq!(world.shard_of(market).debt, 0);
}

#[test]
fn leverage_below_one_is_refused() {
    for leverage_x100 in [0, 1, 99] {
        let (mut world, party, market) = with_position();
        let open = at(&world, &party, market, leverage_x100);
        world.refuses(&open, ExchangeError::LeverageBelowOne);
    }
}

#[test]
fn fifty_times_is_the_cap_of_two_outcomes() {
    let (mut world, party, market) = with_position();
    for leverage_x100 in [5_001, u16::MAX] {
        let open = at(&world, &party, market, leverage_x100);
        world.refuses(&open, ExchangeError::LeverageAboveCap);
    }
    world.does(&at(&world, &party, market, 5_000));
}

#[test]
fn the_cap_falls_with_the_number_of_outcomes() {
    // floor(50 sqrt(2 / N)), in hundredths
    for (outcomes, cap) in [(3, 4_082), (4, 3_535), (8, 2_500), (16, 1_767)] {
        let mut world = World::launched();
        let (party, market) = (world.party(1_000 * UNIT), world.market(outcomes));
        world.position(&party, market, 1, LEVERAGED);
        let above = at(&world, &party, market, cap + 1);
        world.refuses(&above, ExchangeError::LeverageAboveCap);
        world.does(&at(&world, &party, market, cap));
    }
}

#[test]
fn without_coverage_there_is_no_leverage() {
    let (mut world, party, market) = with_position();
    world.edit::<Shard>(&address::shard(address::shard_of(market)), |shard| {
        shard.coverage_q32 = 0
    });
    for leverage_x100 in [101, 5_000] {
        let open = at(&world, &party, market, leverage_x100);
        world.refuses(&open, ExchangeError::LeverageAboveCap);
    }
    world.does(&at(&world, &party, market, 100));
}

#[test]
fn a_stale_feed_halves_the_cap() {
    let (mut world, party, market) = with_position();
    world.pass(300);
    world.does(&at(&world, &party, market, 5_000));
    world.pass(1);
    let open = at(&world, &party, market, 2_501);
    world.refuses(&open, ExchangeError::OracleStale);
    world.does(&at(&world, &party, market, 2_500));
    world.publish(100 * UNIT);
    world.does(&at(&world, &party, market, 5_000));
}

#[test]
fn a_feed_that_never_published_is_stale() {
    let mut world = World::launched();
    let authority = world.authority;
    world.does(&ix::create_feed(authority, "ETH/USD", authority, -6, 30));
    let (party, market) = (world.party(1_000 * UNIT), world.new_market_id());
    let (feed, terms) = (address::feed("ETH/USD"), world.terms(2, 1_000 * UNIT));
    world.does(&ix::create_market(world.operator, market, feed, &terms));
    world.position(&party, market, 1, LEVERAGED);
    let loan = ix::Loan {
        shares: SHARES,
        leverage_x100: 2_501,
        max_payment: u64::MAX,
    };
    world.refuses(
        &ix::open(party.owner, market, feed, 1, loan),
        ExchangeError::OracleStale,
    );
}

#[test]
fn another_feed_is_refused() {
    let (mut world, party, market) = with_position();
    let authority = world.authority;
    world.does(&ix::create_feed(authority, "ETH/USD", authority, -6, 30));
    let mut open = at(&world, &party, market, 500);
    open.accounts[5].pubkey = address::feed("ETH/USD");
    world.refuses(&open, ExchangeError::WrongFeed);
}

#[test]
fn a_spot_position_is_refused() {
    let (mut world, party, market) = with_position();
    world.position(&party, market, 1, SPOT);
    let mut open = at(&world, &party, market, 500);
    open.accounts[4].pubkey = party.position(market, 1, SPOT);
    world.refuses(&open, ExchangeError::WrongKind);
}

#[test]
fn the_limit_is_kept_to_the_unit() {
    let (mut world, party, market) = with_position();
    let quote = Quote::purchase(&world, market, 1, SHARES);
    let margin = quote.notional.div_ceil(5);
    let premium = premium(&world, market, 1, SHARES, quote.notional, quote.notional - margin);
    let payment = margin + premium + quote.fee;
    let loan = |max_payment| ix::Loan {
        shares: SHARES,
        leverage_x100: 500,
        max_payment,
    };
    let open = |loan| ix::open(party.owner, market, address::feed("BTC/USD"), 1, loan);
    world.refuses(&open(loan(payment - 1)), ExchangeError::SlippageExceeded);
    world.does(&open(loan(payment)));
}

#[test]
fn no_shares_are_refused() {
    let (mut world, party, market) = with_position();
    let loan = ix::Loan {
        shares: 0,
        leverage_x100: 500,
        max_payment: u64::MAX,
    };
    world.refuses(
        &ix::open(party.owner, market, world.feed, 1, loan),
        ExchangeError::ZeroAmount,
    );
}

#[test]
fn a_margin_above_the_balance_is_refused() {
    let (mut world, party, market) = with_position();
    let loan = ix::Loan {
        shares: 10_000 * UNIT,
        leverage_x100: 200,
        max_payment: u64::MAX,
    };
    world.refuses(
        &ix::open(party.owner, market, world.feed, 1, loan),
        ExchangeError::InsufficientBalance,
    );
}

#[test]
fn amounts_beyond_every_range_are_refused() {
    for (shares, expected) in [
        (u64::MAX, ExchangeError::Overflow),
        ((1 << 62) + 1, ExchangeError::Overflow),
        (1 << 62, ExchangeError::InsufficientBalance),
    ] {
        let (mut world, party, market) = with_position();
        let loan = ix::Loan {
            shares,
            leverage_x100: 5_000,
            max_payment: u64::MAX,
        };
        world.refuses(&ix::open(party.owner, market, world.feed, 1, loan), expected);
    }
}

#[test]
fn a_loan_above_the_shards_cash_is_refused() {
    let mut world = World::launched();
    let (party, market) = (world.party(400_000 * UNIT), world.market(2));
    world.lift_debt_limit(market);
    world.position(&party, market, 1, LEVERAGED);
    let loan = ix::Loan {
        shares: 300_000 * UNIT,
        leverage_x100: 5_000,
        max_payment: u64::MAX,
    };
    world.refuses(
        &ix::open(party.owner, market, world.feed, 1, loan),
        ExchangeError::VaultTooSmall,
    );
}

#[test]
fn a_loan_that_the_shards_cash_would_not_cover_is_refused() {
    let mut world = World::launched();
    let (party, market) = (world.party(400_000 * UNIT), world.market(2));
    world.lift_debt_limit(market);
    world.position(&party, market, 1, LEVERAGED);
    // half of the shard's 250,000 is the most at a coverage of one
    let loan = |shares: u64| ix::Loan {
        shares: shares * UNIT,
        leverage_x100: 5_000,
        max_payment: u64::MAX,
    };
    let open = |loan| ix::open(party.owner, market, address::feed("BTC/USD"), 1, loan);
    world.refuses(&open(loan(130_000)), ExchangeError::CoverageTooLow);
    world.does(&open(loan(125_000)));
}

#[test]
fn trading_ends_at_the_close() {
    let (mut world, party, market) = with_position();
    world.pass_close(market);
    let open = at(&world, &party, market, 100);
    world.refuses(&open, ExchangeError::MarketClosed);
}

#[test]
fn a_price_that_was_only_just_made_does_not_make_the_loan_cheaper() {
    // Given somebody who has just raised the price
    let (mut world, party, market) = with_position();
    let raiser = world.party(10_000 * UNIT);
    world.holding(&raiser, market, 1, 3_000 * UNIT);
    let premium_of = |world: &mut World| {
        let done = world.does(&at(world, &party, market, 500));
        let traded = done.event::<Traded>();
        traded.premium as f64 / traded.debt as f64
    };

    // Then the loan costs what it cost before, after half a minute less, and after a minute what the new price says
    let mut later = world.clone();
    assert!((premium_of(&mut world) - 0.5).abs() < 0.01);
    later.pass(32);
    let mut last = later.clone();
    let half = premium_of(&mut later);
    assert!(0.1 < half && half < 0.25, "{half}");
    last.pass(32);
    assert!((premium_of(&mut last) - 0.047).abs() < 0.003);
}

#[test]
fn a_price_that_has_just_fallen_makes_the_loan_dearer_at_once() {
    let (mut world, party, market) = with_position();
    let seller = world.party(10_000 * UNIT);
    world.holding(&seller, market, 0, 3_000 * UNIT);
    let traded = world.does(&at(&world, &party, market, 500)).event::<Traded>();
    assert!(traded.premium > traded.debt * 94 / 100);
}

#[test]
fn loans_at_risk_end_at_the_markets_subsidy() {
    let mut world = World::launched();
    let (party, market) = (world.party(400_000 * UNIT), world.market(2));
    let subsidy = world.market_state(market).escrow;
    assert_eq!(world.market_state(market).max_debt_at_risk, subsidy);
    world.position(&party, market, 1, LEVERAGED);
    let open = |shares: u64| {
        let loan = ix::Loan {
            shares,
            leverage_x100: 5_000,
            max_payment: u64::MAX,
        };
        ix::open(party.owner, market, address::feed("BTC/USD"), 1, loan)
    };
    // the largest opening whose loan fits, by bisection on copies of the world
    let (mut fits, mut exceeds) = (0, 10_000 * UNIT);
    while exceeds - fits > 1 {
        let middle = fits.midpoint(exceeds);
        if world.clone().send(&open(middle)).is_ok() {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    world.refuses(&open(exceeds), ExchangeError::MarketDebtTooLarge);
    world.does(&open(fits));
    let at_risk = world.market_state(market).debt_at_risk;
    assert!(
        at_risk <= subsidy && at_risk + 2 >= subsidy,
        "{at_risk} of {subsidy}"
    );
}
