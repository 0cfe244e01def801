use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{mul_div, Collateral6, Rounding, Shares6},
};

/// Shares paid for in full.
pub const SPOT: u8 = 0;
/// Shares bought with a loan of the vault, which they secure.
pub const LEVERAGED: u8 = 1;

/// Shares of one outcome and the loan they secure: what a position is about, and each leg of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Holding {
    /// Micro-shares; one share pays one unit of collateral if its outcome wins.
    pub shares: u64,
    /// What the trader paid in, fees included, less what was taken out pro rata.
    pub cost: u64,
    /// Loan that the shares secure.
    pub debt: u64,
    /// Slot of the last purchase: what is sold in the same one pays the flash fee.
    pub opened_slot: u64,
    pub outcome: u8,
    /// [`SPOT`] or [`LEVERAGED`].
    pub kind: u8,
    pub reserved: [u8; 2],
    /// Tells the shares held now from those held before: changes whenever the holding was empty. A slot, or above it where
    /// slots do not suffice; until 2075.
    pub generation: u32,
}

impl Holding {
    #[inline(always)]
    pub fn require_kind(&self, kind: u8) -> Result<()> {
        require!(self.kind == kind, ExchangeError::WrongKind);
        Ok(())
    }

    #[inline(always)]
    pub fn receive(&mut self, shares: Shares6, cost: Collateral6, slot: u64) -> Result<()> {
        if self.shares == 0 {
            self.generation = self.generation.saturating_add(1).max(slot as u32);
        }
        self.shares = math(Shares6::new(self.shares).checked_add(shares))?.raw();
        self.cost = math(Collateral6::new(self.cost).checked_add(cost))?.raw();
        self.opened_slot = slot;
        Ok(())
    }

    #[inline(always)]
    pub fn borrow(&mut self, debt: Collateral6) -> Result<()> {
        self.debt = math(Collateral6::new(self.debt).checked_add(debt))?.raw();
        Ok(())
    }

    /// Give up shares and the debt they secured; the cost shrinks in proportion.
    #[inline(always)]
    pub fn release(&mut self, shares: Shares6, debt: Collateral6) -> Result<()> {
        let held = self.shares;
        require!(shares.raw() <= held, ExchangeError::InsufficientShares);
        let left = math(Shares6::new(held).checked_sub(shares))?.raw();
        self.cost = if left == 0 {
            0
        } else {
            math(mul_div(self.cost, left, held, Rounding::Down))?
        };
        self.shares = left;
        self.debt = math(Collateral6::new(self.debt).checked_sub(debt))?.raw();
        Ok(())
    }

    /// The loan's part that `shares` secure, rounded up: what stays is never worse secured than before.
    #[inline(always)]
    pub fn debt_of(&self, shares: Shares6) -> Result<Collateral6> {
        require!(shares.raw() <= self.shares, ExchangeError::InsufficientShares);
        Ok(Collateral6::new(math(mul_div(
            self.debt,
            shares.raw(),
            self.shares,
            Rounding::Up,
        ))?))
    }

    /// Nothing is held and nothing owed any more.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.shares = 0;
        self.cost = 0;
        self.debt = 0;
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.shares == 0 && self.debt == 0
    }
}
