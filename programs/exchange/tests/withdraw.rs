use harness::{attacks::Shape, *};

const AMOUNT: u64 = 70 * UNIT;

fn with_balance() -> (World, Party) {
    let mut world = World::launched();
    let party = world.party(100 * UNIT);
    (world, party)
}

fn given() -> (World, Instruction) {
    let (world, party) = with_balance();
    let instruction = ix::withdraw(party.owner, party.tokens, world.mint, AMOUNT);
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
fn balance_becomes_tokens_one_to_one() {
    let (mut world, party) = with_balance();
    let (trader, held) = (world.trader(&party), world.token_amount(&address::token_vault()));

    let done = world.does(&ix::withdraw(party.owner, party.tokens, world.mint, AMOUNT));

    assert_eq!(
        world.trader(&party),
        Trader {
            balance: 100 * UNIT - AMOUNT,
            ..trader
        }
    );
    assert_eq!(world.token_amount(&party.tokens), AMOUNT);
    assert_eq!(world.token_amount(&address::token_vault()), held - AMOUNT);
    let balance = 100 * UNIT - AMOUNT;
    let expected = BalanceMoved {
        trader: key(&party.trader()),
        deposited: 0,
        withdrawn: AMOUNT,
        balance,
    };
    assert_eq!(done.event::<BalanceMoved>(), expected);
}

#[test]
fn the_destination_is_the_owners_choice() {
    let (mut world, party) = with_balance();
    let other = world.key();
    let tokens = world.create_tokens(world.mint, other, 0);
    world.does(&ix::withdraw(party.owner, tokens, world.mint, AMOUNT));
    assert_eq!(world.token_amount(&tokens), AMOUNT);
}

#[test]
fn nothing_is_refused() {
    let (mut world, party) = with_balance();
    let withdraw = ix::withdraw(party.owner, party.tokens, world.mint, 0);
    world.refuses(&withdraw, ExchangeError::ZeroAmount);
}

#[test]
fn more_than_the_balance_is_refused_whatever_the_vault_holds() {
    for amount in [100 * UNIT + 1, 1_000_000 * UNIT, u64::MAX] {
        let (mut world, party) = with_balance();
        let withdraw = ix::withdraw(party.owner, party.tokens, world.mint, amount);
        world.refuses(&withdraw, ExchangeError::InsufficientBalance);
    }
}

#[test]
fn the_balance_of_somebody_else_is_refused() {
    let (mut world, party) = with_balance();
    let thief = world.party(0);
    let mut withdraw = ix::withdraw(thief.owner, thief.tokens, world.mint, AMOUNT);
    withdraw.accounts[1].pubkey = party.trader();
    world.refuses(&withdraw, ExchangeError::NotOwner);
}

#[test]
fn another_mint_is_refused() {
    let (mut world, party) = with_balance();
    let mint = world.create_mint(6);
    let tokens = world.create_tokens(mint, party.owner, 0);
    world.refuses(
        &ix::withdraw(party.owner, tokens, mint, AMOUNT),
        ExchangeError::WrongMint,
    );
    let withdraw = ix::withdraw(party.owner, tokens, world.mint, AMOUNT);
    world.refuses(&withdraw, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn another_token_account_in_the_place_of_the_vaults_is_refused() {
    let (mut world, party) = with_balance();
    let decoy = world.create_tokens(world.mint, address::vault(), 100 * UNIT);
    let mut withdraw = ix::withdraw(party.owner, party.tokens, world.mint, AMOUNT);
    withdraw.accounts[5].pubkey = decoy;
    world.refuses(&withdraw, ExchangeError::WrongTokenVault);
}

#[test]
fn the_vault_as_its_own_destination_is_refused() {
    let (mut world, party) = with_balance();
    let withdraw = ix::withdraw(party.owner, address::token_vault(), world.mint, AMOUNT);
    world.refuses(&withdraw, error::DUPLICATE);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[7].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
