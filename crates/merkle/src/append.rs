//! Leaves behind the last one.

use crate::bits::highest_bit;
use crate::canopy;
use crate::hash::{climb, Pair};
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

        let (frontier, at) = (&self.frontier, index >> PROOF);
        climb(index, 0, leaf, &mut change.nodes, top, |level, on_the_right| {
            if on_the_right {
                &frontier[level]
            } else {
                &EMPTY[level]
            }
        });
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

        // level by level as long as there is more than one node
        let mut nodes = leaves;
        let (mut at, mut end, mut level) = (first, length, 0_usize);
        let levels = change.nodes.iter_mut().zip(&mut self.frontier).zip(&EMPTY);
        for ((kept, frontier), empty) in levels {
            let [left, right, ..] = &*nodes else { break };
            *kept = if at & 1 == 0 { *right } else { *left };
            let before = *frontier;
            if end & 1 == 1 {
                let complete = end.wrapping_sub(at).wrapping_sub(1) as usize;
                if let Some(node) = nodes.get(complete) {
                    *frontier = *node;
                }
            }
            nodes = join(nodes, at, &before, empty);
            at >>= 1;
            end >>= 1;
            level = level.wrapping_add(1);
        }
        match (nodes.first(), change.nodes.get_mut(level..)) {
            (Some(node), Some(higher)) if !higher.is_empty() => {
                let top = match self.canopy.get_mut((first >> PROOF) as usize) {
                    Some(top) => top,
                    None => &mut change.root,
                };
                let frontier = &self.frontier;
                climb(first, level, node, higher, top, |level, on_the_right| {
                    let row = if on_the_right { frontier } else { &EMPTY[..] };
                    row.get(level).unwrap_or(&EMPTY[0])
                });
                let completed = highest_bit(last ^ length);
                if completed >= level {
                    if let (Some(kept), Some(node)) =
                        (self.frontier.get_mut(completed), change.nodes.get(completed))
                    {
                        *kept = *node;
                    }
                }
            }
            (Some(root), _) if NODES == 0 => change.root = *root,
            _ => {
                for (to, node) in self.canopy.iter_mut().skip(at as usize).zip(&*nodes) {
                    *to = *node;
                }
            }
        }
        canopy::close(&mut self.canopy, first >> PROOF, last >> PROOF, &mut change.root);
        self.length = length;
        self.sequence = sequence;
        Ok(first)
    }
}

/// The parents of adjacent nodes, the first of them at `at`, in the front of the same memory.
#[inline(always)]
fn join<'a>(nodes: &'a mut [Node], at: u64, left: &Node, empty: &Node) -> &'a mut [Node] {
    let mut pair = Pair::new();
    // the first of them may lie where its children do, and the system call must not write to what it reads
    let mut made = [0; 32];
    let (mut read, mut written) = match nodes {
        [node, ..] if at & 1 == 1 => {
            pair.parent(left, node, &mut made);
            (1_usize, 1_usize)
        }
        [one, other, ..] => {
            pair.parent(one, other, &mut made);
            (2, 1)
        }
        [one] => {
            pair.parent(one, empty, &mut made);
            (1, 1)
        }
        [] => return nodes,
    };
    if let Some(node) = nodes.first_mut() {
        *node = made;
    }
    if read == written {
        // so may the second, behind a first that has one child here
        match nodes.get(1..) {
            Some([one, other, ..]) => pair.parent(one, other, &mut made),
            Some([one]) => pair.parent(one, empty, &mut made),
            _ => return nodes,
        }
        if let Some(node) = nodes.get_mut(1) {
            *node = made;
        }
        (read, written) = (3, 2);
    }
    while let Some((parents, children)) = nodes.split_at_mut_checked(read) {
        let Some(parent) = parents.get_mut(written) else {
            break;
        };
        match children {
            [one, other, ..] => pair.parent(one, other, parent),
            [one] => pair.parent(one, empty, parent),
            [] => break,
        }
        read = read.wrapping_add(2);
        written = written.wrapping_add(1);
    }
    nodes.get_mut(..written).unwrap_or_default()
}
