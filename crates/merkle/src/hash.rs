//! SHA-256 of leaves and nodes: a system call on the chain, the sha2 crate elsewhere.
//!
//! The chain charges 85 CU and one for every two bytes, for SHA-256 as for Keccak: 117 a node. The processor's own instructions
//! make the former several times faster on the host. A prefix on every node would add 10 CU to each; the leaves' tag does its work.

use crate::{Node, LEAF_TAG};

#[cfg(target_os = "solana")]
pub(crate) use chain::Pair;
#[cfg(not(target_os = "solana"))]
pub(crate) use host::Pair;

/// The leaf of some content.
#[inline(always)]
pub fn leaf(content: &[u8]) -> Node {
    let mut made = [0; 32];
    #[cfg(target_os = "solana")]
    chain::sha256(&[&LEAF_TAG, content], &mut made);
    #[cfg(not(target_os = "solana"))]
    host::sha256(&[&LEAF_TAG, content], &mut made);
    made
}

/// The leaf of a kind and some content: that of both one behind the other, without putting them there. Kinds keep contents of the
/// same bytes apart.
#[inline(always)]
pub fn leaf_of(kind: &[u8; 8], content: &[u8]) -> Node {
    let mut made = [0; 32];
    #[cfg(target_os = "solana")]
    chain::sha256(&[&LEAF_TAG, kind, content], &mut made);
    #[cfg(not(target_os = "solana"))]
    host::sha256(&[&LEAF_TAG, kind, content], &mut made);
    made
}

/// The node above two.
#[inline(always)]
pub fn parent(left: &Node, right: &Node) -> Node {
    let mut made = [0; 32];
    Pair::new().parent(left, right, &mut made);
    made
}

#[cfg(target_os = "solana")]
mod chain {
    use crate::Node;

    unsafe extern "C" {
        fn sol_sha256(slices: *const u8, count: u64, result: *mut u8) -> u64;
    }

    /// Hash slices one behind the other. In memory a slice is its address and its length, as the system call expects.
    #[inline(always)]
    pub fn sha256(slices: &[&[u8]], result: &mut Node) {
        // SAFETY: that many readable slices, 32 writable bytes
        unsafe { sol_sha256(slices.as_ptr().cast(), slices.len() as u64, result.as_mut_ptr()) };
    }

    /// What the system call reads: two slices. Kept for a whole way up, so that lengths are written once.
    #[repr(C)]
    pub struct Pair {
        left: *const u8,
        left_length: u64,
        right: *const u8,
        right_length: u64,
    }

    impl Pair {
        #[inline(always)]
        pub fn new() -> Self {
            Self {
                left: core::ptr::null(),
                left_length: 32,
                right: core::ptr::null(),
                right_length: 32,
            }
        }

        #[inline(always)]
        pub fn parent(&mut self, left: &Node, right: &Node, result: &mut Node) {
            self.left = left.as_ptr();
            self.right = right.as_ptr();
            // SAFETY: both addresses have 32 readable bytes behind them, the result 32 writable ones
            unsafe { sol_sha256(core::ptr::from_ref(self).cast(), 2, result.as_mut_ptr()) };
        }
    }
}

#[cfg(not(target_os = "solana"))]
mod host {
    use sha2::{Digest, Sha256};

    use crate::Node;

    pub fn sha256(slices: &[&[u8]], result: &mut Node) {
        let mut hasher = Sha256::new();
        for slice in slices {
            hasher.update(slice);
        }
        *result = hasher.finalize().into();
    }

    pub struct Pair;

    impl Pair {
        pub fn new() -> Self {
            Self
        }

        pub fn parent(&mut self, left: &Node, right: &Node, result: &mut Node) {
            sha256(&[left, right], result);
        }
    }
}

impl Pair {
    /// The node above one and its sibling; the lowest bit of `at`, the node's place in its level, says which is on the right.
    #[inline(always)]
    pub(crate) fn above(&mut self, at: u64, node: &Node, sibling: &Node, result: &mut Node) {
        if at & 1 == 0 {
            self.parent(node, sibling, result);
        } else {
            self.parent(sibling, node, result);
        }
    }
}

/// Write the way from a node at `level` up: the node and those above it, then the one on `top` of them. `index` is of a leaf below.
/// The sibling is asked for by level, and by whether the node is on the right.
#[inline(always)]
pub(crate) fn climb<'a>(
    index: u64,
    level: usize,
    node: &Node,
    nodes: &mut [Node],
    top: &mut Node,
    sibling: impl Fn(usize, bool) -> &'a Node,
) {
    let mut pair = Pair::new();
    let mut above = |level: usize, node: &Node, result: &mut Node| {
        if index >> level & 1 == 0 {
            pair.parent(node, sibling(level, false), result);
        } else {
            pair.parent(sibling(level, true), node, result);
        }
    };
    let Some((lowest, higher)) = nodes.split_first_mut() else {
        return;
    };
    *lowest = *node;
    let (mut node, mut level) = (&*lowest, level);
    for next in higher {
        above(level, node, next);
        node = next;
        level = level.wrapping_add(1);
    }
    above(level, node, top);
}
