use {
    super::{Launch, LiquidationRules, Repricing},
    crate::{
        constants::GROUPS,
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_math::{risk, Collateral6, CoverageQ32, Ppm},
};

/// A quarter of the vault's books. PDA of `["shard", index]`. Trades write their market's shard and no other.
///
/// Coverage and fee are published here by `fold`, so that a trade reads no further account; what a trade may lend
/// is limited by this shard's own cash, which is always current.
#[account]
pub struct Shard {
    /// The vault's cash that this shard may lend and pay subsidies from.
    pub cash: u64,
    /// Loans outstanding.
    pub debt: u64,
    /// Largest debt, over outcomes and summed over markets, that would not be repaid.
    pub debt_at_risk: u64,
    /// What the vault gets back from the open markets' escrows at least, and at most.
    pub claim_floor: u64,
    pub claim_ceiling: u64,
    /// Vault-wide coverage at the last fold; 2^32 is 1.
    pub coverage_q32: u64,
    pub min_coverage_q32: u64,
    /// Totals since launch.
    pub fees: u64,
    pub volume: u64,
    pub bad_debt: u64,
    /// Fee at the last fold.
    pub fee_ppm: u32,
    pub index: u32,
    /// Cash set aside for losses of liquidations; not the liquidity providers'.
    pub insurance: u64,
    /// The config's, so that a liquidation reads no further account.
    pub liquidation: LiquidationRules,
    /// By group of markets: the first slot in which it trades again. Group zero never halts.
    pub halts: [u64; GROUPS],
    pub launch: Launch,
}

impl Shard {
    /// First slot in which a group trades again.
    #[inline(always)]
    pub fn halted_until(&self, group: u32) -> u64 {
        self.halts[group as usize % GROUPS]
    }

    /// Halt a group; a longer halt stays. Group zero is none.
    #[inline(always)]
    pub fn halt(&mut self, group: u32, until_slot: u64) {
        if group != 0 {
            let halt = &mut self.halts[group as usize % GROUPS];
            *halt = until_slot.max(*halt);
        }
    }

    #[inline(always)]
    pub fn fee_rate(&self) -> Ppm {
        Ppm::new(self.fee_ppm)
    }

    #[inline(always)]
    pub fn coverage(&self) -> CoverageQ32 {
        CoverageQ32::new(self.coverage_q32)
    }

    #[inline(always)]
    pub fn receive(&mut self, amount: Collateral6) -> Result<()> {
        self.cash = math(Collateral6::new(self.cash).checked_add(amount))?.raw();
        Ok(())
    }

    #[inline(always)]
    pub fn spend(&mut self, amount: Collateral6) -> Result<()> {
        self.cash = self
            .cash
            .checked_sub(amount.raw())
            .ok_or(ExchangeError::VaultTooSmall)?;
        Ok(())
    }

    /// Book a trade: income that did not go into the escrow, and the vault's new claim on the market.
    #[inline(always)]
    pub fn book_trade(
        &mut self,
        repricing: &Repricing,
        floor: u64,
        ceiling: u64,
        notional: Collateral6,
        income: Collateral6,
    ) -> Result<()> {
        self.claim_floor = replaced(self.claim_floor, repricing.floor_before, floor)?;
        self.claim_ceiling = replaced(self.claim_ceiling, repricing.ceiling_before, ceiling)?;
        // totals are statistics: they saturate rather than stop a trade in the year 2500
        self.volume = self.volume.saturating_add(notional.raw());
        self.fees = self.fees.saturating_add(income.raw());
        self.receive(income)
    }

    /// Replace one market's part of the debt at risk.
    #[inline(always)]
    pub fn book_risk(&mut self, before: u64, after: Collateral6) -> Result<()> {
        self.debt_at_risk = replaced(self.debt_at_risk, before, after.raw())?;
        Ok(())
    }

    #[inline(always)]
    pub fn book_loan(&mut self, debt: Collateral6) -> Result<()> {
        self.debt = math(Collateral6::new(self.debt).checked_add(debt))?.raw();
        self.spend(debt)
    }

    /// Set a credited fee aside, where it is not the liquidity providers' any more.
    pub fn reserve(&mut self, amount: Collateral6) -> Result<()> {
        self.spend(amount)?;
        let held = Collateral6::new(self.launch.reserve);
        self.launch.reserve = math(held.checked_add(amount))?.raw();
        Ok(())
    }

    /// A loan comes back: `repaid` of `debt`, the rest is lost.
    #[inline(always)]
    pub fn book_repayment(&mut self, debt: Collateral6, repaid: Collateral6) -> Result<()> {
        let lost = math(debt.checked_sub(repaid))?;
        self.debt = math(Collateral6::new(self.debt).checked_sub(debt))?.raw();
        self.bad_debt = self.bad_debt.saturating_add(lost.raw());
        self.receive(repaid)
    }

    /// Loans that were taken over are settled: `brought` is what their shares pay. What that leaves of the loans is paid by the
    /// insurance fund and then lost; what it leaves of the shares is the fund's. What the fund paid, and what was lost.
    pub fn settle_taken(
        &mut self,
        owed: Collateral6,
        brought: Collateral6,
    ) -> Result<(Collateral6, Collateral6)> {
        let repaid = owed.min(brought);
        let missing = math(owed.checked_sub(repaid))?;
        let fund = Collateral6::new(self.insurance);
        let drawn = missing.min(fund);
        let surplus = math(brought.checked_sub(repaid))?;
        self.insurance = math(math(fund.checked_sub(drawn))?.checked_add(surplus))?.raw();
        self.book_repayment(owed, math(repaid.checked_add(drawn))?)?;
        Ok((drawn, math(missing.checked_sub(drawn))?))
    }

    /// Enter or leave the books: a market's claims are added (`sign` true) or taken away.
    pub fn add_claims(&mut self, floor: u64, ceiling: u64) -> Result<()> {
        self.claim_floor = replaced(self.claim_floor, 0, floor)?;
        self.claim_ceiling = replaced(self.claim_ceiling, 0, ceiling)?;
        Ok(())
    }

    pub fn remove_claims(&mut self, floor: u64, ceiling: u64) -> Result<()> {
        self.claim_floor = replaced(self.claim_floor, floor, 0)?;
        self.claim_ceiling = replaced(self.claim_ceiling, ceiling, 0)?;
        Ok(())
    }

    /// Solvency of lending: cash covers the debt at risk times the minimum coverage.
    #[inline(always)]
    pub fn require_covered(&self) -> Result<()> {
        let covered = risk::is_covered(
            Collateral6::new(self.cash),
            Collateral6::new(self.debt_at_risk),
            CoverageQ32::new(self.min_coverage_q32),
        );
        require!(covered, ExchangeError::CoverageTooLow);
        Ok(())
    }
}

/// `total - before + after`, exact or an error.
#[inline(always)]
fn replaced(total: u64, before: u64, after: u64) -> Result<u64> {
    let rest = math(Collateral6::new(total).checked_sub(Collateral6::new(before)))?;
    Ok(math(rest.checked_add(Collateral6::new(after)))?.raw())
}
