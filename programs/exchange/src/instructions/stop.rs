// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    super::desk::Desk,
    crate::{
        error::ExchangeError,
        events::{log, StopCancelled, StopExecuted, StopPlaced},
        state::{Market, Position, Shard, Stop, Trader, LEVERAGED, TAKE_PROFIT},
    },
    anchor_lang::{prelude::*, AnchorAccount},
    breakwater_feed::Now,
    breakwater_math::{Collateral6, PriceQ28, Shares6},
};

/// What a standing order says.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct StopTerms {
    pub shares: u64,
    pub tip: u64,
    /// 2^28 is a price of one.
    pub trigger_q28: u32,
    pub limit_q28: u32,
}

#[derive(Accounts)]
#[instruction(side: u8)]
pub struct PlaceStop {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    pub position: Account<Position>,
    #[account(init, payer = owner, seeds = [b"stop", position.address().as_ref(), &[side]], bump)]
    pub stop: Account<Stop>,
    pub system_program: Program<System>,
}

impl PlaceStop {
    /// One stop loss (side 0) and one take profit (side 1) a position, for the shares that it holds now: when they are gone the
    /// order is dead, whatever the position holds later.
    pub fn place_stop(&mut self, side: u8, terms: &StopTerms) -> Result<()> {
        let one = PriceQ28::ONE.raw();
        let sane = side <= TAKE_PROFIT && (1..one).contains(&terms.trigger_q28) && terms.limit_q28 < one;
        require!(sane, ExchangeError::BadParameter);
        require!(terms.shares > 0, ExchangeError::ZeroAmount);
        require!(
            self.position.holding.shares > 0,
            ExchangeError::InsufficientShares
        );
        let position = *self.position.address();
        *self.stop = Stop {
            position,
            owner: *self.owner.address(),
            shares: terms.shares,
            tip: terms.tip,
            trigger_q28: terms.trigger_q28,
            limit_q28: terms.limit_q28,
            generation: self.position.holding.generation,
            side,
            reserved: [0; 3],
        };
        log(StopPlaced {
            position,
            shares: terms.shares,
            tip: terms.tip,
            trigger_q28: terms.trigger_q28,
            limit_q28: terms.limit_q28,
            side: u64::from(side),
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct CancelStop {
    /// Unchecked: who paid the order's rent and gets it back; has to sign while the order stands.
    #[account(mut, address = stop.owner @ ExchangeError::NotOwner)]
    pub owner: UncheckedAccount,
    #[account(mut, close = owner)]
    pub stop: Account<Stop>,
    /// Unchecked: the stop's position, which may be gone already; read below if it is not.
    #[account(address = stop.position @ ExchangeError::WrongStop)]
    pub position: UncheckedAccount,
}

impl CancelStop {
    /// Take the order back; its rent goes to the owner. Once the shares are gone that it was given for, anybody may.
    pub fn cancel_stop(&mut self) -> Result<()> {
        let permitted = self.owner.is_signer() || !self.stands();
        require!(permitted, ProgramError::MissingRequiredSignature);
        log(StopCancelled {
            position: self.stop.position,
            side: u64::from(self.stop.side),
        });
        Ok(())
    }

    fn stands(&self) -> bool {
        let position = Account::<Position>::load(*self.position.account());
        position.is_ok_and(|position| self.stop.stands_for(&position.holding))
    }
}

/// Permissionless: whoever executes a due order gets its tip.
#[derive(Accounts)]
pub struct ExecuteStop {
    #[account(address = reward.owner @ ExchangeError::NotOwner)]
    pub keeper: Signer,
    /// The keeper's own trader account.
    #[account(mut)]
    pub reward: Account<Trader>,
    /// Unchecked: who paid the order's rent and gets it back; only receives lamports.
    #[account(mut, address = stop.owner @ ExchangeError::NotOwner)]
    pub owner: UncheckedAccount,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut, address = stop.position @ ExchangeError::WrongStop)]
    pub position: Account<Position>,
    #[account(mut, close = owner)]
    pub stop: Account<Stop>,
}

impl ExecuteStop {
    /// Sell or close as the owner would have, if the order is due, and pay the tip.
    pub fn execute_stop(&mut self) -> Result<()> {
        let now = Now::get()?;
        let position = *self.position.address();
        require!(
            self.stop.stands_for(&self.position.holding),
            ExchangeError::WrongStop
        );
        let Position { trader, holding, .. } = &mut *self.position;
        let shares = Shares6::new(self.stop.shares.min(holding.shares));
        let outcome = self.market.require_outcome(holding.outcome)?;
        let reference = self.market.reference_price(outcome, now.s)?;
        let leveraged = holding.kind == LEVERAGED;
        let mut desk = Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut self.market,
            shard: &mut self.shard,
            holding,
            now,
        };
        let fill = if leveraged {
            desk.close(shares, Collateral6::ZERO)?
        } else {
            desk.sell(shares, Collateral6::ZERO)?
        };
        self.stop.require_due(reference, fill)?;
        let tip = Collateral6::new(self.stop.tip);
        self.trader.pay(tip)?;
        self.reward.receive(tip)?;
        log(StopExecuted {
            position,
            keeper: *self.reward.address(),
            shares: shares.raw(),
            tip: tip.raw(),
            fill_q28: fill.raw(),
            side: u32::from(self.stop.side),
        });
        Ok(())
    }
}
