use harness::{attacks::Shape, *};

fn given() -> (World, Instruction) {
    let world = World::new();
    let instruction = ix::initialize(world.admin, world.operator, world.mint, ix::RULES);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: None, // whoever comes first
    owned: &[],
    written: &[0, 3],
    data: 52,
}}

#[test]
fn config_vault_and_token_vault_come_into_being() {
    let (mut world, instruction) = given();

    let done = world.does(&instruction);

    let (admin, operator, mint) = (key(&world.admin), key(&world.operator), key(&world.mint));
    let config = Config {
        admin,
        operator,
        mint,
        min_coverage_q32: 1 << 32,
        fee_base_ppm: 300,
        fee_slope_ppm: 2_500,
        max_subsidy_ppm: 100_000,
        reserved: 0,
        partial_ppm: 300_000,
        keeper_ppm: 10_000,
        insurance_ppm: 5_000,
        slot_ppm: 100_000,
    };
    assert_eq!(world.get::<Config>(&address::config()), config);
    let vault = world.get::<Vault>(&address::vault());
    let empty = Vault {
        token_account: key(&address::token_vault()),
        ..Zeroable::zeroed()
    };
    assert_eq!(
        vault,
        Vault {
            bump: vault.bump,
            token_bump: vault.token_bump,
            ..empty
        }
    );
    let tokens = world.account(&address::token_vault()).unwrap();
    assert_eq!(tokens.owner, address::TOKEN);
    assert_eq!(
        (&tokens.data[..32], &tokens.data[32..64]),
        (world.mint.as_ref(), address::vault().as_ref())
    );
    assert_eq!(
        done.event::<Initialized>(),
        Initialized {
            admin,
            operator,
            mint
        }
    );
}

#[test]
fn a_second_initialization_is_refused_whoever_asks() {
    let (mut world, instruction) = given();
    world.does(&instruction);
    world.refuses(&instruction, error::IN_USE);
    let thief = world.key();
    world.refuses(
        &ix::initialize(thief, thief, world.mint, ix::RULES),
        error::IN_USE,
    );
}

#[test]
fn a_collateral_without_6_decimals_is_refused() {
    for decimals in [0, 5, 7, 9] {
        let mut world = World::new();
        let mint = world.create_mint(decimals);
        let initialize = ix::initialize(world.admin, world.operator, mint, ix::RULES);
        world.refuses(&initialize, ExchangeError::WrongDecimals);
    }
}

#[test]
fn a_mint_of_another_program_is_refused() {
    let mut world = World::new();
    let (genuine, fake) = (world.account(&world.mint).unwrap(), world.key());
    world.put(fake, address::ORACLE, genuine.data);
    let initialize = ix::initialize(world.admin, world.operator, fake, ix::RULES);
    world.refuses(&initialize, InstructionError::InvalidAccountOwner);
}

#[test]
fn a_token_account_in_the_place_of_the_mint_is_refused() {
    let mut world = World::new();
    let tokens = world.create_tokens(world.mint, world.admin, 0);
    let initialize = ix::initialize(world.admin, world.operator, tokens, ix::RULES);
    world.refuses(&initialize, InstructionError::InvalidAccountData);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let refused = |change: fn(&mut ix::Rules)| {
        let mut rules = ix::RULES;
        change(&mut rules);
        let mut world = World::new();
        let initialize = ix::initialize(world.admin, world.operator, world.mint, rules);
        world.refuses(&initialize, ExchangeError::BadParameter);
    };
    refused(|rules| rules.min_coverage_q32 = 0);
    refused(|rules| rules.fee_base_ppm = 97_501);
    refused(|rules| rules.fee_slope_ppm = 99_701);
    refused(|rules| rules.fee_base_ppm = u32::MAX);
    refused(|rules| rules.max_subsidy_ppm = 0);
    refused(|rules| rules.max_subsidy_ppm = 1_000_001);
}

#[test]
fn other_addresses_are_refused() {
    for index in [1, 2, 3] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = address::shard(0);
        world.refuses(&instruction, InstructionError::InvalidSeeds);
    }
}

#[test]
fn other_programs_are_refused() {
    for index in [5, 6] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = address::ORACLE;
        world.refuses(&instruction, InstructionError::IncorrectProgramId);
    }
}

/// The two programs by the index of the first of their two accounts.
const PROGRAMS: [usize; 2] = [7, 9];

/// The programdata account of the program at `index`, changed.
fn with_data(index: usize, change: fn(&mut Account)) -> (World, Instruction) {
    let (mut world, instruction) = given();
    let address = instruction.accounts[index + 1].pubkey;
    let mut account = world.account(&address).unwrap();
    change(&mut account);
    world.svm.set_account(address, account).unwrap();
    (world, instruction)
}

/// A copy of the account at `index`, changed, at another address and in its place.
fn with_copy(index: usize, change: fn(&mut Account)) -> (World, Instruction) {
    let (mut world, mut instruction) = given();
    let mut account = world.account(&instruction.accounts[index].pubkey).unwrap();
    change(&mut account);
    let copy = world.key();
    world.svm.set_account(copy, account).unwrap();
    instruction.accounts[index].pubkey = copy;
    (world, instruction)
}

