use {
    crate::{
        error::ExchangeError,
        events::{log, TaskClosed},
        state::{Registry, Season, Task, CLAIMED, DONE},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

/// Permissionless: a task that is done, or that nobody holds and nobody needs, is of no use to anybody.
#[derive(Accounts)]
pub struct CloseTask {
    /// Unchecked: the key that paid the rent, named in the task; it only receives lamports.
    #[account(mut, address = task.poster @ ExchangeError::NotPoster)]
    pub poster: UncheckedAccount,
    #[account(mut, close = poster)]
    pub task: Account<Task>,
    #[account(mut)]
    pub season: Account<Season>,
    pub registry: Account<Registry>,
    /// Unchecked: the one account named in the task, whose type its kind implies; it may be closed.
    #[account(address = task.subject @ ExchangeError::WrongSubject)]
    pub subject: UncheckedAccount,
}

impl CloseTask {
    /// The rent goes back to the poster, what was set aside and not paid to the keepers' pot.
    pub fn close_task(&mut self) -> Result<()> {
        let task = &self.task;
        require!(task.state != CLAIMED, ExchangeError::TaskClaimed);
        if task.state != DONE {
            let expired = task.response_slots(Clock::get()?.slot) > self.registry.expiry_slots;
            require!(
                expired || !task.is_needed(self.subject.account())?,
                ExchangeError::TaskPending
            );
        }
        self.season.unreserve(Mmt9::new(task.reserved_mmt))?;
        log(TaskClosed {
            task: *task.address(),
            returned: task.reserved_mmt,
            done: u64::from(task.state == DONE),
        });
        Ok(())
    }
}
