//! The chain's virtual machine and the host make the same tree of the same deeds, byte for byte.

mod common;

use breakwater_merkle::{canopy_nodes, MerkleError, Tree};
use common::{Asked, Probe, Writers};
use merkle_probe::{act, Deed, NoMeter, BELOW, BUFFER, DEPTH};

/// Deeds in a transaction, and transactions.
const BATCH: usize = 24;
const BATCHES: usize = 500;
const _: () = assert!(BATCH * BATCHES >= 10_000);

fn agree<const D: usize, const B: usize, const P: usize, const N: usize>(number: u64) {
    let mut probe = Probe::new(number, Tree::<D, B, P, N>::SIZE);
    let mut tree: Box<Tree<D, B, P, N>> = bytemuck::zeroed_box();
    tree.initialize();
    let mut writers = Writers::new(D, P, number);
    let mut seen = [0; 12];
    for batch in 0..BATCHES {
        let mut deeds: Vec<Asked> = vec![];
        let mut host = vec![];
        for _ in 0..BATCH {
            let asked = writers.next();
            let bytes = asked.bytes();
            let (deed, rest) = Deed::read(&bytes).expect("a deed");
            assert!(rest.is_empty());
            let status = act(&mut tree, &deed, &mut NoMeter);
            if status == 0 {
                writers.done(&asked);
            }
            seen[status as usize] += 1;
            host.push(status);
            deeds.push(asked);
        }
        let chain: Vec<u64> = probe.ask(&deeds).into_iter().map(|(status, _)| status).collect();
        assert_eq!(chain, host, "transaction {batch}: chain, then host");
        assert!(probe.tree() == bytemuck::bytes_of(&*tree), "transaction {batch}");
        assert_eq!(*tree.root(), writers.whole.root());
    }
    assert_eq!(writers.whole.root(), writers.whole.recomputed());
    println!("statuses of tree {number}: {seen:?}, {} leaves", tree.length());
    assert!(seen[0] > 5_000);
    for error in [
        MerkleError::WrongProof,
        MerkleError::StaleRoot,
        MerkleError::UnknownRoot,
        MerkleError::TruncatedProof,
        MerkleError::OverlongProof,
        MerkleError::LeafChanged,
        MerkleError::EmptyBatch,
    ] {
        assert!(seen[1 + error as usize] > 10, "{error:?}: {seen:?}");
    }
}

#[test]
fn twelve_thousand_random_deeds_leave_the_same_tree_on_chain_and_host() {
    agree::<DEPTH, BUFFER, DEPTH, 0>(0);
}

#[test]
fn twelve_thousand_random_deeds_leave_the_same_canopy_on_chain_and_host() {
    agree::<DEPTH, BUFFER, BELOW, { canopy_nodes(DEPTH - BELOW) }>(1);
}
