use {
    crate::{
        error::ExchangeError,
        events::{log, TaskCompleted},
        state::{Keeper, Task},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CompleteTask {
    #[account(address = keeper.authority @ ExchangeError::NotKeeper)]
    pub authority: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub task: Account<Task>,
    /// Unchecked: the one account named in the task, whose type its kind implies; it may be closed.
    #[account(address = task.subject @ ExchangeError::WrongSubject)]
    pub subject: UncheckedAccount,
}

impl CompleteTask {
    /// The subject proves that the work was done; the reward is booked. Also after the deadline, as long as nobody has
    /// taken the task away.
    pub fn complete_task(&mut self) -> Result<()> {
        let slot = Clock::get()?.slot;
        let (keeper, task) = (&mut self.keeper, &mut self.task);
        task.require_held_by(keeper.address())?;
        require!(
            !task.is_needed(self.subject.account())?,
            ExchangeError::TaskUnfinished
        );
        let reward = task.finish(keeper.tier, slot)?;
        let response_slots = task.response_slots(slot);
        keeper.succeed(response_slots, reward, slot)?;
        log(TaskCompleted {
            task: *task.address(),
            keeper: *keeper.address(),
            reward: reward.raw(),
            response_slots,
        });
        Ok(())
    }
}
