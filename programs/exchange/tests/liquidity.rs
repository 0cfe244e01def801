use harness::{attacks::Shape, *};

const VIRTUAL: u128 = 1_000_000;

/// The vault's worth at its lowest and its highest.
fn net_assets(world: &World) -> (u64, u64) {
    let books = world.books();
    let cash = books.vault.unwrap().cash + books.shards.values().map(|s| s.cash).sum::<u64>();
    let low: u64 = books
        .shards
        .values()
        .map(|s| s.debt - s.debt_at_risk + s.claim_floor)
        .sum();
    let high: u64 = books.shards.values().map(|s| s.debt + s.claim_ceiling).sum();
    (cash + low, cash + high)
}

/// A vault with a market on whose outcomes its worth depends, and a party with balance.
fn traded() -> (World, Party) {
    let mut world = World::launched();
    let (party, market) = (world.party(10_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, 500 * UNIT);
    world.leveraged(&party, market, 0, 100 * UNIT, 300);
    (world, party)
}

mod provide {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, party) = traded();
        (world, ix::provide_liquidity(party.owner, 100 * UNIT))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3, 4, 5, 6, 7],
        written: &[1, 3, 4, 5, 6, 7],
        data: 16,
    }}

    #[test]
    fn shares_are_issued_at_the_highest_worth_rounded_down() {
        let (mut world, party) = traded();
        let (before, vault, amount) = (
            world.trader(&party),
            world.get::<Vault>(&address::vault()),
            777 * UNIT + 7,
        );
        let (low, high) = net_assets(&world);
        assert!(low < high);

        let done = world.does(&ix::provide_liquidity(party.owner, amount));

        let supply = u128::from(vault.lp_supply);
        let issued = (u128::from(amount) * (supply + VIRTUAL) / (u128::from(high) + VIRTUAL)) as u64;
        let after = Trader {
            balance: before.balance - amount,
            lp_shares: issued,
            ..before
        };
        assert_eq!(world.trader(&party), after);
        let lp_supply = vault.lp_supply + issued;
        assert_eq!(world.get::<Vault>(&address::vault()).lp_supply, lp_supply);
        assert_eq!(net_assets(&world), (low + amount, high + amount));
        let moved = done.event::<LiquidityMoved>();
        assert_eq!((moved.deposited, moved.withdrawn), (amount, 0));
        assert_eq!(
            (moved.trader, moved.lp_shares, moved.lp_supply),
            (key(&party.trader()), issued, lp_supply)
        );
    }

    #[test]
    fn the_first_deposit_gets_a_share_a_unit_and_lifts_the_coverage() {
        let mut world = World::new();
        world.initialize();
        let party = world.party(1_000 * UNIT);
        world.does(&ix::provide_liquidity(party.owner, 1_000 * UNIT));
        assert_eq!(world.trader(&party).lp_shares, 1_000 * UNIT);
        for index in 0..4 {
            let shard = world.get::<Shard>(&address::shard(index));
            assert_eq!(
                (shard.cash, shard.coverage_q32, shard.fee_ppm),
                (250 * UNIT, u64::MAX, 300)
            );
        }
    }

    #[test]
    fn nothing_is_refused() {
        let (mut world, party) = traded();
        world.refuses(&ix::provide_liquidity(party.owner, 0), ExchangeError::ZeroAmount);
    }

    #[test]
    fn more_than_the_balance_is_refused() {
        let (mut world, party) = traded();
        let balance = world.trader(&party).balance;
        let provide = ix::provide_liquidity(party.owner, balance + 1);
        world.refuses(&provide, ExchangeError::InsufficientBalance);
        let provide = ix::provide_liquidity(party.owner, u64::MAX);
        world.refuses(&provide, ExchangeError::InsufficientBalance);
    }

    #[test]
    fn shards_out_of_order_are_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts.swap(5, 6);
        world.refuses(&instruction, ExchangeError::WrongShard);
    }
}

