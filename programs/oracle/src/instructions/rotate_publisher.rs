use {
    crate::{error::OracleError, events::PublisherRotated},
    anchor_lang::prelude::*,
    breakwater_feed::Feed,
};

#[derive(Accounts)]
pub struct RotatePublisher {
    #[account(mut)]
    pub feed: Account<Feed>,
    #[account(address = feed.authority @ OracleError::NotAuthority)]
    pub authority: Signer,
}

impl RotatePublisher {
    pub fn rotate_publisher(&mut self, publisher: Address) -> Result<()> {
        let old = self.feed.publisher;
        self.feed.publisher = publisher;
        emit!(PublisherRotated {
            feed: *self.feed.address(),
            old,
            new: publisher
        });
        Ok(())
    }
}
