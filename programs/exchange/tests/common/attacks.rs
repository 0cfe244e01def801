//! Attacks that do not depend on what an instruction does: each replaces one thing in an instruction that would
//! succeed, and expects the one error that belongs to it.

use {
    crate::{
        address as at,
        error::{ExchangeError, DUPLICATE, NOT_MUTABLE, TOO_FEW_ACCOUNTS},
        layout::{Market, Position},
        world::{World, UNIT},
    },
    solana_instruction::{error::InstructionError, AccountMeta, Instruction},
};

/// A world and an instruction that would succeed in it.
pub type Given = fn() -> (World, Instruction);

/// What an instruction demands of its accounts, by index.
pub struct Shape {
    pub given: Given,
    /// Who must sign, and the error for another key; `None` where any key may sign.
    pub signer: Option<usize>,
    pub stranger: Option<InstructionError>,
    /// Accounts of one of our programs that exist before.
    pub owned: &'static [usize],
    /// Accounts that are written, whose read-only use is refused by Anchor.
    pub written: &'static [usize],
    /// Bytes of the instruction's data behind its discriminator.
    pub data: usize,
}

impl Shape {
    pub fn succeeds_untouched(&self) {
        let (mut world, instruction) = (self.given)();
        world.does(&instruction);
    }

    pub fn missing_signature(&self) {
        let Some(signer) = self.signer else { return };
        let (mut world, mut instruction) = (self.given)();
        instruction.accounts[signer].is_signer = false;
        world.refuses(&instruction, InstructionError::MissingRequiredSignature);
    }

    pub fn strangers_signature(&self) {
        let (Some(signer), Some(error)) = (self.signer, &self.stranger) else {
            return;
        };
        let (mut world, mut instruction) = (self.given)();
        instruction.accounts[signer].pubkey = world.key();
        world.refuses(&instruction, error.clone());
    }

    /// The same bytes, owned by another program.
    pub fn forged_accounts(&self) {
        for &index in self.owned {
            let (mut world, mut instruction) = (self.given)();
            let genuine = world
                .account(&instruction.accounts[index].pubkey)
                .expect("an account to forge");
            let forged = world.key();
            world.put(forged, at::TOKEN, genuine.data);
            instruction.accounts[index].pubkey = forged;
            world.refuses(&instruction, InstructionError::IllegalOwner);
        }
    }

    /// An account of the same program and length with another type's discriminator.
    pub fn confused_types(&self) {
        for &index in self.owned {
            let (mut world, mut instruction) = (self.given)();
            let mut other = world
                .account(&instruction.accounts[index].pubkey)
                .expect("an account to confuse");
            other.data[..8].copy_from_slice(&crate::tag("account", "Other"));
            let address = world.key();
            world.put(address, other.owner, other.data);
            instruction.accounts[index].pubkey = address;
            world.refuses(&instruction, InstructionError::InvalidAccountData);
        }
    }

    /// Another account of the instruction in the place of one.
    pub fn swapped_accounts(&self) {
        for &index in self.owned {
            for &other in self.owned.iter().filter(|&&other| other != index) {
                let (mut world, mut instruction) = (self.given)();
                let account = |i: usize| {
                    world
                        .account(&instruction.accounts[i].pubkey)
                        .expect("an account")
                };
                let (own, others) = (account(index), account(other));
                let error = if self.written.contains(&index) || self.written.contains(&other) {
                    DUPLICATE
                } else if others.owner != own.owner {
                    InstructionError::IllegalOwner
                } else if others.data.len() < own.data.len() {
                    InstructionError::AccountDataTooSmall
                } else {
                    InstructionError::InvalidAccountData
                };
                instruction.accounts[index].pubkey = instruction.accounts[other].pubkey;
                world.refuses(&instruction, error);
            }
        }
    }

    pub fn read_only_accounts(&self) {
        for &index in self.written {
            let (mut world, mut instruction) = (self.given)();
            instruction.accounts[index].is_writable = false;
            // Anchor asks a signer who pays for both at once
            let signs = instruction.accounts[index].is_signer;
            let error = if signs {
                InstructionError::MissingRequiredSignature
            } else {
                NOT_MUTABLE
            };
            world.refuses(&instruction, error);
        }
    }

    pub fn truncated_data(&self) {
        for cut in 1..=self.data {
            let (mut world, mut instruction) = (self.given)();
            let left = instruction.data.len() - cut;
            instruction.data.truncate(left);
            world.refuses(&instruction, InstructionError::InvalidInstructionData);
        }
        let (mut world, mut instruction) = (self.given)();
        instruction.data.truncate(7);
        world.refuses(&instruction, InstructionError::InvalidInstructionData);
        instruction.data.clear();
        world.refuses(&instruction, InstructionError::InvalidInstructionData);
    }

    pub fn missing_account(&self) {
        let (mut world, mut instruction) = (self.given)();
        instruction.accounts.pop();
        world.refuses(&instruction, TOO_FEW_ACCOUNTS);
    }

    /// Bytes behind the arguments change nothing.
    pub fn oversized_data(&self) {
        let (mut world, mut instruction) = (self.given)();
        let mut twin = world.clone();
        twin.does(&instruction);
        instruction.data.extend([0xff; 100]);
        world.does(&instruction);
        assert!(
            world.snapshot(&instruction) == twin.snapshot(&instruction),
            "extra bytes made a difference"
        );
    }

