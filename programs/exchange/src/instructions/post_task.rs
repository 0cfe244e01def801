// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        error::{math, ExchangeError},
        events::{log, TaskPosted},
        state::{Need, Proof, Registry, Season, Task, URGENCY},
    },
    anchor_lang::prelude::*,
    breakwater_math::{duties, rewards, Mmt9, Rounding},
};

/// Permissionless: the subject itself has to prove that there is work. The poster pays the task's rent until it is closed.
#[derive(Accounts)]
#[instruction(kind: u8)]
pub struct PostTask {
    #[account(mut)]
    pub poster: Signer,
    #[account(mut)]
    pub season: Account<Season>,
    pub registry: Account<Registry>,
    /// Unchecked: `Need::prove` loads it as what the kind demands, owner and type included.
    pub subject: UncheckedAccount,
    /// Unchecked: `Need::prove` loads it as what the kind demands, owner and type included.
    pub related: UncheckedAccount,
    #[account(init, payer = poster, seeds = [b"task", subject.address().as_ref(), &[kind]], bump)]
    pub task: Account<Task>,
    pub system_program: Program<System>,
}

impl PostTask {
    /// The reward is set aside now, as far as the keepers' pot goes, so that paying it touches no common account.
    pub fn post_task(&mut self, kind: u8) -> Result<()> {
        let clock = Clock::get()?;
        let (poster, subject) = (*self.poster.address(), *self.subject.address());
        let need = Need::prove(
            kind,
            &Proof {
                subject: self.subject.account(),
                related: self.related.account(),
                poster: &poster,
                now_s: clock.unix_timestamp.max(0).unsigned_abs(),
                prune_age_s: self.registry.prune_age_s,
            },
        )?;
        let index = usize::from(kind);
        let urgency = *URGENCY.get(index).ok_or(ExchangeError::BadTaskKind)?;
        self.season.emit(clock.slot)?;
        let wanted = Mmt9::new(self.season.task_rewards[index]);
        let top = rewards::TIERS.saturating_sub(1);
        let reserved = self.season.reserve(math(rewards::multiplied(wanted, top))?)?;
        // as much as the highest tier's part of what is there allows
        let affordable =
            breakwater_math::mul_div(reserved.raw(), 10, rewards::TIER_TENTHS[top], Rounding::Down);

        let task = &mut self.task;
        task.subject = subject;
        task.poster = poster;
        task.priority = duties::priority(urgency, need.value);
        task.value = need.value;
        task.witness = need.witness;
        task.sequence = self.season.tasks;
        task.created_slot = clock.slot;
        task.reserved_mmt = reserved.raw();
        task.reward = wanted.raw().min(math(affordable)?);
        task.kind = kind;
        task.urgency = urgency;
        self.season.tasks = self.season.tasks.saturating_add(1);
        log(TaskPosted {
            task: *task.address(),
            subject,
            poster,
            priority: task.priority,
            sequence: task.sequence,
            reward: task.reward,
            kind: u64::from(kind),
        });
        Ok(())
    }
}
