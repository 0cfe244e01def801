//! Any sequence of verbs by anybody: the program does what the model says, to the unit, or refuses with the error that the
//! model predicts. After everything is redeemed and the pool closed, no unit of either token has come or gone.
//!
//! The model computes with 128 bits and knows nothing of the program's own arithmetic.

use {
    harness::{
        ix_pools as pix,
        pools::{Site, Terms, User},
        *,
    },
    proptest::{prelude::*, test_runner::FileFailurePersistence},
};

const HOLDERS: usize = 3;
const STEPS: usize = 40;
const FUNDS: u64 = 1 << 40;

#[derive(Clone, Copy, Debug)]
enum Step {
    Deposit {
        who: usize,
        side: usize,
        amount: u64,
    },
    Withdraw {
        who: usize,
        burned: usize,
        paid: usize,
        shares: u64,
    },
    Swap {
        who: usize,
        side: usize,
        amount: u64,
    },
    Pause(bool),
    Collect,
}

/// Of any magnitude: small ones as often as large ones.
fn amount() -> impl Strategy<Value = u64> {
    (0_u32..41, any::<u64>()).prop_map(|(bits, word)| word & ((1 << bits) - 1))
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..HOLDERS;
    let side = 0..2_usize;
    prop_oneof![
        4 => (who.clone(), side.clone(), amount()).prop_map(|(who, side, amount)| Step::Deposit { who, side, amount }),
        4 => (who.clone(), side.clone(), side.clone(), amount())
            .prop_map(|(who, burned, paid, shares)| Step::Withdraw { who, burned, paid, shares }),
        6 => (who, side, amount()).prop_map(|(who, side, amount)| Step::Swap { who, side, amount }),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => Just(Step::Collect),
    ]
}

fn ratio() -> impl Strategy<Value = [u64; 2]> {
    let part = || prop_oneof![1..10_u64, 1..1_000_000_000_u64, Just(1 << 50)];
    (part(), part()).prop_map(|(a, b)| [a, b])
}

fn terms() -> impl Strategy<Value = Terms> {
    (ratio(), prop_oneof![Just(0), 0..=100_000_u32]).prop_map(|(ratio, fee_ppm)| Terms { ratio, fee_ppm })
}

#[derive(Clone, Debug, Default)]
struct Model {
    ratio: [u128; 2],
    fee_ppm: u128,
    paused: bool,
    reserve: [u128; 2],
    fees: [u128; 2],
    /// Tokens a and b, LP tokens a and b, by holder; the owner's last.
    held: [[u128; 4]; HOLDERS + 1],
}

type Outcome = std::result::Result<(), InstructionError>;

impl Model {
    fn exchange(&mut self, side: usize, amount: u128) -> std::result::Result<u128, PoolsError> {
        let other = 1 - side;
        let gross = amount * self.ratio[other] / self.ratio[side];
        if gross > u128::from(u64::MAX) {
            return Err(PoolsError::Overflow);
        }
        let fee = (gross * self.fee_ppm).div_ceil(1_000_000);
        if gross == fee {
            return Err(PoolsError::AmountTooSmall);
        }
        if gross > self.reserve[other] {
            return Err(PoolsError::InsufficientReserve);
        }
        self.reserve[other] -= gross;
        self.fees[other] += fee;
        Ok(gross - fee)
    }

    /// The step happens, or nothing does.
    fn take(&mut self, step: Step) -> Outcome {
        let before = self.clone();
        let outcome = self.attempt(step);
        if outcome.is_err() {
            *self = before;
        }
        outcome
    }

    fn attempt(&mut self, step: Step) -> Outcome {
        match step {
            Step::Pause(paused) => self.paused = paused,
            Step::Collect if self.fees == [0, 0] => return Err(PoolsError::ZeroAmount.into()),
            Step::Collect => {
                for side in 0..2 {
                    self.held[HOLDERS][side] += std::mem::take(&mut self.fees[side]);
                }
            }
            Step::Deposit { amount: 0, .. }
            | Step::Withdraw { shares: 0, .. }
            | Step::Swap { amount: 0, .. } => return Err(PoolsError::ZeroAmount.into()),
            Step::Deposit { .. } | Step::Swap { .. } if self.paused => return Err(PoolsError::Paused.into()),
            Step::Deposit { who, side, amount } => {
                self.pay(who, side, amount)?;
                self.reserve[side] += u128::from(amount);
                self.held[who][2 + side] += u128::from(amount);
            }
            Step::Withdraw {
                who,
                burned,
                paid,
                shares,
            } => {
                let wide = u128::from(shares);
                let out = if burned != paid {
                    self.exchange(burned, wide)?
                } else if wide > self.reserve[paid] {
                    return Err(PoolsError::InsufficientReserve.into());
                } else {
                    self.reserve[paid] -= wide;
                    wide
                };
                self.pay(who, 2 + burned, shares)?;
                self.held[who][paid] += out;
            }
            Step::Swap { who, side, amount } => {
                let out = self.exchange(side, amount.into())?;
                self.pay(who, side, amount)?;
                self.reserve[side] += u128::from(amount);
                self.held[who][1 - side] += out;
            }
        }
        Ok(())
    }

