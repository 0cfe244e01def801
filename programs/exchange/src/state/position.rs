use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{mul_div, Collateral6, Rounding, Shares6},
};

/// Shares paid for in full.
pub const SPOT: u8 = 0;
/// Shares bought with a loan of the vault, which they secure.
pub const LEVERAGED: u8 = 1;

/// A trader's shares of one outcome. PDA of `["position", trader, market, [outcome, kind]]`.
#[account]
pub struct Position {
    pub trader: Address,
    pub market: Address,
    /// Micro-shares; one share pays one unit of collateral if its outcome wins.
    pub shares: u64,
    /// What the trader paid in, fees included, less what was taken out pro rata.
    pub cost: u64,
    /// Loan that the shares secure.
    pub debt: u64,
    pub opened_slot: u64,
    pub outcome: u8,
    /// [`SPOT`] or [`LEVERAGED`].
    pub kind: u8,
    pub reserved: [u8; 6],
}

impl Position {
    #[inline(always)]
    pub fn require_kind(&self, kind: u8) -> Result<()> {
        require!(self.kind == kind, ExchangeError::WrongKind);
        Ok(())
    }

    #[inline(always)]
    pub fn receive(&mut self, shares: Shares6, cost: Collateral6) -> Result<()> {
        self.shares = math(Shares6::new(self.shares).checked_add(shares))?.raw();
        self.cost = math(Collateral6::new(self.cost).checked_add(cost))?.raw();
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

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.shares == 0 && self.debt == 0
    }
}
