//! Addresses follow one table, which the Python package reads too, and agree with hashing by hand.

use harness::address::{self, derive, find, TABLE};
use serde_json::Value;
use sha2::{Digest, Sha256};
use solana_address::Address;

/// Kind, seeds, address, bump.
type Row = (String, Vec<Vec<u8>>, Vec<u8>, u8);

fn rows() -> Vec<Row> {
    let text = include_str!("../../../tests/vectors/addresses.json");
    let file: Value = serde_json::from_str(text).expect("vectors");
    let rows = file["rows"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let seeds = row[1].as_array().expect("seeds").iter().map(hex).collect();
            let bump = row[3].as_u64().expect("a bump") as u8;
            (row[0].as_str().expect("a kind").into(), seeds, hex(&row[2]), bump)
        })
        .collect()
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("text").as_bytes();
    text.chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ASCII"), 16).expect("hex"))
        .collect()
}

#[test]
fn every_kind_of_the_table_is_derived_as_by_hand() {
    let rows = rows();
    for name in TABLE.as_object().expect("a table").keys() {
        assert!(rows.iter().any(|row| row.0 == *name), "{name} has no vector");
    }
    for (name, seeds, expected, bump) in &rows {
        let seeds: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
        let found = derive(name, &seeds);
        assert_eq!(found.as_ref(), &expected[..], "{name}");
        let program = match TABLE[name]["program"].as_str() {
            Some("oracle") => &address::ORACLE,
            Some("exchange") => &address::EXCHANGE,
            _ => &address::POOLS,
        };
        let text = TABLE[name]["text"].as_str().expect("text").as_bytes();
        assert_eq!(find(program, &[&[text], &seeds[..]].concat()), (found, *bump));
    }
}

#[test]
fn two_bytes_in_one_seed_are_two_seeds_of_a_byte() {
    let (trader, market) = (Address::new_from_array([1; 32]), address::market(1));
    let seeds: [&[u8]; 4] = [b"position", trader.as_ref(), market.as_ref(), &[3, 1]];
    assert_eq!(
        find(&address::EXCHANGE, &seeds).0,
        address::position(&trader, &market, 3, 1)
    );
}

/// The seeds of the account of this number, as `client/breakwater/bench/addresses.py` counts them: ids count up, and 32 bytes
/// differ in their first ones alone.
fn numbered(number: u64, kinds: &[&String]) -> (String, Vec<Vec<u8>>) {
    if number < 4 {
        return ("shard".into(), vec![vec![number as u8]]);
    }
    let kind = kinds[number as usize % kinds.len()];
    let index = number / kinds.len() as u64;
    let seed = |name: &Value| match name[1].as_str() {
        Some("u64") => index.to_le_bytes().to_vec(),
        Some("u8") => vec![index as u8 & 1],
        _ => [&index.to_le_bytes()[..], &[0; 24]].concat(),
    };
    let seeds = TABLE[kind]["seeds"].as_array().expect("seeds");
    (kind.clone(), seeds.iter().map(seed).collect())
}

/// `BREAKWATER_ADDRESSES` asks for another number of them that a digest is known of.
#[test]
fn as_many_addresses_as_the_bench_derives_are_the_same_in_rust() {
    let text = include_str!("../../../tests/vectors/digests/addresses.json");
    let expected: Value = serde_json::from_str(text).expect("vectors");
    let asked = std::env::var("BREAKWATER_ADDRESSES").ok();
    let count = asked.map_or(20_000, |text| text.parse().expect("a number"));
    let table = TABLE.as_object().expect("a table");
    let mut kinds: Vec<&String> = table
        .iter()
        .filter(|(_, row)| matches!(row["seeds"][0][1].as_str(), Some(kind) if kind != "u8"))
        .map(|(name, _)| name)
        .collect();
    kinds.sort();
    let mut digest = Sha256::new();
    for number in 0..count {
        let (kind, seeds) = numbered(number, &kinds);
        let row = &TABLE[&kind];
        let program = match row["program"].as_str() {
            Some("oracle") => &address::ORACLE,
            Some("exchange") => &address::EXCHANGE,
            _ => &address::POOLS,
        };
        let text = row["text"].as_str().expect("text").as_bytes();
        let mut all = vec![text];
        all.extend(seeds.iter().map(Vec::as_slice));
        digest.update(find(program, &all).0);
    }
    let made: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("{count} addresses: {made}");
    let known = expected[count.to_string()].as_str().expect("a digest of so many");
    assert_eq!(made, known, "of {count}");
}
