// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        error::ExchangeError,
        events::{log, PositionRestored},
        state::{Archive, LeafProof, Market, Position, Trader, POSITION_BYTES},
    },
    anchor_lang::{bytemuck::pod_read_unaligned, prelude::*},
};

#[derive(Accounts)]
#[instruction(content: [u8; 104])]
pub struct RestorePosition {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub archive: Account<Archive>,
    pub trader: Account<Trader>,
    pub market: Account<Market>,
    /// The content's outcome and kind complete the address.
    #[account(
        init,
        payer = owner,
        seeds = [b"position", trader.address().as_ref(), market.address().as_ref(), &content[96..98]],
        bump
    )]
    pub position: Account<Position>,
    pub system_program: Program<System>,
}

impl RestorePosition {
    /// The account is what it was, byte for byte, and its leaf is emptied. Market and trader have counted it all along.
    pub fn restore_position(&mut self, content: &[u8; POSITION_BYTES], proof: &LeafProof) -> Result<()> {
        let restored: Position = pod_read_unaligned(content);
        let trader = *self.trader.address();
        require!(restored.trader == trader, ExchangeError::PositionOfAnotherTrader);
        require!(
            restored.market == *self.market.address(),
            ExchangeError::PositionOfAnotherMarket
        );
        self.archive.take_claim(proof, content, false)?;
        *self.position = restored;
        log(PositionRestored {
            archive: self.archive.number,
            index: proof.index,
            sequence: self.archive.tree()?.sequence(),
            position: *self.position.address(),
            trader,
        });
        Ok(())
    }
}
