//! A world with MMT, the people who stake it and keep the exchange, and what must hold of their books.

use {
    crate::{
        address as at, ix,
        ix_keepers::{self as kx, MMT_RULES},
        layout::*,
        world::{Party, World, UNIT},
    },
    solana_account::ReadableAccount,
    solana_address::Address,
    std::sync::Mutex,
};

pub use crate::ix_keepers::MMT;

pub const LIQUIDATION: u8 = 0;
pub const STOP_LOSS: u8 = 1;
pub const PRICE_UPDATE: u8 = 2;
pub const RESOLUTION: u8 = 3;
pub const PRUNING: u8 = 4;
pub const UNCLAIMED: u8 = 0;
pub const CLAIMED: u8 = 1;
pub const DONE: u8 = 2;
pub const ACTIVE: u8 = 0;
pub const SUSPENDED: u8 = 1;
pub const LEAVING: u8 = 2;
pub const POOL: u64 = 10_000_000 * MMT;

/// All that the schedule pays.
pub fn whole_schedule() -> u64 {
    MMT_RULES.rates.iter().sum::<u64>() * 38_880_000
}

/// Somebody with MMT: an owner or a keeper's authority, and the token account.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    pub key: Address,
    pub tokens: Address,
}

impl Holder {
    pub fn keeper(&self) -> Address {
        at::keeper(&self.key)
    }
}

impl World {
    /// A mint of a hundred million tokens that nobody can mint or freeze any more.
    pub fn mmt_mint(&mut self) -> Address {
        let mint = self.create_mint(9);
        let mut account = self.account(&mint).unwrap();
        account.data[36..44].copy_from_slice(&(100_000_000 * MMT).to_le_bytes());
        self.svm.set_account(mint, account).unwrap();
        mint
    }

    /// Mint, the admin's tenth of it and the sink's nine.
    pub fn mmt_genesis(&mut self) -> (Address, Address, Address) {
        let mint = self.mmt_mint();
        let source = self.create_tokens(mint, self.admin, POOL);
        let sink = self.create_tokens(mint, at::mmt_sink(), 90_000_000 * MMT);
        (mint, source, sink)
    }

    /// A launched exchange with MMT. Holders get theirs past the program.
    pub fn with_mmt() -> Self {
        static WITH_MMT: Mutex<Option<World>> = Mutex::new(None);
        let mut made = WITH_MMT.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        made.get_or_insert_with(|| {
            let mut world = World::launched();
            let (mint, source, sink) = world.mmt_genesis();
            world.does_at_once(&kx::initialize_mmt(world.admin, mint, source, sink, &MMT_RULES));
            world
        })
        .clone()
    }

    pub fn season(&self) -> Season {
        self.get(&at::season())
    }

    pub fn registry(&self) -> Registry {
        self.get(&at::registry())
    }

    pub fn mmt(&self) -> Address {
        Address::new_from_array(self.season().mint)
    }

    pub fn sink(&self) -> Address {
        Address::new_from_array(self.season().sink)
    }

    pub fn holder(&mut self, amount: u64) -> Holder {
        let (key, mint) = (self.key(), self.mmt());
        let tokens = self.create_tokens(mint, key, amount);
        Holder { key, tokens }
    }

    /// Somebody with a stake account and so much in it.
    pub fn staker(&mut self, amount: u64) -> Holder {
        let holder = self.holder(amount);
        self.does_at_once(&kx::create_stake(holder.key));
        if amount > 0 {
            self.does_at_once(&kx::stake(holder.key, holder.tokens, self.mmt(), amount));
        }
        holder
    }

    /// Twenty shares of outcome 0 bought with a loan, which somebody has made worth less than it, for a minute.
    pub fn called_loan(&mut self, party: &Party, market: u64) {
        self.leveraged(party, market, 0, 20 * UNIT, 200);
        let other = self.party(20_000 * UNIT);
        self.holding(&other, market, 1, 5_000 * UNIT);
        self.pass(64);
    }

    /// A keeper on duty that is its own beneficiary.
    pub fn keeper(&mut self, bond: u64) -> Holder {
        let holder = self.holder(bond);
        self.does_at_once(&kx::register_keeper(
            holder.key,
            holder.tokens,
            self.mmt(),
            bond,
            holder.key,
        ));
        holder
    }

    pub fn stake_of(&self, holder: &Holder) -> Stake {
        self.get(&at::stake(&holder.key))
    }

    pub fn keeper_of(&self, holder: &Holder) -> Keeper {
        self.get(&holder.keeper())
    }

    pub fn task_of(&self, subject: &Address, kind: u8) -> Task {
        self.get(&at::task(subject, kind))
    }

    /// A market that has closed and is not settled, and its address.
    pub fn closed_market(&mut self) -> (u64, Address) {
        let market = self.market(2);
        self.pass_close(market);
        (market, at::market(market))
    }