#[test]
fn a_program_that_somebody_can_still_upgrade_is_refused() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_data(index, |data| {
            data.data[12] = 1;
            data.data[13..45].fill(7);
        });
        world.refuses(&initialize, ExchangeError::NotFinal);
    }
}

#[test]
fn a_program_whose_authority_is_burned_later_is_accepted_then() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_data(index, |data| data.data[12] = 1);
        world.refuses(&initialize, ExchangeError::NotFinal);
        let address = initialize.accounts[index + 1].pubkey;
        let mut burned = world.account(&address).unwrap();
        burned.data[12] = 0;
        world.svm.set_account(address, burned).unwrap();
        world.does(&initialize);
    }
}

#[test]
fn the_other_programs_data_is_refused() {
    for (index, other) in [(7, 10), (9, 8)] {
        let (mut world, mut initialize) = given();
        initialize.accounts[index + 1].pubkey = initialize.accounts[other].pubkey;
        world.refuses(&initialize, ExchangeError::NotProgramData);
    }
}

#[test]
fn final_data_at_another_address_is_refused() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_copy(index + 1, |_| ());
        world.refuses(&initialize, ExchangeError::NotProgramData);
    }
}

#[test]
fn data_of_another_owner_is_refused() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_data(index, |data| data.owner = address::TOKEN);
        world.refuses(&initialize, ExchangeError::NotProgramData);
    }
}

#[test]
fn a_buffer_in_the_place_of_the_data_is_refused() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_data(index, |data| data.data[0] = 1);
        world.refuses(&initialize, ExchangeError::NotProgramData);
    }
}

#[test]
fn another_program_is_refused_even_if_it_is_final() {
    for (index, other) in [(7, address::ORACLE), (9, address::EXCHANGE)] {
        let (mut world, mut initialize) = given();
        initialize.accounts[index].pubkey = other;
        initialize.accounts[index + 1].pubkey = address::program_data(&other);
        world.refuses(&initialize, ExchangeError::NotProgram);
    }
}

#[test]
fn a_forged_program_that_names_the_genuine_data_is_refused() {
    for index in PROGRAMS {
        let (mut world, initialize) = with_copy(index, |_| ());
        world.refuses(&initialize, ExchangeError::NotProgram);
    }
}

#[test]
fn a_program_of_a_loader_that_cannot_upgrade_is_refused() {
    // the exchange runs, so its own account cannot be any other loader's
    let mut world = World::new();
    let (oracle, loader) = (
        world.account(&address::program_data(&address::ORACLE)).unwrap(),
        45,
    );
    let old = Account {
        data: oracle.data[loader..].to_vec(),
        owner: address::OLD_LOADER,
        executable: true,
        ..oracle
    };
    world.svm.set_account(address::ORACLE, old).unwrap();
    let initialize = ix::initialize(world.admin, world.operator, world.mint, ix::RULES);
    world.refuses(&initialize, ExchangeError::NotProgram);
}

mod create_shard {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, initialize) = super::given();
        world.does(&initialize);
        let instruction = ix::create_shard(world.payer, 2);
        (world, instruction)
    }

    fn by_anybody() -> (World, Instruction) {
        let (mut world, mut instruction) = given();
        instruction.accounts[0].pubkey = world.key();
        (world, instruction)
    }

    harness::attacks! { Shape {
        given: by_anybody,
        signer: Some(0),
        stranger: None, // anybody may
        owned: &[1],
        written: &[0],
        data: 1,
    }}

    #[test]
    fn a_shard_starts_empty_with_no_coverage_and_the_highest_fee() {
        let (mut world, instruction) = given();
        world.does(&instruction);
        let expected = Shard {
            min_coverage_q32: 1 << 32,
            fee_ppm: 2_800,
            index: 2,
            partial_ppm: 300_000,
            keeper_ppm: 10_000,
            insurance_ppm: 5_000,
            slot_ppm: 100_000,
            ..Zeroable::zeroed()
        };
        assert_eq!(world.get::<Shard>(&address::shard(2)), expected);
    }

    #[test]
    fn a_second_creation_is_refused_and_keeps_the_cash() {
        let mut world = World::launched();
        let shard = world.get::<Shard>(&address::shard(2));
        assert!(shard.cash > 0);
        let anybody = world.key();
        world.refuses(&ix::create_shard(anybody, 2), error::IN_USE);
    }

    #[test]
    fn a_fifth_shard_is_refused() {
        for index in [4, 5, 255] {
            let (mut world, _) = given();
            let anybody = world.key();
            world.refuses(&ix::create_shard(anybody, index), ExchangeError::BadParameter);
        }
    }

    #[test]
    fn the_address_of_another_shard_is_refused() {
        let (mut world, mut instruction) = by_anybody();
        instruction.accounts[2].pubkey = address::shard(3);
        world.refuses(&instruction, InstructionError::InvalidSeeds);
    }
}
