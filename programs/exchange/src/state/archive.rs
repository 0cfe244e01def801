use {
    super::Position,
    crate::error::{tree, ExchangeError},
    alloc::vec::Vec,
    anchor_lang::prelude::*,
    breakwater_merkle::{leaf_of, MerkleError, Node, Proof, Tree, EMPTY},
};

/// 2^20 leaves, proofs good for 63 changes, a canopy of ten levels: proofs of ten siblings.
pub type ArchiveTree = Tree<20, 64, 10, 2046>;

/// A position with shares, which can come back.
pub const LIVE_POSITION: &[u8; 8] = b"pos.live";
/// A position that was empty or has been paid out.
pub const DONE_POSITION: &[u8; 8] = b"pos.done";
/// A settled market.
pub const DONE_MARKET: &[u8; 8] = b"mkt.done";

/// Bytes of an archived position: those of its account behind the discriminator.
pub const POSITION_BYTES: usize = size_of::<Position>();

/// Hashes of what was archived. PDA of `["archive", number]`, made in steps.
#[account]
pub struct Archive {
    pub number: u64,
    /// Positions with shares that are here and nowhere else.
    pub claims: u64,
    /// An [`ArchiveTree`] as it lies in memory.
    pub tree: [u8; 89360],
}

/// That a leaf was at an index when the tree had had so many changes.
#[derive(Clone, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct LeafProof {
    pub index: u64,
    /// The tree's when the siblings were read.
    pub sequence: u64,
    /// Of the way to the canopy, the leaf's own first.
    pub siblings: Vec<[u8; 32]>,
}

impl LeafProof {
    #[inline(always)]
    fn get(&self) -> Proof<'_> {
        Proof {
            index: self.index,
            sequence: self.sequence,
            siblings: &self.siblings,
        }
    }
}

impl Archive {
    /// Bytes of the account.
    pub const BYTES: usize = size_of::<Self>().wrapping_add(8);

    #[inline(always)]
    pub fn tree(&self) -> Result<&ArchiveTree> {
        tree(ArchiveTree::from_bytes(&self.tree))
    }

    #[inline(always)]
    pub fn tree_mut(&mut self) -> Result<&mut ArchiveTree> {
        tree(ArchiveTree::from_bytes_mut(&mut self.tree))
    }

    /// One leaf behind the last; its index. Errors: `ArchiveFull`.
    #[inline(never)]
    pub fn append(&mut self, leaf: &Node) -> Result<u64> {
        tree(self.tree_mut()?.append(leaf))
    }

    /// Another claim lies here.
    #[inline(always)]
    pub fn keep_claim(&mut self) -> Result<()> {
        self.claims = self.claims.checked_add(1).ok_or(ExchangeError::Overflow)?;
        Ok(())
    }

    /// Whether a leaf is where the proof says. Errors: `WrongProof` and those behind it.
    #[inline(never)] // the tree's code is long, and here once
    pub fn verify(&self, proof: &LeafProof, leaf: &Node) -> Result<()> {
        let held = self.tree()?;
        let result = held.verify(&proof.get(), leaf);
        result.map_err(|error| ExchangeError::from(error).into())
    }

    /// Take a claim out; in its place a leaf that is none. Errors: the proof's.
    #[inline(never)]
    pub fn take_claim(
        &mut self,
        proof: &LeafProof,
        content: &[u8; POSITION_BYTES],
        paid: bool,
    ) -> Result<()> {
        let claim = leaf_of(LIVE_POSITION, content);
        let instead = if paid {
            leaf_of(DONE_POSITION, content)
        } else {
            EMPTY[0]
        };
        let held = self.tree_mut()?;
        if let Err(error) = held.replace(&proof.get(), &claim, &instead) {
            return Err(self.refusal(proof, content, error));
        }
        self.claims = self.claims.checked_sub(1).ok_or(ExchangeError::Overflow)?;
        Ok(())
    }

    /// Why a claim's proof is refused; if it leads to what is left of the claim, that the leaf is spent.
    #[cold]
    #[inline(never)]
    fn refusal(&self, proof: &LeafProof, content: &[u8; POSITION_BYTES], error: MerkleError) -> Error {
        let left = [EMPTY[0], leaf_of(DONE_POSITION, content)];
        if error == MerkleError::WrongProof && left.iter().any(|leaf| self.verify(proof, leaf).is_ok()) {
            return ExchangeError::LeafSpent.into();
        }
        ExchangeError::from(error).into()
    }
}

const _: () = assert!(ArchiveTree::SIZE == size_of::<Archive>() - 16);
