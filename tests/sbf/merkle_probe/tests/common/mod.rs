//! The probe inside LiteSVM, with a tree in an account.
#![allow(dead_code)] // each test uses a part of it

use std::path::PathBuf;

use agave_feature_set::FeatureSet;
use litesvm::LiteSVM;
use merkle_probe::{verb, BUFFER};
use solana_account::Account;
use solana_address::Address;
use solana_compute_budget::compute_budget::ComputeBudget;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;

#[path = "../../../../../crates/merkle/tests/whole/mod.rs"]
pub mod whole;
use whole::{Node, Whole};

const PROGRAM: Address = Address::new_from_array([7; 32]);
const TREE: Address = Address::new_from_array([8; 32]);

/// A deed as a writer means it.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub verb: u64,
    pub index: u64,
    pub sequence: u64,
    pub siblings: Vec<Node>,
    pub leaves: Vec<Node>,
}

impl Asked {
    pub fn bytes(&self) -> Vec<u8> {
        let (siblings, leaves) = (self.siblings.len() as u64, self.leaves.len() as u64);
        let head = [self.verb, self.index, self.sequence, siblings, leaves].map(u64::to_le_bytes);
        [
            head.as_flattened(),
            self.siblings.as_flattened(),
            self.leaves.as_flattened(),
        ]
        .concat()
    }
}

pub struct Probe {
    svm: LiteSVM,
    payer: Keypair,
    number: u64,
}

fn artefact() -> PathBuf {
    let directory = std::env::var_os("BREAKWATER_PROGRAMS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../client/breakwater/programs"
            ))
        },
        PathBuf::from,
    );
    directory.join("merkle_probe.v0.so")
}

impl Probe {
    /// A tree by its number and its size in bytes, initialized.
    pub fn new(number: u64, size: usize) -> Self {
        let path = artefact();
        let program = std::fs::read(&path).unwrap_or_else(|e| {
            panic!(
                "{}: {e}. Run `breakwater build` or `scripts/build` first.",
                path.display()
            )
        });
        let mut budget = ComputeBudget::new_with_defaults(false, false);
        budget.compute_unit_limit = 1 << 40;
        let mut svm = LiteSVM::new()
            .with_feature_set(FeatureSet::all_enabled())
            .with_compute_budget(budget)
            .with_builtins() // again: which system calls there are depends on the features
            .with_sigverify(false)
            .with_transaction_history(0);
        let payer = Keypair::new();
        svm.airdrop(&payer.pubkey(), 500_000_000_000).unwrap();
        svm.add_program(PROGRAM, &program).unwrap();
        let account = Account {
            lamports: svm.minimum_balance_for_rent_exemption(size),
            data: vec![0; size],
            owner: PROGRAM,
            executable: false,
            rent_epoch: u64::MAX,
        };
        svm.set_account(TREE, account).unwrap();
        let mut probe = Self { svm, payer, number };
        let initialize = Asked {
            verb: verb::INITIALIZE,
            ..Asked::default()
        };
        probe.ask(&[initialize]);
        probe
    }

    /// Status and compute units of each deed, in one transaction.
    pub fn ask(&mut self, deeds: &[Asked]) -> Vec<(u64, u64)> {
        let mut data = self.number.to_le_bytes().to_vec();
        data.extend(deeds.iter().flat_map(Asked::bytes));
        let instruction = Instruction::new_with_bytes(PROGRAM, &data, vec![AccountMeta::new(TREE, false)]);
        let message = Message::new(&[instruction], Some(&self.payer.pubkey()));
        let transaction = Transaction::new(&[&self.payer], message, self.svm.latest_blockhash());
        let done = self
            .svm
            .send_transaction(transaction)
            .unwrap_or_else(|e| panic!("{e:?}"));
        self.svm.expire_blockhash();
        let mut answer = done.return_data.data;
        answer.resize(16 * deeds.len(), 0); // trailing zeros are not returned
        let word = |at: &[u8]| u64::from_le_bytes(at.try_into().unwrap());
        answer
            .chunks(16)
            .map(|two| (word(&two[..8]), word(&two[8..])))
            .collect()
    }

    /// The account's bytes.
    pub fn tree(&self) -> Vec<u8> {
        self.svm.get_account(&TREE).unwrap().data
    }
}

/// Deeds at random, of writers that hold proofs of every age.
pub struct Writers {
    state: u64,
    pub whole: Whole,
    pub sequence: u64,
    siblings: usize,
    held: Vec<Asked>,
}

impl Writers {
    pub fn new(depth: usize, siblings: usize, seed: u64) -> Self {
        Self {
            state: seed,
            whole: Whole::new(depth),
            sequence: 0,
            siblings,
            held: vec![],
        }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn node(&mut self) -> Node {
        let words: [_; 4] = std::array::from_fn(|_| self.draw().to_le_bytes());
        words.as_flattened().try_into().unwrap()
    }

    /// A proof of a leaf as the tree is now, with the leaf.
    pub fn proof(&self, index: u64) -> Asked {
        Asked {
            verb: verb::VERIFY,
            index,
            sequence: self.sequence,
            siblings: self.whole.siblings(index, self.siblings),
            leaves: vec![self.whole.leaf(index)],
        }
    }

    /// Append so many leaves.
    pub fn append(&mut self, verb: u64, count: u64) -> Asked {
        let leaves = (0..count).map(|_| self.node()).collect();
        Asked {
            verb,
            leaves,
            ..Asked::default()
        }
    }

    /// What somebody does next.
    pub fn next(&mut self) -> Asked {
        let length = self.whole.length();
        if length > 0 {
            let index = self.draw() % length;
            let proof = self.proof(index);
            // some are never used, some when they are long stale
            if self.held.len() < BUFFER {
                self.held.push(proof);
            } else {
                let at = self.draw() as usize % BUFFER;
                self.held[at] = proof;
            }
        }
        match self.draw() % 10 {
            0 | 1 => self.append(verb::APPEND, 1),
            2 => {
                let count = self.draw() % 9;
                self.append(verb::BATCH, count)
            }
            choice if !self.held.is_empty() => {
                let at = self.draw() as usize % self.held.len();
                let mut asked = self.held[at].clone();
                if choice < 6 {
                    asked.verb = verb::REPLACE;
                    let new = if self.draw() & 3 == 0 {
                        [0; 32]
                    } else {
                        self.node()
                    };
                    asked.leaves.push(new);
                }
                self.spoil(&mut asked);
                asked
            }
            _ => self.append(verb::APPEND, 1),
        }
    }

    /// Now and then a proof is not what it ought to be.
    fn spoil(&mut self, asked: &mut Asked) {
        match self.draw() % 40 {
            0 => asked.leaves[0][0] ^= 1,
            1 => asked.index ^= 1,
            2 => asked.sequence += self.draw() % 80,
            3 => asked.siblings.truncate(self.siblings - 1),
            4 => asked.siblings.push([1; 32]),
            5 => asked.siblings[0][31] ^= 128,
            _ => {}
        }
    }

    /// Take note of a deed that succeeded.
    pub fn done(&mut self, asked: &Asked) {
        match (asked.verb, asked.leaves.as_slice()) {
            (verb::APPEND | verb::BATCH, leaves) => {
                for leaf in leaves {
                    self.whole.write(self.whole.length(), *leaf);
                }
            }
            (verb::REPLACE, [_, new]) => self.whole.write(asked.index, *new),
            _ => return,
        }
        self.sequence += 1;
    }
}
