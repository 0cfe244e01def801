//! Stakes never earn more than was emitted: the accumulator against exact fractions.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::{rewards, Mmt9};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::Zero;
use proptest::prelude::*;

const POOL: u64 = 10_000_000_000_000_000;
const TOKEN: u64 = 1_000_000_000;

fn exact(x: u64) -> BigRational {
    BigRational::from(BigInt::from(x))
}

#[derive(Default, Clone)]
struct Staker {
    weight: u64,
    settled: u64,
    earned: u64,
    settlements: u64,
    exact: Option<BigRational>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Emissions of any size between changes of any stake to any weight, each settled as the program does it.
    #[test]
    fn earnings_are_the_exact_shares_rounded_down_and_together_at_most_the_emission(
        steps in prop::collection::vec((0_usize..5, 0_u32..30, any::<u64>(), 0_u32..54, any::<u64>()), 1..25),
    ) {
        let mut stakers = vec![Staker::default(); 5];
        let (mut per_weight, mut carry, mut emitted) = (0_u64, 0_u64, 0_u64);
        for (who, weight_shift, weight, amount_shift, amount) in steps {
            let amount = ((amount % POOL) >> amount_shift).min(POOL - emitted);
            let total: u64 = stakers.iter().map(|s| s.weight).sum();
            if total > 0 {
                let (growth, rest) = rewards::accrue(Mmt9::new(amount), carry, total).unwrap();
                per_weight = per_weight.checked_add(growth).unwrap();
                carry = rest;
                emitted += amount;
                for s in &mut stakers {
                    let share = exact(amount) * exact(s.weight) / exact(total);
                    let before = s.exact.take().unwrap_or_else(BigRational::zero);
                    s.exact = Some(before + share);
                }
            }
            let s = &mut stakers[who];
            s.earned += rewards::earned(s.weight, per_weight - s.settled).unwrap().raw();
            s.settled = per_weight;
            s.settlements += 1;
            // a stake is nothing, or a token at least
            let weight = (weight % (130 * 1_000_000 * TOKEN / 5)) >> weight_shift;
            s.weight = if weight < TOKEN { 0 } else { weight };
        }
        for s in &mut stakers {
            s.earned += rewards::earned(s.weight, per_weight - s.settled).unwrap().raw();
            s.settlements += 1;
        }
        let sum: u64 = stakers.iter().map(|s| s.earned).sum();
        prop_assert!(sum <= emitted, "{sum} earned of {emitted}");
        for s in &stakers {
            let due = s.exact.clone().unwrap_or_else(BigRational::zero);
            let earned = exact(s.earned);
            // a division's rest, up to 2^-40 of a unit for each unit of weight, reaches one of the next divisions
            let late = exact(130 * 1_000_000 * TOKEN) / exact(1 << 40);
            prop_assert!(earned.clone() <= due.clone() + late.clone(), "{earned} of {due}");
            prop_assert!(earned + exact(s.settlements) + late >= due, "less than rounding explains");
        }
    }

    /// However a span of slots is cut, it emits the same.
    #[test]
    fn emission_does_not_depend_on_when_it_is_asked_for(
        rates in prop::array::uniform8(0_u64..1_000_000_000),
        season in 1_u64..100_000,
        mut cuts in prop::collection::vec(0_u64..1_000_000, 2..20),
    ) {
        cuts.sort_unstable();
        let whole = rewards::emission(&rates, season, cuts[0], *cuts.last().unwrap()).unwrap();
        let parts: u64 = cuts
            .windows(2)
            .map(|pair| rewards::emission(&rates, season, pair[0], pair[1]).unwrap().raw())
            .sum();
        prop_assert_eq!(whole.raw(), parts);
        let all = rewards::emission(&rates, season, 0, u64::MAX).unwrap().raw();
        prop_assert_eq!(all, rates.iter().map(|rate| rate * season).sum::<u64>());
    }
}
