//! Whose loan is called, and how much may be sold for it. What becomes of the money is in `liquidate_split`.

use harness::{
    attacks::{PositionShape, Shape},
    model::{self, Loan, Standing},
    *,
};

const SHARES: u64 = 300 * UNIT + 1;
const PART: u64 = 90 * UNIT + 1; // 30 %, rounded up

/// A party with shares of outcome 1 of a market with so many outcomes, bought at 10x a minute ago, and a keeper.
pub fn lent(outcomes: u8, b: u64) -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let terms = world.terms(outcomes, b);
    let id = world.market_with(&terms);
    world.leveraged(&party, id, 1, SHARES, 1_000);
    world.pass(64);
    (world, party, keeper, id)
}

/// The same after somebody has bought so many shares of another outcome, and another minute.
fn fallen(sold_against: u64) -> (World, Party, Party, u64) {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 0, sold_against);
    world.pass(64);
    (world, party, keeper, id)
}

/// A position of which all may be sold: it owes 96 % of its value, of which the owner has to own 7.5 %.
fn called() -> (World, Party, Party, u64) {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    world.cover(id, 0);
    let value = Standing::of(&world, &world.loan(&party, id, 1), SHARES).value;
    world.owe(&party, id, 1, value / 100 * 96);
    (world, party, keeper, id)
}

fn given() -> (World, Instruction) {
    let (world, party, keeper, market) = called();
    let instruction = ix::liquidate(keeper.owner, party.owner, market, 1, SHARES);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4, 5],
    written: &[1, 2, 3, 4, 5],
    data: 8,
}}
harness::position_attacks! { PositionShape { given, trader: 2, signed: false } }

/// The largest debt that is not called when so many shares would be sold.
pub fn threshold(world: &World, loan: &Loan, shares: u64) -> u64 {
    let standing = Standing::of(world, loan, shares);
    (u128::from(standing.value) * (1_000_000 - standing.maintenance) / 1_000_000) as u64
}

/// The largest debt that the sale of a part heals.
fn healing(world: &World, loan: &Loan, shares: u64) -> u64 {
    let (standing, shard) = (Standing::of(world, loan, shares), world.shard_of(loan.market));
    let (mut heals, mut fails) = (0, standing.value);
    while fails - heals > 1 {
        let debt = (heals + fails) / 2;
        if model::heals(&Loan { debt, ..*loan }, &standing, &shard) {
            heals = debt;
        } else {
            fails = debt;
        }
    }
    heals
}

#[test]
fn a_loan_is_called_from_one_unit_above_what_price_outcomes_and_coverage_leave() {
    // as the vault is, and so much covered: below 0.71 the coverage binds, below 0.14 the least cap
    let coverages = [
        None,
        Some(1 << 32),
        Some(1 << 31),
        Some(1_234_567_890),
        Some(1 << 29),
        Some(0),
    ];
    for (outcomes, ppm) in [(2, 15_000), (3, 18_374), (16, 42_445)] {
        for coverage in coverages {
            let (mut world, party, keeper, id) = lent(outcomes, 5_000 * UNIT);
            if let Some(coverage) = coverage {
                world.cover(id, coverage);
            }
            let loan = world.loan(&party, id, 1);
            let maintenance = Standing::of(&world, &loan, PART).maintenance;
            match coverage {
                Some(0) => assert_eq!(maintenance, 75_000),
                Some(c) if c < 1 << 31 => assert!(maintenance > ppm),
                Some(c) if c == 1 << 31 => assert!(maintenance >= ppm),
                _ => assert_eq!(maintenance, ppm),
            }
            let most = threshold(&world, &loan, PART);
            let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, PART);
            world.owe(&party, id, 1, most);
            world.refuses(&instruction, ExchangeError::Healthy);
            world.owe(&party, id, 1, most + 1);
            let done = world.does(&instruction);
            let mark = done.event::<Liquidated>().mark_q28;
            assert_eq!(mark, Standing::of(&world, &loan, 1).mark_q28.max(mark));
        }
    }
}

