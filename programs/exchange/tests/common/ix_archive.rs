//! The builders of the archive's instructions. They are all about archive 0, unless they say otherwise.

use {
    crate::{
        address as at,
        archive::{LeafProof, Node},
        ix::{build, r, rs, w, words, ws},
        world::Party,
    },
    solana_address::Address,
    solana_instruction::{AccountMeta, Instruction},
};

fn exchange(name: &str, accounts: Vec<AccountMeta>, data: &[&[u8]]) -> Instruction {
    build(at::EXCHANGE, name, accounts, data)
}

impl LeafProof {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = words(&[self.index, self.sequence]);
        bytes.extend((self.siblings.len() as u32).to_le_bytes());
        bytes.extend(self.siblings.concat());
        bytes
    }
}

pub fn open_archive(payer: Address, number: u64) -> Instruction {
    let previous = number.checked_sub(1).map_or(at::SYSTEM, at::archive);
    let accounts = vec![ws(payer), w(at::archive(number)), r(previous), r(at::SYSTEM)];
    exchange("open_archive", accounts, &[&words(&[number])])
}

/// A position: whose, outcome, kind.
pub type Named = (Party, u8, u8);

pub fn archive_positions(by: Address, market: u64, positions: &[Named]) -> Instruction {
    let mut accounts = vec![
        rs(by),
        w(at::archive(0)),
        w(at::market(market)),
        w(at::shard(at::shard_of(market))),
    ];
    for (party, outcome, kind) in positions {
        accounts.extend([
            w(party.owner),
            w(party.trader()),
            w(party.position(market, *outcome, *kind)),
        ]);
    }
    exchange("archive_positions", accounts, &[])
}

pub fn archive_market(market: u64, rent_payer: Address) -> Instruction {
    let accounts = vec![
        w(rent_payer),
        w(at::archive(0)),
        w(at::market(market)),
        w(at::shard(at::shard_of(market))),
    ];
    exchange("archive_market", accounts, &[])
}

pub fn restore_position(
    party: &Party,
    market: u64,
    (outcome, kind): (u8, u8),
    content: &[u8; 104],
    proof: &LeafProof,
) -> Instruction {
    let accounts = vec![
        ws(party.owner),
        w(at::archive(0)),
        r(party.trader()),
        r(at::market(market)),
        w(party.position(market, outcome, kind)),
        r(at::SYSTEM),
    ];
    exchange("restore_position", accounts, &[content, &proof.bytes()])
}

pub fn redeem_archived(party: &Party, market: u64, content: &[u8; 104], proof: &LeafProof) -> Instruction {
    let accounts = vec![
        w(at::archive(0)),
        w(party.trader()),
        w(at::market(market)),
        w(at::shard(at::shard_of(market))),
    ];
    exchange("redeem_archived", accounts, &[content, &proof.bytes()])
}

pub fn verify_leaf(leaf: &Node, proof: &LeafProof) -> Instruction {
    exchange("verify_leaf", vec![r(at::archive(0))], &[leaf, &proof.bytes()])
}
