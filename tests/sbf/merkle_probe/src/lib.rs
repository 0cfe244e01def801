//! A program that is never deployed: it does to a tree in an account what it is told, and meters each deed.
//!
//! Instruction data is the tree's number in one word, then deeds: [`verb`], index, sequence, number of siblings, number of leaves, a
//! word each, then the siblings and the leaves. The answer is return data: `[status, compute units]` for each deed. The same code
//! runs on the host, so that tests can compare the account byte for byte.
//!
//! Given two accounts it is no tree's: it passes its data on to the second, a program, with the first one to read.
#![cfg_attr(target_os = "solana", no_std)]

use breakwater_merkle::{canopy_nodes, leaf, MerkleError, Node, Proof, Tree};
pub use probe_rt::{Meter, NoMeter};

#[cfg(target_os = "solana")]
mod program;
#[cfg(target_os = "solana")]
mod relay;

pub const DEPTH: usize = 20;
pub const BUFFER: usize = 64;
/// Siblings of a proof below the canopy of [`Canopied`].
pub const BELOW: usize = 10;

/// Tree 0.
pub type Plain = Tree<DEPTH, BUFFER, DEPTH, 0>;
/// Tree 1.
pub type Canopied = Tree<DEPTH, BUFFER, BELOW, { canopy_nodes(DEPTH - BELOW) }>;

/// What a deed is.
pub mod verb {
    pub const NOTHING: u64 = 0;
    pub const INITIALIZE: u64 = 1;
    pub const APPEND: u64 = 2;
    /// The leaves as one batch.
    pub const BATCH: u64 = 3;
    pub const VERIFY: u64 = 4;
    /// The first leaf by the second.
    pub const REPLACE: u64 = 5;
    /// Hash the leaves, as content, to one.
    pub const LEAF: u64 = 6;
}

/// The longest batch.
pub const MAX_BATCH: usize = 32;
/// Words in front of a deed's nodes.
pub const HEAD: usize = 5;

/// One deed, as it lies in the instruction data.
#[derive(Clone, Copy, Debug)]
pub struct Deed<'a> {
    pub verb: u64,
    pub proof: Proof<'a>,
    pub leaves: &'a [Node],
}

impl<'a> Deed<'a> {
    /// The deed that data begins with, and the data behind it.
    pub fn read(data: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = data.split_at_checked(HEAD * 8)?;
        let word = |i: usize| {
            let bytes = head.get(i * 8..i * 8 + 8)?;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        };
        let (siblings, rest) = nodes(rest, word(3)? as usize)?;
        let (leaves, rest) = nodes(rest, word(4)? as usize)?;
        let (index, sequence) = (word(1)?, word(2)?);
        let proof = Proof {
            index,
            sequence,
            siblings,
        };
        let verb = word(0)?;
        Some((Self { verb, proof, leaves }, rest))
    }
}

fn nodes(data: &[u8], count: usize) -> Option<(&[Node], &[u8])> {
    let (bytes, rest) = data.split_at_checked(count.checked_mul(32)?)?;
    // SAFETY: as many arrays of 32 bytes, which have no alignment
    Some((
        unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast(), count) },
        rest,
    ))
}

/// Do a deed. 0, or 1 and the error's number, or `u64::MAX` for a deed there is not.
#[inline(never)]
pub fn act<const D: usize, const B: usize, const P: usize, const N: usize>(
    tree: &mut Tree<D, B, P, N>,
    deed: &Deed,
    m: &mut impl Meter,
) -> u64 {
    let status = |result: Result<(), MerkleError>| match result {
        Ok(()) => 0,
        Err(e) => 1 + e as u64,
    };
    match (deed.verb, deed.leaves) {
        (verb::NOTHING, _) => m.around(|| 0),
        (verb::INITIALIZE, _) => {
            m.around(|| tree.initialize());
            0
        }
        (verb::APPEND, [leaf]) => status(m.around(|| tree.append(leaf)).map(|_| ())),
        (verb::BATCH, leaves) => {
            let mut scratch = [[0; 32]; MAX_BATCH];
            match scratch.get_mut(..leaves.len()) {
                Some(scratch) => {
                    scratch.copy_from_slice(leaves);
                    status(m.around(|| tree.append_batch(scratch)).map(|_| ()))
                }
                None => u64::MAX,
            }
        }
        (verb::VERIFY, [leaf]) => status(m.around(|| tree.verify(&deed.proof, leaf))),
        (verb::REPLACE, [old, new]) => status(m.around(|| tree.replace(&deed.proof, old, new))),
        (verb::LEAF, content) => {
            let [first, ..] = m.around(|| leaf(content.as_flattened()));
            first as u64
        }
        _ => u64::MAX,
    }
}
