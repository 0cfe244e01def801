//! When a loan is called, how much is sold for it, and who gets what it brings.

use crate::error::{MathError, Result};
use crate::fixed::{full_mul, mul_div};
use crate::units::{Collateral6, LeverageX100, Ppm, PriceQ28, Rounding, Shares6};

const WHOLE: u64 = 1_000_000;
/// However low the coverage, maintenance is reckoned as if at least 10x could be had: it never exceeds 7.5 %.
pub const LEAST_CAP: LeverageX100 = LeverageX100::new(1_000);
/// The cap of a slot is at most 2^3 = 8 times the usual one.
pub const WIDEST: u32 = 3;

/// The part of a position's value that its owner must own: three quarters of the margin at the highest leverage that outcomes
/// and coverage allow now, `3 / (4 cap)`, rounded up. Between 1.5 % (50x) and 7.5 % ([`LEAST_CAP`]). It has to be above the
/// keeper's reward, or selling a part would heal nothing.
#[inline]
#[allow(clippy::arithmetic_side_effects)] // divides by at least 1000
pub const fn maintenance(cap: LeverageX100) -> Ppm {
    let cap = if cap.raw() < LEAST_CAP.raw() {
        LEAST_CAP.raw()
    } else {
        cap.raw()
    } as u64;
    Ppm::new((75 * WHOLE).div_ceil(cap) as u32)
}

/// What shares are worth at a price, rounded down. Errors: `Domain` for a price above one.
#[inline(always)]
pub fn value(shares: Shares6, price: PriceQ28) -> Result<Collateral6> {
    if price > PriceQ28::ONE {
        return Err(MathError::Domain);
    }
    // price <= 2^28, so the product's high word is below 2^28 and the result at most the shares
    let (high, low) = full_mul(shares.raw(), price.raw() as u64);
    Ok(Collateral6::new((high << 36) | (low >> 28)))
}

/// Whether a loan has more than the maintenance leaves of its security: `debt > value (1 - maintenance)`, exactly.
#[inline]
pub fn is_unhealthy(value: Collateral6, debt: Collateral6, maintenance: Ppm) -> bool {
    let left = WHOLE.saturating_sub(maintenance.raw() as u64);
    full_mul(debt.raw(), WHOLE) > full_mul(value.raw(), left)
}

/// A part of something, rounded up. Errors: `Domain` above the whole.
#[inline]
pub fn part_of(whole: u64, part: Ppm) -> Result<u64> {
    if part.raw() as u64 > WHOLE {
        return Err(MathError::Domain);
    }
    mul_div(whole, part.raw() as u64, WHOLE, Rounding::Up)
}

/// The most shares that liquidations may sell in one slot: a part of the market's liquidity, doubled `level` times (up to
/// [`WIDEST`]), rounded down, at least one micro-share. Selling x shares moves an LMSR's log odds by x / b and a pm-AMM's z by
/// x / L, so this bounds the price's path. Errors: `Overflow`.
#[inline]
pub fn cap_of_slot(liquidity: Collateral6, part: Ppm, level: u32) -> Result<Shares6> {
    let level = if level > WIDEST { WIDEST } else { level };
    let widened = (part.raw() as u64) << level;
    let shares = mul_div(liquidity.raw(), widened, WHOLE, Rounding::Down)?;
    Ok(Shares6::new(if shares == 0 { 1 } else { shares }))
}

/// Shares that are sold for the keeper's reward when a holding is taken over: their part, rounded down, of what the shares can pay
/// above the loan at most, and at most what the slot has room for. So what is taken over can always pay the loan. Errors: `Domain`.
#[inline]
pub fn reward_shares(held: Shares6, debt: Collateral6, keeper: Ppm, room: Shares6) -> Result<Shares6> {
    if keeper.raw() as u64 > WHOLE {
        return Err(MathError::Domain);
    }
    let wanted = mul_div(held.raw(), keeper.raw() as u64, WHOLE, Rounding::Down)?;
    let free = held.raw().saturating_sub(debt.raw());
    Ok(Shares6::new(wanted.min(free).min(room.raw())))
}

/// Who gets what a liquidation's sale brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    pub keeper: Collateral6,
    /// Goes against the loan.
    pub repaid: Collateral6,
    pub insurance: Collateral6,
    pub owner: Collateral6,
}

