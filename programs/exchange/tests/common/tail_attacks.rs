//! Attacks on the accounts behind those that an instruction declares: market, shard and a third account of every trade
//! of a batch or leg of a chain.

use {
    crate::{
        address as at,
        attacks::Given,
        error::{ExchangeError, DUPLICATE, NOT_MUTABLE},
        world::World,
    },
    solana_address::Address,
    solana_instruction::{error::InstructionError, AccountMeta, Instruction},
};

/// What an instruction demands of the accounts behind its own.
pub struct TailShape {
    pub given: Given,
    /// Accounts that the instruction declares.
    pub declared: usize,
    /// The error for a wrong number of accounts.
    pub miscounted: ExchangeError,
    /// The error for another market than the trade's.
    pub foreign_market: ExchangeError,
    /// Which of the three accounts are looked at.
    pub read: &'static [usize],
    /// Which of the three are written.
    pub written: &'static [usize],
}

impl TailShape {
    /// One replacement in the first trade, and the same in the last.
    fn each(&self, mut attack: impl FnMut(&mut World, &mut Instruction, usize)) {
        let (world, instruction) = (self.given)();
        for first in [self.declared, instruction.accounts.len() - 3] {
            attack(&mut world.clone(), &mut instruction.clone(), first);
        }
    }

    /// Put another account in the place of one, wherever the instruction names it.
    fn replace(instruction: &mut Instruction, old: Address, new: Address) {
        for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == old) {
            meta.pubkey = new;
        }
    }

    pub fn wrong_count(&self) {
        let (mut world, instruction) = (self.given)();
        for cut in 1..=3 {
            let mut fewer = instruction.clone();
            fewer.accounts.truncate(instruction.accounts.len() - cut);
            world.refuses(&fewer, self.miscounted);
        }
        let mut more = instruction.clone();
        for _ in 0..3 {
            more.accounts.push(AccountMeta::new_readonly(world.key(), false));
            world.refuses(&more, self.miscounted);
        }
    }

    pub fn forged(&self) {
        for &offset in self.read {
            self.each(|world, instruction, first| {
                let genuine = instruction.accounts[first + offset].pubkey;
                let forged = world.key();
                let data = world.account(&genuine).unwrap().data;
                world.put(forged, at::TOKEN, data);
                Self::replace(instruction, genuine, forged);
                world.refuses(instruction, InstructionError::IllegalOwner);
            });
        }
    }

    pub fn confused(&self) {
        for &offset in self.read {
            self.each(|world, instruction, first| {
                let genuine = instruction.accounts[first + offset].pubkey;
                let mut other = world.account(&genuine).unwrap();
                other.data[..8].copy_from_slice(&crate::tag("account", "Other"));
                let address = world.key();
                world.put(address, other.owner, other.data);
                Self::replace(instruction, genuine, address);
                world.refuses(instruction, InstructionError::InvalidAccountData);
            });
        }
    }

    /// A wallet where one of ours has to be.
    pub fn empty(&self) {
        for &offset in self.read {
            self.each(|world, instruction, first| {
                let nobody = world.key();
                instruction.accounts[first + offset].pubkey = nobody;
                let error = if self.written.contains(&offset) {
                    InstructionError::AccountDataTooSmall
                } else {
                    InstructionError::IllegalOwner
                };
                world.refuses(instruction, error);
            });
        }
    }

    pub fn read_only(&self) {
        for &offset in self.written {
            self.each(|world, instruction, first| {
                let key = instruction.accounts[first + offset].pubkey;
                for meta in instruction.accounts.iter_mut().filter(|meta| meta.pubkey == key) {
                    meta.is_writable = false;
                }
                world.refuses(instruction, NOT_MUTABLE);
            });
        }
    }

    /// An account that the instruction declares as written, once more behind.
    pub fn declared_again(&self) {
        for offset in 0..3 {
            self.each(|world, instruction, first| {
                for declared in 1..self.declared {
                    let key = instruction.accounts[declared].pubkey;
                    let mut twice = instruction.clone();
                    twice.accounts[first + offset].pubkey = key;
                    world.refuses(&twice, DUPLICATE);
                }
            });
        }
    }

    /// The market in the place of its own shard, or of the third account where that is written.
    pub fn market_twice(&self) {
        for &offset in self.written.iter().filter(|&&offset| offset > 0) {
            self.each(|world, instruction, first| {
                instruction.accounts[first + offset].pubkey = instruction.accounts[first].pubkey;
                world.refuses(instruction, InstructionError::AccountBorrowFailed);
            });
        }
    }

    pub fn foreign_market(&self) {
        self.each(|world, instruction, first| {
            let shard = instruction.accounts[first + 1].pubkey;
            let twin = loop {
                let twin = world.market(2);
                if at::shard(at::shard_of(twin)) == shard {
                    break twin;
                }
            };
            instruction.accounts[first].pubkey = at::market(twin);
            world.refuses(instruction, self.foreign_market);
        });
    }

    pub fn foreign_shard(&self) {
        self.each(|world, instruction, first| {
            let own = instruction.accounts[first + 1].pubkey;
            let other = (0..4).map(at::shard).find(|&shard| shard != own).unwrap();
            instruction.accounts[first + 1].pubkey = other;
            world.refuses(instruction, ExchangeError::WrongShard);
        });
    }

    /// A vector that claims more elements than there are, to the largest length that can be written.
    pub fn false_lengths(&self) {
        let (mut world, mut instruction) = (self.given)();
        let length = u32::from_le_bytes(instruction.data[8..12].try_into().unwrap());
        for claimed in [length + 1, 255, 65_536, 1 << 24, u32::MAX / 2, u32::MAX] {
            instruction.data[8..12].copy_from_slice(&claimed.to_le_bytes());
            world.refuses(&instruction, InstructionError::InvalidInstructionData);
        }
    }
}

/// Tests of an instruction's [`TailShape`].
#[macro_export]
macro_rules! tail_attacks {
    ($shape:expr) => {
        mod tail_attacks {
            use super::*;

            #[test]
            fn a_wrong_number_of_accounts_is_refused() {
                $shape.wrong_count();
            }
            #[test]
            fn the_same_bytes_owned_by_another_program_are_refused() {
                $shape.forged();
            }
            #[test]
            fn an_account_of_another_type_is_refused() {
                $shape.confused();
            }
            #[test]
            fn an_account_that_is_none_of_ours_is_refused() {
                $shape.empty();
            }
            #[test]
            fn a_read_only_account_is_refused_where_it_is_written() {
                $shape.read_only();
            }
            #[test]
            fn an_account_that_the_instruction_declares_is_refused_behind_it() {
                $shape.declared_again();
            }
            #[test]
            fn a_market_in_the_place_of_what_belongs_to_it_is_refused() {
                $shape.market_twice();
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