#[test]
fn a_fold_that_finds_less_cash_calls_what_was_healthy() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let loan = world.loan(&party, id, 1);
    let debt = Standing::of(&world, &loan, PART).value / 100 * 95;
    world.owe(&party, id, 1, debt);
    let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, PART);
    world.refuses(&instruction, ExchangeError::Healthy);

    // the vault's cash is lost to somebody, but for a tenth of the debt at risk
    let lender = world.lender.trader();
    let left = world.market_state(id).debt_at_risk / 10;
    for index in 0..4 {
        let shard = address::shard(index);
        let cash = world.get::<Shard>(&shard).cash;
        let kept = if index == 0 { left } else { 0 };
        world.edit::<Shard>(&shard, |s| s.cash = kept);
        world.edit::<Trader>(&lender, |t| t.balance += cash - kept);
    }
    world.refuses(&instruction, ExchangeError::Healthy);
    world.does(&ix::fold());
    assert!(world.shard_of(id).coverage_q32 <= (1 << 32) / 10);
    world.does(&instruction);
}

#[test]
fn a_price_that_was_only_just_made_calls_no_loan() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 0, 2_000 * UNIT);
    let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, SHARES);
    world.refuses(&instruction, ExchangeError::Healthy);
    world.pass(1);
    world.refuses(&instruction, ExchangeError::Healthy);
    world.pass(63);
    world.refuses(&instruction, ExchangeError::BelowLoan);
    world.does(&ix::take_over(keeper.owner, party.owner, id, 1));
}

#[test]
fn shares_that_sell_for_enough_again_are_not_called_for_the_last_minutes_price() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 1, 2_000 * UNIT);
    let loan = world.loan(&party, id, 1);
    let market = world.market_state(id);
    let (_, fill) = model::sale(&market, 1, SHARES);
    assert!(model::reference_price(&market, 1, world.now_s()) < fill / 10 * 9);
    for shares in [PART, SHARES] {
        assert!(!Standing::of(&world, &loan, shares).calls(loan.debt));
        let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, shares);
        world.refuses(&instruction, ExchangeError::Healthy);
    }
}

#[test]
fn a_part_is_sold_where_it_heals_and_neither_more_nor_less() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    world.cover(id, 0);
    let loan = world.loan(&party, id, 1);
    let debt = threshold(&world, &loan, PART) + 1;
    world.owe(&party, id, 1, debt);
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    world.refuses(&liquidate(PART - 1), ExchangeError::LiquidationTooSmall);
    world.refuses(&liquidate(PART + 1), ExchangeError::LiquidationTooLarge);
    world.refuses(&liquidate(SHARES), ExchangeError::LiquidationTooLarge);
    let event = world.does(&liquidate(PART)).event::<Liquidated>();
    assert_eq!(
        (event.shares, event.left, event.severity),
        (PART, SHARES - PART, 0)
    );
    assert_eq!(event.debt, debt - event.repaid);
}

#[test]
fn all_is_sold_from_the_debt_on_that_a_part_does_not_heal() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    world.cover(id, 0);
    let loan = world.loan(&party, id, 1);
    let heals = healing(&world, &loan, SHARES);
    assert!(heals > threshold(&world, &loan, SHARES));
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    world.owe(&party, id, 1, heals);
    world.refuses(&liquidate(SHARES), ExchangeError::LiquidationTooLarge);
    world.owe(&party, id, 1, heals + 1);
    for shares in [PART + 1, 200 * UNIT, SHARES] {
        let mut world = world.clone();
        let event = world.does(&liquidate(shares)).event::<Liquidated>();
        assert_eq!((event.severity, event.left), (1, SHARES - shares));
    }
    world.refuses(&liquidate(PART - 1), ExchangeError::LiquidationTooSmall);
}

#[test]
fn a_sale_that_does_not_repay_its_part_of_the_loan_is_refused() {
    for shares in [PART, SHARES] {
        let (mut world, party, keeper, id) = called();
        let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, shares);
        let loan = world.loan(&party, id, 1);
        let standing = Standing::of(&world, &loan, shares);
        let (mut most, mut fails) = (loan.debt, standing.value);
        while fails - most > 1 {
            let debt = (most + fails) / 2;
            if standing.repays(&Loan { debt, ..loan }, shares) {
                most = debt;
            } else {
                fails = debt;
            }
        }
        world.owe(&party, id, 1, most + 1);
        world.refuses(&instruction, ExchangeError::BelowLoan);
        world.owe(&party, id, 1, most);
        let event = world.does(&instruction).event::<Liquidated>();
        let due = model::due_of(&Loan { debt: most, ..loan }, shares);
        assert_eq!(event.reward, standing.notional - standing.fee - due);
        assert!(
            event.reward < event.notional / 100,
            "the owner pays the keeper, or nobody"
        );
    }
}

