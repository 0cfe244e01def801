//! What holds for every order of appends, batches, replacements and proofs, whoever made them and when.
#![allow(clippy::arithmetic_side_effects)] // tests

mod whole;

use std::collections::VecDeque;

use breakwater_merkle::{canopy_nodes, leaf, MerkleError, Node, Proof, Tree};
use proptest::{prelude::*, strategy::ValueTree};
use whole::Whole;

/// What a writer does next. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Deed {
    Append(u64),
    Batch(u64, usize),
    /// Make a proof of a leaf, to be used later.
    Prove(u64),
    /// Use a proof that was made before.
    Verify(usize),
    Replace(usize, u64),
    Clear(usize),
}

fn deeds(most: usize) -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        2 => any::<u64>().prop_map(Deed::Append),
        2 => (any::<u64>(), 1_usize..20).prop_map(|(seed, count)| Deed::Batch(seed, count)),
        5 => any::<u64>().prop_map(Deed::Prove),
        4 => any::<usize>().prop_map(Deed::Verify),
        3 => (any::<usize>(), any::<u64>()).prop_map(|(held, seed)| Deed::Replace(held, seed)),
        1 => any::<usize>().prop_map(Deed::Clear),
    ];
    prop::collection::vec(deed, 1..most)
}

/// A proof in the hands of a writer.
#[derive(Clone, Debug)]
struct Held {
    index: u64,
    sequence: u64,
    leaf: Node,
    siblings: Vec<Node>,
}

impl Held {
    fn proof(&self) -> Proof<'_> {
        Proof {
            index: self.index,
            sequence: self.sequence,
            siblings: &self.siblings,
        }
    }
}

struct World<const D: usize, const B: usize, const P: usize, const N: usize> {
    tree: Box<Tree<D, B, P, N>>,
    whole: Whole,
    /// The leaves that each change wrote, as first and last.
    changes: Vec<(u64, u64)>,
    held: VecDeque<Held>,
    /// Proofs that were used after others had changed the tree.
    late: usize,
}

impl<const D: usize, const B: usize, const P: usize, const N: usize> World<D, B, P, N> {
    fn new() -> Self {
        let mut tree: Box<Tree<D, B, P, N>> = bytemuck::zeroed_box();
        tree.initialize();
        Self {
            tree,
            whole: Whole::new(D),
            changes: vec![],
            held: VecDeque::new(),
            late: 0,
        }
    }

    fn append(&mut self, mut new: Vec<Node>, batch: bool) {
        let (first, count) = (self.whole.length(), new.len() as u64);
        let before = bytemuck::bytes_of(&*self.tree).to_vec();
        let kept = new.clone();
        let got = if batch {
            self.tree.append_batch(&mut new)
        } else {
            self.tree.append(&new[0])
        };
        if first + count > 1 << D {
            assert_eq!(got, Err(MerkleError::TreeFull));
            assert!(bytemuck::bytes_of(&*self.tree) == before);
            return;
        }
        assert_eq!(got, Ok(first));
        for (index, leaf) in (first..).zip(kept) {
            self.whole.write(index, leaf);
        }
        self.changes.push((first, first + count - 1));
    }

