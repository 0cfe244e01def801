use harness::{attacks::Shape, *};

/// A vault whose shards have drifted apart: two markets, one with a loan.
fn traded() -> World {
    let mut world = World::launched();
    let party = world.party(10_000 * UNIT);
    let (one, two) = (world.market(2), world.market(5));
    world.leveraged(&party, one, 0, 200 * UNIT, 1_000);
    world.holding(&party, two, 4, 300 * UNIT);
    world
}

fn given() -> (World, Instruction) {
    (traded(), ix::fold())
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1, 2, 3, 4, 5],
    written: &[1, 2, 3, 4, 5],
    data: 0,
}}

#[test]
fn cash_is_dealt_out_anew_by_need_and_then_equally() {
    let mut world = traded();
    let shards = |world: &World| [0, 1, 2, 3].map(|i| world.get::<Shard>(&address::shard(i)));
    let (before, vault) = (shards(&world), world.get::<Vault>(&address::vault()));
    let cash: u64 = before.iter().map(|s| s.cash).sum::<u64>() + vault.cash;
    let at_risk: u64 = before.iter().map(|s| s.debt_at_risk).sum();
    assert!(at_risk > 0);

    let done = world.does(&ix::fold());

    let part = (cash - at_risk) / 4;
    let after = shards(&world);
    let coverage = ((u128::from(cash) << 32) / u128::from(at_risk)) as u64;
    for (old, new) in before.iter().zip(&after) {
        let expected = Shard {
            cash: old.debt_at_risk + part,
            coverage_q32: coverage,
            fee_ppm: 300,
            ..*old
        };
        assert_eq!(*new, expected);
    }
    let vault_after = world.get::<Vault>(&address::vault());
    assert_eq!(vault_after.cash, (cash - at_risk) % 4);
    assert_eq!(vault_after.lp_supply, vault.lp_supply);
    let expected = Folded {
        cash,
        coverage_q32: coverage,
        fee_ppm: 300,
    };
    assert_eq!(done.event::<Folded>(), expected);
}

#[test]
fn a_second_fold_changes_nothing() {
    let mut world = traded();
    world.does(&ix::fold());
    let before = world.snapshot(&ix::fold());
    world.does_at_once(&ix::fold());
    assert!(before == world.snapshot(&ix::fold()));
}

#[test]
fn an_empty_vault_has_no_coverage_and_the_highest_fee() {
    let mut world = World::new();
    world.initialize();
    world.does(&ix::fold());
    let shard = world.get::<Shard>(&address::shard(0));
    assert_eq!((shard.coverage_q32, shard.fee_ppm), (0, 2_800));
}

#[test]
fn shards_out_of_order_are_refused() {
    let (mut world, mut fold) = given();
    fold.accounts.swap(2, 3);
    world.refuses(&fold, ExchangeError::WrongShard);
}
