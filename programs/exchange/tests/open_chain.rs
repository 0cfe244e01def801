use {
    crate::legs::{open, opened, orders, state, with_chain, with_legs, CHAIN},
    harness::{attacks::Shape, tail_attacks::TailShape, *},
};

fn given() -> (World, Instruction) {
    let (world, party, ids) = with_chain(3);
    let open = open(&world, &party, &orders(&ids));
    (world, open)
}

harness::attacks! { tail Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2],
    written: &[1, 2],
    data: 4 + 3 * 11 + 8,
}}
const TAIL: TailShape = TailShape {
    given,
    declared: 3,
    miscounted: ExchangeError::BadLegs,
    foreign_market: ExchangeError::BadLegs,
    read: &[0, 1, 2],
    written: &[0, 1],
};
mod tail_attacks {
    use super::*;

    #[test]
    fn a_wrong_number_of_accounts_is_refused() {
        TAIL.wrong_count();
    }
    #[test]
    fn the_same_bytes_owned_by_another_program_are_refused() {
        TAIL.forged();
    }
    #[test]
    fn an_account_of_another_type_is_refused() {
        TAIL.confused();
    }
    #[test]
    fn an_account_that_is_none_of_ours_is_refused() {
        TAIL.empty();
    }
    #[test]
    fn a_read_only_account_is_refused_where_it_is_written() {
        TAIL.read_only();
    }
    #[test]
    fn an_account_that_the_instruction_declares_is_refused_behind_it() {
        TAIL.declared_again();
    }
    #[test]
    fn a_market_in_the_place_of_what_belongs_to_it_is_refused() {
        TAIL.market_twice();
    }
    #[test]
    fn another_shard_is_refused() {
        TAIL.foreign_shard();
    }
    #[test]
    fn a_length_that_the_data_does_not_have_is_refused() {
        TAIL.false_lengths();
    }
}

#[test]
fn every_leg_is_financed_by_the_one_before_it_and_the_trader_pays_the_first_margin_and_the_credit() {
    for count in 2..=5 {
        let (mut world, party, ids) = with_chain(count);
        let trader = world.trader(&party);
        world.next_slot();
        let expected = opened(&world, &orders(&ids));
        let open = open(&world, &party, &orders(&ids));

        let done = world.does_at_once(&open);

        for (id, market) in ids.iter().zip(&expected.markets) {
            assert_eq!(world.market_state(*id), *market);
        }
        for (index, shard) in &expected.shards {
            assert_eq!(world.get::<Shard>(&address::shard(*index)), *shard);
        }
        let chain = state(&world, &party);
        assert_eq!(chain.count, count as u64);
        assert_eq!(chain.legs[..count], expected.legs);
        assert!(chain.legs[count..].iter().all(|leg| *leg == Leg::zeroed()));
        assert_eq!(world.trader(&party).balance, trader.balance - expected.payment);
        let expected = ChainOpened {
            chain: key(&address::chain(&party.trader(), CHAIN)),
            trader: key(&party.trader()),
            legs: count as u64,
            notional: expected.notional,
            payment: expected.payment,
            debt: expected.debts.iter().sum(),
        };
        assert_eq!(done.event::<ChainOpened>(), expected);
    }
}

#[test]
fn the_loans_are_all_that_was_bought_but_the_first_margin() {
    let (mut world, party, ids) = with_chain(5);
    world.next_slot();
    let first = crate::Quote::purchase(&world, ids[0], 0, orders(&ids)[0].shares).notional;
    let open = open(&world, &party, &orders(&ids));
    let opened = world.does_at_once(&open).event::<ChainOpened>();
    assert_eq!(opened.debt, opened.notional - (first * 100).div_ceil(250));
}

#[test]
fn a_failing_leg_leaves_nothing_behind_whichever_it_is() {
    for failing in 0..5 {
        let (mut world, party, ids) = with_chain(5);
        let mut orders = orders(&ids);
        orders[failing].outcome = 2;
        let refused = open(&world, &party, &orders);
        world.refuses(&refused, ExchangeError::BadOutcome);
        assert_eq!(state(&world, &party).count, 0);
    }
}

