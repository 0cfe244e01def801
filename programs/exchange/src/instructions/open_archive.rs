// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        constants::{ACCOUNT_STEP, ARCHIVE_ROOM, ARCHIVE_SEED},
        error::ExchangeError,
        events::{log, ArchiveOpened},
        state::{Archive, ArchiveTree},
    },
    anchor_lang::{create_account_signed, prelude::*, AnchorAccount, Discriminator},
};

/// Permissionless: there is one archive of a number, and only one that may be opened.
#[derive(Accounts)]
#[instruction(number: u64)]
pub struct OpenArchive {
    #[account(mut)]
    pub payer: Signer,
    /// Unchecked: at the archive's address; nobody's, or ours and still growing, which is looked at below.
    #[account(mut, seeds = [b"archive", &number.to_le_bytes()], bump)]
    pub archive: UncheckedAccount,
    /// Unchecked: the archive before it, which is loaded below; the first one has none.
    pub previous: UncheckedAccount,
    pub system_program: Program<System>,
}

impl OpenArchive {
    /// One step of what no single instruction can do: accounts grow by 10,240 bytes an instruction. Until its last step the
    /// account has no discriminator and is of no use to any other instruction.
    pub fn open_archive(&mut self, bump: u8, number: u64) -> Result<()> {
        let mut view = *self.archive.account();
        if !view.owned_by(&crate::ID) {
            self.require_turn(number)?;
            let seeds: [&[u8]; 3] = [ARCHIVE_SEED, &number.to_le_bytes(), &[bump]];
            let payer = self.payer.account();
            return create_account_signed(payer, &view, ACCOUNT_STEP, &crate::ID, &seeds);
        }
        let length = view.data_len();
        require!(length < Archive::BYTES, ExchangeError::ArchiveExists);
        let longer = length.saturating_add(ACCOUNT_STEP).min(Archive::BYTES);
        anchor_lang::realloc_account(&mut view, longer, self.payer.account(), true)?;
        if longer < Archive::BYTES {
            return Ok(());
        }
        let mut data = view.try_borrow_mut()?;
        let (discriminator, body) = data.split_at_mut(8);
        discriminator.copy_from_slice(Archive::DISCRIMINATOR);
        let (header, tree) = body.split_at_mut(16);
        header[..8].copy_from_slice(&number.to_le_bytes());
        crate::error::tree(ArchiveTree::from_bytes_mut(tree))?.initialize();
        log(ArchiveOpened {
            archive: *self.archive.address(),
            number,
        });
        Ok(())
    }

    /// The archive before this one is nearly full, so that archiving never waits for the next one.
    fn require_turn(&self, number: u64) -> Result<()> {
        let Some(before) = number.checked_sub(1) else {
            return Ok(());
        };
        let previous = Account::<Archive>::load(*self.previous.account())?;
        let room = ArchiveTree::CAPACITY.saturating_sub(previous.tree()?.length());
        require!(
            previous.number == before && room <= ARCHIVE_ROOM,
            ExchangeError::ArchiveOutOfOrder
        );
        Ok(())
    }
}
