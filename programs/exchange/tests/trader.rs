use harness::{attacks::Shape, *};

mod create {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::new();
        let owner = world.key();
        (world, ix::create_trader(owner))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(InstructionError::InvalidSeeds),
        owned: &[],
        written: &[0],
        data: 0,
    }}

    #[test]
    fn a_trader_account_starts_empty() {
        let (mut world, instruction) = given();
        let owner = instruction.accounts[0].pubkey;

        let done = world.does(&instruction);

        let trader = address::trader(&owner);
        let owner = key(&owner);
        assert_eq!(
            world.get::<Trader>(&trader),
            Trader {
                owner,
                balance: 0,
                lp_shares: 0,
                positions: 0,
                credit: 0,
            }
        );
        assert_eq!(
            done.event::<TraderOpened>(),
            TraderOpened {
                trader: key(&trader),
                owner
            }
        );
    }

    #[test]
    fn a_second_creation_is_refused_and_keeps_the_balance() {
        let mut world = World::launched();
        let party = world.party(5 * UNIT);
        world.refuses(&ix::create_trader(party.owner), error::IN_USE);
        assert_eq!(world.trader(&party).balance, 5 * UNIT);
    }

    #[test]
    fn the_address_of_another_owner_is_refused() {
        let (mut world, mut instruction) = given();
        let other = world.key();
        instruction.accounts[1].pubkey = address::trader(&other);
        world.refuses(&instruction, InstructionError::InvalidSeeds);
    }

    #[test]
    fn another_program_in_the_place_of_the_system_program_is_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts[2].pubkey = address::TOKEN;
        world.refuses(&instruction, InstructionError::IncorrectProgramId);
    }
}

mod close {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::launched();
        let party = world.party(0);
        (world, ix::close_trader(party.owner))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1],
        written: &[0, 1],
        data: 0,
    }}

    #[test]
    fn an_empty_account_returns_its_rent() {
        let mut world = World::launched();
        let party = world.party(0);
        let rent = world.account(&party.trader()).unwrap().lamports;
        let before = world.account(&party.owner).unwrap().lamports;

        let done = world.does(&ix::close_trader(party.owner));

        assert_eq!(world.account(&party.owner).unwrap().lamports, before + rent);
        assert!(world
            .account(&party.trader())
            .is_none_or(|account| account.lamports == 0));
        let closed = TraderClosed {
            trader: key(&party.trader()),
            owner: key(&party.owner),
        };
        assert_eq!(done.event::<TraderClosed>(), closed);
    }

    #[test]
    fn a_balance_is_refused() {
        let mut world = World::launched();
        let party = world.party(1);
        world.refuses(&ix::close_trader(party.owner), ExchangeError::NotEmpty);
    }

    #[test]
    fn a_position_is_refused() {
        let mut world = World::launched();
        let (party, market) = (world.party(0), world.market(2));
        world.position(&party, market, 0, SPOT);
        world.refuses(&ix::close_trader(party.owner), ExchangeError::NotEmpty);
    }

    #[test]
    fn shares_of_the_vault_are_refused() {
        let mut world = World::launched();
        let party = world.party(5 * UNIT);
        world.does(&ix::provide_liquidity(party.owner, 5 * UNIT));
        assert_eq!(world.trader(&party).balance, 0);
        world.refuses(&ix::close_trader(party.owner), ExchangeError::NotEmpty);
    }

    #[test]
    fn a_closed_account_can_be_opened_again_and_is_empty() {
        let (mut world, instruction) = given();
        world.does(&instruction);
        let owner = instruction.accounts[0].pubkey;
        world.does(&ix::create_trader(owner));
        let expected = Trader {
            owner: key(&owner),
            balance: 0,
            lp_shares: 0,
            positions: 0,
            credit: 0,
        };
        assert_eq!(world.get::<Trader>(&address::trader(&owner)), expected);
    }
}
