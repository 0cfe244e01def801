//! What the archive took in and gave back. Whoever has all of one archive's events has its tree and its contents.

use {
    crate::state::{Holding, Market},
    anchor_lang::prelude::*,
};

#[event(bytemuck)]
pub struct ArchiveOpened {
    pub archive: Address,
    pub number: u64,
}

/// A position became a leaf, and its account is gone.
#[event(bytemuck)]
pub struct PositionArchived {
    /// The archive's number.
    pub archive: u64,
    pub index: u64,
    /// The tree's afterwards; the positions of one instruction share it.
    pub sequence: u64,
    /// The content, as it was hashed: of a position that was paid out as it was before.
    pub trader: Address,
    pub market: Address,
    pub holding: Holding,
    /// 0 it can come back, 1 it can not.
    pub done: u64,
}

/// A market became a leaf, and its account is gone.
#[event(bytemuck)]
pub struct MarketArchived {
    pub archive: u64,
    pub index: u64,
    pub sequence: u64,
    pub market: Address,
    /// The content, as it was hashed.
    pub content: [u8; 1256],
}

/// An archived position is an account again.
#[event(bytemuck)]
pub struct PositionRestored {
    pub archive: u64,
    pub index: u64,
    pub sequence: u64,
    pub position: Address,
    pub trader: Address,
}

/// An archived position was paid out; its leaf can't come back any more.
#[event(bytemuck)]
pub struct ArchivedRedeemed {
    pub archive: u64,
    pub index: u64,
    pub sequence: u64,
    pub trader: Address,
    pub market: Address,
}

const _: () = assert!(size_of::<Market>() == 1256);
