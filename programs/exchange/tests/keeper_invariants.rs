//! Long random sequences of keepers' and stakers' instructions, audited after each one: MMT is conserved to the unit, the
//! schedule is never exceeded, no task is paid twice, and a refusal changes nothing.

use {
    harness::{
        ix_keepers as kx,
        keepers::{Holder, CLAIMED, DONE, MMT, RESOLUTION, UNCLAIMED},
        random::Random,
        *,
    },
    std::collections::{BTreeMap, HashSet},
};

const STEPS: usize = 1_500;

struct Run {
    world: World,
    random: Random,
    keepers: Vec<Holder>,
    stakers: Vec<Holder>,
    /// Markets with a task, and whether the work was done.
    tasks: Vec<(u64, Address)>,
    /// Tasks paid, which must not be paid again.
    paid: HashSet<Key>,
    /// MMT in everybody's hands and vaults at the start.
    supply: u64,
    tally: BTreeMap<&'static str, (u32, u32)>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut world = World::with_mmt();
        let keepers: Vec<_> = (0..6)
            .map(|i| world.keeper([100, 1_000, 10_000][i % 3] * MMT))
            .collect();
        let stakers: Vec<_> = (0..4).map(|_| world.holder(200_000 * MMT)).collect();
        for staker in &stakers {
            world.does_at_once(&kx::create_stake(staker.key));
        }
        let mut run = Self {
            world,
            random: Random(seed),
            keepers,
            stakers,
            tasks: vec![],
            paid: HashSet::new(),
            supply: 0,
            tally: BTreeMap::new(),
        };
        run.supply = run.everything();
        run
    }

    /// All MMT outside the sink's first ninety million.
    fn everything(&self) -> u64 {
        let own = self.keepers.iter().chain(&self.stakers).map(|h| h.tokens);
        let vaults = [address::stake_vault(), address::reward_vault(), self.world.sink()];
        own.chain(vaults)
            .map(|tokens| self.world.token_amount(&tokens))
            .sum()
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.below(of.len() as u64) as usize]
    }

    fn attempt(&mut self, verb: &'static str, instruction: &Instruction) -> bool {
        let before = self.world.snapshot(instruction);
        let done = self.world.send(instruction).is_ok();
        if done {
            self.world.audit();
        } else {
            assert!(
                before == self.world.snapshot(instruction),
                "a refused {verb} changed an account"
            );
        }
        let (tried, succeeded) = self.tally.entry(verb).or_default();
        *tried += 1;
        *succeeded += u32::from(done);
        done
    }

    fn keeper_step(&mut self) {
        let keepers = self.keepers.clone();
        let keeper = self.any(&keepers);
        let mint = self.world.mmt();
        match self.random.below(12) {
            0 => {
                self.attempt("heartbeat", &kx::heartbeat(keeper.key));
            }
            1 => {
                self.attempt("suspend", &kx::suspend_keeper(keeper.keeper()));
            }
            2 | 3 => {
                self.attempt("resume", &kx::resume_keeper(keeper.key));
            }
            4 if self.random.one_in(8) => {
                self.attempt("unregister", &kx::unregister_keeper(keeper.key, keeper.keeper()));
            }
            5 => {
                let withdraw = kx::withdraw_bond(keeper.key, keeper.tokens, self.world.sink(), mint);
                self.attempt("withdraw_bond", &withdraw);
            }
            6 => {
                let held = self.world.token_amount(&keeper.tokens);
                let register = kx::register_keeper(keeper.key, keeper.tokens, mint, held, keeper.key);
                self.attempt("register", &register);
            }
            7 => {
                let claim = kx::claim_keeper_rewards(keeper.key, keeper.keeper(), keeper.tokens, mint);
                self.attempt("keeper_rewards", &claim);
            }
            _ => self.task_step(keeper),
        }
    }

    fn task_step(&mut self, keeper: Holder) {
        if self.tasks.len() < 12 || self.random.one_in(6) {
            let (market, subject) = self.world.closed_market();
            self.tasks.push((market, subject));
            self.attempt(
                "post",
                &kx::post_task(self.world.authority, RESOLUTION, subject, subject),
            );
            return;
        }
        let tasks = self.tasks.clone();
        let (market, subject) = self.any(&tasks);
        let address = address::task(&subject, RESOLUTION);
        if self
            .world
            .account(&address)
            .is_none_or(|account| account.data.is_empty())
        {
            self.tasks.retain(|task| task.1 != subject);
            return;
        }
        let state = self.world.get::<Task>(&address).state;
        match self.random.below(10) {
            0..=3 => {
                let claimed = self.attempt("claim", &kx::claim_task(keeper.key, RESOLUTION, subject));
                assert!(!claimed || state == UNCLAIMED, "a task was claimed twice");
            }
            4 => {
                if self.world.market_state(market).status == OPEN {
                    self.world.resolve(market);
                }
            }
            5 | 6 => {
                // mostly after the work
                let open = self.world.market_state(market).status == OPEN;
                if open && state == CLAIMED && !self.random.one_in(3) {
                    self.world.resolve(market);
                }
                let who = self.holder_of(&address).unwrap_or(keeper);
                self.complete(who, subject, address, state);
            }
            7 => self.complete(keeper, subject, address, state),
            8 if self.random.one_in(2) => {
                let who = self.holder_of(&address).unwrap_or(keeper);
                self.attempt("fail", &kx::fail_task(who.key, RESOLUTION, subject));
            }
            8 => {
                let holder = Address::new_from_array(self.world.get::<Task>(&address).claimed_by);
                self.attempt("expire", &kx::expire_claim(holder, RESOLUTION, subject));
            }
            _ => {
                self.attempt(
                    "close_task",
                    &kx::close_task(self.world.authority, RESOLUTION, subject),
                );
            }
        }
    }

    /// The keeper that holds a task.
    fn holder_of(&self, task: &Address) -> Option<Holder> {
        let holder = self.world.get::<Task>(task).claimed_by;
        let mut keepers = self.keepers.iter();
        keepers.find(|k| key(&k.keeper()) == holder).copied()
    }

    fn complete(&mut self, keeper: Holder, subject: Address, address: Address, state: u8) {
        let rewards = |world: &World, k: &Holder| {
            let exists = world
                .account(&k.keeper())
                .is_some_and(|account| !account.data.is_empty());
            if exists {
                world.keeper_of(k).rewards
            } else {
                0
            }
        };
        let before: Vec<u64> = self.keepers.iter().map(|k| rewards(&self.world, k)).collect();
        let done = self.attempt("complete", &kx::complete_task(keeper.key, RESOLUTION, subject));
        if !done {
            return;
        }
        assert_eq!(state, CLAIMED);
        assert_eq!(self.world.get::<Task>(&address).state, DONE);
        assert!(self.paid.insert(key(&address)), "a task was paid twice");
        let after: Vec<u64> = self.keepers.iter().map(|k| rewards(&self.world, k)).collect();
        let credited = before.iter().zip(&after).filter(|(b, a)| a > b).count();
        assert!(credited <= 1, "two keepers were credited");
    }

    fn staker_step(&mut self) {
        let stakers = self.stakers.clone();
        let staker = self.any(&stakers);
        let mint = self.world.mmt();
        let staked = self.world.stake_of(&staker).amount;
        match self.random.below(5) {
            0 | 1 => {
                let amount = self.random.amount(self.world.token_amount(&staker.tokens));
                self.attempt("stake", &kx::stake(staker.key, staker.tokens, mint, amount));
            }
            2 => {
                let amount = if self.random.one_in(3) {
                    staked
                } else {
                    self.random.amount(staked)
                };
                self.attempt("unstake", &kx::unstake(staker.key, amount));
            }
            3 => {
                self.attempt("withdraw", &kx::withdraw_stake(staker.key, staker.tokens, mint));
            }
            _ => {
                self.attempt("rewards", &kx::claim_rewards(staker.key, staker.tokens, mint));
            }
        }
    }

    fn step(&mut self) {
        let slots = match self.random.below(40) {
            0 => self.random.below(3_000_000),
            1..=3 => self.random.below(2_000),
            _ => self.random.below(12),
        };
        self.world.pass_slots(slots);
        if self.random.one_in(4) {
            self.staker_step();
        } else {
            self.keeper_step();
        }
        assert_eq!(self.everything(), self.supply, "MMT came or went");
    }
}

fn run(seed: u64) {
    let mut run = Run::new(seed);
    for _ in 0..STEPS {
        run.step();
    }
    println!("seed {seed}: {:?}", run.tally);
    let seldom = ["withdraw_bond", "unregister", "register"];
    for (verb, (_, succeeded)) in &run.tally {
        assert!(*succeeded > 0 || seldom.contains(verb), "{verb} never succeeded");
    }
}

#[test]
fn keepers_and_stakers_conserve_every_unit_whatever_they_do() {
    for seed in 1..=3 {
        run(seed);
    }
}
