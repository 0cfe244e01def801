use anchor_lang::prelude::*;

#[error_code]
pub enum OracleError {
    #[msg("the signer is not the feed's publisher")]
    NotPublisher,
    #[msg("the signer is not the feed's authority")]
    NotAuthority,
    #[msg("the sequence does not grow: this publication is a replay or out of order")]
    SequenceNotGrowing,
    #[msg("the publication is older than the feed's newest price")]
    TimeRunsBackwards,
    #[msg("a price of zero is no price")]
    NoPrice,
    #[msg("the price is older than the reader accepts")]
    StalePrice,
    #[msg("a feed needs a maximum age of at least one second")]
    NoMaximumAge,
    #[msg("the publication is further ahead of time or sequence than can be right: check its units")]
    TooFarAhead,
}