/// Deal proceeds out: the keeper's part of the notional (rounded down), the loan, then the insurance fund's part of the notional
/// (rounded down), the rest to the owner. Nobody gets more than is left, and the four add up to the proceeds. `due` is the sold
/// shares' part of the loan, which comes before the keeper: a reward is paid by the owner, never by the lender. Errors: `Domain` for
/// parts above the whole.
#[inline]
pub fn split(
    proceeds: Collateral6,
    notional: Collateral6,
    due: Collateral6,
    debt: Collateral6,
    keeper: Ppm,
    insurance: Ppm,
) -> Result<Split> {
    if keeper.raw() as u64 > WHOLE || insurance.raw() as u64 > WHOLE {
        return Err(MathError::Domain);
    }
    let take = |left: &mut u64, wanted: u64| {
        let taken = if wanted < *left { wanted } else { *left };
        *left = left.wrapping_sub(taken);
        Collateral6::new(taken)
    };
    let mut left = proceeds.raw();
    let part = |part: Ppm| mul_div(notional.raw(), part.raw() as u64, WHOLE, Rounding::Down);
    let mut free = left.saturating_sub(due.raw());
    let keeper = take(&mut free, part(keeper)?);
    left = left.wrapping_sub(keeper.raw());
    let repaid = take(&mut left, debt.raw());
    // nothing is left of most: the multiplication is spared
    let insurance = if left == 0 {
        Collateral6::ZERO
    } else {
        take(&mut left, part(insurance)?)
    };
    let owner = take(&mut left, u64::MAX);
    Ok(Split {
        keeper,
        repaid,
        insurance,
        owner,
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn maintenance_is_three_quarters_of_the_margin_at_the_cap() {
        for (cap, ppm) in [
            (5_000, 15_000),
            (2_500, 30_000),
            (1_767, 42_445),
            (1_000, 75_000),
            (100, 75_000),
        ] {
            assert_eq!(maintenance(LeverageX100::new(cap)), Ppm::new(ppm), "cap {cap}");
        }
    }

    #[test]
    fn a_loan_is_unhealthy_from_one_unit_above_what_maintenance_leaves() {
        let unhealthy =
            |value, debt| is_unhealthy(Collateral6::new(value), Collateral6::new(debt), Ppm::new(50_000));
        assert!(!unhealthy(1_000, 950));
        assert!(unhealthy(1_000, 951));
        assert!(!unhealthy(0, 0));
        assert!(unhealthy(0, 1));
        assert!(unhealthy(u64::MAX, u64::MAX));
    }

    #[test]
    fn the_cap_of_a_slot_doubles_three_times_at_most() {
        let cap = |level| cap_of_slot(Collateral6::new(1_000_000), Ppm::new(100_000), level);
        let caps = [0, 1, 2, 3, 4, u32::MAX].map(|level| cap(level).unwrap().raw());
        assert_eq!(caps, [100_000, 200_000, 400_000, 800_000, 800_000, 800_000]);
        let least = cap_of_slot(Collateral6::new(1), Ppm::new(1), 0);
        assert_eq!(least, Ok(Shares6::new(1)));
    }

    proptest! {
        #[test]
        fn a_split_adds_up_and_serves_keeper_loan_insurance_and_owner_in_this_order(
            proceeds in any::<u64>(),
            extra in 0_u64..1_000_000,
            debt in any::<u64>(),
            sold in 0_u32..=1 << 16,
            keeper in 0_u32..=1_000_000,
            insurance in 0_u32..=1_000_000,
        ) {
            let notional = proceeds.saturating_add(extra);
            let due = ((u128::from(debt) * u128::from(sold)) >> 16) as u64;
            let s = split(
                Collateral6::new(proceeds),
                Collateral6::new(notional),
                Collateral6::new(due),
                Collateral6::new(debt),
                Ppm::new(keeper),
                Ppm::new(insurance),
            )
            .unwrap();
            let parts = [s.keeper, s.repaid, s.insurance, s.owner].map(|part| u128::from(part.raw()));
            prop_assert_eq!(parts.iter().sum::<u128>(), u128::from(proceeds));
            let share = |ppm: u32| u128::from(notional) * u128::from(ppm) / 1_000_000;
            prop_assert_eq!(parts[0], share(keeper).min(u128::from(proceeds.saturating_sub(due))));
            // where the sale repays its part of the loan, the reward leaves that part alone
            prop_assert!(proceeds < due || parts[1] >= u128::from(due));
            prop_assert_eq!(parts[1], u128::from(debt).min(u128::from(proceeds) - parts[0]));
            let left = u128::from(proceeds) - parts[0] - parts[1];
            prop_assert_eq!(parts[2], share(insurance).min(left));
        }

        #[test]
        fn what_is_taken_over_can_pay_the_loan_whatever_the_keeper_gets(
            held in any::<u64>(),
            owed in 0_u32..=1 << 16,
            keeper in 0_u32..=1_000_000,
            room in any::<u64>(),
        ) {
            let debt = ((u128::from(held) * u128::from(owed)) >> 16) as u64;
            let sold = reward_shares(Shares6::new(held), Collateral6::new(debt), Ppm::new(keeper), Shares6::new(room));
            let sold = sold.unwrap().raw();
            prop_assert!(held - sold >= debt && sold <= room);
            prop_assert!(u128::from(sold) <= u128::from(held) * u128::from(keeper) / 1_000_000);
        }

        #[test]
        fn a_value_is_shares_times_price_rounded_down(shares in any::<u64>(), price in 0_u32..=1 << 28) {
            let exact = (u128::from(shares) * u128::from(price)) >> 28;
            let value = value(Shares6::new(shares), PriceQ28::new(price)).unwrap();
            prop_assert_eq!(u128::from(value.raw()), exact);
        }

        #[test]
        fn a_loan_is_unhealthy_as_128_bits_say(value in any::<u64>(), debt in any::<u64>(), ppm in 0_u32..=1_000_000) {
            let exact = u128::from(debt) * 1_000_000 > u128::from(value) * u128::from(1_000_000 - ppm);
            let unhealthy = is_unhealthy(Collateral6::new(value), Collateral6::new(debt), Ppm::new(ppm));
            prop_assert_eq!(unhealthy, exact);
        }

        #[test]
        fn health_turns_at_one_unit_of_debt(value in any::<u64>(), ppm in 0_u32..=1_000_000) {
            let most = (u128::from(value) * u128::from(1_000_000 - ppm) / 1_000_000) as u64;
            let unhealthy = |debt| is_unhealthy(Collateral6::new(value), Collateral6::new(debt), Ppm::new(ppm));
            prop_assert!(!unhealthy(most));
            prop_assert!(most == u64::MAX || unhealthy(most + 1));
        }

        #[test]
        fn maintenance_never_rises_with_the_cap_and_stays_below_the_margin_at_it(cap in any::<u16>()) {
            let of = |cap| maintenance(LeverageX100::new(cap)).raw();
            prop_assert!(of(cap) >= of(cap.saturating_add(1)));
            prop_assert!(of(cap) <= 75_000);
            // three quarters of it, rounded up: what is bought at the highest leverage is healthy at first
            if cap >= LEAST_CAP.raw() {
                prop_assert!(u64::from(of(cap) - 1) * u64::from(cap) < 75 * WHOLE);
            }
        }

        #[test]
        fn a_part_is_rounded_up_and_never_more_than_the_whole(whole in any::<u64>(), ppm in 0_u32..=1_000_000) {
            let exact = (u128::from(whole) * u128::from(ppm)).div_ceil(1_000_000);
            prop_assert_eq!(part_of(whole, Ppm::new(ppm)).map(u128::from), Ok(exact));
            prop_assert!(exact <= u128::from(whole));
        }

        #[test]
        fn a_cap_is_its_part_of_the_liquidity_doubled_and_rounded_down(
            liquidity in 0_u64..=u64::MAX >> WIDEST,
            ppm in 0_u32..=1_000_000,
            level in 0_u32..6,
        ) {
            let widened = u128::from(ppm) << level.min(WIDEST);
            let exact = (u128::from(liquidity) * widened / 1_000_000).max(1);
            let cap = cap_of_slot(Collateral6::new(liquidity), Ppm::new(ppm), level);
            prop_assert_eq!(cap.map(|cap| u128::from(cap.raw())), Ok(exact));
        }

        #[test]
        fn nothing_above_the_whole_is_a_part_or_a_price(whole in any::<u64>(), more in 1_u32..1 << 20) {
            let (too_much, amount) = (Ppm::new(1_000_000 + more), Collateral6::new(whole));
            prop_assert_eq!(part_of(whole, too_much), Err(MathError::Domain));
            let price = PriceQ28::new(PriceQ28::ONE.raw() + more);
            prop_assert_eq!(value(Shares6::new(whole), price), Err(MathError::Domain));
            for (keeper, insurance) in [(too_much, Ppm::new(0)), (Ppm::new(0), too_much)] {
                prop_assert_eq!(split(amount, amount, amount, amount, keeper, insurance), Err(MathError::Domain));
            }
            let held = Shares6::new(whole);
            prop_assert_eq!(reward_shares(held, amount, too_much, held), Err(MathError::Domain));
        }
    }
}
