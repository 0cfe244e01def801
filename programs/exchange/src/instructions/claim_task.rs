use {
    crate::{
        error::ExchangeError,
        events::{log, TaskClaimed},
        state::{Keeper, Registry, Task},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ClaimTask {
    #[account(address = keeper.authority @ ExchangeError::NotKeeper)]
    pub authority: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub task: Account<Task>,
    pub registry: Account<Registry>,
    /// Unchecked: the one account named in the task, whose type its kind implies; it may be closed.
    #[account(address = task.subject @ ExchangeError::WrongSubject)]
    pub subject: UncheckedAccount,
}

impl ClaimTask {
    /// Take a task that nobody holds and that is still to be done. In its first slots it is reserved for the keeper whose
    /// turn it is.
    pub fn claim_task(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        let (keeper, task, registry) = (&mut self.keeper, &mut self.task, &self.registry);
        let address = *keeper.address();
        task.claim(address, registry.claim_slots, slot)?;
        keeper.take_claim(registry, slot)?;
        let young = task.response_slots(slot) < registry.exclusive_slots;
        require!(
            !young || registry.has_turn(&address, task.sequence, slot),
            ExchangeError::NotYourTurn
        );
        // work that is done already would be paid for nothing
        require!(
            task.is_needed(self.subject.account())?,
            ExchangeError::TaskObsolete
        );
        log(TaskClaimed {
            task: *task.address(),
            keeper: address,
            priority: task.priority,
            deadline_slot: task.deadline_slot,
        });
        Ok(())
    }
}
