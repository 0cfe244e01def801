use {
    crate::restore_position::archived,
    harness::{
        archive::{leaf, LeafProof, Node, BUFFER},
        attacks::Shape,
        ix_archive::{archive_positions, restore_position, verify_leaf},
        *,
    },
};

/// Leaf 1 of 3.
fn leaf_and_proof() -> (World, Party, u64, Node, LeafProof) {
    let (world, party, market) = archived();
    let leaf = leaf(b"pos.live", bytemuck::bytes_of(&world.shelves[&0].live[&1]));
    let proof = world.proof(1);
    (world, party, market, leaf, proof)
}

fn given() -> (World, Instruction) {
    let (world, _, _, leaf, proof) = leaf_and_proof();
    (world, verify_leaf(&leaf, &proof))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0],
    written: &[],
    data: 36,
}}

#[test]
fn every_leaf_of_the_archive_is_there_and_no_other() {
    let (mut world, _, _, _, _) = leaf_and_proof();
    let leaves = world.shelves[&0].leaves.clone();
    for (index, leaf) in leaves.iter().enumerate() {
        let proof = world.proof(index as u64);
        for (other, node) in leaves.iter().enumerate() {
            let verify = verify_leaf(node, &proof);
            if other == index {
                world.does(&verify);
            } else {
                world.refuses(&verify, ExchangeError::WrongProof);
            }
        }
        world.refuses(&verify_leaf(&[0; 32], &proof), ExchangeError::WrongProof);
        let mut wrong = *leaf;
        wrong[31] ^= 0x80;
        world.refuses(&verify_leaf(&wrong, &proof), ExchangeError::WrongProof);
    }
}

#[test]
fn the_same_content_of_another_kind_is_another_leaf() {
    let (mut world, _, _, _, proof) = leaf_and_proof();
    let content = *world.shelves[&0].live.get(&1).unwrap();
    for kind in [b"pos.done", b"mkt.done", b"\0\0\0\0\0\0\0\0"] {
        let other = leaf(kind, bytemuck::bytes_of(&content));
        world.refuses(&verify_leaf(&other, &proof), ExchangeError::WrongProof);
    }
}

#[test]
fn an_inner_node_is_no_leaf() {
    let (mut world, _, _, _, proof) = leaf_and_proof();
    let above = LeafProof {
        index: 0,
        siblings: world.proof(2).siblings,
        ..proof.clone()
    };
    world.refuses(
        &verify_leaf(&proof.siblings[1], &above),
        ExchangeError::WrongProof,
    );
}

#[test]
fn a_spent_leaf_is_not_there_any_more_and_an_empty_one_is() {
    let (mut world, party, market, leaf, proof) = leaf_and_proof();
    let content = bytemuck::cast(world.shelves[&0].live[&1]);
    world.does(&restore_position(&party, market, (0, SPOT), &content, &proof));
    world.refuses(&verify_leaf(&leaf, &proof), ExchangeError::LeafSpent);
    let fresh = world.proof(1);
    world.refuses(&verify_leaf(&leaf, &fresh), ExchangeError::WrongProof);
    world.does(&verify_leaf(&[0; 32], &fresh));
}

#[test]
fn stale_early_short_long_and_far_proofs_are_refused_each_by_its_error() {
    let (mut world, _, _, leaf, proof) = leaf_and_proof();
    let with = |change: &dyn Fn(&mut LeafProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify_leaf(&leaf, &proof)
    };
    world.refuses(&with(&|p| p.sequence += 1), ExchangeError::UnknownRoot);
    world.refuses(&with(&|p| p.siblings.truncate(9)), ExchangeError::TruncatedProof);
    world.refuses(&with(&|p| p.siblings.push([0; 32])), ExchangeError::OverlongProof);
    world.refuses(&with(&|p| p.index = 3), ExchangeError::LeafOutOfRange);
    let (market, party) = (world.market(2), world.party(0));
    for _ in 0..BUFFER {
        world.does(&with(&|_| ()));
        world.position(&party, market, 0, SPOT);
        world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    }
    world.refuses(&with(&|_| ()), ExchangeError::StaleProof);
}

/// Where the probe is loaded that calls the program that it is given.
const CALLER: Address = Address::new_from_array([0xca; 32]);

/// What another program does that asks about a leaf.
fn asked_by_another(verify: &Instruction) -> Instruction {
    let mut accounts = verify.accounts.clone();
    accounts.push(AccountMeta::new_readonly(verify.program_id, false));
    Instruction::new_with_bytes(CALLER, &verify.data, accounts)
}

#[test]
fn another_program_asks_by_a_call_and_goes_on_if_the_leaf_is_there() {
    let (mut world, _, _, leaf, proof) = leaf_and_proof();
    world.load(CALLER, "merkle_probe");
    let (market, party) = (world.market(2), world.party(0));
    for age in 0..BUFFER {
        if [0, 32, 63].contains(&age) {
            let alone = world.does(&verify_leaf(&leaf, &proof)).compute_units_consumed;

            let done = world.does(&asked_by_another(&verify_leaf(&leaf, &proof)));

            let word = |at: usize| u64::from_le_bytes(done.return_data.data[at..at + 8].try_into().unwrap());
            assert_eq!(done.return_data.program_id, CALLER);
            let (status, units) = (word(0), word(8));
            println!("verify_leaf by a call, {age} changes old {units:>6}, by itself {alone:>6}");
            assert_eq!(status, 0);
            assert!(units <= 6_000, "{units} CU for a proof {age} changes old");
        }
        world.position(&party, market, 0, SPOT);
        world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    }
    let stale = asked_by_another(&verify_leaf(&leaf, &proof));
    world.refuses(&stale, ExchangeError::StaleProof);
}

#[test]
fn a_caller_whose_leaf_is_not_there_fails_with_the_errors_of_the_archive() {
    let (mut world, party, market, leaf, proof) = leaf_and_proof();
    world.load(CALLER, "merkle_probe");
    let with = |change: &dyn Fn(&mut Node, &mut LeafProof)| {
        let (mut leaf, mut proof) = (leaf, proof.clone());
        change(&mut leaf, &mut proof);
        asked_by_another(&verify_leaf(&leaf, &proof))
    };
    world.refuses(&with(&|leaf, _| leaf[0] ^= 1), ExchangeError::WrongProof);
    world.refuses(&with(&|_, p| p.siblings[3] = [0; 32]), ExchangeError::WrongProof);
    world.refuses(&with(&|_, p| p.index = 0), ExchangeError::WrongProof);
    world.refuses(
        &with(&|_, p| p.siblings.truncate(9)),
        ExchangeError::TruncatedProof,
    );
    world.refuses(
        &with(&|_, p| p.siblings.push([0; 32])),
        ExchangeError::OverlongProof,
    );
    world.refuses(&with(&|_, p| p.sequence += 1), ExchangeError::UnknownRoot);
    world.refuses(&with(&|_, p| p.index = 3), ExchangeError::LeafOutOfRange);
    let mut elsewhere = with(&|_, _| ());
    elsewhere.accounts[0].pubkey = address::market(market);
    world.refuses(&elsewhere, InstructionError::AccountDataTooSmall);
    let content = bytemuck::cast(world.shelves[&0].live[&1]);
    world.does(&restore_position(&party, market, (0, SPOT), &content, &proof));
    world.refuses(&with(&|_, _| ()), ExchangeError::LeafSpent);
}