    fn pay(&mut self, who: usize, what: usize, amount: u64) -> Outcome {
        let held = &mut self.held[who][what];
        *held = held.checked_sub(amount.into()).ok_or(error::TOKEN_INSUFFICIENT)?;
        Ok(())
    }
}

struct Ground {
    world: World,
    site: Site,
    holders: Vec<User>,
    model: Model,
}

impl Ground {
    fn new(terms: Terms) -> Self {
        let mut world = World::new();
        let site = world.pool(terms);
        let mut holders: Vec<_> = (0..HOLDERS).map(|_| world.user(&site, [FUNDS; 2])).collect();
        let owner = User {
            owner: site.owner,
            ..world.user(&site, [0, 0])
        };
        holders.push(owner);
        let mut held = [[u128::from(FUNDS), u128::from(FUNDS), 0, 0]; HOLDERS + 1];
        held[HOLDERS] = [0; 4];
        let model = Model {
            ratio: terms.ratio.map(u128::from),
            fee_ppm: terms.fee_ppm.into(),
            held,
            ..Model::default()
        };
        Self {
            world,
            site,
            holders,
            model,
        }
    }

    fn instruction(&self, step: Step) -> Instruction {
        let site = &self.site;
        match step {
            Step::Deposit { who, side, amount } => pix::deposit(site, &self.holders[who], side, amount),
            Step::Withdraw {
                who,
                burned,
                paid,
                shares,
            } => pix::withdraw(site, &self.holders[who], burned, paid, shares, 0),
            Step::Swap { who, side, amount } => pix::swap(site, &self.holders[who], side, amount, 0),
            Step::Pause(paused) => pix::set_paused(site, paused),
            Step::Collect => pix::collect_fees(site, self.holders[HOLDERS].tokens),
        }
    }

    fn run(&mut self, step: Step) {
        let instruction = self.instruction(step);
        match self.model.take(step) {
            Ok(()) => {
                self.world.does(&instruction);
            }
            Err(error) => self.world.refuses(&instruction, error),
        }
        self.compare();
    }

    fn compare(&self) {
        let pool = self.world.pool_state(&self.site);
        assert_eq!(pool.reserve.map(u128::from), self.model.reserve);
        assert_eq!(pool.fees.map(u128::from), self.model.fees);
        for (holder, expected) in self.holders.iter().zip(&self.model.held) {
            assert_eq!(&self.world.held(holder).map(u128::from), expected);
        }
        for side in 0..2 {
            let vault = u128::from(self.world.token_amount(&self.site.vault(side)));
            assert_eq!(
                vault,
                self.model.reserve[side] + self.model.fees[side],
                "to the unit"
            );
            let all: u128 = self.model.held.iter().map(|held| held[side]).sum();
            assert_eq!(
                all + vault,
                u128::from(FUNDS) * HOLDERS as u128,
                "none came or went"
            );
            let claims: u128 = self.model.held.iter().map(|held| held[2 + side]).sum();
            assert_eq!(u128::from(self.world.lp_supply(&self.site, side)), claims);
        }
    }

    /// Everybody redeems in the own side what is there, the rest in the other, and nobody is left with a claim that could
    /// have been paid.
    fn wind_up(&mut self) {
        for side in 0..2 {
            for who in 0..HOLDERS {
                let claim = |ground: &Self| ground.model.held[who][2 + side];
                let own = claim(self).min(self.model.reserve[side]) as u64;
                self.run(Step::Withdraw {
                    who,
                    burned: side,
                    paid: side,
                    shares: own,
                });
                let rest = claim(self) as u64;
                self.run(Step::Withdraw {
                    who,
                    burned: side,
                    paid: 1 - side,
                    shares: rest,
                });
            }
        }
        for side in 0..2 {
            for who in 0..HOLDERS {
                let left = self.model.held[who][2 + side];
                let gross = left * self.model.ratio[1 - side] / self.model.ratio[side];
                let fee = (gross * self.model.fee_ppm).div_ceil(1_000_000);
                assert!(
                    gross == fee,
                    "a claim of {left} is worth something and was not paid"
                );
                if left > 0 {
                    self.burn(who, side, left as u64);
                }
            }
        }
        let to = self.holders[HOLDERS].tokens;
        self.world.does(&pix::close_pool(&self.site, to));
        for side in 0..2 {
            let all = self
                .holders
                .iter()
                .map(|each| self.world.held(each)[side])
                .sum::<u64>();
            assert_eq!(all, FUNDS * HOLDERS as u64, "every unit is back with somebody");
        }
    }

    /// With the token program, without the pool.
    fn burn(&mut self, who: usize, side: usize, amount: u64) {
        let holder = self.holders[who];
        let accounts = vec![
            AccountMeta::new(holder.lp[side], false),
            AccountMeta::new(self.site.lp_mint(side), false),
            AccountMeta::new_readonly(holder.owner, true),
        ];
        let data = [&[8_u8][..], &amount.to_le_bytes()].concat();
        self.world.does(&Instruction {
            program_id: address::TOKEN,
            accounts,
            data,
        });
        self.model.held[who][2 + side] = 0;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("conservation.regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_happens_no_unit_comes_or_goes(
        terms in terms(),
        steps in proptest::collection::vec(step(), 1..STEPS),
    ) {
        let mut ground = Ground::new(terms);
        for step in steps {
            ground.run(step);
        }
        ground.wind_up();
    }
}
