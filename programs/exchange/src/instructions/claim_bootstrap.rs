use {
    super::mmt_tokens::Route,
    crate::{
        error::{math, ExchangeError},
        events::{log, BootstrapPaid},
        state::{Bootstrap, Maker, Season, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_math::{bootstrap, Mmt9},
};

/// Pay a trader for its credited fees.
#[derive(Accounts)]
pub struct ClaimTrades {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub bootstrap: Account<Bootstrap>,
    /// Signs for the reward vault.
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint`; its owner is the trader's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.reward_vault @ ExchangeError::WrongTokenVault)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl ClaimTrades {
    pub fn claim_trades(&mut self) -> Result<()> {
        let amount = math(bootstrap::reward(self.trader.credit, self.bootstrap.trade_rate))?;
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        self.trader.credit = 0;
        self.bootstrap.book_payment(amount, Mmt9::ZERO)?;
        let route = Route {
            from: self.reward_vault.account(),
            mint: self.mint.account(),
            to: self.destination.account(),
        };
        route.pay(&self.season, amount)?;
        log(BootstrapPaid {
            payee: *self.trader.address(),
            amount: amount.raw(),
        });
        Ok(())
    }
}

/// Pay a maker for its locked liquidity.
#[derive(Accounts)]
pub struct ClaimMaker {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(address = maker.trader @ ExchangeError::MakerOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub maker: Account<Maker>,
    #[account(mut)]
    pub bootstrap: Account<Bootstrap>,
    /// Signs for the reward vault.
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint`; its owner is the maker's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.reward_vault @ ExchangeError::WrongTokenVault)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl ClaimMaker {
    /// Everything up to this slot.
    pub fn claim_maker(&mut self) -> Result<()> {
        self.bootstrap.emit(Clock::get()?.slot)?;
        self.maker.settle(&self.bootstrap)?;
        let amount = Mmt9::new(self.maker.rewards);
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        self.maker.rewards = 0;
        self.bootstrap.book_payment(Mmt9::ZERO, amount)?;
        let route = Route {
            from: self.reward_vault.account(),
            mint: self.mint.account(),
            to: self.destination.account(),
        };
        route.pay(&self.season, amount)?;
        log(BootstrapPaid {
            payee: *self.maker.address(),
            amount: amount.raw(),
        });
        Ok(())
    }
}
