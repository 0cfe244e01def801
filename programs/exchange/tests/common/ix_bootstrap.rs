//! The builders of the launch's instructions, a world in which it is open, and what must hold of its books.

use {
    crate::{
        address as at,
        ix::{build, r, rs, w, words, ws},
        keepers::MMT,
        layout::*,
        world::{Party, World, UNIT},
    },
    solana_address::Address,
    solana_instruction::{AccountMeta, Instruction},
    std::sync::Mutex,
};

#[derive(Clone, Copy, Debug)]
pub struct BootstrapRules {
    pub trade_credits: u64,
    pub trade_rate: u64,
    pub min_fee: u64,
    pub max_fee: u64,
    pub mining_rate: u64,
    pub mining_slots: u64,
    pub early_shares: u64,
}

/// 100 MMT for trades, 100 MMT for liquidity.
pub const BOOTSTRAP_RULES: BootstrapRules = BootstrapRules {
    trade_credits: 40 * UNIT,
    trade_rate: 2 * MMT + MMT / 2,
    min_fee: 1_000,
    max_fee: UNIT / 10,
    mining_rate: MMT / 100,
    mining_slots: 10_000,
    early_shares: 5_000 * UNIT,
};

impl BootstrapRules {
    pub fn budget(&self) -> u64 {
        self.trade_credits / UNIT * self.trade_rate + self.mining_rate * self.mining_slots
    }
}

fn exchange(name: &str, accounts: Vec<AccountMeta>, data: &[&[u8]]) -> Instruction {
    build(at::EXCHANGE, name, accounts, data)
}

pub fn open_bootstrap(admin: Address, mint: Address, source: Address, rules: &BootstrapRules) -> Instruction {
    let accounts = vec![
        ws(admin),
        r(at::config()),
        r(at::season()),
        w(at::bootstrap()),
        w(at::shard(0)),
        w(at::shard(1)),
        w(at::shard(2)),
        w(at::shard(3)),
        w(source),
        w(at::reward_vault()),
        r(mint),
        r(at::TOKEN),
        r(at::SYSTEM),
    ];
    let rules = words(&[
        rules.trade_credits,
        rules.trade_rate,
        rules.min_fee,
        rules.max_fee,
        rules.mining_rate,
        rules.mining_slots,
        rules.early_shares,
    ]);
    exchange("open_bootstrap", accounts, &[&rules])
}

pub fn create_maker(owner: Address) -> Instruction {
    let trader = at::trader(&owner);
    let accounts = vec![
        ws(owner),
        r(trader),
        r(at::bootstrap()),
        w(at::maker(&trader)),
        r(at::SYSTEM),
    ];
    exchange("create_maker", accounts, &[])
}

pub fn close_maker(owner: Address) -> Instruction {
    let trader = at::trader(&owner);
    exchange(
        "close_maker",
        vec![ws(owner), r(trader), w(at::maker(&trader))],
        &[],
    )
}

fn locking(name: &str, owner: Address, shares: u64) -> Instruction {
    let trader = at::trader(&owner);
    let accounts = vec![rs(owner), w(trader), w(at::maker(&trader)), w(at::bootstrap())];
    exchange(name, accounts, &[&words(&[shares])])
}

pub fn lock_liquidity(owner: Address, shares: u64) -> Instruction {
    locking("lock_liquidity", owner, shares)
}

pub fn unlock_liquidity(owner: Address, shares: u64) -> Instruction {
    locking("unlock_liquidity", owner, shares)
}

fn vault(destination: Address, mint: Address) -> Vec<AccountMeta> {
    vec![
        r(at::season()),
        w(destination),
        w(at::reward_vault()),
        r(mint),
        r(at::TOKEN),
    ]
}

pub fn claim_trades(owner: Address, destination: Address, mint: Address) -> Instruction {
    let mut accounts = vec![rs(owner), w(at::trader(&owner)), w(at::bootstrap())];
    accounts.extend(vault(destination, mint));
    exchange("claim_trades", accounts, &[])
}

