use {
    super::{archive_positions::uncount, redeem::pay_out},
    crate::{
        error::ExchangeError,
        events::{log, ArchivedRedeemed},
        state::{Archive, LeafProof, Market, Position, Shard, Trader, POSITION_BYTES},
    },
    anchor_lang::{bytemuck::pod_read_unaligned, prelude::*},
};

/// Permissionless: the payout can go to the position's trader alone.
#[derive(Accounts)]
pub struct RedeemArchived {
    #[account(mut)]
    pub archive: Account<Archive>,
    #[account(mut)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
}

impl RedeemArchived {
    /// Pay a claim out without making its account again, and put what is left of it, a record, in its leaf's place. So a forgotten
    /// claim keeps no market alive.
    pub fn redeem_archived(&mut self, content: &[u8; POSITION_BYTES], proof: &LeafProof) -> Result<()> {
        let mut claim: Position = pod_read_unaligned(content);
        let (trader, market) = (*self.trader.address(), *self.market.address());
        require!(claim.trader == trader, ExchangeError::PositionOfAnotherTrader);
        require!(claim.market == market, ExchangeError::PositionOfAnotherMarket);
        self.archive.take_claim(proof, content, true)?;
        let source = *self.archive.address();
        pay_out(
            source,
            &mut claim.holding,
            &mut self.market,
            &mut self.shard,
            &mut self.trader,
        )?;
        uncount(&mut self.trader, &mut self.market)?;
        log(ArchivedRedeemed {
            archive: self.archive.number,
            index: proof.index,
            sequence: self.archive.tree()?.sequence(),
            trader,
            market,
        });
        Ok(())
    }
}
