//! Numbers that no key can change after launch.

/// Ledgers that trades are booked in; markets of different shards never write the same account.
pub const SHARDS: usize = 4;
/// Groups of markets that halt together; number zero is no group.
pub const GROUPS: usize = 64;
/// Seconds after its close at which a market that nobody could resolve may be voided.
pub const VOID_GRACE_S: u64 = 7 * 24 * 60 * 60;
/// Longest life of a market, seconds.
pub const MAX_LIFE_S: u64 = 400 * 24 * 60 * 60;
/// Most trades of one batch.
pub const MAX_BATCH: usize = 16;
/// Most that a chain's purchases may be of its margin: 500x.
pub const MAX_CHAIN_LEVERAGE: u64 = 500;
/// Decimals of the collateral token; books and token count the same unit.
pub const COLLATERAL_DECIMALS: u8 = 6;

/// Slots since its last purchase after which a position is old: 30 days of 400 ms.
pub const PRUNE_AGE_SLOTS: u64 = 6_480_000;
/// Most positions that are archived at once.
pub const MAX_ARCHIVED: usize = 32;
/// Leaves that an archive still has room for when the next one may be opened.
pub const ARCHIVE_ROOM: u64 = 65_536;
/// Bytes by which one instruction can lengthen an account.
pub const ACCOUNT_STEP: usize = 10_240;

pub const CONFIG_SEED: &[u8] = b"config";
pub const VAULT_SEED: &[u8] = b"vault";
pub const TOKEN_VAULT_SEED: &[u8] = b"token_vault";
pub const SHARD_SEED: &[u8] = b"shard";
pub const TRADER_SEED: &[u8] = b"trader";
pub const MARKET_SEED: &[u8] = b"market";
pub const POSITION_SEED: &[u8] = b"position";
pub const STOP_SEED: &[u8] = b"stop";
pub const CHAIN_SEED: &[u8] = b"chain";
pub const ARCHIVE_SEED: &[u8] = b"archive";

/// Slots of a season, half a year of 400 ms.
pub const SEASON_SLOTS: u64 = 38_880_000;
pub const MMT_DECIMALS: u8 = 9;
/// Billionths of a token: a hundred million tokens, of which nine tenths lie in the sink and one in the reward vault.
pub const MMT_SUPPLY: u64 = 100_000_000_000_000_000;
pub const MMT_SUNK: u64 = 90_000_000_000_000_000;
pub const MMT_POOL: u64 = 10_000_000_000_000_000;
/// One token: what a stake is at least, if it is anything.
pub const MIN_STAKE: u64 = 1_000_000_000;
/// A thousand shares of the vault: what a maker locks at least, if anything. With the whole pool for them alone, the
/// accumulator still fits 64 bits.
pub const MIN_LOCKED: u64 = 1_000_000_000;
pub const SEASON_SEED: &[u8] = b"season";
/// Owns the sink's token accounts. No instruction signs with it, and none may ever.
pub const MMT_SINK_SEED: &[u8] = b"mmt_sink";

/// The shard a market is booked in: the top bits of a multiplicative hash (2^64 / golden ratio), so that any
/// pattern of ids spreads evenly.
pub const fn shard_of(market_id: u64) -> u32 {
    (market_id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as u32
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_ids_spread_evenly_over_the_shards() {
        for stride in [1, 2, 4, 300, 1 << 20] {
            let mut count = [0; SHARDS];
            for i in 0..10_000_u64 {
                count[shard_of(1_784_851_800 + i * stride) as usize] += 1;
            }
            assert!(
                count.iter().all(|&n| (2_300..=2_700).contains(&n)),
                "stride {stride}: {count:?}"
            );
        }
    }
}
