use harness::{attacks::Shape, *};

mod set_operator {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::launched();
        let operator = world.key();
        let instruction = ix::set_operator(world.admin, operator);
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(1),
        stranger: Some(ExchangeError::NotAdmin.into()),
        owned: &[0],
        written: &[0],
        data: 32,
    }}

    #[test]
    fn the_successor_opens_markets_and_the_predecessor_no_longer_does() {
        let mut world = World::launched();
        let (old, new) = (world.operator, world.key());
        let config = world.get::<Config>(&address::config());

        let done = world.does(&ix::set_operator(world.admin, new));

        assert_eq!(
            done.event::<OperatorSet>(),
            OperatorSet {
                old: key(&old),
                new: key(&new)
            }
        );
        assert_eq!(
            world.get::<Config>(&address::config()),
            Config {
                operator: key(&new),
                ..config
            }
        );
        let (id, terms) = (world.new_market_id(), world.terms(2, 1_000 * UNIT));
        world.refuses(
            &ix::create_market(old, id, world.feed, &terms),
            ExchangeError::NotOperator,
        );
        world.does(&ix::create_market(new, id, world.feed, &terms));
    }

    #[test]
    fn the_operator_may_not_appoint() {
        let mut world = World::launched();
        let operator = world.operator;
        world.refuses(&ix::set_operator(operator, operator), ExchangeError::NotAdmin);
    }
}

mod renounce_admin {
    use super::*;

    fn given() -> (World, Instruction) {
        let world = World::launched();
        let instruction = ix::renounce_admin(world.admin);
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(1),
        stranger: Some(ExchangeError::NotAdmin.into()),
        owned: &[0],
        written: &[0],
        data: 0,
    }}

    #[test]
    fn nobody_is_admin_ever_after() {
        let (mut world, instruction) = given();
        let config = world.get::<Config>(&address::config());

        let done = world.does(&instruction);

        let admin = key(&world.admin);
        assert_eq!(done.event::<AdminRenounced>(), AdminRenounced { admin });
        assert_eq!(
            world.get::<Config>(&address::config()),
            Config {
                admin: [0; 32],
                ..config
            }
        );
        world.refuses(&instruction, ExchangeError::NotAdmin);
        let admin = world.admin;
        world.refuses(&ix::set_operator(admin, admin), ExchangeError::NotAdmin);
        // the zero address is the system program's: it cannot sign, which is what the runtime says here
        let mut forged = ix::set_operator(address::SYSTEM, admin);
        forged.accounts[1].is_signer = false;
        world.refuses(&forged, InstructionError::MissingRequiredSignature);
    }

    #[test]
    fn the_operator_keeps_working() {
        let (mut world, instruction) = given();
        world.does(&instruction);
        world.market(2);
    }
}
