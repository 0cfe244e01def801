//! Whatever the prices: every position that the rules call is liquidated, in steps, until it is healthy or gone, and no
//! healthy one ever is. The judge is [`harness::model`], in 128 bits and without the program.

use {
    harness::{
        model::{self, Loan, Standing},
        random::Random,
        *,
    },
    proptest::{prelude::*, test_runner::FileFailurePersistence},
    std::sync::atomic::{AtomicU32, Ordering},
};

const CASES: u32 = 64;
const PARTIES: usize = 12;
/// Moves of the price in each case, each followed by a look at all positions.
const MOVES: usize = 4;

static CHECKED: AtomicU32 = AtomicU32::new(0);
static CALLED: AtomicU32 = AtomicU32::new(0);
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// What a case is made of; the trades follow from the seed.
#[derive(Clone, Debug)]
struct Case {
    outcomes: u8,
    b: u64,
    seed: u64,
    /// Coverage that the last fold found; the vault's own where it is none.
    coverage_q32: Option<u64>,
}

fn cases() -> impl Strategy<Value = Case> {
    let outcomes = prop_oneof![Just(2), Just(3), Just(5), Just(16)];
    let coverage = prop_oneof![Just(None), (0_u64..1 << 33).prop_map(Some)];
    (outcomes, 200..5_000_u64, any::<u64>(), coverage).prop_map(|(outcomes, b, seed, coverage_q32)| Case {
        outcomes,
        b: b * UNIT + seed % UNIT,
        seed,
        coverage_q32,
    })
}

/// What the program must answer to a liquidation of so many shares.
fn verdict(world: &World, loan: &Loan, shares: u64) -> Result<u8, ExchangeError> {
    let shard = world.shard_of(loan.market);
    let standing = Standing::of(world, loan, shares);
    if loan.debt == 0 || !standing.calls(loan.debt) {
        return Err(ExchangeError::Healthy);
    }
    if !standing.repays(loan, shares) {
        return Err(ExchangeError::BelowLoan);
    }
    let part = model::part_of(loan.shares, shard.partial_ppm);
    let severity = if shares <= part {
        0
    } else if model::heals(loan, &standing, &shard) {
        return Err(ExchangeError::LiquidationTooLarge);
    } else {
        1
    };
    let room = model::room(&world.market_state(loan.market), &shard, world.slot());
    if shares > room {
        Err(ExchangeError::LiquidationCapReached)
    } else if shares < part.min(room) {
        Err(ExchangeError::LiquidationTooSmall)
    } else {
        Ok(severity)
    }
}

/// Ask for a liquidation and compare the answer; whether it was carried out.
fn agrees(world: &mut World, party: &Party, keeper: &Party, loan: &Loan, shares: u64) -> bool {
    let instruction = ix::liquidate(keeper.owner, party.owner, loan.market, loan.outcome, shares);
    match verdict(world, loan, shares) {
        Ok(severity) => {
            let done = world.does_at_once(&instruction);
            assert_eq!(done.event::<Liquidated>().severity, severity);
            true
        }
        Err(error) => {
            world.refuses(&instruction, error);
            false
        }
    }
}

