//! Publications themselves emit nothing: the feed's account is the event, and the hot path stays hot.

use anchor_lang::prelude::*;

#[event(bytemuck)]
pub struct FeedCreated {
    pub feed: Address,
    pub publisher: Address,
    pub authority: Address,
}

#[event(bytemuck)]
pub struct PublisherRotated {
    pub feed: Address,
    pub old: Address,
    pub new: Address,
}