pub fn claim_maker(owner: Address, destination: Address, mint: Address) -> Instruction {
    let trader = at::trader(&owner);
    let mut accounts = vec![rs(owner), r(trader), w(at::maker(&trader)), w(at::bootstrap())];
    accounts.extend(vault(destination, mint));
    exchange("claim_maker", accounts, &[])
}

impl World {
    /// An exchange with MMT whose launch is open; what the schedule left of the pool is the budget and a rest.
    pub fn with_bootstrap() -> Self {
        static MADE: Mutex<Option<World>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        made.get_or_insert_with(|| {
            let mut world = World::with_mmt();
            let (admin, mint) = (world.admin, world.mmt());
            let source = world.create_tokens(mint, admin, BOOTSTRAP_RULES.budget());
            world.does_at_once(&open_bootstrap(admin, mint, source, &BOOTSTRAP_RULES));
            world
        })
        .clone()
    }

    pub fn bootstrap(&self) -> Bootstrap {
        self.get(&at::bootstrap())
    }

    pub fn maker_of(&self, party: &Party) -> Maker {
        self.get(&at::maker(&party.trader()))
    }

    /// An empty account of its owner for MMT.
    pub fn mmt_purse(&mut self, party: &Party) -> Address {
        let mint = self.mmt();
        self.create_tokens(mint, party.owner, 0)
    }

    /// Somebody with so much liquidity and an empty maker account.
    pub fn maker(&mut self, liquidity: u64) -> Party {
        let party = self.party(liquidity);
        self.does_at_once(&crate::ix::provide_liquidity(party.owner, liquidity));
        self.does_at_once(&create_maker(party.owner));
        party
    }

    /// What the launch has paid.
    pub fn bootstrap_paid(&self) -> u64 {
        self.account(&at::bootstrap()).map_or(0, |_| {
            self.bootstrap().paid_traders + self.bootstrap().paid_makers
        })
    }

    /// What the reward vault held for the launch when it was opened.
    pub fn bootstrap_budget(&self) -> u64 {
        self.account(&at::bootstrap())
            .map_or(0, |_| self.bootstrap().budget)
    }

    /// Nothing is credited or earned that the budget does not hold, and ledgers are the sums of what they summarise.
    #[track_caller]
    pub fn audit_bootstrap(&self) {
        if self.account(&at::bootstrap()).is_none() {
            return;
        }
        let launch = self.bootstrap();
        let makers: Vec<Maker> = self.all().into_iter().map(|(_, m)| m).collect();
        let traders: Vec<Trader> = self.all().into_iter().map(|(_, t)| t).collect();
        let shards: Vec<Shard> = self.all().into_iter().map(|(_, s)| s).collect();

        let sum = |part: fn(&Maker) -> u64| makers.iter().map(part).sum::<u64>();
        assert_eq!(launch.locked, sum(|m| m.shares), "locked liquidity");
        assert_eq!(launch.total_weight, sum(|m| m.weight), "all makers' weights");
        let growth = |m: &Maker| u128::from(launch.per_weight_q40 - m.per_weight_q40);
        let unpaid = |m: &Maker| m.rewards + ((u128::from(m.weight) * growth(m)) >> 40) as u64;
        let due: u64 = makers.iter().map(unpaid).sum();
        assert!(
            launch.paid_makers + due <= launch.emitted,
            "more is owed to makers than was emitted"
        );
        let slots = launch.updated_slot - launch.start_slot;
        assert!(
            launch.emitted <= launch.mining_rate * slots,
            "more than its rate was emitted"
        );

        let left: u64 = shards.iter().map(|s| s.launch_credits).sum();
        let credit: u64 = traders.iter().map(|t| t.credit).sum();
        let worth = |credit: u64| u128::from(credit) * u128::from(launch.trade_rate) / u128::from(UNIT);
        assert!(
            worth(credit) + u128::from(launch.paid_traders) <= worth(launch.trade_credits - left),
            "more is owed to traders than was credited"
        );
    }
}
