//! Compute ceilings of whole instructions, the token program's own units excluded. `--nocapture` prints the table.

use {
    harness::{ix_pools as pix, pools::Terms, *},
    std::collections::BTreeMap,
};

/// Ratios from the simplest to one whose products need both words.
const RATIOS: [[u64; 2]; 4] = [
    [1, 1],
    [2, 3],
    [1_000_000_007, 998_244_353],
    [1 << 58, (1 << 59) - 1],
];
const AMOUNTS: [u64; 4] = [12, 999_999, 47 * UNIT + 11, 300_000 * UNIT + 7];

fn token_units(logs: &[String]) -> u64 {
    let line = format!("Program {} consumed ", address::TOKEN);
    logs.iter()
        .filter_map(|log| log.strip_prefix(&line)?.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[derive(Default)]
struct Table(BTreeMap<&'static str, (u64, u64)>);

impl Table {
    fn run(&mut self, world: &mut World, name: &'static str, instruction: &Instruction) {
        let done = world.does(instruction);
        let token = token_units(&done.logs);
        let own = done.compute_units_consumed - token;
        let dearest = self.0.entry(name).or_default();
        *dearest = (own, token).max(*dearest);
    }
}

#[test]
fn every_verb_stays_below_its_ceiling() {
    let mut table = Table::default();
    for ratio in RATIOS {
        let mut world = World::new();
        let terms = Terms {
            ratio,
            fee_ppm: 3_000,
        };
        let site = world.site([6, 9]);
        table.run(&mut world, "create_pool", &pix::create_pool(&site, terms));
        let holder = world.user(&site, [1 << 50, 1 << 50]);
        for side in [0, 1] {
            table.run(
                &mut world,
                "deposit",
                &pix::deposit(&site, &holder, side, 1 << 45),
            );
        }
        for side in [0, 1] {
            for amount in AMOUNTS {
                table.run(&mut world, "deposit", &pix::deposit(&site, &holder, side, amount));
                table.run(&mut world, "swap", &pix::swap(&site, &holder, side, amount, 1));
                table.run(
                    &mut world,
                    "withdraw",
                    &pix::withdraw(&site, &holder, side, side, amount, 1),
                );
                table.run(
                    &mut world,
                    "withdraw across",
                    &pix::withdraw(&site, &holder, side, 1 - side, amount, 1),
                );
            }
        }
        table.run(
            &mut world,
            "collect_fees",
            &pix::collect_fees(&site, holder.tokens),
        );
        table.run(&mut world, "set_paused", &pix::set_paused(&site, true));
    }
    for (name, (own, token)) in &table.0 {
        println!("{name:<16} {own:>6} CU and {token:>6} of the token program");
    }
    for (name, ceiling) in [
        ("swap", 5_000),
        ("deposit", 6_000),
        ("withdraw", 6_000),
        ("withdraw across", 6_000),
    ] {
        let (own, _) = table.0[name];
        assert!(own <= ceiling, "{name} takes {own} CU, its ceiling is {ceiling}");
    }
}
