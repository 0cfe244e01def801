//! Price feeds: whoever holds a feed's publisher key publishes, everybody reads.
//!
//! `publish` is the hottest write of the system and has a way of its own around the dispatcher ([`fast`]); every other
//! instruction, and a `publish` that the fast way does not recognise, goes through Anchor.
#![cfg_attr(target_os = "solana", no_std)]

use anchor_lang::prelude::*;

pub mod error;
pub mod events;
#[cfg(target_os = "solana")]
mod fast;
pub mod instructions;

use instructions::*;

declare_id!("CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo");

#[cfg(target_os = "solana")]
breakwater_sbf_rt::entrypoint!(fast::publish);

#[program]
pub mod oracle {
    use super::*;

    /// Open a feed. The signer becomes its authority, the only key that may rotate the publisher.
    pub fn create_feed(
        ctx: &mut Context<CreateFeed>,
        id: [u8; 32],
        publisher: Address,
        exponent: i32,
        max_age_s: u32,
    ) -> Result<()> {
        ctx.accounts.create_feed(id, publisher, exponent, max_age_s)
    }

    /// Publish a price. Signer: the feed's publisher.
    pub fn publish(
        ctx: &mut Context<Publish>,
        price: u64,
        confidence: u64,
        sequence: u64,
        slot: u64,
        timestamp_ms: u64,
    ) -> Result<()> {
        ctx.accounts
            .publish(price, confidence, sequence, slot, timestamp_ms)
    }

    /// Hand publishing over to another key. Signer: the feed's authority.
    pub fn rotate_publisher(ctx: &mut Context<RotatePublisher>, publisher: Address) -> Result<()> {
        ctx.accounts.rotate_publisher(publisher)
    }

    /// The newest price, refused when it is older than `max_age_s` seconds. Anybody may ask; the answer is the
    /// transaction's return data.
    pub fn read(ctx: &mut Context<Read>, max_age_s: u32) -> Result<Reading> {
        ctx.accounts.read(max_age_s)
    }
}
