//! A tree that keeps all its nodes, for proofs and to compare with: no frontier, no changes, no canopy.
#![allow(dead_code)] // each of the tests that include this uses a part of it

use sha2::{Digest, Sha256};

pub type Node = [u8; 32];

pub fn parent(left: &Node, right: &Node) -> Node {
    Sha256::new()
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The node above nothing but empty leaves.
pub fn empty(level: usize) -> Node {
    (0..level).fold([0; 32], |node, _| parent(&node, &node))
}

pub struct Whole {
    /// By level, leaves first, the root last; nodes above nothing are left out.
    levels: Vec<Vec<Node>>,
    empty: Vec<Node>,
}

impl Whole {
    pub fn new(depth: usize) -> Self {
        Self {
            levels: vec![vec![]; depth + 1],
            empty: (0..=depth).map(empty).collect(),
        }
    }

    pub fn length(&self) -> u64 {
        self.levels[0].len() as u64
    }

    pub fn leaf(&self, index: u64) -> Node {
        self.levels[0][index as usize]
    }

    pub fn root(&self) -> Node {
        let top = self.levels.len() - 1;
        self.node(top, 0)
    }

    fn node(&self, level: usize, at: usize) -> Node {
        self.levels[level].get(at).copied().unwrap_or(self.empty[level])
    }

    /// Write a leaf, the next one at most, and every node above it.
    pub fn write(&mut self, index: u64, leaf: Node) {
        let (mut at, mut node) = (index as usize, leaf);
        for level in 0..self.levels.len() {
            match self.levels[level].get_mut(at) {
                Some(kept) => *kept = node,
                None => self.levels[level].push(node),
            }
            at /= 2;
            node = parent(&self.node(level, 2 * at), &self.node(level, 2 * at + 1));
        }
    }

    /// Siblings of the lowest levels of a leaf's way to the root.
    pub fn siblings(&self, index: u64, count: usize) -> Vec<Node> {
        (0..count)
            .map(|level| self.node(level, (index as usize >> level) ^ 1))
            .collect()
    }

    /// The root, computed from the leaves alone.
    pub fn recomputed(&self) -> Node {
        let mut level = self.levels[0].clone();
        for empty in &self.empty[..self.levels.len() - 1] {
            level = level
                .chunks(2)
                .map(|two| parent(&two[0], two.get(1).unwrap_or(empty)))
                .collect();
        }
        level.first().copied().unwrap_or(self.root())
    }
}
