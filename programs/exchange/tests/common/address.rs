//! Addresses that the programs derive, by the table that the Python package derives them from.

use {
    serde_json::Value,
    solana_address::Address,
    std::{cell::RefCell, collections::HashMap, sync::LazyLock},
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

/// Kinds of accounts by name: program, the text that the seeds begin with, names and types of the others.
pub static TABLE: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../../client/breakwater/chain/addresses.json");
    serde_json::from_str(text).expect("a table")
});

/// The address of the account of that kind; as many further seeds, of such lengths, as the table says.
pub fn derive(name: &str, seeds: &[&[u8]]) -> Address {
    let row = &TABLE[name];
    let kinds = row["seeds"].as_array().expect(name);
    assert_eq!(kinds.len(), seeds.len(), "seeds of {name}");
    for (kind, seed) in kinds.iter().zip(seeds) {
        let length = match kind[1].as_str() {
            Some("address" | "bytes32") => 32,
            Some("u64") => 8,
            Some("u8") => 1,
            _ => panic!("{name}: {kind} is no type"),
        };
        assert_eq!(seed.len(), length, "{name}: {kind}");
    }
    let program = match row["program"].as_str() {
        Some("oracle") => &ORACLE,
        Some("exchange") => &EXCHANGE,
        Some("pools") => &POOLS,
        _ => panic!("{name}: no such program"),
    };
    let text = row["text"].as_str().expect(name).as_bytes();
    cached(program, &[&[text], seeds].concat())
}

fn cached(program: &Address, seeds: &[&[u8]]) -> Address {
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
    derive("feed", &[&feed_id(name)])
}

/// Where the loader keeps the program's binary and says who may replace it.
pub fn program_data(program: &Address) -> Address {
    cached(&LOADER, &[program.as_ref()])
}

pub fn config() -> Address {
    derive("config", &[])
}

pub fn vault() -> Address {
    derive("vault", &[])
}

pub fn token_vault() -> Address {
    derive("token_vault", &[])
}

pub fn shard(index: u8) -> Address {
    derive("shard", &[&[index]])
}

/// The shard a market is booked in.
pub fn shard_of(market_id: u64) -> u8 {
    (market_id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as u8
}

pub fn trader(owner: &Address) -> Address {
    derive("trader", &[owner.as_ref()])
}

pub fn market(id: u64) -> Address {
    derive("market", &[&id.to_le_bytes()])
}

pub fn position(trader: &Address, market: &Address, outcome: u8, kind: u8) -> Address {
    let seeds: [&[u8]; 4] = [trader.as_ref(), market.as_ref(), &[outcome], &[kind]];
    derive("position", &seeds)
}

pub fn chain(trader: &Address, id: u64) -> Address {
    derive("chain", &[trader.as_ref(), &id.to_le_bytes()])
}

pub fn stop(position: &Address, side: u8) -> Address {
    derive("stop", &[position.as_ref(), &[side]])
}

/// The archive of that number.
pub fn archive(number: u64) -> Address {
    derive("archive", &[&number.to_le_bytes()])
}

/// An address with its bump.
pub fn find(program: &Address, seeds: &[&[u8]]) -> (Address, u8) {
    Address::find_program_address(seeds, program)
}

pub fn season() -> Address {
    derive("season", &[])
}

pub fn registry() -> Address {
    derive("registry", &[])
}

pub fn stake_vault() -> Address {
    derive("stake_vault", &[])
}

pub fn reward_vault() -> Address {
    derive("reward_vault", &[])
}

/// Owns the sink's token accounts.
pub fn mmt_sink() -> Address {
    derive("mmt_sink", &[])
}

pub fn stake(owner: &Address) -> Address {
    derive("stake", &[owner.as_ref()])
}

pub fn keeper(authority: &Address) -> Address {
    derive("keeper", &[authority.as_ref()])
}

/// What a launch pays and has paid.
pub fn bootstrap() -> Address {
    derive("bootstrap", &[])
}

pub fn maker(trader: &Address) -> Address {
    derive("maker", &[trader.as_ref()])
}

pub fn task(subject: &Address, kind: u8) -> Address {
    derive("task", &[subject.as_ref(), &[kind]])
}

pub fn pool(owner: &Address, number: u64) -> Address {
    derive("pool", &[owner.as_ref(), &number.to_le_bytes()])
}

pub fn pool_vault(pool: &Address, side: usize) -> Address {
    derive("pool_vault", &[pool.as_ref(), &[side as u8]])
}

pub fn pool_lp_mint(pool: &Address, side: usize) -> Address {
    derive("pool_lp_mint", &[pool.as_ref(), &[side as u8]])
}
