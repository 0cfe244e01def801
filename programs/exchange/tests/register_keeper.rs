use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{Holder, ACTIVE, MMT},
    *,
};

const BOND: u64 = 1_000 * MMT;

fn applicant() -> (World, Holder) {
    let mut world = World::with_mmt();
    let holder = world.holder(BOND);
    (world, holder)
}

fn given() -> (World, Instruction) {
    let (world, holder) = applicant();
    let instruction = kx::register_keeper(holder.key, holder.tokens, world.mmt(), BOND, holder.key);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(InstructionError::InvalidSeeds),
    owned: &[2, 3],
    written: &[0, 2, 4, 5],
    data: 40,
}}

#[test]
fn a_keeper_is_on_duty_with_the_tier_of_its_bond() {
    let (mut world, holder) = applicant();
    let beneficiary = world.key();
    let register = kx::register_keeper(holder.key, holder.tokens, world.mmt(), BOND, beneficiary);

    let done = world.does_at_once(&register);

    let slot = world.slot();
    let expected = Keeper {
        authority: key(&holder.key),
        beneficiary: key(&beneficiary),
        bond: BOND,
        registered_slot: slot,
        heartbeat_slot: slot,
        tier: 1,
        status: ACTIVE,
        listed: 1,
        ..Zeroable::zeroed()
    };
    assert_eq!(world.keeper_of(&holder), expected);
    let registry = world.registry();
    assert_eq!((registry.count, registry.keepers[0]), (1, key(&holder.keeper())));
    assert_eq!(world.token_amount(&address::stake_vault()), BOND);
    let event = KeeperRegistered {
        keeper: key(&holder.keeper()),
        authority: key(&holder.key),
        beneficiary: key(&beneficiary),
        bond: BOND,
        tier: 1,
    };
    assert_eq!(done.event::<KeeperRegistered>(), event);
}

#[test]
fn a_second_registration_is_refused() {
    let (mut world, instruction) = given();
    world.does_at_once(&instruction);
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn a_bond_below_the_minimum_is_refused() {
    for bond in [0, 1, 100 * MMT - 1] {
        let (mut world, holder) = applicant();
        let register = kx::register_keeper(holder.key, holder.tokens, world.mmt(), bond, holder.key);
        world.refuses(&register, ExchangeError::BondTooSmall);
    }
}

#[test]
fn a_bond_that_the_applicant_does_not_have_is_refused() {
    for bond in [BOND + 1, u64::MAX] {
        let (mut world, holder) = applicant();
        let register = kx::register_keeper(holder.key, holder.tokens, world.mmt(), bond, holder.key);
        world.refuses(&register, error::TOKEN_INSUFFICIENT);
    }
}

#[test]
fn somebody_elses_tokens_are_refused() {
    let (mut world, holder) = applicant();
    let other = world.holder(BOND);
    let register = kx::register_keeper(holder.key, other.tokens, world.mmt(), BOND, holder.key);
    world.refuses(&register, error::TOKEN_OWNER_MISMATCH);
}

#[test]
fn no_beneficiary_is_refused() {
    let (mut world, holder) = applicant();
    let register = kx::register_keeper(holder.key, holder.tokens, world.mmt(), BOND, address::SYSTEM);
    world.refuses(&register, ExchangeError::BadParameter);
}

#[test]
fn another_vault_and_another_mint_are_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[5].pubkey = address::reward_vault();
    world.refuses(&instruction, ExchangeError::WrongTokenVault);
    let (mut world, mut instruction) = given();
    instruction.accounts[6].pubkey = world.mint;
    world.refuses(&instruction, ExchangeError::WrongMint);
}

#[test]
fn other_programs_are_refused() {
    for index in [7, 8] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = address::ORACLE;
        world.refuses(&instruction, InstructionError::IncorrectProgramId);
    }
}

#[test]
fn a_keeper_too_many_is_refused() {
    let (mut world, instruction) = given();
    world.edit::<Registry>(&address::registry(), |registry| registry.count = 128);
    world.refuses(&instruction, ExchangeError::RegistryFull);
}
