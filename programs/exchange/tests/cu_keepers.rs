//! Compute ceilings of the keepers' instructions, without the token program's part. `--nocapture` prints the table.

use {
    harness::{
        ix_keepers as kx,
        keepers::{LIQUIDATION, MMT, PRICE_UPDATE, PRUNING, RESOLUTION, STOP_LOSS},
        *,
    },
    std::collections::BTreeMap,
};

const MONTH_S: i64 = 30 * 24 * 60 * 60;

struct Bench {
    world: World,
    /// The dearest execution of each instruction.
    table: BTreeMap<String, u64>,
}

fn token_units(logs: &[String]) -> u64 {
    let line = format!("Program {} consumed ", address::TOKEN);
    logs.iter()
        .filter_map(|log| log.strip_prefix(&line)?.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

impl Bench {
    fn run(&mut self, name: &str, instruction: &Instruction) {
        let done = self.world.does_at_once(instruction);
        let own = done.compute_units_consumed - token_units(&done.logs);
        let dearest = self.table.entry(name.to_string()).or_default();
        *dearest = own.max(*dearest);
    }

    /// Post, claim, do, complete and close a task.
    fn task(
        &mut self,
        kind: u8,
        keeper: Address,
        poster: Address,
        subject: Address,
        related: Address,
        work: impl FnOnce(&mut World),
    ) {
        self.run("post_task", &kx::post_task(poster, kind, subject, related));
        self.world.pass_slots(1);
        self.run(
            &format!("claim_task {kind}"),
            &kx::claim_task(keeper, kind, subject),
        );
        work(&mut self.world);
        self.run(
            &format!("complete_task {kind}"),
            &kx::complete_task(keeper, kind, subject),
        );
        self.run("close_task", &kx::close_task(poster, kind, subject));
    }

    fn tasks(&mut self, keeper: Address) {
        let poster = self.world.authority;
        let party = self.world.party(10_000 * UNIT);
        let market = self.world.market(2);
        let id = address::market(market);
        self.world.holding(&party, market, 0, 20 * UNIT);
        self.world.called_loan(&party, market);
        let [spot, loan] = [SPOT, LEVERAGED].map(|kind| party.position(market, 0, kind));
        self.task(LIQUIDATION, keeper, poster, loan, id, |world| {
            world.does_at_once(&ix::close(party.owner, market, 0, UNIT, 0));
        });
        self.task(STOP_LOSS, keeper, party.owner, spot, party.trader(), |world| {
            world.does_at_once(&ix::sell(party.owner, market, 0, UNIT, 0));
        });
        self.world.pass(31);
        let feed = self.world.feed;
        self.task(PRICE_UPDATE, keeper, poster, feed, id, |world| {
            world.publish(100 * UNIT)
        });
        self.world.pass_close(market);
        self.task(RESOLUTION, keeper, poster, id, id, |world| world.resolve(market));
        self.world.pass(MONTH_S);
        self.task(PRUNING, keeper, poster, spot, id, |world| {
            world.does_at_once(&ix::redeem(party.owner, market, 0, SPOT));
            world.does_at_once(&ix::close_position(party.owner, market, 0, SPOT));
        });
    }

    fn people(&mut self) -> Address {
        let mint = self.world.mmt();
        let holder = self.world.holder(10_000 * MMT);
        self.run("create_stake", &kx::create_stake(holder.key));
        self.run("stake", &kx::stake(holder.key, holder.tokens, mint, 5_000 * MMT));
        self.world.pass_slots(10);
        self.run("unstake", &kx::unstake(holder.key, 700 * MMT));
        self.world.pass_slots(1_000);
        self.run(
            "withdraw_stake",
            &kx::withdraw_stake(holder.key, holder.tokens, mint),
        );
        self.run(
            "claim_rewards",
            &kx::claim_rewards(holder.key, holder.tokens, mint),
        );
        let register = kx::register_keeper(holder.key, holder.tokens, mint, 1_000 * MMT, holder.key);
        self.run("register_keeper", &register);
        self.run("heartbeat", &kx::heartbeat(holder.key));
        holder.key
    }

    fn failures(&mut self, keeper: Address) {
        let account = address::keeper(&keeper);
        let (_, subject) = self.world.open_task();
        self.world
            .does_at_once(&kx::claim_task(keeper, RESOLUTION, subject));
        self.run("fail_task", &kx::fail_task(keeper, RESOLUTION, subject));
        self.world
            .does_at_once(&kx::claim_task(keeper, RESOLUTION, subject));
        self.world.pass_slots(21);
        self.run("expire_claim", &kx::expire_claim(account, RESOLUTION, subject));
        self.world.pass_slots(151);
        self.run("suspend_keeper", &kx::suspend_keeper(account));
        self.world.pass_slots(300);
        self.run("resume_keeper", &kx::resume_keeper(keeper));
    }
}

#[test]
fn claim_plus_complete_stay_below_three_thousand_for_every_kind_of_task() {
    let mut bench = Bench {
        world: World::with_mmt(),
        table: BTreeMap::new(),
    };
    let keeper = bench.people();
    bench.tasks(keeper);
    bench.failures(keeper);
    println!("{:<20} {:>8}", "instruction", "CU");
    for (name, units) in &bench.table {
        println!("{name:<20} {units:>8}");
    }
    for kind in 0..5 {
        let [claim, complete] = ["claim", "complete"].map(|verb| bench.table[&format!("{verb}_task {kind}")]);
        let both = claim + complete;
        assert!(both <= 3_000, "claim and complete of kind {kind} take {both} CU");
        // what it was when it was written, and some air
        assert!(both <= 2_000, "claim and complete of kind {kind} take {both} CU");
    }
    assert!(bench.table["heartbeat"] <= 500);
}
