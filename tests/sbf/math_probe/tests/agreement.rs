//! The chain's virtual machine and the host compute the same, bit for bit.

mod common;

use common::Probe;
use math_probe::functions::{evaluate, sweep, NoMeter, ALL};
use math_probe::mode;
use math_probe::random::Random;

/// Evaluations of each function in one transaction, and transactions.
const BATCH: u64 = 500;
const BATCHES: u64 = 200;
const _: () = assert!(BATCH * BATCHES >= 100_000);

#[test]
fn a_hundred_thousand_random_evaluations_of_each_function_agree_with_the_host() {
    let mut probe = Probe::new();
    for &(function, name) in ALL {
        for batch in 0..BATCHES {
            let seed = (function << 32) | (batch << 16);
            let (_, chain) = probe.ask(mode::SWEEP, function, &[seed, BATCH]);
            if chain != sweep(function, seed, BATCH) {
                report_first_difference(&mut probe, function, name, seed);
            }
        }
    }
}

/// A hash says that something differs; this says what.
fn report_first_difference(probe: &mut Probe, function: u64, name: &str, seed: u64) -> ! {
    let mut random = Random::new(seed);
    for _ in 0..BATCH {
        let operands = random.operands(function);
        let host = evaluate(function, &operands, &mut NoMeter);
        let chain = probe.ask(mode::EVALUATE, function, &operands);
        assert_eq!(chain, host, "{name} of {operands:?}: chain, then host");
    }
    panic!("{name}, seed {seed}: the hashes differ and no single evaluation does");
}

#[test]
fn results_given_one_by_one_agree_with_the_host() {
    let mut probe = Probe::new();
    for &(function, name) in ALL {
        let mut random = Random::new(function ^ 0x5eed);
        for _ in 0..100 {
            let operands = random.operands(function);
            let host = evaluate(function, &operands, &mut NoMeter);
            assert_eq!(
                probe.ask(mode::EVALUATE, function, &operands),
                host,
                "{name} of {operands:?}"
            );
        }
    }
}

#[test]
fn the_sweep_reaches_results_as_well_as_errors() {
    for &(function, name) in &ALL[1..] {
        let mut random = Random::new(1);
        let good = (0..2_000)
            .filter(|_| evaluate(function, &random.operands(function), &mut NoMeter).0 == 0)
            .count();
        assert!(good > 400, "{name}: {good} results in 2000 evaluations");
    }
}
