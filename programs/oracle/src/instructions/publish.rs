use {
    crate::error::OracleError,
    anchor_lang::prelude::*,
    breakwater_feed::{now_s, Feed, Publication, Refusal, AHEAD_MS},
};

#[derive(Accounts)]
pub struct Publish {
    #[account(mut)]
    pub feed: Account<Feed>,
    #[account(address = feed.publisher @ OracleError::NotPublisher)]
    pub publisher: Signer,
}

impl Publish {
    pub fn publish(
        &mut self,
        price: u64,
        confidence: u64,
        sequence: u64,
        slot: u64,
        timestamp_ms: u64,
    ) -> Result<()> {
        let publication = Publication {
            price,
            confidence,
            sequence,
            slot,
            timestamp_ms,
        };
        let latest_ms = now_s()?.saturating_mul(1000).saturating_add(AHEAD_MS);
        self.feed
            .record(&publication, latest_ms)
            .map_err(|refusal| OracleError::from(refusal).into())
    }
}

impl From<Refusal> for OracleError {
    #[cold]
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::SequenceNotGrowing => Self::SequenceNotGrowing,
            Refusal::TimeRunsBackwards => Self::TimeRunsBackwards,
            Refusal::NoPrice => Self::NoPrice,
            Refusal::TooFarAhead => Self::TooFarAhead,
        }
    }
}
