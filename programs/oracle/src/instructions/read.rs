use {
    crate::error::OracleError,
    anchor_lang::prelude::*,
    breakwater_feed::{now_s, Feed},
};

#[derive(Accounts)]
pub struct Read {
    pub feed: Account<Feed>,
}

/// A feed's newest price as return data.
#[derive(AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct Reading {
    pub price: u64,
    pub confidence: u64,
    pub sequence: u64,
    pub timestamp_ms: u64,
    pub exponent: i32,
}

impl Read {
    pub fn read(&self, max_age_s: u32) -> Result<Reading> {
        let feed = &self.feed;
        let age = feed.age_s(now_s()?);
        require!(
            feed.count > 0 && age <= u64::from(max_age_s),
            OracleError::StalePrice
        );
        Ok(Reading {
            price: feed.price,
            confidence: feed.confidence,
            sequence: feed.sequence,
            timestamp_ms: feed.timestamp_ms,
            exponent: feed.exponent,
        })
    }
}
