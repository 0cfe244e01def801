//! The tree against the golden vectors, which `scripts/generate_merkle.py` computed with hashlib from whole trees.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_merkle::{canopy_nodes, leaf, leaf_of, MerkleError, Node, Proof, Tree};
use serde_json::Value;

const BUFFER: usize = 8;

fn rows(name: &str) -> Vec<Vec<Value>> {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path);
    let rows = file["rows"].as_array().expect("rows");
    rows.iter()
        .map(|row| row.as_array().expect("a row").clone())
        .collect()
}

fn bytes(v: &Value) -> Vec<u8> {
    let text = v.as_str().expect("text").as_bytes();
    text.chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ASCII"), 16).expect("hex"))
        .collect()
}

fn node(v: &Value) -> Node {
    bytes(v).try_into().expect("32 bytes")
}

fn nodes(v: &Value) -> Vec<Node> {
    v.as_array().expect("nodes").iter().map(node).collect()
}

fn natural(v: &Value) -> u64 {
    v.as_u64().expect("a natural number")
}

/// What a row's verb does to the tree; an append of several leaves is a batch.
fn apply<const D: usize, const P: usize, const N: usize>(
    tree: &mut Tree<D, BUFFER, P, N>,
    row: &[Value],
) -> Result<(), MerkleError> {
    let (siblings, mut new) = (nodes(&row[5]), nodes(&row[6]));
    let proof = Proof {
        index: natural(&row[2]),
        sequence: natural(&row[3]),
        siblings: &siblings,
    };
    match (row[1].as_str().expect("a verb"), new.len()) {
        ("start", _) => tree.initialize(),
        ("append", 1) => assert_eq!(tree.append(&new[0])?, proof.index),
        ("append", _) => assert_eq!(tree.append_batch(&mut new)?, proof.index),
        ("verify", _) => tree.verify(&proof, &node(&row[4]))?,
        ("replace", _) => tree.replace(&proof, &node(&row[4]), &new[0])?,
        (verb, _) => panic!("{verb}"),
    }
    Ok(())
}

fn run<const D: usize, const P: usize, const N: usize>(name: &str) {
    let mut tree: Box<Tree<D, BUFFER, P, N>> = bytemuck::zeroed_box();
    let rows = rows("merkle");
    let rows: Vec<_> = rows.iter().filter(|row| row[0] == name).collect();
    assert!(rows.len() > 80);
    for (i, row) in rows.iter().enumerate() {
        let before = bytemuck::bytes_of(&*tree).to_vec();
        match apply(&mut tree, row) {
            Ok(()) => assert_eq!(*tree.root(), node(&row[7]), "{name}, row {i}"),
            Err(e) => {
                assert_eq!(format!("{e:?}"), row[7], "{name}, row {i}");
                assert!(
                    bytemuck::bytes_of(&*tree) == before,
                    "{name}, row {i}: refused, and yet changed"
                );
            }
        }
    }
}

#[test]
fn a_tree_that_fills_up_is_the_scripts() {
    run::<3, 3, 0>("full");
}

#[test]
fn a_deep_tree_is_the_scripts() {
    run::<20, 20, 0>("deep");
}

#[test]
fn a_tree_with_a_canopy_is_the_scripts() {
    run::<20, 6, { canopy_nodes(14) }>("canopied");
}

#[test]
fn leaves_are_tagged_hashes_of_their_content() {
    for row in rows("merkle_leaf") {
        assert_eq!(leaf(&bytes(&row[0])), node(&row[1]), "{row:?}");
    }
}

#[test]
fn a_leaf_of_a_kind_is_the_one_of_kind_and_content_behind_each_other() {
    for row in rows("merkle_leaf") {
        let content = bytes(&row[0]);
        let Some((kind, rest)) = content.split_first_chunk() else {
            continue;
        };
        assert_eq!(leaf_of(kind, rest), node(&row[1]), "{row:?}");
    }
}
