use {
    crate::{
        error::ExchangeError,
        events::{log, TaskReopened},
        state::{Keeper, Registry, Task, CLAIMED},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

#[derive(Accounts)]
pub struct FailTask {
    #[account(address = keeper.authority @ ExchangeError::NotKeeper)]
    pub authority: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub task: Account<Task>,
    pub registry: Account<Registry>,
}

impl FailTask {
    /// Give a task up. It costs what missing the deadline would, but others need not wait for that.
    pub fn fail_task(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        self.task.require_held_by(self.keeper.address())?;
        self.keeper.failed = self.keeper.failed.saturating_add(1);
        let penalty = self.keeper.fall_short(self.registry.suspension_slots, slot)?;
        self.task.reopen();
        log(TaskReopened::of(&self.task, &self.keeper, penalty, 0));
        Ok(())
    }
}

/// Permissionless: the deadline decides.
#[derive(Accounts)]
pub struct ExpireClaim {
    #[account(mut)]
    pub task: Account<Task>,
    #[account(mut, address = task.claimed_by @ ExchangeError::NotClaimer)]
    pub keeper: Account<Keeper>,
    pub registry: Account<Registry>,
}

impl ExpireClaim {
    /// Take a task away from a late keeper. Followed by `claim_task` in the same transaction, the task is stolen: both
    /// happen or neither.
    pub fn expire_claim(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        let held = self.task.state == CLAIMED;
        require!(held && slot > self.task.deadline_slot, ExchangeError::TaskNotLate);
        self.keeper.missed = self.keeper.missed.saturating_add(1);
        let penalty = self.keeper.fall_short(self.registry.suspension_slots, slot)?;
        self.task.reopen();
        log(TaskReopened::of(&self.task, &self.keeper, penalty, 1));
        Ok(())
    }
}

impl TaskReopened {
    fn of(task: &Account<Task>, keeper: &Account<Keeper>, penalty: Mmt9, missed: u64) -> Self {
        Self {
            task: *task.address(),
            keeper: *keeper.address(),
            penalty: penalty.raw(),
            missed,
        }
    }
}
