//! The layout of a tree, and what it knows about itself.

use bytemuck::{Pod, Zeroable};

use crate::canopy;
use crate::{MerkleError, Node, Result, EMPTY, MAX_DEPTH};

/// What a change did. Proofs of other leaves are brought up to date with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Change<const PROOF: usize> {
    /// The first leaf that was written.
    pub first: u64,
    /// The last one; the same, unless a batch was appended.
    pub last: u64,
    /// The root afterwards.
    pub root: Node,
    /// By level: the node on the way from `first` to the root; or its right sibling, where the batch reached into it.
    pub nodes: [Node; PROOF],
}

/// A tree of `2^DEPTH` leaves in plain old data: alignment 8, no padding, zero bytes before [`Tree::initialize`].
///
/// Parameters: `DEPTH`, levels below the root, 1 to 32; `BUFFER`, roots that proofs may be made against, a power of two; `PROOF`,
/// siblings of a proof, `DEPTH` less the canopy's levels; `NODES`, [`canopy_nodes`](crate::canopy_nodes) of these levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Tree<const DEPTH: usize, const BUFFER: usize, const PROOF: usize, const NODES: usize> {
    /// Number of changes so far.
    pub(crate) sequence: u64,
    /// Number of leaves so far: the index of the next one.
    pub(crate) length: u64,
    /// By level: the left sibling of the way from the next leaf to the root, where that way comes from the right.
    pub(crate) frontier: [Node; PROOF],
    /// Change n is at n modulo `BUFFER`; the tree without leaves is change 0.
    pub(crate) changes: [Change<PROOF>; BUFFER],
    /// The topmost levels below the root, the lowest of them first.
    pub(crate) canopy: [Node; NODES],
}

// SAFETY: integers and arrays of bytes are zero where they are zeroed
unsafe impl<const PROOF: usize> Zeroable for Change<PROOF> {}
// SAFETY: repr(C) of two words and arrays of 32 bytes: no padding, every bit pattern is a value
unsafe impl<const PROOF: usize> Pod for Change<PROOF> {}
// SAFETY: as above
unsafe impl<const D: usize, const B: usize, const P: usize, const N: usize> Zeroable for Tree<D, B, P, N> {}
// SAFETY: as above; a change's size is a multiple of its alignment, so the fields follow each other without padding
unsafe impl<const D: usize, const B: usize, const P: usize, const N: usize> Pod for Tree<D, B, P, N> {}

impl<const DEPTH: usize, const BUFFER: usize, const PROOF: usize, const NODES: usize>
    Tree<DEPTH, BUFFER, PROOF, NODES>
{
    pub(crate) const SOUND: () = {
        assert!(1 <= DEPTH && DEPTH <= MAX_DEPTH, "DEPTH is 1 to 32");
        assert!(BUFFER.is_power_of_two(), "BUFFER is a power of two");
        assert!(1 <= PROOF && PROOF <= DEPTH, "PROOF is 1 to DEPTH");
        assert!(
            NODES == canopy::canopy_nodes(DEPTH.wrapping_sub(PROOF)),
            "NODES is canopy_nodes(DEPTH - PROOF)"
        );
    };

    /// Bytes of a tree.
    pub const SIZE: usize = size_of::<Self>();
    /// Leaves for which there is room.
    pub const CAPACITY: u64 = 1 << DEPTH;

    /// The tree in bytes. Errors: `WrongLayout`.
    #[inline(always)]
    pub fn from_bytes(bytes: &[u8]) -> Result<&Self> {
        let () = Self::SOUND;
        bytemuck::try_from_bytes(bytes).map_err(|_| MerkleError::WrongLayout)
    }

    /// The tree in bytes, to be changed. Errors: `WrongLayout`.
    #[inline(always)]
    pub fn from_bytes_mut(bytes: &mut [u8]) -> Result<&mut Self> {
        let () = Self::SOUND;
        bytemuck::try_from_bytes_mut(bytes).map_err(|_| MerkleError::WrongLayout)
    }

    /// Make zero bytes a tree without leaves. On a tree that has leaves it forgets them.
    pub fn initialize(&mut self) {
        let () = Self::SOUND;
        (self.sequence, self.length) = (0, 0);
        if let (Some(change), Some(root)) = (self.changes.first_mut(), EMPTY.get(DEPTH)) {
            change.root = *root;
        }
        canopy::clear(&mut self.canopy, PROOF);
    }

    /// Number of changes so far, which names the root.
    #[inline(always)]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Number of leaves so far, emptied ones included; the index of the next one.
    #[inline(always)]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The root.
    #[inline(always)]
    pub fn root(&self) -> &Node {
        &self.changes[Self::slot(self.sequence)].root
    }

    /// The root after so many changes. Errors: `StaleRoot`, `UnknownRoot`.
    #[inline(always)]
    pub fn root_at(&self, sequence: u64) -> Result<&Node> {
        self.age(sequence)?;
        Ok(&self.changes[Self::slot(sequence)].root)
    }

    /// The change that made the root of this sequence. Errors: `StaleRoot`, `UnknownRoot`.
    pub fn change_at(&self, sequence: u64) -> Result<&Change<PROOF>> {
        self.age(sequence)?;
        Ok(&self.changes[Self::slot(sequence)])
    }

    /// Changes since the root of this sequence.
    #[inline(always)]
    pub(crate) fn age(&self, sequence: u64) -> Result<usize> {
        let age = self
            .sequence
            .checked_sub(sequence)
            .ok_or(MerkleError::UnknownRoot)?;
        if age >= BUFFER as u64 {
            return Err(MerkleError::StaleRoot);
        }
        Ok(age as usize)
    }

    /// Where a change is kept.
    #[inline(always)]
    pub(crate) const fn slot(sequence: u64) -> usize {
        sequence as usize & BUFFER.wrapping_sub(1)
    }
}
