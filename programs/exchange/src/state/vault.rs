use {
    super::{Config, Shard},
    crate::{
        constants::SHARDS,
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_math::{fees, mul_div, risk, Collateral6, CoverageQ32, Ppm, Rounding},
};

/// The liquidity providers' side of the exchange. PDA of `["vault"]`; signs for the token account.
#[account]
pub struct Vault {
    pub token_account: Address,
    /// Cash that no shard holds: what does not divide by four.
    pub cash: u64,
    pub lp_supply: u64,
    pub folded_slot: u64,
    pub bump: u8,
    pub token_bump: u8,
    pub reserved: [u8; 6],
}

/// What the vault is worth. Between the two no price can move it: loans and claims on open markets are counted at their
/// worst in `low` and at their best in `high`.
pub struct NetAssets {
    pub cash: Collateral6,
    pub low: Collateral6,
    pub high: Collateral6,
}

impl Vault {
    pub fn net_assets(&self, shards: &[&mut Shard; SHARDS]) -> Result<NetAssets> {
        let add = |sum: Collateral6, part: u64| math(sum.checked_add(Collateral6::new(part)));
        let (mut cash, mut low, mut high) =
            (Collateral6::new(self.cash), Collateral6::ZERO, Collateral6::ZERO);
        for shard in shards {
            cash = add(cash, shard.cash)?;
            let safe = math(Collateral6::new(shard.debt).checked_sub(Collateral6::new(shard.debt_at_risk)))?;
            low = add(add(low, safe.raw())?, shard.claim_floor)?;
            high = add(add(high, shard.debt)?, shard.claim_ceiling)?;
        }
        Ok(NetAssets {
            cash,
            low: add(low, cash.raw())?,
            high: add(high, cash.raw())?,
        })
    }

    /// Deal the whole vault's `cash` out to the shards (first what each one's debt at risk demands, then equal parts)
    /// and publish coverage and fee.
    pub fn deal(
        &mut self,
        config: &Config,
        shards: &mut [&mut Shard; SHARDS],
        cash: Collateral6,
    ) -> Result<()> {
        let min_coverage = CoverageQ32::new(config.min_coverage_q32);
        let (mut at_risk, mut left) = (Collateral6::ZERO, cash);
        for shard in shards.iter_mut() {
            let own = Collateral6::new(shard.debt_at_risk);
            at_risk = math(at_risk.checked_add(own))?;
            let demanded = math(risk::cash_for(own, min_coverage))?.min(left);
            left = math(left.checked_sub(demanded))?;
            shard.cash = demanded.raw();
        }
        let part = math(mul_div(left.raw(), 1, SHARDS as u64, Rounding::Down))?;
        Self::deal_insurance(shards)?;
        let coverage = risk::coverage(cash, at_risk);
        let rates = (Ppm::new(config.fee_base_ppm), Ppm::new(config.fee_slope_ppm));
        let fee = math(fees::fee_rate(rates.0, rates.1, coverage))?;
        for shard in shards.iter_mut() {
            shard.receive(Collateral6::new(part))?;
            left = math(left.checked_sub(Collateral6::new(part)))?;
            shard.coverage_q32 = coverage.raw();
            shard.fee_ppm = fee.raw();
            shard.min_coverage_q32 = config.min_coverage_q32;
        }
        self.cash = left.raw();
        self.folded_slot = Clock::get()?.slot;
        Ok(())
    }

    /// Even out what the shards have set aside; the first one keeps what does not divide by four.
    fn deal_insurance(shards: &mut [&mut Shard; SHARDS]) -> Result<()> {
        let mut all = Collateral6::ZERO;
        for shard in shards.iter() {
            all = math(all.checked_add(Collateral6::new(shard.insurance)))?;
        }
        let part = math(mul_div(all.raw(), 1, SHARDS as u64, Rounding::Down))?;
        for shard in shards.iter_mut().rev() {
            shard.insurance = part;
            all = Collateral6::new(all.raw().saturating_sub(part));
        }
        shards[0].insurance = part.saturating_add(all.raw());
        Ok(())
    }

    /// Free cash covers the whole vault's debt at risk.
    pub fn require_covered(config: &Config, shards: &[&mut Shard; SHARDS], cash: Collateral6) -> Result<()> {
        let mut at_risk = Collateral6::ZERO;
        for shard in shards {
            at_risk = math(at_risk.checked_add(Collateral6::new(shard.debt_at_risk)))?;
        }
        let covered = risk::is_covered(cash, at_risk, CoverageQ32::new(config.min_coverage_q32));
        require!(covered, ExchangeError::CoverageTooLow);
        Ok(())
    }
}