    /// Accounts behind those an instruction names change nothing.
    pub fn extra_account(&self) {
        let (mut world, mut instruction) = (self.given)();
        let extra = world.key();
        instruction.accounts.push(AccountMeta::new_readonly(extra, false));
        world.does(&instruction);
    }
}

/// Tests of an instruction's [`Shape`], one an attack. Behind `tail`: no test of the number of accounts, which such an
/// instruction counts itself.
#[macro_export]
macro_rules! attacks {
    ($shape:expr) => {
        $crate::attacks! { @ $shape;
            #[test]
            fn a_missing_account_is_refused() {
                $shape.missing_account();
            }
            #[test]
            fn an_extra_account_is_ignored() {
                $shape.extra_account();
            }
        }
    };
    (tail $shape:expr) => {
        $crate::attacks! { @ $shape; }
    };
    (@ $shape:expr; $($more:item)*) => {
        mod attacks {
            use super::*;

            #[test]
            fn untouched_it_succeeds() {
                $shape.succeeds_untouched();
            }
            #[test]
            fn a_missing_signature_is_refused() {
                $shape.missing_signature();
            }
            #[test]
            fn a_strangers_signature_is_refused() {
                $shape.strangers_signature();
            }
            #[test]
            fn the_same_bytes_owned_by_another_program_are_refused() {
                $shape.forged_accounts();
            }
            #[test]
            fn an_account_of_another_type_is_refused() {
                $shape.confused_types();
            }
            #[test]
            fn one_account_in_the_place_of_another_is_refused() {
                $shape.swapped_accounts();
            }
            #[test]
            fn a_read_only_account_is_refused_where_it_is_written() {
                $shape.read_only_accounts();
            }
            #[test]
            fn truncated_data_is_refused() {
                $shape.truncated_data();
            }
            #[test]
            fn bytes_behind_the_arguments_are_ignored() {
                $shape.oversized_data();
            }
            $($more)*
        }
    };
}

/// What an instruction on a position demands of its accounts. `trader` is the index of the trader account; market, shard
/// and position follow it.
pub struct PositionShape {
    pub given: Given,
    pub trader: usize,
    /// Whether the trader's owner signs, in the account before.
    pub signed: bool,
}

impl PositionShape {
    fn state(&self) -> (World, Instruction, Position) {
        let (world, instruction) = (self.given)();
        let position = world.get(&instruction.accounts[self.trader + 3].pubkey);
        (world, instruction, position)
    }

    fn market_id(&self, world: &World, instruction: &Instruction) -> u64 {
        world
            .get::<Market>(&instruction.accounts[self.trader + 1].pubkey)
            .id
    }

    /// The position of somebody else, in the same market.
    pub fn foreign_position(&self) {
        let (mut world, mut instruction, own) = self.state();
        let (market, other) = (self.market_id(&world, &instruction), world.party(0));
        // written past the program, because a settled market takes no new positions
        let mut account = world
            .account(&instruction.accounts[self.trader + 3].pubkey)
            .unwrap();
        account.data[8..40].copy_from_slice(other.trader().as_ref());
        let theirs = other.position(market, own.outcome, own.kind);
        world.svm.set_account(theirs, account).unwrap();
        instruction.accounts[self.trader + 3].pubkey = theirs;
        world.refuses(&instruction, ExchangeError::PositionOfAnotherTrader);
    }

    /// The trader account of somebody else, who signs where the owner has to.
    pub fn foreign_trader(&self) {
        let (mut world, mut instruction, _) = self.state();
        let other = world.party(UNIT);
        if self.signed {
            instruction.accounts[self.trader - 1].pubkey = other.owner;
        }
        instruction.accounts[self.trader].pubkey = other.trader();
        world.refuses(&instruction, ExchangeError::PositionOfAnotherTrader);
    }

    /// Another market of the same shard, with the position of the first.
    pub fn foreign_market(&self) {
        let (mut world, mut instruction, _) = self.state();
        let id = self.market_id(&world, &instruction);
        let twin = loop {
            let twin = world.market(2);
            if at::shard_of(twin) == at::shard_of(id) {
                break twin;
            }
        };
        instruction.accounts[self.trader + 1].pubkey = at::market(twin);
        world.refuses(&instruction, ExchangeError::PositionOfAnotherMarket);
    }

    pub fn foreign_shard(&self) {
        let (mut world, mut instruction, _) = self.state();
        let shard = at::shard_of(self.market_id(&world, &instruction));
        instruction.accounts[self.trader + 2].pubkey = at::shard((shard + 1) % 4);
        world.refuses(&instruction, ExchangeError::WrongShard);
    }
}

/// Tests of an instruction's [`PositionShape`].
#[macro_export]
macro_rules! position_attacks {
    ($shape:expr) => {
        mod position_attacks {
            use super::*;

            #[test]
            fn somebody_elses_position_is_refused() {
                $shape.foreign_position();
            }
            #[test]
            fn somebody_elses_trader_account_is_refused() {
                $shape.foreign_trader();
            }
            #[test]
            fn another_market_is_refused() {
                $shape.foreign_market();
            }
            #[test]
            fn another_shard_is_refused() {
                $shape.foreign_shard();
            }
        }
    };
}