#[test]
fn a_payment_above_the_limit_is_refused_to_the_unit() {
    let (mut world, party, ids) = with_chain(3);
    let payment = opened(&world, &orders(&ids)).payment;
    let with = |limit| ix::open_chain(party.owner, CHAIN, address::feed("BTC/USD"), &orders(&ids), limit);
    world.refuses(&with(payment - 1), ExchangeError::SlippageExceeded);
    world.does(&with(payment));
}

#[test]
fn a_payment_above_the_balance_is_refused_to_the_unit() {
    let (mut world, party, ids) = with_chain(3);
    let payment = opened(&world, &orders(&ids)).payment;
    let leave = |world: &mut World, balance| {
        let now = world.trader(&party).balance;
        world.does(&ix::withdraw(
            party.owner,
            party.tokens,
            world.mint,
            now - balance,
        ));
    };
    let open = open(&world, &party, &orders(&ids));
    leave(&mut world, payment);
    let mut poorer = world.clone();
    leave(&mut poorer, payment - 1);
    poorer.refuses(&open, ExchangeError::InsufficientBalance);
    world.does(&open);
    assert_eq!(world.trader(&party).balance, 0);
}

#[test]
fn a_chain_has_two_to_five_legs() {
    for count in [0, 1, 6, 7, 10] {
        let (mut world, party, ids) = with_chain(count);
        let open = open(&world, &party, &orders(&ids));
        world.refuses(&open, ExchangeError::BadLegs);
    }
}

#[test]
fn a_market_may_be_in_one_leg_only() {
    let (mut world, party, mut ids) = with_chain(4);
    for (i, j) in [(0, 1), (0, 3), (2, 3)] {
        let kept = ids[j];
        ids[j] = ids[i];
        let open = open(&world, &party, &orders(&ids));
        world.refuses(&open, ExchangeError::BadLegs);
        ids[j] = kept;
    }
}

#[test]
fn a_chain_that_holds_something_is_refused() {
    let (mut world, party, ids) = with_legs(2);
    let others = [world.market(2), world.market(2)];
    for ids in [&ids[..], &others] {
        let open = open(&world, &party, &orders(ids));
        world.refuses(&open, ExchangeError::NotEmpty);
    }
}

#[test]
fn somebody_elses_chain_is_refused() {
    let (mut world, party, ids) = with_chain(2);
    let other = world.party(UNIT);
    let mut open = open(&world, &party, &orders(&ids));
    open.accounts[0].pubkey = other.owner;
    open.accounts[1].pubkey = other.trader();
    world.refuses(&open, ExchangeError::ChainOfAnotherTrader);
}

#[test]
fn another_feed_than_the_markets_is_refused() {
    let (mut world, party, ids) = with_chain(2);
    let (authority, publisher) = (world.authority, world.publisher);
    world.does(&ix::create_feed(authority, "ETH/USD", publisher, -6, 30));
    let other = address::feed("ETH/USD");
    let mut open = open(&world, &party, &orders(&ids));
    for leg in [0, 1] {
        let genuine = std::mem::replace(&mut open.accounts[3 + 3 * leg + 2].pubkey, other);
        world.refuses(&open, ExchangeError::WrongFeed);
        open.accounts[3 + 3 * leg + 2].pubkey = genuine;
    }
}

#[test]
fn a_leg_lends_the_next_ones_margin_up_to_its_own_cost() {
    // Given a second leg without leverage: its margin is its whole cost
    let (mut world, party, ids) = with_chain(2);
    let mut orders = orders(&ids);
    (orders[0].shares, orders[0].leverage_x100) = (20 * UNIT, 100);
    (orders[1].shares, orders[1].leverage_x100) = (20 * UNIT, 100);

    // Then equal costs are accepted and one micro-share more is not
    let mut dearer = orders.clone();
    dearer[1].shares += 100;
    let refused = open(&world, &party, &dearer);
    world.refuses(&refused, ExchangeError::MarginAboveProceeds);
    let accepted = open(&world, &party, &orders);
    world.does(&accepted);
    let chain = state(&world, &party);
    assert_eq!(chain.legs[1].debt, 0, "all of it was lent on the first leg");
    assert!(chain.legs[0].debt > 10 * UNIT);
}