/// Liquidate a position until it is healthy or gone, sometimes by more than its part; the smallest sale that is allowed
/// decides what it is, because a larger one would only bring a lower price.
fn settle(world: &mut World, random: &mut Random, party: &Party, keeper: &Party, id: u64, outcome: u8) {
    CHECKED.fetch_add(1, Ordering::Relaxed);
    for step in 0_u32.. {
        assert!(step < 200, "a liquidation without an end");
        let loan = world.loan(party, id, outcome);
        if loan.shares == 0 {
            assert_eq!(loan.debt, 0);
            return;
        }
        if model::Takeover::of(world, &loan).is_under_water(&loan) {
            take_over(world, party, keeper, &loan);
            continue;
        }
        let instruction = ix::take_over(keeper.owner, party.owner, id, outcome);
        let why = if loan.debt == 0 {
            ExchangeError::Healthy
        } else {
            ExchangeError::AboveLoan
        };
        world.refuses(&instruction, why);
        let sizes = model::sizes(world, &loan);
        if sizes.is_empty() {
            world.next_slot();
            continue;
        }
        let (least, most) = (*sizes.start(), *sizes.end());
        if random.one_in(2) {
            let shares = least + random.below(most - least + 1);
            if agrees(world, party, keeper, &loan, shares) {
                CALLED.fetch_add(1, Ordering::Relaxed);
                continue;
            }
        }
        if !agrees(world, party, keeper, &loan, least) {
            // healthy, or worth the loan at the price of the moment or of the last minute but not at the sale's
            let why = verdict(world, &loan, least).unwrap_err();
            assert!(
                matches!(why, ExchangeError::Healthy | ExchangeError::BelowLoan),
                "{why:?}"
            );
            // and whatever else somebody might ask for
            for shares in [1, most, loan.shares] {
                if !Standing::of(world, &loan, shares).calls(loan.debt) {
                    let instruction = ix::liquidate(keeper.owner, party.owner, id, outcome, shares);
                    world.refuses(&instruction, ExchangeError::Healthy);
                }
            }
            return;
        }
        CALLED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Take a loan under water over, and compare what happens.
fn take_over(world: &mut World, party: &Party, keeper: &Party, loan: &Loan) {
    let expected = model::Takeover::of(world, loan);
    let instruction = ix::take_over(keeper.owner, party.owner, loan.market, loan.outcome);
    let event = world.does_at_once(&instruction).event::<TakenOver>();
    assert_eq!((event.mark_q28, event.sold), (expected.mark_q28, expected.sold));
    assert_eq!(
        (event.notional, event.reward),
        (expected.notional, expected.reward)
    );
    assert_eq!(
        (event.shares, event.debt),
        (loan.shares - expected.sold, loan.debt)
    );
    TAKEN.fetch_add(1, Ordering::Relaxed);
}

fn run(case: &Case) {
    let mut random = Random(case.seed);
    let mut world = World::launched();
    let (keeper, mover) = (world.party(0), world.party(1_000_000 * UNIT));
    let terms = world.terms(case.outcomes, case.b);
    let id = world.market_with(&terms);
    let outcomes = u64::from(case.outcomes);
    let mut held = vec![];
    for _ in 0..PARTIES {
        let (party, outcome) = (world.party(20_000 * UNIT), random.below(outcomes) as u8);
        world.position(&party, id, outcome, LEVERAGED);
        let cap = model::leverage_cap(case.outcomes, world.shard_of(id).coverage_q32) as u64;
        let loan = ix::Loan {
            shares: 1 + random.amount(case.b / 4),
            leverage_x100: (110 + random.below(cap - 109)) as u16,
            max_payment: u64::MAX,
        };
        world.next_slot();
        // refused where the market's loans are used up
        if world
            .send(&ix::open(party.owner, id, world.feed, outcome, loan))
            .is_ok()
        {
            held.push((party, outcome));
        }
        world.pass(random.below(40) as i64);
    }
    if let Some(coverage_q32) = case.coverage_q32 {
        world.cover(id, coverage_q32);
    }
    for outcome in 0..case.outcomes {
        world.position(&mover, id, outcome, SPOT);
    }
    for _ in 0..MOVES {
        let outcome = random.below(outcomes) as u8;
        let shares = 1 + random.amount(case.b * 3 / 2);
        world.does(&ix::buy(mover.owner, id, outcome, shares, u64::MAX));
        world.pass(random.below(130) as i64);
        for (party, outcome) in &held {
            world.next_slot();
            settle(&mut world, &mut random, party, &keeper, id, *outcome);
        }
    }
    // once nobody trades and keepers have done what they can, there is one price, and no loan above what its shares are worth at it
    for round in 0.. {
        assert!(round < 50, "keepers without an end");
        world.pass(64);
        let done = || CALLED.load(Ordering::Relaxed) + TAKEN.load(Ordering::Relaxed);
        let before = done();
        for (party, outcome) in &held {
            settle(&mut world, &mut random, party, &keeper, id, *outcome);
        }
        if done() == before {
            break;
        }
    }
    for (party, outcome) in &held {
        let loan = world.loan(party, id, *outcome);
        let mark = model::reference_price(&world.market_state(id), *outcome, world.now_s());
        assert!(
            loan.debt <= model::worth(loan.shares, mark),
            "{loan:?} is left under water"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("liquidate_property.regressions"))),
        ..ProptestConfig::default()
    })]

    fn positions_agree_with_the_model(case in cases()) {
        run(&case);
    }
}

#[test]
fn every_position_that_the_rules_call_is_liquidated_and_no_healthy_one_ever_is() {
    positions_agree_with_the_model();
    let (checked, called) = (CHECKED.load(Ordering::Relaxed), CALLED.load(Ordering::Relaxed));
    let taken = TAKEN.load(Ordering::Relaxed);
    println!("{checked} positions checked, {called} sales, {taken} taken over");
    assert!(taken >= 30, "{taken} positions were taken over");
    assert!(checked >= 2_000, "{checked} positions were checked");
    assert!(called >= 30, "{called} liquidations");
}
