//! What each function costs on the chain, in compute units. A ceiling that is broken is a regression.

mod common;

use common::Probe;
use math_probe::functions::*;
use math_probe::mode;
use math_probe::random::Random;

/// Ceilings over random operands, errors included.
const CEILINGS: &[(u64, u64)] = &[
    (EXP, 100),
    (LN, 90),
    (MUL_DIV, 220),
    (MUL_HI, 30),
    (ISQRT, 120),
    (Q48_MUL, 65),
    (Q48_DIV, 200),
    (FROM_RATIO, 200),
    (LIQUIDITY, 300),
    (SUBSIDY, 420),
    (FEE_RATE, 120),
    (FEE, 220),
    (TIER_CAP, 20),
    (LEVERAGE_CAP, 30),
    (COVERAGE, 200),
    (MARGIN, 30),
    (MAX_DEBT, 200),
    (IS_COVERED, 50),
    (CASH_FOR, 220),
    (DEBT_AT_RISK, 300),
    (SHARES_FOR_DEPOSIT, 220),
    (VALUE_OF_SHARES, 220),
    (BUY_COST, 20),
    (SELL_PROCEEDS, 20),
    (NORMAL_CDF, 90),
    (NORMAL_PDF, 110),
    (NORMAL_BOTH, 190),
    (NORMAL_INVERSE, 250),
    (POSITION, 750),
    (POOL, 220),
    (POOL_ESCROW, 170),
    (POOL_COST, 150),
    (POOL_PRICE, 130),
    (POOL_TRADE, 330),
    (DELTA_AT, 330),
    (LIQUIDITY_AT, 450),
    (DECAYED, 220),
    (SOLVE_BUY, 2_500),
    (SOLVE_SELL, 2_500),
];

/// Units of a call with nothing inside.
fn overhead(probe: &mut Probe) -> u64 {
    probe.ask(mode::METER, NOTHING, &[0]).1
}

#[test]
fn no_function_exceeds_its_ceiling() {
    let mut probe = Probe::new();
    let overhead = overhead(&mut probe);
    let mut broken = vec![];
    for &(function, ceiling) in CEILINGS {
        let mut random = Random::new(function);
        let units: Vec<u64> = (0..400)
            .map(|_| {
                probe
                    .ask(mode::METER, function, &random.operands(function))
                    .1
                    .saturating_sub(overhead)
            })
            .collect();
        let (most, mean) = (*units.iter().max().unwrap(), units.iter().sum::<u64>() / 400);
        println!("{:<20} most {most:>5}, mean {mean:>5}", ALL[function as usize].1);
        if most > ceiling {
            broken.push(format!("{}: {most} > {ceiling}", ALL[function as usize].1));
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn no_market_exceeds_its_ceiling() {
    let mut probe = Probe::new();
    let overhead = overhead(&mut probe);
    let mut broken = vec![];
    for (function, outcomes, ceiling) in [
        (COST, 2, 200),
        (COST, 3, 340),
        (COST, 4, 440),
        (COST, 8, 840),
        (COST, 16, 1_650),
        (PRICE, 2, 360),
        (PRICE, 16, 1_800),
    ] {
        let b = 5_000_000_000_u64;
        let mut random = Random::new(outcomes);
        let units: Vec<u64> = (0..200)
            .map(|_| {
                let mut operands = vec![0, b, outcomes];
                operands.extend((0..outcomes).map(|_| random.draw() % (8 * b)));
                probe.ask(mode::METER, function, &operands).1 - overhead
            })
            .collect();
        let (most, mean) = (*units.iter().max().unwrap(), units.iter().sum::<u64>() / 200);
        println!(
            "{:<6} {outcomes:>2} outcomes: most {most:>5}, mean {mean:>5}",
            ALL[function as usize].1
        );
        if most > ceiling {
            broken.push(format!(
                "{} of {outcomes}: {most} > {ceiling}",
                ALL[function as usize].1
            ));
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}
