use harness::{
    attacks::Shape,
    math::{lmsr::Liquidity, Collateral6},
    *,
};

const B: u64 = 1_000 * UNIT;

fn with_terms(change: impl FnOnce(&mut ix::Terms)) -> (World, Instruction, u64) {
    let mut world = World::launched();
    let (id, mut terms) = (world.new_market_id(), world.terms(3, B));
    change(&mut terms);
    let instruction = ix::create_market(world.operator, id, world.feed, &terms);
    (world, instruction, id)
}

fn given() -> (World, Instruction) {
    let (world, instruction, _) = with_terms(|_| {});
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOperator.into()),
    owned: &[1, 2, 3],
    written: &[0, 2],
    data: 153,
}}

#[track_caller]
fn refused(change: impl FnOnce(&mut ix::Terms), error: ExchangeError) {
    let (mut world, instruction, _) = with_terms(change);
    world.refuses(&instruction, error);
}

#[test]
fn the_shard_pays_a_subsidy_of_b_ln_n_into_the_escrow_and_claims_it() {
    for outcomes in [2, 3, 16] {
        let mut world = World::launched();
        let (id, terms) = (world.new_market_id(), world.terms(outcomes, B));
        let shard = world.get::<Shard>(&address::shard(address::shard_of(id)));

        let done = world.does(&ix::create_market(world.operator, id, world.feed, &terms));

        let exact = B as f64 * f64::from(outcomes).ln();
        let market = world.market_state(id);
        assert!(
            (market.escrow as f64 - exact).abs() < 2.0,
            "{} for {exact}",
            market.escrow
        );
        let l = Liquidity::new(Collateral6::new(B)).unwrap();
        let subsidy = market.escrow;
        let expected = Market {
            feed: key(&world.feed),
            rent_payer: key(&world.operator),
            id,
            close_ms: terms.close_ms,
            b: B,
            log2e_over_b: l.log2e_over_b,
            liquidity_shift: u64::from(l.shift),
            escrow: subsidy,
            claim_floor: subsidy,
            claim_ceiling: subsidy,
            max_debt_at_risk: subsidy,
            traded_s: [START_S as u32; 16],
            strikes: terms.strikes,
            shard: u32::from(address::shard_of(id)),
            outcomes,
            opened_ms: START_S as u64 * 1000,
            full_liquidity: B,
            breaker: Breaker {
                fill_q28: [l.price_floor(&[0; 16][..usize::from(outcomes)], 0).unwrap().raw(); 16],
                ..Zeroable::zeroed()
            },
            ..Zeroable::zeroed()
        };
        assert_eq!(market, expected);
        let after = Shard {
            cash: shard.cash - subsidy,
            claim_floor: subsidy,
            claim_ceiling: subsidy,
            ..shard
        };
        assert_eq!(world.shard_of(id), after);
        let created = done.event::<MarketCreated>();
        assert_eq!(
            (created.market, created.feed),
            (key(&address::market(id)), key(&world.feed))
        );
        assert_eq!((created.id, created.close_ms, created.b), (id, terms.close_ms, B));
        assert_eq!((created.subsidy, created.first_strike), (subsidy, 100 * UNIT));
        assert_eq!(
            (created.outcomes, created.shard),
            (u32::from(outcomes), market.shard)
        );
    }
}

