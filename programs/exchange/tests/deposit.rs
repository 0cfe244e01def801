use harness::{attacks::Shape, *};

const AMOUNT: u64 = 70 * UNIT;

/// A party with 100 units, all of them still tokens.
fn with_tokens() -> (World, Party) {
    let mut world = World::launched();
    let party = world.party(100 * UNIT);
    world.does(&ix::withdraw(party.owner, party.tokens, world.mint, 100 * UNIT));
    (world, party)
}

fn given() -> (World, Instruction) {
    let (world, party) = with_tokens();
    let instruction = ix::deposit(party.owner, party.tokens, world.mint, AMOUNT);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3],
    written: &[1, 4, 5],
    data: 8,
}}

#[test]
fn tokens_become_balance_one_to_one() {
    let (mut world, party) = with_tokens();
    let (trader, held) = (world.trader(&party), world.token_amount(&address::token_vault()));

    let done = world.does(&ix::deposit(party.owner, party.tokens, world.mint, AMOUNT));

    assert_eq!(
        world.trader(&party),
        Trader {
            balance: AMOUNT,
            ..trader
        }
    );
    assert_eq!(world.token_amount(&party.tokens), 100 * UNIT - AMOUNT);
    assert_eq!(world.token_amount(&address::token_vault()), held + AMOUNT);
    let expected = BalanceMoved {
        trader: key(&party.trader()),
        deposited: AMOUNT,
        withdrawn: 0,
        balance: AMOUNT,
    };
    assert_eq!(done.event::<BalanceMoved>(), expected);
}

#[test]
fn nothing_is_refused() {
    let (mut world, party) = with_tokens();
    let deposit = ix::deposit(party.owner, party.tokens, world.mint, 0);
    world.refuses(&deposit, ExchangeError::ZeroAmount);
}

#[test]
fn more_than_the_source_holds_is_refused() {
    for amount in [100 * UNIT + 1, u64::MAX] {
        let (mut world, party) = with_tokens();
        let deposit = ix::deposit(party.owner, party.tokens, world.mint, amount);
        world.refuses(&deposit, error::TOKEN_INSUFFICIENT);
    }
}

#[test]
fn tokens_of_somebody_else_are_refused() {
    let (mut world, party) = with_tokens();
    let other = world.key();
    let tokens = world.create_tokens(world.mint, other, 100 * UNIT);
    let deposit = ix::deposit(party.owner, tokens, world.mint, AMOUNT);
    world.refuses(&deposit, error::TOKEN_OWNER_MISMATCH);
}

#[test]
fn tokens_of_another_mint_are_refused() {
    let (mut world, party) = with_tokens();
    let mint = world.create_mint(6);
    let tokens = world.create_tokens(mint, party.owner, 100 * UNIT);
    let with_our_mint = ix::deposit(party.owner, tokens, world.mint, AMOUNT);
    world.refuses(&with_our_mint, error::TOKEN_MINT_MISMATCH);
    let with_theirs = ix::deposit(party.owner, tokens, mint, AMOUNT);
    world.refuses(&with_theirs, ExchangeError::WrongMint);
}

#[test]
fn a_vault_of_ones_own_is_refused() {
    let (mut world, party) = with_tokens();
    let own = world.create_tokens(world.mint, party.owner, 0);
    let mut deposit = ix::deposit(party.owner, party.tokens, world.mint, AMOUNT);
    deposit.accounts[5].pubkey = own;
    world.refuses(&deposit, ExchangeError::WrongTokenVault);
}

#[test]
fn the_vault_as_its_own_source_is_refused() {
    let (mut world, party) = with_tokens();
    let deposit = ix::deposit(party.owner, address::token_vault(), world.mint, AMOUNT);
    world.refuses(&deposit, error::DUPLICATE);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[7].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
