//! Leaves behind the last one.

use crate::bits::highest_bit;
use crate::canopy;
use crate::hash::Pair;
use crate::{MerkleError, Node, Result, Tree, EMPTY};

impl<const DEPTH: usize, const BUFFER: usize, const PROOF: usize, const NODES: usize>
    Tree<DEPTH, BUFFER, PROOF, NODES>
{
    /// Append a leaf. Its index. Errors: `TreeFull`.
    #[inline(always)]
    pub fn append(&mut self, leaf: &Node) -> Result<u64> {
        let () = Self::SOUND;
        let index = self.length;
        if index >= Self::CAPACITY {
            return Err(MerkleError::TreeFull);
        }
        let sequence = self.sequence.wrapping_add(1);
        let change = &mut self.changes[Self::slot(sequence)];
        (change.first, change.last) = (index, index);
        let top = match self.canopy.get_mut((index >> PROOF) as usize) {
            Some(top) => top,
            None => &mut change.root,
        };

        let mut pair = Pair::new();
        let (mut at, mut node) = (index, leaf);
        let mut siblings = self.frontier.iter().zip(&EMPTY);
        let mut nodes = change.nodes.iter_mut();
        if let Some(lowest) = nodes.next() {
            *lowest = *leaf;
            node = lowest;
        }
        for (next, (left, empty)) in nodes.chain([top]).zip(&mut siblings) {
            if at & 1 == 0 {
                pair.parent(node, empty, next);
            } else {
                pair.parent(left, node, next);
            }
            node = next;
            at >>= 1;
        }
        canopy::close(&mut self.canopy, at, at, &mut change.root);

        // the lowest node that this leaf has completed and that no parent has taken up
        let level = highest_bit(index ^ index.wrapping_add(1));
        if let (Some(kept), Some(node)) = (self.frontier.get_mut(level), change.nodes.get(level)) {
            *kept = *node;
        }
        self.length = index.wrapping_add(1);
        self.sequence = sequence;
        Ok(index)
    }

    /// Append leaves as one change, for about one hash each and one way to the root together. The leaves are used up as scratch
    /// space. The index of the first. Errors: `EmptyBatch`, `TreeFull`; a batch that does not fit whole is refused whole.
    pub fn append_batch(&mut self, leaves: &mut [Node]) -> Result<u64> {
        let () = Self::SOUND;
        let first = self.length;
        let length = first.saturating_add(leaves.len() as u64);
        if leaves.is_empty() {
            return Err(MerkleError::EmptyBatch);
        }
        if length > Self::CAPACITY {
            return Err(MerkleError::TreeFull);
        }
        let last = length.wrapping_sub(1);
        let sequence = self.sequence.wrapping_add(1);
        let change = &mut self.changes[Self::slot(sequence)];
        (change.first, change.last) = (first, last);

        let mut nodes = leaves;
        let (mut at, mut end) = (first, length);
        for ((kept, frontier), empty) in change.nodes.iter_mut().zip(&mut self.frontier).zip(&EMPTY) {
            *kept = match &*nodes {
                [_, right, ..] if at & 1 == 0 => *right,
                [node, ..] => *node,
                [] => return Err(MerkleError::EmptyBatch),
            };
            let left = *frontier;
            if end & 1 == 1 {
                if let Some(complete) = end
                    .checked_sub(at.wrapping_add(1))
                    .and_then(|i| nodes.get(i as usize))
                {
                    *frontier = *complete;
                }
            }
            nodes = join(nodes, at, &left, empty);
            at >>= 1;
            end >>= 1;
        }
        if NODES == 0 {
            if let Some(root) = nodes.first() {
                change.root = *root;
            }
        } else {
            for (to, node) in self.canopy.iter_mut().skip(at as usize).zip(&*nodes) {
                *to = *node;
            }
            canopy::close(&mut self.canopy, at, last >> PROOF, &mut change.root);
        }
        self.length = length;
        self.sequence = sequence;
        Ok(first)
    }
}

/// The parents of adjacent nodes, the first of them at `at`, in the front of the same memory.
#[inline(always)]
fn join<'a>(nodes: &'a mut [Node], at: u64, left: &Node, empty: &Node) -> &'a mut [Node] {
    let mut pair = Pair::new();
    let (mut read, mut written) = (0_usize, 0_usize);
    // the system call must not write to what it reads
    let mut made = [0; 32];
    if at & 1 == 1 {
        if let Some(node) = nodes.first_mut() {
            pair.parent(left, node, &mut made);
            *node = made;
            (read, written) = (1, 1);
        }
    }
    while let Some(rest) = nodes.get(read..) {
        match rest {
            [one, other, ..] => pair.parent(one, other, &mut made),
            [one] => pair.parent(one, empty, &mut made),
            [] => break,
        }
        if let Some(node) = nodes.get_mut(written) {
            *node = made;
        }
        read = read.wrapping_add(2);
        written = written.wrapping_add(1);
    }
    nodes.get_mut(..written).unwrap_or_default()
}
