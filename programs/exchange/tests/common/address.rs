//! Addresses that the programs derive.

use {
    solana_address::Address,
    std::{cell::RefCell, collections::HashMap},
};

pub const ORACLE: Address = Address::from_str_const("CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo");
pub const EXCHANGE: Address = Address::from_str_const("FSJ4dNaQjgZNkZN92PD1x6xamyjZkx6ATvY4HTKRJKq6");
pub const POOLS: Address = Address::from_str_const("GPPw5QpFBXaPSeZ9crh1jELNnQyZ6onGd35psjAceqrh");
pub const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub const LOADER: Address = Address::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// Loads programs that never change, and keeps no programdata account.
pub const OLD_LOADER: Address = Address::from_str_const("BPFLoader2111111111111111111111111111111111");
pub const SYSTEM: Address = Address::new_from_array([0; 32]);

thread_local! {
    /// Finding an address takes longer than most instructions.
    static FOUND: RefCell<HashMap<Vec<u8>, Address>> = RefCell::default();
}

fn derive(program: &Address, seeds: &[&[u8]]) -> Address {
    let key = [seeds.concat(), program.to_bytes().to_vec()].concat();
    FOUND.with_borrow_mut(|found| {
        let find = || Address::find_program_address(seeds, program).0;
        *found.entry(key).or_insert_with(find)
    })
}

/// A feed's name as its id: UTF-8, padded with zeros.
pub fn feed_id(name: &str) -> [u8; 32] {
    let mut id = [0; 32];
    id[..name.len()].copy_from_slice(name.as_bytes());
    id
}

pub fn feed(name: &str) -> Address {
    derive(&ORACLE, &[b"feed", &feed_id(name)])
}

/// Where the loader keeps the program's binary and says who may replace it.
pub fn program_data(program: &Address) -> Address {
    derive(&LOADER, &[program.as_ref()])
}

pub fn config() -> Address {
    derive(&EXCHANGE, &[b"config"])
}

pub fn vault() -> Address {
    derive(&EXCHANGE, &[b"vault"])
}

pub fn token_vault() -> Address {
    derive(&EXCHANGE, &[b"token_vault"])
}

pub fn shard(index: u8) -> Address {
    derive(&EXCHANGE, &[b"shard", &[index]])
}

/// The shard a market is booked in.
pub fn shard_of(market_id: u64) -> u8 {
    (market_id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as u8
}

pub fn trader(owner: &Address) -> Address {
    derive(&EXCHANGE, &[b"trader", owner.as_ref()])
}

pub fn market(id: u64) -> Address {
    derive(&EXCHANGE, &[b"market", &id.to_le_bytes()])
}

pub fn position(trader: &Address, market: &Address, outcome: u8, kind: u8) -> Address {
    derive(
        &EXCHANGE,
        &[b"position", trader.as_ref(), market.as_ref(), &[outcome, kind]],
    )
}

pub fn chain(trader: &Address, id: u64) -> Address {
    derive(&EXCHANGE, &[b"chain", trader.as_ref(), &id.to_le_bytes()])
}

pub fn stop(position: &Address, side: u8) -> Address {
    derive(&EXCHANGE, &[b"stop", position.as_ref(), &[side]])
}

/// The archive of that number.
pub fn archive(number: u64) -> Address {
    derive(&EXCHANGE, &[b"archive", &number.to_le_bytes()])
}

/// An address with its bump.
pub fn find(program: &Address, seeds: &[&[u8]]) -> (Address, u8) {
    Address::find_program_address(seeds, program)
}

pub fn season() -> Address {
    derive(&EXCHANGE, &[b"season"])
}

pub fn registry() -> Address {
    derive(&EXCHANGE, &[b"registry"])
}

pub fn stake_vault() -> Address {
    derive(&EXCHANGE, &[b"stake_vault"])
}

pub fn reward_vault() -> Address {
    derive(&EXCHANGE, &[b"reward_vault"])
}

/// Owns the sink's token accounts.
pub fn mmt_sink() -> Address {
    derive(&EXCHANGE, &[b"mmt_sink"])
}

pub fn stake(owner: &Address) -> Address {
    derive(&EXCHANGE, &[b"stake", owner.as_ref()])
}

pub fn keeper(authority: &Address) -> Address {
    derive(&EXCHANGE, &[b"keeper", authority.as_ref()])
}

/// What a launch pays and has paid.
pub fn bootstrap() -> Address {
    derive(&EXCHANGE, &[b"bootstrap"])
}

pub fn maker(trader: &Address) -> Address {
    derive(&EXCHANGE, &[b"maker", trader.as_ref()])
}

pub fn task(subject: &Address, kind: u8) -> Address {
    derive(&EXCHANGE, &[b"task", subject.as_ref(), &[kind]])
}

pub fn pool(owner: &Address, number: u64) -> Address {
    derive(&POOLS, &[b"pool", owner.as_ref(), &number.to_le_bytes()])
}

pub fn pool_vault(pool: &Address, side: usize) -> Address {
    derive(&POOLS, &[b"vault", pool.as_ref(), &[side as u8]])
}

pub fn pool_lp_mint(pool: &Address, side: usize) -> Address {
    derive(&POOLS, &[b"lp", pool.as_ref(), &[side as u8]])
}
