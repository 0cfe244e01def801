//! What the archives hold, kept from their events alone and with a tree of its own, and what must hold of it: the account's
//! root is the one of these leaves, and its claims are those that can come back.

use {
    crate::{address as at, layout::*, transaction::Clearly, world::World, Party},
    litesvm::types::TransactionMetadata,
    sha2::{Digest, Sha256},
    std::{collections::BTreeMap, sync::Mutex},
};

pub type Node = [u8; 32];

pub const DEPTH: usize = 20;
/// Siblings of a proof.
pub const BELOW: usize = 10;
pub const BUFFER: u64 = 64;
/// 30 days of 400 ms.
pub const PRUNE_AGE_SLOTS: u64 = 6_480_000;

/// One archive's content.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    pub leaves: Vec<Node>,
    /// By leaf: positions that can come back.
    pub live: BTreeMap<u64, Position>,
}

/// What an instruction takes: a proof, as it was at a number of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    pub index: u64,
    pub sequence: u64,
    pub siblings: Vec<Node>,
}

pub fn leaf(kind: &[u8; 8], content: &[u8]) -> Node {
    let tag: &[u8] = b"Breakwater.merkle.leaf.version.1";
    Sha256::digest([tag, kind, content].concat()).into()
}

fn parent(left: &Node, right: &Node) -> Node {
    Sha256::digest([*left, *right].concat()).into()
}

/// A level's nodes to the next one's; missing ones are `empty`.
fn up(nodes: &[Node], empty: &Node) -> Vec<Node> {
    let pair = |pair: &[Node]| parent(&pair[0], pair.get(1).unwrap_or(empty));
    nodes.chunks(2).map(pair).collect()
}

impl Shelf {
    pub fn claims(&self) -> impl Iterator<Item = Position> + '_ {
        self.live.values().copied()
    }

    /// The siblings of a leaf's way, and the root.
    fn way(&self, index: u64) -> (Vec<Node>, Node) {
        let (mut nodes, mut at, mut empty) = (self.leaves.clone(), index as usize, [0; 32]);
        let mut siblings = vec![];
        for _ in 0..DEPTH {
            siblings.push(*nodes.get(at ^ 1).unwrap_or(&empty));
            nodes = up(&nodes, &empty);
            (at, empty) = (at / 2, parent(&empty, &empty));
        }
        (siblings, *nodes.first().unwrap_or(&empty))
    }

    pub fn root(&self) -> Node {
        self.way(0).1
    }

    fn write(&mut self, index: u64, leaf: Node) {
        let index = index as usize;
        assert!(index <= self.leaves.len(), "an archive has left a leaf out");
        if index == self.leaves.len() {
            self.leaves.push(leaf);
        } else {
            self.leaves[index] = leaf;
        }
    }
}

impl World {
    /// Learn what a transaction did to the archives.
    pub fn follow(&mut self, done: &TransactionMetadata) {
        for event in done.events::<PositionArchived>() {
            let shelf = self.shelves.entry(event.archive).or_default();
            let kind = if event.done == 1 { b"pos.done" } else { b"pos.live" };
            shelf.write(event.index, leaf(kind, &event.content));
            if event.done == 0 {
                shelf
                    .live
                    .insert(event.index, bytemuck::pod_read_unaligned(&event.content));
            }
        }
        for event in done.events::<MarketArchived>() {
            let shelf = self.shelves.entry(event.archive).or_default();
            shelf.write(event.index, leaf(b"mkt.done", &event.content));
        }
        for event in done.events::<PositionRestored>() {
            let shelf = self.shelves.get_mut(&event.archive).expect("an archive");
            shelf.live.remove(&event.index).expect("a claim");
            shelf.write(event.index, [0; 32]);
        }
        for event in done.events::<ArchivedRedeemed>() {
            let shelf = self.shelves.get_mut(&event.archive).expect("an archive");
            let paid = shelf.live.remove(&event.index).expect("a claim");
            shelf.write(event.index, leaf(b"pos.done", bytemuck::bytes_of(&paid)));
        }
    }

    pub fn archive(&self, number: u64) -> Archive {
        self.get(&at::archive(number))
    }

    /// A proof of a leaf of archive 0 as it is now.
    pub fn proof(&self, index: u64) -> LeafProof {
        let mut siblings = self.shelves[&0].way(index).0;
        siblings.truncate(BELOW);
        LeafProof {
            index,
            sequence: self.archive(0).sequence,
            siblings,
        }
    }

    /// Archive 0, empty.
    pub fn open_archive(&mut self) {
        for _ in 0..9 {
            self.does(&crate::ix_archive::open_archive(self.payer, 0));
        }
    }

    /// A launched world with an archive.
    pub fn with_archive() -> Self {
        static OPENED: Mutex<Option<World>> = Mutex::new(None);
        let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let open = || {
            let mut world = Self::launched();
            world.open_archive();
            world
        };
        opened.get_or_insert_with(open).clone()
    }

    /// So long that every position is old.
    pub fn grow_old(&mut self) {
        self.pass_slots(PRUNE_AGE_SLOTS);
    }

    /// The bytes of a position as they are archived.
    pub fn content(&self, party: &Party, market: u64, outcome: u8, kind: u8) -> [u8; 104] {
        bytemuck::cast(self.position_state(party, market, outcome, kind))
    }

    #[track_caller]
    pub fn audit_archives(&self) {
        for (&number, shelf) in &self.shelves {
            let archive = self.archive(number);
            assert_eq!(archive.length, shelf.leaves.len() as u64, "leaves of an archive");
            assert_eq!(archive.claims, shelf.live.len() as u64, "claims of an archive");
            let slot = (archive.sequence % BUFFER) as usize;
            // frontier, then changes of two words, the root and ten nodes
            let at = 32 * BELOW + slot * (16 + 32 + 32 * BELOW) + 16;
            assert_eq!(archive.rest[at..at + 32], shelf.root(), "root of an archive");
        }
    }
}