#[test]
fn a_second_creation_is_refused() {
    let (mut world, instruction, _) = with_terms(|_| {});
    world.does(&instruction);
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn the_number_of_outcomes_is_2_to_16() {
    for outcomes in [0, 1, 17, 255] {
        refused(|terms| terms.outcomes = outcomes, ExchangeError::BadOutcome);
    }
}

#[test]
fn strikes_ascend_above_zero_and_are_as_many_as_needed() {
    refused(|terms| terms.strikes[0] = 0, ExchangeError::BadStrikes);
    refused(
        |terms| terms.strikes[1] = terms.strikes[0],
        ExchangeError::BadStrikes,
    );
    refused(|terms| terms.strikes.swap(0, 1), ExchangeError::BadStrikes);
    refused(|terms| terms.strikes[1] = 0, ExchangeError::BadStrikes);
    refused(|terms| terms.strikes[2] = 1, ExchangeError::BadStrikes);
    refused(|terms| terms.strikes[15] = 1, ExchangeError::BadStrikes);
}

#[test]
fn the_close_lies_in_the_future() {
    let now_ms = START_S as u64 * 1000;
    refused(|terms| terms.close_ms = 0, ExchangeError::CloseInPast);
    refused(|terms| terms.close_ms = now_ms, ExchangeError::CloseInPast);
    let (mut world, instruction, _) = with_terms(|terms| terms.close_ms = now_ms + 1);
    world.does(&instruction);
}

#[test]
fn a_liquidity_outside_the_domain_is_refused() {
    refused(|terms| terms.b = 0, ExchangeError::OutOfDomain);
    refused(|terms| terms.b = (1 << 56) + 1, ExchangeError::OutOfDomain);
    refused(|terms| terms.b = u64::MAX, ExchangeError::OutOfDomain);
    refused(|terms| terms.b = 1 << 56, ExchangeError::SubsidyTooLarge);
}

#[test]
fn the_smallest_liquidity_makes_a_market() {
    let (mut world, instruction, id) = with_terms(|terms| terms.b = 1);
    world.does(&instruction);
    assert!(world.market_state(id).escrow >= 2);
}

#[test]
fn a_subsidy_above_a_tenth_of_the_shard_is_refused() {
    // a tenth of 250,000 is b ln 3 for b = 22,755.98
    refused(|terms| terms.b = 22_756 * UNIT, ExchangeError::SubsidyTooLarge);
    let (mut world, instruction, _) = with_terms(|terms| terms.b = 22_755 * UNIT);
    world.does(&instruction);
}

#[test]
fn an_empty_vault_makes_no_market() {
    let mut world = World::new();
    world.create_feed();
    world.initialize();
    let (id, terms) = (world.new_market_id(), world.terms(2, UNIT));
    let create = ix::create_market(world.operator, id, world.feed, &terms);
    world.refuses(&create, ExchangeError::SubsidyTooLarge);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut instruction, id) = with_terms(|_| {});
    instruction.accounts[2].pubkey = address::shard((address::shard_of(id) + 1) % 4);
    world.refuses(&instruction, ExchangeError::WrongShard);
}

#[test]
fn the_address_of_another_market_is_refused() {
    let (mut world, mut instruction, id) = with_terms(|_| {});
    instruction.accounts[4].pubkey = address::market(id + 1);
    world.refuses(&instruction, InstructionError::InvalidSeeds);
}

#[test]
fn the_admin_may_not_open_markets() {
    let (mut world, mut instruction, _) = with_terms(|_| {});
    instruction.accounts[0].pubkey = world.admin;
    world.refuses(&instruction, ExchangeError::NotOperator);
}

/// phi(0) = 1 / sqrt(2 pi)
const PHI_0: f64 = 0.398_942_280_401_432_7;

#[test]
fn the_pm_amm_starts_at_even_prices_with_a_subsidy_of_l_over_root_two_pi() {
    let (mut world, instruction, id) = with_terms(|terms| {
        terms.curve = 1;
        terms.outcomes = 2;
        terms.strikes[1] = 0;
    });
    world.does(&instruction);
    let market = world.market_state(id);
    assert!(
        (market.escrow as f64 - B as f64 * PHI_0).abs() < 3.0,
        "{}",
        market.escrow
    );
    assert_eq!((market.curve, market.b), (1, B));
    assert_eq!(
        (market.claim_floor, market.claim_ceiling),
        (market.escrow, market.escrow)
    );
}

#[test]
fn the_pm_amm_takes_two_outcomes_only() {
    let (mut world, instruction, _) = with_terms(|terms| terms.curve = 1);
    world.refuses(&instruction, ExchangeError::BadOutcome);
}

#[test]
fn a_curve_that_does_not_exist_is_refused() {
    for curve in [3, 255] {
        let (mut world, instruction, _) = with_terms(|terms| terms.curve = curve);
        world.refuses(&instruction, ExchangeError::BadParameter);
    }
}

#[test]
fn a_close_beyond_four_hundred_days_is_refused() {
    let (mut world, at_most, _) = with_terms(|terms| terms.close_ms += 400 * 24 * 3_600_000 - HOUR_MS);
    world.does(&at_most);
    for later in [1, u64::MAX / 2] {
        let change = move |terms: &mut ix::Terms| terms.close_ms += 400 * 24 * 3_600_000 - HOUR_MS + later;
        let (mut world, instruction, _) = with_terms(change);
        world.refuses(&instruction, ExchangeError::CloseTooFar);
    }
}
