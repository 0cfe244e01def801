//! Why a tree refuses.

use core::fmt;

/// Why a tree refuses. Whatever was refused has changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MerkleError {
    /// The proof does not lead from this leaf to the root.
    WrongProof,
    /// The proof's root is older than the tree remembers.
    StaleRoot,
    /// The proof's root is none the tree has had yet.
    UnknownRoot,
    /// The proof has fewer siblings than the tree has levels below its canopy.
    TruncatedProof,
    /// The proof has more siblings than the tree has levels below its canopy.
    OverlongProof,
    /// The leaf was written after the proof was made.
    LeafChanged,
    /// There is no leaf at this index yet.
    LeafOutOfRange,
    /// There is no room for as many leaves.
    TreeFull,
    /// A batch has no leaves.
    EmptyBatch,
    /// The bytes are not as long as the tree, or do not begin at a multiple of eight.
    WrongLayout,
}

impl MerkleError {
    /// One sentence that says what to do.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::WrongProof => {
                "The proof does not lead from this leaf to the root: make it for this leaf, index and root."
            }
            Self::StaleRoot => {
                "The proof's root is older than the tree remembers: make the proof against a newer root."
            }
            Self::UnknownRoot => {
                "The proof's root is none the tree has had: name the sequence the proof was made against."
            }
            Self::TruncatedProof => {
                "The proof has too few siblings: give one for every level below the canopy."
            }
            Self::OverlongProof => "The proof has too many siblings: give none for the levels of the canopy.",
            Self::LeafChanged => {
                "The leaf was written after the proof was made: make the proof against a newer root."
            }
            Self::LeafOutOfRange => "There is no leaf at this index yet: name one below the tree's length.",
            Self::TreeFull => "There is no room for as many leaves: append fewer, or begin another tree.",
            Self::EmptyBatch => "The batch has no leaves: append at least one.",
            Self::WrongLayout => {
                "These bytes can't be the tree: give exactly its size, beginning at a multiple of eight."
            }
        }
    }
}

impl fmt::Display for MerkleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl core::error::Error for MerkleError {}

/// The result of work on a tree.
pub type Result<T> = core::result::Result<T, MerkleError>;