#[test]
fn a_loan_above_what_the_legs_shares_pay_is_refused() {
    // both costs are near what the shares pay: first the margin fits, the debt does not
    let (mut world, party, ids) = with_chain(2);
    let maker = world.party(10_000 * UNIT);
    for &id in &ids {
        world.holding(&maker, id, 0, 2_000 * UNIT);
    }
    let order = |market, leverage_x100| ix::LegOrder {
        market,
        outcome: 0,
        shares: 20 * UNIT,
        leverage_x100,
    };
    let open = open(&world, &party, &[order(ids[0], 200), order(ids[1], 100)]);
    world.refuses(&open, ExchangeError::DebtAboveShares);
}

#[test]
fn the_chains_leverage_ends_at_five_hundred() {
    // Given two legs: the first margin is cost / 50, the second leg costs up to 50 times what is lent on the first
    let (mut world, party, ids) = with_chain(2);
    world.next_slot();
    let orders = |second: u64| {
        let order = |market, shares, leverage_x100| ix::LegOrder {
            market,
            outcome: 0,
            shares,
            leverage_x100,
        };
        [order(ids[0], 2 * UNIT, 5_000), order(ids[1], second, 5_000)]
    };
    let multiple = |world: &World, second| {
        let expected = opened(world, &orders(second));
        let margin = expected.notional - expected.debts.iter().sum::<u64>();
        (expected.notional, margin * 500)
    };
    let (mut fits, mut exceeds) = (2 * UNIT, 60 * UNIT);
    while exceeds - fits > 1 {
        let middle = fits.midpoint(exceeds);
        let (notional, most) = multiple(&world, middle);
        *(if notional <= most { &mut fits } else { &mut exceeds }) = middle;
    }
    let refused = open(&world, &party, &orders(exceeds));
    world.refuses(&refused, ExchangeError::ChainLeverageAboveCap);
    let accepted = open(&world, &party, &orders(fits));
    world.does(&accepted);
}

#[test]
fn every_leg_keeps_its_own_leverage_cap() {
    for (leverage_x100, error) in [
        (99, ExchangeError::LeverageBelowOne),
        (0, ExchangeError::LeverageBelowOne),
        (5_001, ExchangeError::LeverageAboveCap),
        (u16::MAX, ExchangeError::LeverageAboveCap),
    ] {
        for leg in [0, 2] {
            let (mut world, party, ids) = with_chain(3);
            let mut orders = orders(&ids);
            orders[leg].leverage_x100 = leverage_x100;
            let open = open(&world, &party, &orders);
            world.refuses(&open, error);
        }
    }
}

#[test]
fn amounts_beyond_every_range_are_refused() {
    for (shares, error) in [
        (0, ExchangeError::ZeroAmount),
        (u64::MAX, ExchangeError::Overflow),
        ((1 << 62) + 1, ExchangeError::Overflow),
    ] {
        for leg in [0, 2] {
            let (mut world, party, ids) = with_chain(3);
            let mut orders = orders(&ids);
            orders[leg].shares = shares;
            let open = open(&world, &party, &orders);
            world.refuses(&open, error);
        }
    }
}

#[test]
fn the_loans_of_a_leg_end_at_its_markets_subsidy() {
    let (mut world, party, ids) = with_chain(2);
    world.edit::<Market>(&address::market(ids[1]), |m| m.max_debt_at_risk = 6 * UNIT);
    let open = open(&world, &party, &orders(&ids));
    world.refuses(&open, ExchangeError::MarketDebtTooLarge);
}

#[test]
fn a_market_that_has_closed_is_refused_in_any_leg() {
    for leg in [0, 2] {
        let (mut world, party, ids) = with_chain(3);
        let now_ms = world.now_s() as u64 * 1000;
        world.edit::<Market>(&address::market(ids[leg]), |m| m.close_ms = now_ms);
        let open = open(&world, &party, &orders(&ids));
        world.refuses(&open, ExchangeError::MarketClosed);
    }
}
