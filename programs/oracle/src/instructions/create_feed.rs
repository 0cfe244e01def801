// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{error::OracleError, events::FeedCreated},
    anchor_lang::prelude::*,
    breakwater_feed::Feed,
};

#[derive(Accounts)]
#[instruction(id: [u8; 32])]
pub struct CreateFeed {
    #[account(mut)]
    pub authority: Signer,
    #[account(init, payer = authority, seeds = [b"feed", id.as_ref()], bump)]
    pub feed: Account<Feed>,
    pub system_program: Program<System>,
}

impl CreateFeed {
    pub fn create_feed(
        &mut self,
        id: [u8; 32],
        publisher: Address,
        exponent: i32,
        max_age_s: u32,
    ) -> Result<()> {
        require!(max_age_s > 0, OracleError::NoMaximumAge);
        let authority = *self.authority.address();
        self.feed.publisher = publisher;
        self.feed.authority = authority;
        self.feed.id = id;
        self.feed.exponent = exponent;
        self.feed.max_age_s = max_age_s;
        emit!(FeedCreated {
            feed: *self.feed.address(),
            publisher,
            authority
        });
        Ok(())
    }
}