    /// Do the work of a resolution.
    pub fn resolve(&mut self, market: u64) {
        let close_ms = self.market_state(market).close_ms;
        let first = |feed: Feed| {
            let kept = feed.count.saturating_sub(256)..feed.count;
            kept.into_iter()
                .find(|&i| feed.history[i as usize % 256][0] >= close_ms)
        };
        if first(self.get(&self.feed)).is_none() {
            self.publish(100 * UNIT);
        }
        let index = first(self.get(&self.feed)).unwrap();
        self.does_at_once(&ix::resolve(market, self.feed, index));
    }

    /// A resolution that anybody may claim, posted by the feed's authority. Its market and the market's address.
    pub fn open_task(&mut self) -> (u64, Address) {
        let (market, subject) = self.closed_market();
        self.does_at_once(&kx::post_task(self.authority, RESOLUTION, subject, subject));
        self.pass_slots(MMT_RULES.exclusive_slots);
        (market, subject)
    }

    /// A resolution that this keeper holds.
    pub fn held_task(&mut self, holder: &Holder) -> (u64, Address) {
        let (market, subject) = self.open_task();
        self.does_at_once(&kx::claim_task(holder.key, RESOLUTION, subject));
        (market, subject)
    }

    pub fn all<T: Tagged>(&self) -> Vec<(Address, T)> {
        let accounts = self.svm.accounts_db().inner.iter();
        accounts
            .filter(|(_, account)| account.owner() == &at::EXCHANGE)
            .filter(|(_, account)| account.data().get(..8) == Some(&T::tag()[..]))
            .map(|(address, account)| (*address, bytemuck::pod_read_unaligned(&account.data()[8..])))
            .collect()
    }

    /// Conservation of MMT to the unit, and ledgers that are the sums of what they summarise.
    #[track_caller]
    pub fn audit_mmt(&self) {
        if self.account(&at::season()).is_none() {
            return;
        }
        let (season, registry) = (self.season(), self.registry());
        let stakes: Vec<Stake> = self.all().into_iter().map(|(_, s)| s).collect();
        let keepers: Vec<(Address, Keeper)> = self.all();
        let tasks: Vec<Task> = self.all().into_iter().map(|(_, t)| t).collect();

        let staked: u64 = stakes.iter().map(|s| s.amount + s.unbonding).sum();
        let bonds: u64 = keepers.iter().map(|(_, k)| k.bond + k.slashed).sum();
        let held = self.token_amount(&at::stake_vault());
        assert_eq!(
            held,
            staked + bonds,
            "stakes and bonds are what their vault holds"
        );
        let pool = self.token_amount(&at::reward_vault());
        assert_eq!(
            pool,
            whole_schedule() - season.paid + self.bootstrap_budget() - self.bootstrap_paid(),
            "rewards paid are what left their vault"
        );

        let due = season.keeper_pot
            + tasks.iter().map(|t| t.reserved_mmt).sum::<u64>()
            + keepers.iter().map(|(_, k)| k.rewards).sum::<u64>()
            + stakes.iter().map(|s| unpaid(s, &season)).sum::<u64>();
        assert!(
            season.paid + due <= season.emitted,
            "more is owed than was emitted"
        );
        let elapsed = season.updated_slot - season.start_slot;
        let schedule = scheduled(&season.rates, elapsed);
        assert!(
            u128::from(season.emitted) <= schedule,
            "{} emitted, the schedule says {schedule}",
            season.emitted
        );

        let weight: u64 = stakes.iter().map(|s| s.weight).sum();
        assert_eq!(season.total_weight, weight, "all weights");
        let listed = &registry.keepers[..registry.count as usize];
        for (address, keeper) in &keepers {
            let places = listed.iter().filter(|k| **k == key(address)).count();
            assert_eq!(places, usize::from(keeper.listed), "a keeper's place in the list");
            let own = |t: &&Task| t.state == CLAIMED && t.claimed_by == key(address);
            let claims = tasks.iter().filter(own).count();
            assert_eq!(claims, keeper.claims as usize, "tasks a keeper holds");
        }
        let on_list = keepers.iter().filter(|(_, k)| k.listed == 1).count();
        assert_eq!(on_list, listed.len(), "nobody else is listed");
        assert!(registry.keepers[listed.len()..].iter().all(|k| *k == [0; 32]));
    }
}

/// What a stake would get now, at the season's last emission.
pub fn unpaid(stake: &Stake, season: &Season) -> u64 {
    let growth = u128::from(season.per_weight_q40 - stake.per_weight_q40);
    stake.rewards + ((u128::from(stake.weight) * growth) >> 40) as u64
}

/// What the schedule emits in so many slots from its start, slot by slot of a season.
pub fn scheduled(rates: &[u64; 8], elapsed: u64) -> u128 {
    let season = 38_880_000;
    let of = |(i, rate): (usize, &u64)| {
        let slots = elapsed.saturating_sub(i as u64 * season).min(season);
        u128::from(*rate) * u128::from(slots)
    };
    rates.iter().enumerate().map(of).sum()
}