mod take {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, _) = traded();
        let instruction = ix::take_liquidity(world.lender.owner, 100 * UNIT);
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3, 4, 5, 6, 7],
        written: &[1, 3, 4, 5, 6, 7],
        data: 16,
    }}

    #[test]
    fn shares_are_paid_at_the_lowest_worth_rounded_down() {
        let (mut world, _) = traded();
        let lender = world.lender;
        let (before, vault) = (world.trader(&lender), world.get::<Vault>(&address::vault()));
        let (low, high) = net_assets(&world);
        let shares = 123_456 * UNIT + 7;

        let done = world.does(&ix::take_liquidity(lender.owner, shares));

        let supply = u128::from(vault.lp_supply);
        let value = (u128::from(shares) * (u128::from(low) + VIRTUAL) / (supply + VIRTUAL)) as u64;
        let (balance, lp_shares) = (before.balance + value, before.lp_shares - shares);
        assert_eq!(
            world.trader(&lender),
            Trader {
                balance,
                lp_shares,
                ..before
            }
        );
        assert_eq!(
            world.get::<Vault>(&address::vault()).lp_supply,
            vault.lp_supply - shares
        );
        assert_eq!(net_assets(&world), (low - value, high - value));
        let moved = done.event::<LiquidityMoved>();
        assert_eq!(
            (moved.deposited, moved.withdrawn, moved.lp_shares),
            (0, value, lp_shares)
        );
    }

    #[test]
    fn nothing_is_refused() {
        let (mut world, _) = traded();
        let owner = world.lender.owner;
        world.refuses(&ix::take_liquidity(owner, 0), ExchangeError::ZeroAmount);
    }

    #[test]
    fn more_shares_than_held_are_refused() {
        let (mut world, party) = traded();
        world.refuses(
            &ix::take_liquidity(party.owner, 1),
            ExchangeError::InsufficientShares,
        );
        let owner = world.lender.owner;
        world.refuses(
            &ix::take_liquidity(owner, u64::MAX),
            ExchangeError::InsufficientShares,
        );
    }

    #[test]
    fn cash_that_loans_need_stays() {
        let mut world = World::launched();
        let (party, market) = (world.party(400_000 * UNIT), world.market(2));
        world.lift_debt_limit(market);
        world.leveraged(&party, market, 1, 100_000 * UNIT, 5_000);
        let lender = world.lender;
        let shares = world.trader(&lender).lp_shares;
        world.refuses(
            &ix::take_liquidity(lender.owner, shares * 95 / 100),
            ExchangeError::CoverageTooLow,
        );
    }

    #[test]
    fn more_than_the_cash_is_refused() {
        let mut world = World::launched();
        world.market(2);
        let lender = world.lender;
        let shares = world.trader(&lender).lp_shares;
        world.refuses(
            &ix::take_liquidity(lender.owner, shares),
            ExchangeError::VaultTooSmall,
        );
    }

    #[test]
    fn who_leaves_an_idle_vault_gets_back_what_came_in() {
        let mut world = World::launched();
        let lender = world.lender;
        let shares = world.trader(&lender).lp_shares;
        world.does(&ix::take_liquidity(lender.owner, shares));
        assert_eq!(world.trader(&lender).balance, 2_000_000 * UNIT);
        assert_eq!(net_assets(&world), (0, 0));
    }

    #[test]
    fn a_donation_before_the_second_deposit_does_not_take_it() {
        let mut world = World::new();
        world.initialize();
        let (first, second) = (world.party(1_000_000 * UNIT), world.party(1_000 * UNIT));
        world.does(&ix::provide_liquidity(first.owner, 1));
        // tokens sent past the books count for nobody
        let held = world.token_amount(&address::token_vault());
        let mut tokens = world.account(&address::token_vault()).unwrap();
        tokens.data[64..72].copy_from_slice(&(held + 500_000 * UNIT).to_le_bytes());
        let donated = tokens.clone();
        world.svm.set_account(address::token_vault(), donated).unwrap();
        world
            .send(&ix::provide_liquidity(second.owner, 1_000 * UNIT))
            .unwrap();
        let shares = world.trader(&second).lp_shares;
        world.send(&ix::take_liquidity(second.owner, shares)).unwrap();
        assert!(world.trader(&second).balance >= 1_000 * UNIT - 1);
    }
}

#[test]
fn a_limit_keeps_an_inflated_vault_from_taking_a_deposit() {
    // an outcome that nobody but the attacker holds raises what the vault may be worth at best
    let mut world = World::launched();
    let (attacker, victim, market) = (
        world.party(3_000_000 * UNIT),
        world.party(500_000 * UNIT),
        world.market(2),
    );
    let mut fair = world.clone();
    fair.does(&ix::provide_liquidity(victim.owner, 500_000 * UNIT));
    let expected = fair.trader(&victim).lp_shares;
    world.holding(&attacker, market, 0, 2_900_000 * UNIT);
    let least = expected / 1_000 * 999;
    world.refuses(
        &ix::provide_for(victim.owner, 500_000 * UNIT, least),
        ExchangeError::SlippageExceeded,
    );
    fair.does(&ix::take_liquidity(victim.owner, 1)); // the fair world goes on
    let mut again = World::launched();
    let owner = again.party(500_000 * UNIT).owner;
    again.does(&ix::provide_for(owner, 500_000 * UNIT, least));
}

#[test]
fn a_withdrawal_pays_no_less_than_its_limit() {
    let mut world = World::launched();
    let lender = world.lender.owner;
    let twin = world
        .clone()
        .does(&ix::take_liquidity(lender, 1_000 * UNIT))
        .event::<LiquidityMoved>()
        .withdrawn;
    world.refuses(
        &ix::take_for(lender, 1_000 * UNIT, twin + 1),
        ExchangeError::SlippageExceeded,
    );
    world.does(&ix::take_for(lender, 1_000 * UNIT, twin));
}
