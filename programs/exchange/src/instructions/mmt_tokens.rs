//! MMT into and out of the two vaults. The season signs.

use {
    crate::{
        constants::{MMT_DECIMALS, SEASON_SEED},
        state::Season,
    },
    anchor_lang::{
        pinocchio::cpi::{Seed, Signer as PdaSigner},
        prelude::*,
    },
    breakwater_math::Mmt9,
    pinocchio_token::instructions::TransferChecked,
};

/// Where tokens go, in the order the token program wants them.
pub struct Route<'a> {
    pub from: &'a AccountView,
    pub mint: &'a AccountView,
    pub to: &'a AccountView,
}

impl Route<'_> {
    /// Out of somebody's account, whose signature the token program demands.
    pub fn collect(&self, authority: &AccountView, amount: Mmt9) -> Result<()> {
        TransferChecked::new(
            self.from,
            self.mint,
            self.to,
            authority,
            amount.raw(),
            MMT_DECIMALS,
        )
        .invoke()
    }

    /// Out of a vault.
    pub fn pay(&self, season: &Account<Season>, amount: Mmt9) -> Result<()> {
        let bump = [season.bump];
        let seeds = [Seed::from(SEASON_SEED), Seed::from(bump.as_slice())];
        TransferChecked::new(
            self.from,
            self.mint,
            self.to,
            season.view(),
            amount.raw(),
            MMT_DECIMALS,
        )
        .invoke_signed(&[PdaSigner::from(&seeds)])
    }
}
