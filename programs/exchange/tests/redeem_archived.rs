use {
    crate::restore_position::archived,
    harness::{
        archive::{leaf, LeafProof},
        attacks::Shape,
        ix_archive::{redeem_archived, restore_position, verify_leaf},
        *,
    },
};

/// Leaf 1, a claim on outcome 0 of a market that is settled for it.
fn settled(price: u64) -> (World, Party, u64, [u8; 104], LeafProof) {
    let (mut world, party, market) = archived();
    world.settle(market, price);
    let content = bytemuck::cast(world.shelves[&0].live[&1]);
    let proof = world.proof(1);
    (world, party, market, content, proof)
}

fn given() -> (World, Instruction) {
    let (world, party, market, content, proof) = settled(99 * UNIT);
    (world, redeem_archived(&party, market, &content, &proof))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1, 2, 3],
    written: &[0, 1, 2, 3],
    data: 36,
}}

#[test]
fn a_claim_is_paid_as_if_it_had_been_restored_redeemed_and_closed() {
    for price in [99 * UNIT, 100 * UNIT] {
        let (mut world, party, market, content, proof) = settled(price);
        let mut twin = world.clone();
        let made = world.archive(0).sequence;

        let done = world.does(&redeem_archived(&party, market, &content, &proof));

        twin.does(&restore_position(&party, market, (0, SPOT), &content, &proof));
        twin.does(&ix::redeem(party.owner, market, 0, SPOT));
        twin.does(&ix::close_position(party.owner, market, 0, SPOT));
        assert_eq!(world.trader(&party), twin.trader(&party));
        assert_eq!(world.market_state(market), twin.market_state(market));
        assert_eq!(world.shard_of(market), twin.shard_of(market));
        let expected = ArchivedRedeemed {
            archive: 0,
            index: 1,
            sequence: made + 1,
            trader: key(&party.trader()),
            market: key(&address::market(market)),
        };
        assert_eq!(done.event::<ArchivedRedeemed>(), expected);
        assert_eq!(done.event::<Redeemed>().position, key(&address::archive(0)));
        let record = verify_leaf(&leaf(b"pos.done", &content), &world.proof(1));
        world.does(&record);
    }
}

#[test]
fn a_claim_is_paid_once() {
    let (mut world, party, market, content, proof) = settled(99 * UNIT);
    let first = redeem_archived(&party, market, &content, &proof);
    world.does(&first);
    world.refuses(&first, ExchangeError::LeafSpent);
    let fresh = world.proof(1);
    world.refuses(
        &redeem_archived(&party, market, &content, &fresh),
        ExchangeError::LeafSpent,
    );
    for proof in [&proof, &fresh] {
        world.refuses(
            &restore_position(&party, market, (0, SPOT), &content, proof),
            ExchangeError::LeafSpent,
        );
    }
}

#[test]
fn a_restored_claim_is_paid_by_its_account_alone() {
    let (mut world, party, market, content, proof) = settled(99 * UNIT);
    world.does(&restore_position(&party, market, (0, SPOT), &content, &proof));
    let fresh = world.proof(1);
    for proof in [&proof, &fresh] {
        world.refuses(
            &redeem_archived(&party, market, &content, proof),
            ExchangeError::LeafSpent,
        );
    }
    world.does(&ix::redeem(party.owner, market, 0, SPOT));
}

#[test]
fn a_market_that_is_not_settled_pays_nothing() {
    let (mut world, party, market) = archived();
    let content = bytemuck::cast(world.shelves[&0].live[&1]);
    let proof = world.proof(1);
    let redeem = redeem_archived(&party, market, &content, &proof);
    world.refuses(&redeem, ExchangeError::MarketNotSettled);
    world.pass_close(market);
    world.refuses(&redeem, ExchangeError::MarketNotSettled);
}

#[test]
fn the_payment_goes_to_nobody_but_the_positions_trader() {
    let (mut world, _, market, content, proof) = settled(99 * UNIT);
    let thief = world.party(0);
    let redeem = redeem_archived(&thief, market, &content, &proof);
    world.refuses(&redeem, ExchangeError::PositionOfAnotherTrader);
    let mut claimed = content;
    claimed[..32].copy_from_slice(thief.trader().as_ref());
    let redeem = redeem_archived(&thief, market, &claimed, &proof);
    world.refuses(&redeem, ExchangeError::WrongProof);
}

#[test]
fn another_market_or_shard_is_refused() {
    let (mut world, party, market, content, proof) = settled(99 * UNIT);
    let elsewhere = world.market(2);
    let redeem = redeem_archived(&party, elsewhere, &content, &proof);
    world.refuses(&redeem, ExchangeError::PositionOfAnotherMarket);
    let mut redeem = redeem_archived(&party, market, &content, &proof);
    redeem.accounts[3].pubkey = address::shard((address::shard_of(market) + 1) % 4);
    world.refuses(&redeem, ExchangeError::WrongShard);
}

#[test]
fn more_shares_than_were_archived_are_not_paid() {
    let (mut world, party, market, mut content, proof) = settled(99 * UNIT);
    for byte in 64..72 {
        content[byte] ^= 0x10;
        let redeem = redeem_archived(&party, market, &content, &proof);
        world.refuses(&redeem, ExchangeError::WrongProof);
        content[byte] ^= 0x10;
    }
}

#[test]
fn a_forgotten_claim_keeps_no_market_alive() {
    let (mut world, _, market, _, _) = settled(99 * UNIT);
    let close = ix::close_market(market, world.operator);
    for index in 0..3 {
        world.refuses(&close, ExchangeError::NotEmpty);
        let position = world.shelves[&0].live[&index];
        let owner = Address::from(world.get::<Trader>(&Address::from(position.trader)).owner);
        let party = Party { owner, tokens: owner };
        let proof = world.proof(index);
        world.does(&redeem_archived(
            &party,
            market,
            &bytemuck::cast(position),
            &proof,
        ));
    }
    world.does(&close);
}
