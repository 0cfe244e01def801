use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{Holder, MMT, RESOLUTION},
    *,
};

const BOND: u64 = 100 * MMT;

/// A keeper that failed once and has left.
fn departed() -> (World, Holder) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (_, subject) = world.held_task(&keeper);
    world.does_at_once(&kx::fail_task(keeper.key, RESOLUTION, subject));
    world.does_at_once(&kx::unregister_keeper(keeper.key, keeper.keeper()));
    (world, keeper)
}

fn withdraw(world: &World, keeper: &Holder) -> Instruction {
    kx::withdraw_bond(keeper.key, keeper.tokens, world.sink(), world.mmt())
}

/// The beneficiary is not the authority.
fn given() -> (World, Instruction) {
    let mut world = World::with_mmt();
    let (holder, owner) = (world.holder(BOND), world.holder(0));
    let mint = world.mmt();
    world.does_at_once(&kx::register_keeper(
        holder.key,
        holder.tokens,
        mint,
        BOND,
        owner.key,
    ));
    world.does_at_once(&kx::unregister_keeper(holder.key, holder.keeper()));
    world.pass_slots(1_000);
    let instruction = kx::withdraw_bond(holder.key, owner.tokens, world.sink(), mint);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[1, 2],
    written: &[0, 1, 3, 4, 5],
    data: 0,
}}

#[test]
fn the_rest_goes_to_the_beneficiary_and_the_penalty_into_the_sink() {
    let (mut world, keeper) = departed();
    world.pass_slots(1_000);
    let instruction = withdraw(&world, &keeper);
    let sunk = world.token_amount(&world.sink());
    let done = world.does_at_once(&instruction);
    assert_eq!(world.token_amount(&keeper.tokens), BOND / 20 * 19);
    assert_eq!(world.token_amount(&world.sink()), sunk + BOND / 20);
    assert_eq!(world.token_amount(&address::stake_vault()), 0);
    assert!(world
        .account(&keeper.keeper())
        .is_none_or(|account| account.lamports == 0));
    let event = BondReturned {
        keeper: key(&keeper.keeper()),
        returned: BOND / 20 * 19,
        sunk: BOND / 20,
    };
    assert_eq!(done.event::<BondReturned>(), event);
}

#[test]
fn before_the_cool_down_ends_it_is_refused() {
    let (mut world, instruction) = given();
    world.edit::<Keeper>(&instruction.accounts[1].pubkey, |keeper| keeper.unlock_slot += 1);
    world.refuses(&instruction, ExchangeError::CoolingDown);
}

#[test]
fn a_keeper_that_has_not_left_is_refused() {
    let mut world = World::with_mmt();
    let (holder, owner) = (world.holder(BOND), world.holder(0));
    let mint = world.mmt();
    world.does_at_once(&kx::register_keeper(
        holder.key,
        holder.tokens,
        mint,
        BOND,
        owner.key,
    ));
    let instruction = kx::withdraw_bond(holder.key, owner.tokens, world.sink(), mint);
    world.refuses(&instruction, ExchangeError::KeeperNotLeaving);
}

#[test]
fn unpaid_rewards_are_refused() {
    let (mut world, instruction) = given();
    world.edit::<Season>(&address::season(), |season| season.emitted = 1);
    world.edit::<Keeper>(&instruction.accounts[1].pubkey, |keeper| keeper.rewards = 1);
    world.refuses(&instruction, ExchangeError::NotEmpty);
}

#[test]
fn tokens_of_somebody_else_another_sink_and_another_vault_are_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[3].pubkey = world.holder(0).tokens;
    world.refuses(&instruction, ExchangeError::NotBeneficiary);
    let (mut world, mut instruction) = given();
    instruction.accounts[5].pubkey = world.holder(0).tokens;
    world.refuses(&instruction, ExchangeError::WrongSink);
    let (mut world, mut instruction) = given();
    instruction.accounts[4].pubkey = address::reward_vault();
    world.refuses(&instruction, ExchangeError::WrongTokenVault);
}

#[test]
fn a_keeper_that_left_may_come_back() {
    let (mut world, keeper) = departed();
    world.pass_slots(1_000);
    let instruction = withdraw(&world, &keeper);
    world.does_at_once(&instruction);
    let more = world.create_tokens(world.mmt(), keeper.key, BOND);
    world.does_at_once(&kx::register_keeper(
        keeper.key,
        more,
        world.mmt(),
        BOND,
        keeper.key,
    ));
    let again = world.keeper_of(&keeper);
    assert_eq!((again.bond, again.failed, again.slashed), (BOND, 0, 0));
}