    /// What a proof deserves that was right when it was made.
    fn verdict(&self, held: &Held) -> Result<(), MerkleError> {
        let since = &self.changes[held.sequence as usize..];
        if since.len() >= B {
            Err(MerkleError::StaleRoot)
        } else if since
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&held.index))
        {
            Err(MerkleError::LeafChanged)
        } else {
            Ok(())
        }
    }

    fn replace(&mut self, held: &Held, new: Node) {
        let before = bytemuck::bytes_of(&*self.tree).to_vec();
        let got = self.tree.replace(&held.proof(), &held.leaf, &new);
        assert_eq!(got, self.verdict(held), "{held:?}");
        if got.is_ok() {
            self.whole.write(held.index, new);
            self.changes.push((held.index, held.index));
        } else {
            assert!(bytemuck::bytes_of(&*self.tree) == before);
        }
    }

    fn act(&mut self, deed: &Deed) {
        let make = |seed: u64, i: usize| leaf(&[seed.to_le_bytes(), (i as u64).to_le_bytes()].concat());
        let held = |i: usize| (!self.held.is_empty()).then(|| self.held[i % self.held.len()].clone());
        match *deed {
            Deed::Append(seed) => self.append(vec![make(seed, 0)], false),
            Deed::Batch(seed, count) => self.append((0..count).map(|i| make(seed, i)).collect(), true),
            Deed::Prove(at) if self.whole.length() > 0 => {
                let index = at % self.whole.length();
                self.held.push_back(Held {
                    index,
                    sequence: self.tree.sequence(),
                    leaf: self.whole.leaf(index),
                    siblings: self.whole.siblings(index, P),
                });
                if self.held.len() > 24 {
                    self.held.pop_front();
                }
            }
            Deed::Prove(_) => {}
            Deed::Verify(i) => {
                if let Some(held) = held(i) {
                    let verdict = self.verdict(&held);
                    assert_eq!(self.tree.verify(&held.proof(), &held.leaf), verdict, "{held:?}");
                    self.late += usize::from(verdict.is_ok() && held.sequence < self.tree.sequence());
                    self.spoiled(&held, i);
                }
            }
            Deed::Replace(i, seed) => {
                if let Some(held) = held(i) {
                    self.replace(&held, make(seed, 1));
                }
            }
            Deed::Clear(i) => {
                if let Some(held) = held(i) {
                    self.replace(&held, [0; 32]);
                }
            }
        }
        assert_eq!(*self.tree.root(), self.whole.root());
        assert_eq!(self.tree.sequence(), self.changes.len() as u64);
        assert_eq!(self.tree.length(), self.whole.length());
    }

    /// A proof with one thing wrong is refused, each with its own error.
    fn spoiled(&self, held: &Held, i: usize) {
        if self.verdict(held).is_err() {
            return;
        }
        let refused = |held: &Held, why| assert_eq!(self.tree.verify(&held.proof(), &held.leaf), Err(why));
        let with = |spoil: &dyn Fn(&mut Held)| {
            let mut spoiled = held.clone();
            spoil(&mut spoiled);
            spoiled
        };
        refused(&with(&|h| h.leaf[i % 32] ^= 1), MerkleError::WrongProof);
        refused(
            &with(&|h| h.index = self.whole.length()),
            MerkleError::LeafOutOfRange,
        );
        refused(
            &with(&|h| h.sequence = self.tree.sequence() + 1),
            MerkleError::UnknownRoot,
        );
        refused(
            &with(&|h| h.siblings.truncate(P - 1)),
            MerkleError::TruncatedProof,
        );
        refused(&with(&|h| h.siblings.push([0; 32])), MerkleError::OverlongProof);
        if held.sequence == self.tree.sequence() {
            refused(&with(&|h| h.siblings[i % P][0] ^= 1), MerkleError::WrongProof);
            let neighbour = held.index ^ 1;
            if neighbour < self.whole.length() && self.whole.leaf(neighbour) != held.leaf {
                refused(&with(&|h| h.index = neighbour), MerkleError::WrongProof);
            }
        }
    }

    fn run(deeds: &[Deed]) {
        let mut world = Self::new();
        for deed in deeds {
            world.act(deed);
        }
        assert_eq!(world.whole.root(), world.whole.recomputed());
        let oldest = world.tree.sequence().saturating_sub(B as u64 - 1);
        assert_eq!(world.tree.root_at(world.tree.sequence()), Ok(world.tree.root()));
        assert!(world.tree.root_at(oldest).is_ok());
        if oldest > 0 {
            assert_eq!(world.tree.root_at(oldest - 1), Err(MerkleError::StaleRoot));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_small_tree_is_whole_until_it_is_full_and_after(deeds in deeds(200)) {
        World::<5, 16, 5, 0>::run(&deeds);
    }

    #[test]
    fn a_deep_tree_agrees_with_a_whole_one(deeds in deeds(200)) {
        World::<20, 64, 20, 0>::run(&deeds);
    }

    #[test]
    fn a_canopy_shortens_proofs_and_changes_no_root(deeds in deeds(200)) {
        World::<8, 32, 3, { canopy_nodes(5) }>::run(&deeds);
    }

    #[test]
    fn a_canopy_of_one_level_is_one(deeds in deeds(120)) {
        World::<6, 4, 5, { canopy_nodes(1) }>::run(&deeds);
    }

    #[test]
    fn a_canopy_over_single_leaves_is_one(deeds in deeds(120)) {
        World::<7, 8, 1, { canopy_nodes(6) }>::run(&deeds);
    }

    #[test]
    fn one_root_is_enough_to_remember(deeds in deeds(120)) {
        World::<6, 1, 6, 0>::run(&deeds);
    }

    #[test]
    fn the_greatest_depth_is_no_special_case(deeds in deeds(80)) {
        World::<32, 8, 32, 0>::run(&deeds);
    }
}

/// Writers who append, batch and replace in turn, between a proof and its use.
fn interleaved(changes: usize) -> (World<20, 64, 20, 0>, Held) {
    let mut world = World::new();
    world.act(&Deed::Batch(1, 37));
    world.act(&Deed::Prove(11));
    let reader = world.held[0].clone();
    for i in 0..changes {
        let writer = i as u64;
        match i % 3 {
            0 => world.act(&Deed::Append(writer)),
            1 => world.act(&Deed::Batch(writer, i % 7 + 2)),
            _ => {
                let others = [10, 12, 3, 36, 40];
                world.act(&Deed::Prove(others[i / 3 % 5]));
                world.act(&Deed::Replace(world.held.len() - 1, writer));
            }
        }
    }
    assert_eq!(world.changes.len(), changes + 1);
    (world, reader)
}

#[test]
fn a_proof_is_good_for_as_many_roots_as_are_remembered_and_then_stale() {
    for age in 0..64 {
        let (world, reader) = interleaved(age);
        assert_eq!(
            world.tree.verify(&reader.proof(), &reader.leaf),
            Ok(()),
            "{age} changes"
        );
    }
    for age in [64, 65, 200] {
        let (world, reader) = interleaved(age);
        let got = world.tree.verify(&reader.proof(), &reader.leaf);
        assert_eq!(got, Err(MerkleError::StaleRoot), "{age} changes");
    }
}

#[test]
fn a_replacement_with_a_proof_sixty_three_changes_old_leaves_the_tree_whole() {
    let (mut world, reader) = interleaved(63);
    world.replace(&reader, leaf(b"late"));
    assert_eq!(*world.tree.root(), world.whole.recomputed());
    world.replace(&reader, leaf(b"again"));
}

#[test]
fn a_leaf_that_was_written_since_is_named() {
    let (mut world, reader) = interleaved(5);
    world.replace(&reader, leaf(b"mine"));
    let got = world.tree.verify(&reader.proof(), &reader.leaf);
    assert_eq!(got, Err(MerkleError::LeafChanged));
}

#[test]
fn random_deeds_use_late_proofs() {
    let mut world = World::<20, 64, 20, 0>::new();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let many = prop::collection::vec(deeds(2), 3_000);
    let drawn = many.new_tree(&mut runner).expect("deeds").current();
    for deed in drawn.iter().flatten() {
        world.act(deed);
    }
    assert!(world.late > 100, "{} late proofs", world.late);
}

#[test]
fn a_node_is_no_leaf() {
    let mut tree: Box<Tree<4, 8, 4, 0>> = bytemuck::zeroed_box();
    tree.initialize();
    let mut two = [leaf(b"one"), leaf(b"two")];
    let children = two.concat();
    tree.append_batch(&mut two).expect("room");
    // the content that hashes to the node, were it not for the tag
    assert_ne!(leaf(&children), whole::parent(&leaf(b"one"), &leaf(b"two")));
}

#[test]
fn bytes_of_another_size_or_place_are_no_tree() {
    type Small = Tree<4, 8, 4, 0>;
    assert_eq!(Small::SIZE, 16 + 4 * 32 + 8 * (16 + 32 + 4 * 32));
    let mut words = vec![0_u64; Small::SIZE / 8 + 1];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
    assert!(Small::from_bytes(&bytes[..Small::SIZE]).is_ok());
    Small::from_bytes_mut(&mut bytes[8..])
        .expect("aligned")
        .initialize();
    for (from, to) in [(0, Small::SIZE + 8), (0, Small::SIZE - 1), (4, Small::SIZE + 4)] {
        let got = Small::from_bytes(&bytes[from..to]).map(|_| ());
        assert_eq!(got, Err(MerkleError::WrongLayout));
    }
}

#[test]
fn an_empty_batch_is_refused() {
    let mut tree: Box<Tree<4, 8, 4, 0>> = bytemuck::zeroed_box();
    tree.initialize();
    assert_eq!(tree.append_batch(&mut []), Err(MerkleError::EmptyBatch));
    assert_eq!(*tree.root(), whole::empty(4));
}

#[test]
fn every_error_is_a_sentence() {
    for error in [
        MerkleError::WrongProof,
        MerkleError::StaleRoot,
        MerkleError::UnknownRoot,
        MerkleError::TruncatedProof,
        MerkleError::OverlongProof,
        MerkleError::LeafChanged,
        MerkleError::LeafOutOfRange,
        MerkleError::TreeFull,
        MerkleError::EmptyBatch,
        MerkleError::WrongLayout,
    ] {
        assert!(error.to_string().ends_with('.'), "{error:?}");
    }
}
