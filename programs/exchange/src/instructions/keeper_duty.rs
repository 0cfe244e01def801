use {
    crate::{
        error::ExchangeError,
        events::{log, KeeperChanged},
        state::{Keeper, Registry, Season, ACTIVE, LEAVING, SUSPENDED},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct Heartbeat {
    #[account(address = keeper.authority @ ExchangeError::NotKeeper)]
    pub authority: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
}

impl Heartbeat {
    /// A sign of life, for keepers that have nothing else to do. Writes no account that others write, and logs nothing.
    pub fn heartbeat(&mut self) -> Result<()> {
        self.keeper.require_active()?;
        self.keeper.heartbeat_slot = Clock::get()?.slot;
        Ok(())
    }
}

/// Permissionless: the keeper's record and the clock decide.
#[derive(Accounts)]
pub struct SuspendKeeper {
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub registry: Account<Registry>,
}

impl SuspendKeeper {
    /// Strike a keeper that missed three tasks in a row, or has been silent for too long, off the list, so that no turn
    /// waits for it.
    pub fn suspend_keeper(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        let keeper = &mut self.keeper;
        require!(keeper.listed == 1, ExchangeError::KeeperNotActive);
        if keeper.status == ACTIVE {
            let until = keeper
                .heartbeat_slot
                .saturating_add(self.registry.heartbeat_slots);
            require!(slot > until, ExchangeError::KeeperAlive);
            keeper.suspend(self.registry.suspension_slots, slot);
        }
        let address = *keeper.address();
        self.registry.unlist(&address)?;
        keeper.listed = 0;
        log(KeeperChanged::of(keeper));
        Ok(())
    }
}

/// What takes a keeper on or off duty by its own will.
#[derive(Accounts)]
pub struct KeeperDuty {
    /// The authority; to leave, the beneficiary is as good.
    pub principal: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub registry: Account<Registry>,
    pub season: Account<Season>,
}

impl KeeperDuty {
    /// Back on duty after the suspension, with a clean sheet but the tier that was left.
    pub fn resume_keeper(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        let keeper = &mut self.keeper;
        let own = *self.principal.address() == keeper.authority;
        require!(own, ExchangeError::NotKeeper);
        require!(keeper.status == SUSPENDED, ExchangeError::KeeperNotSuspended);
        require!(slot >= keeper.unlock_slot, ExchangeError::CoolingDown);
        keeper.status = ACTIVE;
        keeper.misses = 0;
        keeper.heartbeat_slot = slot;
        if keeper.listed == 0 {
            self.registry.list(*keeper.address())?;
            keeper.listed = 1;
        }
        log(KeeperChanged::of(keeper));
        Ok(())
    }

    /// Off duty for good; the bond is free after the cool-down.
    pub fn unregister_keeper(&mut self) -> Result<()> {
        let keeper = &mut self.keeper;
        keeper.require_principal(self.principal.address())?;
        require!(keeper.status != LEAVING, ExchangeError::KeeperNotActive);
        require!(keeper.claims == 0, ExchangeError::TasksHeld);
        if keeper.listed == 1 {
            let address = *keeper.address();
            self.registry.unlist(&address)?;
            keeper.listed = 0;
        }
        keeper.status = LEAVING;
        keeper.unlock_slot = Clock::get()?.slot.saturating_add(self.season.cooldown_slots);
        log(KeeperChanged::of(keeper));
        Ok(())
    }
}

impl KeeperChanged {
    fn of(keeper: &Account<Keeper>) -> Self {
        Self {
            keeper: *keeper.address(),
            bond: keeper.bond,
            unlock_slot: keeper.unlock_slot,
            status: u32::from(keeper.status),
            listed: u32::from(keeper.listed),
        }
    }
}
