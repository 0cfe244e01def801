//! A Merkle tree that many write to at once: a proof stays good while others change the tree.
//!
//! * [`Tree`] is plain old data of a fixed layout: it lies in an account as it is, and on the host anywhere.
//! * [`Tree::append`] and [`Tree::append_batch`] put leaves behind the last one, [`Tree::replace`] exchanges one,
//!   [`Tree::verify`] says that one is there. The latter two take a [`Proof`].
//! * [`leaf`] makes a leaf of content, [`leaf_of`] of a kind and content, [`MerkleError`] says why something is refused.
//!
//! A proof names the [`sequence`](Tree::sequence) of the root it was made against. The tree remembers what its last changes did to
//! every level, and brings the proof's siblings up to date before it looks at them; `BUFFER` roots back is as far as that goes.
//! The topmost levels may be stored whole (the canopy): proofs, and the way they are checked, end where it begins.
//!
//! Hashes are SHA-256. A node is the hash of its two children, 64 bytes; a leaf is the hash of [`LEAF_TAG`] and the content. The
//! tag is no hash of anything, so nobody finds a content whose leaf is also a node. An empty leaf is 32 zeros.
#![cfg_attr(not(test), no_std)]

mod append;
mod bits;
mod canopy;
#[rustfmt::skip] // its layout is its script's
mod empty;
pub mod error;
pub mod hash;
mod proof;
mod tree;

pub use canopy::canopy_nodes;
pub use empty::{EMPTY, LEAF_TAG, MAX_DEPTH};
pub use error::{MerkleError, Result};
pub use hash::{leaf, leaf_of};
pub use proof::Proof;
pub use tree::{Change, Tree};

/// A hash: a leaf, an inner node or a root.
pub type Node = [u8; 32];
