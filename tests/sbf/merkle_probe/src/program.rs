//! The entrypoint inside the virtual machine.

use breakwater_merkle::Tree;
use breakwater_sbf_rt::entry::{record_len, ACCOUNT_HEADER};
use probe_rt::{answer, Units};

use crate::{act, relay::relay, Canopied, Deed, Plain};

/// Answers that fit return data.
const MOST: usize = 64;

/// # Safety
/// Called by the loader with its input region.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8, _data: *const u8) -> u64 {
    // SAFETY: the loader wrote the number of accounts, then, for one, its record, the data's length and the data
    let (account, data) = unsafe {
        match input.cast::<u64>().read() {
            1 => {}
            2 => return relay(input),
            _ => return 1,
        }
        let record = input.add(8);
        let length = record.add(80).cast::<u64>().read() as usize;
        let data = record.add(record_len(length));
        let data_length = data.cast::<u64>().read() as usize;
        (
            core::slice::from_raw_parts_mut(record.add(ACCOUNT_HEADER), length),
            core::slice::from_raw_parts(data.add(8), data_length),
        )
    };
    match data.split_first_chunk() {
        Some((&[0, 0, 0, 0, 0, 0, 0, 0], deeds)) => run(Plain::from_bytes_mut(account).ok(), deeds),
        Some((&[1, 0, 0, 0, 0, 0, 0, 0], deeds)) => run(Canopied::from_bytes_mut(account).ok(), deeds),
        _ => 1,
    }
}

fn run<const D: usize, const B: usize, const P: usize, const N: usize>(
    tree: Option<&mut Tree<D, B, P, N>>,
    mut deeds: &[u8],
) -> u64 {
    let Some(tree) = tree else { return 2 };
    let mut answers = [[0; 2]; MOST];
    for place in &mut answers {
        if deeds.is_empty() {
            break;
        }
        let Some((deed, rest)) = Deed::read(deeds) else {
            return 3;
        };
        let mut units = Units::default();
        let status = act(tree, &deed, &mut units);
        *place = [status, units.0];
        deeds = rest;
    }
    let mut words = [0; 2 * MOST];
    for (word, value) in words.iter_mut().zip(answers.iter().flatten()) {
        *word = *value;
    }
    answer(words);
    0
}
