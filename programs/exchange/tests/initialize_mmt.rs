use harness::{
    attacks::Shape,
    ix_keepers::{initialize_mmt, MmtRules, MMT_RULES},
    keepers::{whole_schedule, MMT, POOL},
    *,
};

fn genesis() -> (World, Address, Address, Address) {
    let mut world = World::launched();
    let (mint, source, sink) = world.mmt_genesis();
    (world, mint, source, sink)
}

fn given() -> (World, Instruction) {
    let (world, mint, source, sink) = genesis();
    let instruction = initialize_mmt(world.admin, mint, source, sink, &MMT_RULES);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotAdmin.into()),
    owned: &[1],
    written: &[0, 7],
    data: 204,
}}

#[test]
fn season_registry_and_vaults_come_into_being_and_the_pool_moves_in() {
    let (mut world, mint, source, sink) = genesis();
    let slot = world.slot();

    let done = world.does_at_once(&initialize_mmt(world.admin, mint, source, sink, &MMT_RULES));

    let season = world.season();
    let expected = Season {
        mint: key(&mint),
        stake_vault: key(&address::stake_vault()),
        reward_vault: key(&address::reward_vault()),
        sink: key(&sink),
        start_slot: slot,
        updated_slot: slot,
        rates: MMT_RULES.rates,
        tiers: MMT_RULES.tiers,
        task_rewards: MMT_RULES.task_rewards,
        cooldown_slots: MMT_RULES.cooldown_slots,
        keepers_ppm: MMT_RULES.keepers_ppm,
        bump: season.bump,
        ..Zeroable::zeroed()
    };
    assert_eq!(season, expected);
    assert_eq!(world.registry(), MMT_RULES.registry());
    assert_eq!(world.token_amount(&address::reward_vault()), whole_schedule());
    assert_eq!(
        (
            world.token_amount(&source),
            world.token_amount(&address::stake_vault())
        ),
        (POOL - whole_schedule(), 0)
    );
    for vault in [address::stake_vault(), address::reward_vault()] {
        let data = world.account(&vault).unwrap().data;
        assert_eq!(
            (&data[..32], &data[32..64]),
            (mint.as_ref(), address::season().as_ref())
        );
    }
    let event = MmtInitialized {
        mint: key(&mint),
        sink: key(&sink),
        start_slot: slot,
        pool: whole_schedule(),
    };
    assert_eq!(done.event::<MmtInitialized>(), event);
}

#[test]
fn a_second_initialization_is_refused() {
    let (mut world, instruction) = given();
    world.does_at_once(&instruction);
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn a_mint_with_other_decimals_or_another_supply_is_refused() {
    for (offset, value) in [(44, 6), (44, 8), (36, 1), (43, 2)] {
        let (mut world, mint, source, sink) = genesis();
        let mut account = world.account(&mint).unwrap();
        account.data[offset] = value;
        world.svm.set_account(mint, account).unwrap();
        let instruction = initialize_mmt(world.admin, mint, source, sink, &MMT_RULES);
        world.refuses(&instruction, ExchangeError::WrongMmtMint);
    }
}

#[test]
fn a_mint_that_somebody_can_still_mint_or_freeze_is_refused() {
    for flag in [0, 46] {
        let (mut world, mint, source, sink) = genesis();
        let mut account = world.account(&mint).unwrap();
        account.data[flag] = 1;
        world.svm.set_account(mint, account).unwrap();
        let instruction = initialize_mmt(world.admin, mint, source, sink, &MMT_RULES);
        world.refuses(&instruction, ExchangeError::SupplyNotFixed);
    }
}

#[test]
fn a_mint_of_another_program_is_refused() {
    let (mut world, mut instruction) = given();
    let (genuine, fake) = (
        world.account(&instruction.accounts[6].pubkey).unwrap(),
        world.key(),
    );
    world.put(fake, address::ORACLE, genuine.data);
    instruction.accounts[6].pubkey = fake;
    world.refuses(&instruction, InstructionError::InvalidAccountOwner);
}

#[test]
fn a_sink_that_somebody_could_empty_or_that_is_not_full_is_refused() {
    let refused = |change: fn(&mut Vec<u8>)| {
        let (mut world, mint, source, sink) = genesis();
        let mut account = world.account(&sink).unwrap();
        change(&mut account.data);
        world.svm.set_account(sink, account).unwrap();
        let instruction = initialize_mmt(world.admin, mint, source, sink, &MMT_RULES);
        world.refuses(&instruction, ExchangeError::WrongSink);
    };
    refused(|data| data[0] ^= 1); // another mint
    refused(|data| data[32] ^= 1); // another owner
    refused(|data| data[64..72].copy_from_slice(&(90_000_000 * MMT - 1).to_le_bytes()));
    refused(|data| data[72] = 1); // a delegate
    refused(|data| data[129] = 1); // a close authority
}

#[test]
fn less_than_the_pool_is_refused() {
    let (mut world, mint, _, sink) = genesis();
    let source = world.create_tokens(mint, world.admin, whole_schedule() - 1);
    let instruction = initialize_mmt(world.admin, mint, source, sink, &MMT_RULES);
    world.refuses(&instruction, error::TOKEN_INSUFFICIENT);
}

fn refused(error: ExchangeError, change: fn(&mut MmtRules)) {
    let (mut world, mint, source, sink) = genesis();
    let mut rules = MMT_RULES;
    change(&mut rules);
    let instruction = initialize_mmt(world.admin, mint, source, sink, &rules);
    world.refuses(&instruction, error);
}

#[test]
fn a_schedule_above_the_pool_is_refused() {
    let error = ExchangeError::EmissionExceeded;
    refused(error, |rules| rules.rates = [32_150_206; 8]);
    refused(error, |rules| rules.rates[7] = 2_011_022); // a unit per slot too much
    refused(ExchangeError::Overflow, |rules| rules.rates[0] = u64::MAX);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let refused = |change| refused(ExchangeError::BadParameter, change);
    refused(|rules| rules.tiers[0] = MMT - 1);
    refused(|rules| rules.tiers[1] = rules.tiers[0]);
    refused(|rules| rules.tiers[2] = rules.tiers[1]);
    refused(|rules| rules.task_rewards[4] = POOL + 1);
    refused(|rules| rules.min_bond = MMT - 1);
    refused(|rules| rules.cooldown_slots = 0);
    refused(|rules| rules.cooldown_slots = 38_880_001);
    refused(|rules| rules.claim_slots = 0);
    refused(|rules| rules.exclusive_slots = 11);
    refused(|rules| rules.max_claims = 0);
    refused(|rules| rules.max_claims = 1 << 32);
    refused(|rules| rules.heartbeat_slots = 0);
    refused(|rules| rules.suspension_slots = 0);
    refused(|rules| rules.expiry_slots = 0);
    refused(|rules| rules.prune_age_s = 365 * 86_400 + 1);
    refused(|rules| rules.keepers_ppm = 1_000_001);
}

#[test]
fn other_addresses_are_refused() {
    for index in [2, 3, 4, 5] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = address::keeper(&world.admin);
        world.refuses(&instruction, InstructionError::InvalidSeeds);
    }
}

#[test]
fn other_programs_are_refused() {
    for index in [9, 10] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = address::ORACLE;
        world.refuses(&instruction, InstructionError::IncorrectProgramId);
    }
}
