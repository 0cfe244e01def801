//! The topmost levels below the root, stored whole: rows of nodes, the lowest and widest first.

use crate::hash::Pair;
use crate::{Node, EMPTY};

/// Nodes of a canopy of so many levels, for [`Tree`](crate::Tree)'s parameter.
pub const fn canopy_nodes(levels: usize) -> usize {
    (2_usize << levels).saturating_sub(2)
}

/// Nodes of the lowest row.
#[inline(always)]
pub(crate) const fn width(nodes: usize) -> usize {
    nodes.wrapping_add(2) >> 1
}

/// Every row of a tree without leaves; the lowest row is at `level`.
pub(crate) fn clear(canopy: &mut [Node], level: usize) {
    let (mut width, mut rest) = (width(canopy.len()), canopy);
    for empty in EMPTY.iter().skip(level) {
        let Some((row, above)) = rest.split_at_mut_checked(width) else {
            return;
        };
        row.fill(*empty);
        (rest, width) = (above, width >> 1);
    }
}

/// Hash what is above the nodes `first` to `last` of the lowest row, which the caller has written, up to the root.
#[inline(always)]
pub(crate) fn close(canopy: &mut [Node], first: u64, last: u64, root: &mut Node) {
    let mut pair = Pair::new();
    let (mut width, mut rest) = (width(canopy.len()), canopy);
    let (mut first, mut last) = (first as usize >> 1, last as usize >> 1);
    while let Some((row, above)) = rest.split_at_mut_checked(width) {
        if above.is_empty() {
            if let [left, right] = row {
                pair.parent(left, right, root);
            }
            return;
        }
        let (Some(children), Some(nodes)) = (row.get(first << 1..), above.get_mut(first..=last)) else {
            return; // never: the caller's nodes are in the row
        };
        for (children, node) in children.chunks_exact(2).zip(nodes) {
            if let [left, right] = children {
                pair.parent(left, right, node);
            }
        }
        (rest, width) = (above, width >> 1);
        (first, last) = (first >> 1, last >> 1);
    }
}
