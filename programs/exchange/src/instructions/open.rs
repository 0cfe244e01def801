use {
    super::desk::{Desk, Priced, Settlement},
    crate::{
        error::{math, ExchangeError},
        events::OPEN,
        state::LEVERAGED,
    },
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Freshness},
    breakwater_math::{breaker, risk, Collateral6, LeverageX100, Shares6},
};

/// Shares priced and financed, not paid for yet.
pub struct Financed {
    pub priced: Priced,
    /// What the purchase needs of the trader, or of the leg before it.
    pub margin: Collateral6,
    /// All that is lent on the shares.
    pub debt: Collateral6,
    /// What the loan costs.
    pub premium: Collateral6,
    pub shares: Shares6,
    pub leverage: LeverageX100,
    outcome: usize,
}

impl Desk<'_> {
    #[inline(always)]
    pub fn open(
        &mut self,
        shares: Shares6,
        leverage: LeverageX100,
        max_payment: Collateral6,
        feed: &Feed,
    ) -> Result<()> {
        self.holding.require_kind(LEVERAGED)?;
        let financed = self.finance(shares, leverage, Collateral6::ZERO, feed)?;
        // the trader pays margin, premium and fee, the vault lends the rest of the cost
        let amount = math(financed.margin.checked_add(financed.price_of_credit()?))?;
        require!(amount <= max_payment, ExchangeError::SlippageExceeded);
        self.trader.pay(amount)?;
        self.purchase(&financed, amount)
    }

    /// Price shares bought on credit. `advance` is lent on top of what the purchase itself needs.
    #[inline(always)]
    pub fn finance(
        &mut self,
        shares: Shares6,
        leverage: LeverageX100,
        advance: Collateral6,
        feed: &Feed,
    ) -> Result<Financed> {
        self.require_leverage(leverage, feed)?;
        let outcome = self.enter()?;
        let reference = self.market.reference_price(outcome, self.now.s)?;
        let priced = self.price_purchase(outcome, shares)?;
        self.market.require_agreement(outcome, priced.fill, feed)?;

        let margin = math(risk::margin(priced.notional, leverage))?;
        let debt = math(math(priced.notional.checked_sub(margin))?.checked_add(advance))?;
        require!(debt <= shares.payout(), ExchangeError::DebtAboveShares);
        let premium = math(risk::premium(debt, reference.min(priced.fill)))?;
        Ok(Financed {
            priced,
            margin,
            debt,
            premium,
            shares,
            leverage,
            outcome,
        })
    }

    /// Take over a financed purchase for which the trader has paid `amount`.
    #[inline(always)]
    pub fn purchase(&mut self, financed: &Financed, amount: Collateral6) -> Result<()> {
        let Financed {
            ref priced,
            debt,
            premium,
            shares,
            leverage,
            outcome,
            ..
        } = *financed;
        let paid = math(priced.notional.checked_add(financed.price_of_credit()?))?;
        let income = math(paid.checked_sub(priced.paid_in()?))?;
        self.holding.receive(shares, amount, self.now.slot)?;
        self.holding.borrow(debt)?;
        if debt > Collateral6::ZERO {
            let at_risk_before = self.market.debt_at_risk;
            let at_risk = self.market.lend(outcome, debt)?;
            let most = self.market.debt_limit()?;
            require!(at_risk <= most, ExchangeError::MarketDebtTooLarge);
            self.shard.book_loan(debt)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
            self.shard.require_covered()?;
        }
        let settlement = Settlement {
            premium,
            leverage,
            ..Settlement::spot(OPEN, shares, amount, income)
        };
        self.settle(priced, &settlement)
    }

    /// At least 1x, at most the cap of outcomes and coverage; half of it (never below 1x) while the feed is stale. A feed
    /// whose interval is wide says nothing at all.
    #[inline(always)]
    fn require_leverage(&self, leverage: LeverageX100, feed: &Feed) -> Result<()> {
        require!(leverage >= LeverageX100::ONE, ExchangeError::LeverageBelowOne);
        let cap = math(risk::leverage_cap(
            usize::from(self.market.outcomes),
            self.shard.coverage(),
        ))?;
        require!(leverage <= cap, ExchangeError::LeverageAboveCap);
        if feed.freshness(self.now.s) == Freshness::Stale {
            require!(leverage <= cap.halved(), ExchangeError::OracleStale);
        }
        require!(
            breaker::is_narrow(feed.price, feed.confidence),
            ExchangeError::SpreadTooWide
        );
        Ok(())
    }
}

impl Financed {
    /// What a purchase on credit costs besides its shares: premium and fee.
    #[inline(always)]
    pub fn price_of_credit(&self) -> Result<Collateral6> {
        math(self.premium.checked_add(self.priced.fee))
    }
}
