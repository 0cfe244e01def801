//! `publish` without the dispatcher: the one shape every publisher sends is recognised in the raw input and applied.
//!
//! The shape: two accounts, a writable feed and a signing publisher without data, and exactly the instruction's bytes.
//! Whatever deviates, including every publication that is to be refused, answers `None` and takes the ordinary way,
//! so that each error has one place and one name. Both ways end in [`Feed::record`].

use {
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Publication},
    breakwater_sbf_rt::entry::{record_len, ACCOUNT_HEADER},
    core::mem::size_of,
};

/// Discriminator and feed behind it.
const FEED_LEN: usize = 8 + size_of::<Feed>();
/// First account: behind the number of accounts.
const FEED: usize = 8;
const PUBLISHER: usize = FEED + record_len(FEED_LEN);
/// Length word of the instruction data, behind a publisher that holds no data.
const DATA_LEN: usize = PUBLISHER + record_len(0);
const DATA: usize = DATA_LEN + 8;
const PUBLISH_LEN: u64 = (8 + size_of::<Publication>()) as u64;

// offsets within an account record
const KEY: usize = 8;
const OWNER: usize = 40;
const LEN: usize = 80;
const WRITABLE: usize = 2;

/// First two bytes of an account record that is no duplicate and signs.
const SIGNS: u16 = u16::from_le_bytes([0xff, 1]);

const fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes([
        bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7],
    ])
}

const PUBLISH: u64 = word(crate::instruction::Publish::DISCRIMINATOR);
const IS_FEED: u64 = word(Feed::DISCRIMINATOR);
const ID: [u64; 4] = {
    let id = breakwater_feed::ID.to_bytes();
    let [a, b, c, d] = [
        id.split_at(0).1,
        id.split_at(8).1,
        id.split_at(16).1,
        id.split_at(24).1,
    ];
    [word(a), word(b), word(c), word(d)]
};

/// Publish, if the input has the expected shape and the publication is good. Nothing is written otherwise.
#[inline(always)]
pub fn publish(input: *mut u8) -> Option<u64> {
    // SAFETY: the loader's input region begins with the number of accounts and holds at least one record with its
    // growth room behind it, or the instruction's data and program id. Every offset is read only after the lengths
    // before it have been found equal to the ones it was computed from, and all are multiples of eight but `SIGNS`,
    // which is aligned to two. The feed is written through the only reference there is, after its owner, type and
    // length have been checked; a read-only feed is left to Anchor.
    unsafe {
        let at = |offset: usize| input.add(offset).cast::<u64>().read();
        // word by word: an array would be copied to the stack first
        let owned = |offset: usize, id: &[u64; 4]| {
            at(offset) == id[0]
                && at(offset + 8) == id[1]
                && at(offset + 16) == id[2]
                && at(offset + 24) == id[3]
        };
        if at(0) != 2
            || at(FEED + LEN) != FEED_LEN as u64
            || input.add(PUBLISHER).cast::<u16>().read() != SIGNS
            || at(PUBLISHER + LEN) != 0
            || at(DATA_LEN) != PUBLISH_LEN
            || at(DATA) != PUBLISH
            || at(FEED + ACCOUNT_HEADER) != IS_FEED
            || input.add(FEED + WRITABLE).read() == 0
            || !owned(FEED + OWNER, &ID)
        {
            return None;
        }
        let feed = &mut *input.add(FEED + ACCOUNT_HEADER + 8).cast::<Feed>();
        let publication = &*input.add(DATA + 8).cast::<Publication>();
        let publisher = &*input.add(PUBLISHER + KEY).cast::<Address>();
        if !anchor_lang::address_eq(&feed.publisher, publisher) {
            return None;
        }
        // later than a step, and the clock decides: the ordinary way
        feed.record(publication, 0).ok().map(|()| 0)
    }
}
