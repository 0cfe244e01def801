//! Addresses follow one table, which the Python package reads too, and agree with hashing by hand.

use harness::address::{self, derive, find, TABLE};
use serde_json::Value;
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