#[test]
fn in_a_halt_of_the_market_or_its_group_all_may_be_sold_at_once() {
    let (mut world, party, keeper, id) = lent(2, 5_000 * UNIT);
    world.cover(id, 0);
    let loan = world.loan(&party, id, 1);
    let most = threshold(&world, &loan, SHARES);
    let until = world.slot() + 100;
    let halts: [fn(&mut World, u64, u64); 2] = [
        |world, id, until| {
            world.edit::<Market>(&address::market(id), |m| m.breaker.halted_until_slot = until)
        },
        |world, id, until| {
            world.edit::<Market>(&address::market(id), |m| m.group = 7);
            let shard = address::shard(address::shard_of(id));
            world.edit::<Shard>(&shard, |s| s.halts[7] = until);
        },
    ];
    let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, SHARES);
    world.owe(&party, id, 1, most + 1);
    world.refuses(&instruction, ExchangeError::LiquidationTooLarge);
    for halt in halts {
        let mut world = world.clone();
        halt(&mut world, id, until);
        let mut healthy = world.clone();
        healthy.owe(&party, id, 1, most);
        healthy.refuses(&instruction, ExchangeError::Healthy);
        let mut over = world.clone();
        over.pass_slots(until - over.slot());
        over.refuses(&instruction, ExchangeError::LiquidationTooLarge);
        assert_eq!(world.does(&instruction).event::<Liquidated>().severity, 2);
    }
}

#[test]
fn a_slot_sells_a_tenth_of_the_liquidity_and_a_part_may_be_no_smaller() {
    let (mut world, party, keeper, id) = lent(2, 500 * UNIT);
    world.cover(id, 0);
    let cap = 50 * UNIT;
    assert!(cap < PART);
    let loan = world.loan(&party, id, 1);
    let value = Standing::of(&world, &loan, 1).value;
    world.owe(&party, id, 1, value / 1_000 * 955);
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    world.next_slot();
    world.refuses(&liquidate(cap + 1), ExchangeError::LiquidationCapReached);
    world.refuses(&liquidate(cap - 1), ExchangeError::LiquidationTooSmall);
    world.does_at_once(&liquidate(cap));
    world.refuses(&liquidate(UNIT), ExchangeError::LiquidationCapReached);
}

#[test]
fn nothing_more_than_there_is_and_nothing_of_nothing_is_sold() {
    let (mut world, party, keeper, id) = called();
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    world.refuses(&liquidate(SHARES + 1), ExchangeError::InsufficientShares);
    world.refuses(&liquidate(u64::MAX), ExchangeError::InsufficientShares);
    world.refuses(&liquidate(0), ExchangeError::ZeroAmount);
    world.does(&liquidate(SHARES));
    world.refuses(&liquidate(0), ExchangeError::Healthy);
    world.refuses(&liquidate(1), ExchangeError::Healthy);
}

#[test]
fn shares_without_a_loan_are_never_sold() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    world.owe(&party, id, 1, 0);
    let mut instruction = ix::liquidate(keeper.owner, party.owner, id, 1, SHARES);
    world.refuses(&instruction, ExchangeError::Healthy);
    world.holding(&party, id, 1, SHARES);
    instruction.accounts[5].pubkey = party.position(id, 1, SPOT);
    world.refuses(&instruction, ExchangeError::WrongKind);
}

#[test]
fn after_the_close_nothing_is_liquidated_any_more() {
    let (mut world, party, keeper, id) = fallen(2_000 * UNIT);
    let instruction = ix::liquidate(keeper.owner, party.owner, id, 1, SHARES);
    let mut settled = world.clone();
    settled.settle(id, 50 * UNIT);
    settled.refuses(&instruction, ExchangeError::MarketClosed);
    world.pass_close(id);
    world.refuses(&instruction, ExchangeError::MarketClosed);
}
