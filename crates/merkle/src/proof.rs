//! Proofs: bringing them up to date, checking them, and replacing the leaf they are of.

use crate::bits::highest_bit;
use crate::canopy;
use crate::hash::{climb, Pair};
use crate::{Change, MerkleError, Node, Result, Tree};

/// That a leaf was at an index when the tree had had so many changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The leaf's index.
    pub index: u64,
    /// [`Tree::sequence`] of the root it was made against.
    pub sequence: u64,
    /// The siblings of the way to the canopy, the leaf's own first.
    pub siblings: &'a [Node],
}

impl<const DEPTH: usize, const BUFFER: usize, const PROOF: usize, const NODES: usize>
    Tree<DEPTH, BUFFER, PROOF, NODES>
{
    /// Whether the leaf is at the proof's index now. The proof may be made against any of the last `BUFFER` roots.
    /// Errors: `LeafOutOfRange`, `TruncatedProof`, `OverlongProof`, `UnknownRoot`, `StaleRoot`, `LeafChanged`, `WrongProof`.
    #[inline(always)]
    pub fn verify(&self, proof: &Proof, leaf: &Node) -> Result<()> {
        let age = self.admit(proof)?;
        let next = Self::slot(self.sequence.wrapping_add(1));
        let (newer, older) = self.changes.split_at(next);
        let siblings = fast_forward(proof, age, older, newer)?;
        let top = match self.canopy.get((proof.index >> PROOF) as usize) {
            Some(top) => top,
            None => self.root(),
        };
        check(proof.index, leaf, &siblings, top)
    }

    /// Put a leaf in the place of another, which the proof is of. Errors: those of [`Tree::verify`].
    #[inline(always)]
    pub fn replace(&mut self, proof: &Proof, old: &Node, new: &Node) -> Result<()> {
        let age = self.admit(proof)?;
        let (index, current) = (proof.index, *self.root());
        let sequence = self.sequence.wrapping_add(1);
        let (newer, rest) = self.changes.split_at_mut(Self::slot(sequence));
        let Some((change, older)) = rest.split_first_mut() else {
            return Err(MerkleError::StaleRoot); // never: the slot is below BUFFER
        };
        let siblings = fast_forward(proof, age, older, newer)?;
        let top = match self.canopy.get_mut((index >> PROOF) as usize) {
            Some(top) => {
                check(index, old, &siblings, top)?;
                top
            }
            None => {
                check(index, old, &siblings, &current)?;
                &mut change.root
            }
        };

        (change.first, change.last) = (index, index);
        climb(index, 0, new, &mut change.nodes, top, |level, _| siblings[level]);
        let at = index >> PROOF;
        canopy::close(&mut self.canopy, at, at, &mut change.root);

        // the way of the next leaf to the root has this one's node as its sibling where both ways part
        let level = highest_bit(index ^ self.length);
        if let (Some(kept), Some(node)) = (self.frontier.get_mut(level), change.nodes.get(level)) {
            *kept = *node;
        }
        self.sequence = sequence;
        Ok(())
    }

    /// Changes since the proof was made.
    #[inline(always)]
    fn admit(&self, proof: &Proof) -> Result<usize> {
        let () = Self::SOUND;
        if proof.index >= self.length {
            return Err(MerkleError::LeafOutOfRange);
        }
        self.age(proof.sequence)
    }
}

/// The proof's siblings after `age` more changes, the last of which ends `newer`; those before it are in `older`.
#[inline(always)]
fn fast_forward<'a, const PROOF: usize>(
    proof: &Proof<'a>,
    age: usize,
    older: &'a [Change<PROOF>],
    newer: &'a [Change<PROOF>],
) -> Result<[&'a Node; PROOF]> {
    let given: &[Node; PROOF] = proof.siblings.try_into().map_err(|_| {
        if proof.siblings.len() < PROOF {
            MerkleError::TruncatedProof
        } else {
            MerkleError::OverlongProof
        }
    })?;
    let mut siblings = given.each_ref();
    if age > 0 {
        let (of_older, of_newer) = match age.checked_sub(newer.len()) {
            Some(more) => (more, newer.len()),
            None => (0, age),
        };
        catch_up(&mut siblings, proof.index, tail(older, of_older))?;
        catch_up(&mut siblings, proof.index, tail(newer, of_newer))?;
    }
    Ok(siblings)
}

#[inline(always)]
fn tail<T>(all: &[T], count: usize) -> &[T] {
    all.get(all.len().wrapping_sub(count)..).unwrap_or_default()
}

/// Take over what changes did to the siblings of a leaf's way to the root.
#[inline(always)]
fn catch_up<'a, const PROOF: usize>(
    siblings: &mut [&'a Node; PROOF],
    index: u64,
    changes: &'a [Change<PROOF>],
) -> Result<()> {
    for change in changes {
        let apart = index ^ change.first;
        if apart == 0 {
            return Err(MerkleError::LeafChanged);
        }
        // both ways part below one node: each has the other's child of it as its sibling
        let level = highest_bit(apart);
        if let (Some(sibling), Some(node)) = (siblings.get_mut(level), change.nodes.get(level)) {
            *sibling = node;
        }
        let span = change.first ^ change.last;
        if span != 0 {
            if change.first < index && index <= change.last {
                return Err(MerkleError::LeafChanged);
            }
            if span >> level > 1 {
                reach(siblings, level, change);
            }
        }
    }
    Ok(())
}

/// Where the first leaf of a batch came from the left, the batch may have reached into the right sibling of its way to the
/// root. Above `level` that way is also the one of the proof's leaf, which was there before.
fn reach<'a, const PROOF: usize>(siblings: &mut [&'a Node; PROOF], level: usize, change: &'a Change<PROOF>) {
    let reached = highest_bit(change.first ^ change.last);
    let levels = siblings.iter_mut().zip(&change.nodes).enumerate();
    for (l, (sibling, node)) in levels.take(reached.wrapping_add(1)).skip(level.wrapping_add(1)) {
        if change.first >> l & 1 == 0 {
            *sibling = node;
        }
    }
}

/// Whether the way from a leaf by its siblings ends at `top`.
#[inline(always)]
fn check<const PROOF: usize>(index: u64, leaf: &Node, siblings: &[&Node; PROOF], top: &Node) -> Result<()> {
    let mut pair = Pair::new();
    let (mut one, mut other) = ([0; 32], [0; 32]);
    let (mut made, mut spare) = (&mut one, &mut other);
    let (mut at, mut node) = (index, leaf);
    for sibling in siblings {
        pair.above(at, node, sibling, made);
        at >>= 1;
        core::mem::swap(&mut made, &mut spare);
        node = spare;
    }
    if node == top {
        Ok(())
    } else {
        Err(MerkleError::WrongProof)
    }
}
