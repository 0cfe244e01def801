//! The walk over an input region of the loader, against regions written here field by field.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_sbf_rt::entry::instruction_data;

/// What the loader lists: an account with so many bytes, or once more the account at an index.
#[derive(Clone, Debug)]
enum Listed {
    Account(Vec<u8>),
    Again(u8),
}

/// The loader's aligned serialization (ABI v1) as words, and where the instruction data begins.
fn region(accounts: &[Listed], data: &[u8]) -> (Vec<u64>, usize) {
    let mut bytes = (accounts.len() as u64).to_le_bytes().to_vec();
    for account in accounts {
        match account {
            Listed::Again(index) => {
                bytes.push(*index);
                bytes.extend([0; 7]);
            }
            Listed::Account(content) => {
                bytes.push(0xff);
                bytes.extend([1, 1, 0]); // signer, writable, executable
                bytes.extend([0; 4]); // the original length of the data
                bytes.extend([7; 32]); // key
                bytes.extend([9; 32]); // owner
                bytes.extend(5_u64.to_le_bytes()); // lamports
                bytes.extend((content.len() as u64).to_le_bytes());
                bytes.extend(content);
                bytes.extend([0; 10_240]);
                while !bytes.len().is_multiple_of(8) {
                    bytes.push(0);
                }
                bytes.extend(u64::MAX.to_le_bytes()); // rent epoch
            }
        }
    }
    bytes.extend((data.len() as u64).to_le_bytes());
    let at = bytes.len();
    bytes.extend(data);
    bytes.extend([3; 32]); // the program's id
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    let words = bytes
        .chunks_exact(8)
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .collect();
    (words, at)
}

#[test]
fn instruction_data_is_behind_every_account_whatever_its_length_and_however_often_it_is_listed() {
    let account = |length: usize| Listed::Account(vec![0xff; length]);
    let each = [0, 1, 7, 8, 9, 165]
        .map(account)
        .into_iter()
        .chain([Listed::Again(0), Listed::Again(0xfe)]);
    let mut lists: Vec<Vec<Listed>> = vec![vec![]];
    for _ in 0..4 {
        let longest = lists.last().expect("not empty").len();
        let longer: Vec<_> = lists
            .iter()
            .filter(|list| list.len() == longest)
            .flat_map(|list| each.clone().map(|more| [list.clone(), vec![more]].concat()))
            .collect();
        lists.extend(longer);
    }
    assert_eq!(lists.len(), 1 + 8 + 64 + 512 + 4_096);
    for (i, list) in lists.iter().enumerate() {
        let (mut words, at) = region(list, &vec![0xff; i % 40]);
        let input = words.as_mut_ptr().cast::<u8>();
        // SAFETY: the region is as the loader writes it, and r2 is null as before SIMD-0321.
        let found = unsafe { instruction_data(input, std::ptr::null()) };
        assert_eq!(found as usize - input as usize, at, "{list:?}");
    }
}

#[test]
fn an_address_that_the_runtime_passed_is_taken_as_it_is() {
    let (mut words, _) = region(&[Listed::Account(vec![1; 3])], b"data");
    let passed = words.as_ptr().cast::<u8>().wrapping_add(16);
    // SAFETY: nothing is read where the address is given.
    let found = unsafe { instruction_data(words.as_mut_ptr().cast(), passed) };
    assert_eq!(found, passed);
}
