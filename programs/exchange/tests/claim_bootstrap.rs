//! Trades and locked liquidity are paid out of the launch's budget, once each.

use harness::{
    attacks::Shape,
    ix_bootstrap::{self as bx, BOOTSTRAP_RULES},
    keepers::MMT,
    *,
};

const RULES: bx::BootstrapRules = BOOTSTRAP_RULES;

/// The launch is open, and somebody has a market of his own to trade at.
fn trader() -> (World, Party, u64) {
    let mut world = World::with_bootstrap();
    let party = world.party(100_000 * UNIT);
    let market = world.market(2);
    world.position(&party, market, 0, SPOT);
    (world, party, market)
}

/// One purchase; its fee.
fn buy(world: &mut World, party: &Party, market: u64, shares: u64) -> u64 {
    let done = world.does(&ix::buy(party.owner, market, 0, shares, u64::MAX));
    done.event::<Traded>().fee
}

fn sell(world: &mut World, party: &Party, market: u64, shares: u64) -> u64 {
    let done = world.does(&ix::sell(party.owner, market, 0, shares, 0));
    done.event::<Traded>().fee
}

fn worth(credit: u64) -> u64 {
    (u128::from(credit) * u128::from(RULES.trade_rate) / u128::from(UNIT)) as u64
}

mod trades {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, party, market) = trader();
        buy(&mut world, &party, market, 100 * UNIT);
        let purse = world.mmt_purse(&party);
        let instruction = bx::claim_trades(party.owner, purse, world.mmt());
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3],
        written: &[1, 2, 4, 5],
        data: 0,
    }}

    #[test]
    fn the_first_trades_of_a_shard_are_credited_twice_and_the_next_ones_once() {
        let (mut world, party, market) = trader();
        let (mut credit, mut reserved) = (0, 0);
        let before = world.shard_of(market);
        for i in 0..30 {
            let fee = if i % 2 == 0 {
                buy(&mut world, &party, market, 40 * UNIT)
            } else {
                sell(&mut world, &party, market, 40 * UNIT)
            };
            assert!((RULES.min_fee..=RULES.max_fee).contains(&fee), "{fee}");
            credit += if i < 25 { 2 * fee } else { fee };
            reserved += fee;
            assert_eq!(world.trader(&party).credit, credit, "after trade {i}");
        }
        let shard = world.shard_of(market);
        assert_eq!(shard.early_trades, 0);
        assert_eq!(shard.launch_credits, RULES.trade_credits / 4 - credit);
        assert_eq!(shard.reserve, reserved, "the fees are set aside for good");
        assert_eq!((before.reserve, shard.insurance), (0, before.insurance));
    }

    #[test]
    fn a_trade_with_a_small_fee_does_not_count_and_takes_nobodys_place() {
        let (mut world, party, market) = trader();
        let before = world.shard_of(market);
        let fee = buy(&mut world, &party, market, UNIT / 2);
        assert!(fee > 0 && fee < RULES.min_fee, "{fee}");
        let after = world.shard_of(market);
        assert_eq!(world.trader(&party).credit, 0);
        assert_eq!(
            (after.early_trades, after.launch_credits, after.reserve),
            (25, before.launch_credits, 0)
        );
    }

    #[test]
    fn of_a_large_fee_only_the_most_counts() {
        let (mut world, party, market) = trader();
        let fee = buy(&mut world, &party, market, 3_000 * UNIT);
        assert!(fee > RULES.max_fee, "{fee}");
        assert_eq!(world.trader(&party).credit, 2 * RULES.max_fee);
        assert_eq!(world.shard_of(market).reserve, RULES.max_fee);
    }

    #[test]
    fn a_shards_credits_end_exactly() {
        let (mut world, party, market) = trader();
        let shard = address::shard(address::shard_of(market));
        world.edit::<Shard>(&shard, |s| s.launch_credits = 30_001);
        world.edit::<Bootstrap>(&address::bootstrap(), |b| b.trade_credits = 30_001 + 30 * UNIT);
        buy(&mut world, &party, market, 1_000 * UNIT);
        assert_eq!(world.trader(&party).credit, 30_000);
        sell(&mut world, &party, market, 1_000 * UNIT);
        assert!(world.shard_of(market).launch_credits <= 1);
        assert!(world.trader(&party).credit <= 30_001);
    }

    #[test]
    fn a_credit_is_paid_at_the_rate_and_only_once() {
        let (mut world, party, market) = trader();
        buy(&mut world, &party, market, 100 * UNIT);
        let (credit, purse, mint) = (world.trader(&party).credit, world.mmt_purse(&party), world.mmt());
        let claim = bx::claim_trades(party.owner, purse, mint);
        let done = world.does(&claim);
        assert_eq!(world.token_amount(&purse), worth(credit));
        assert_eq!(done.event::<BootstrapPaid>().amount, worth(credit));
        assert_eq!(world.trader(&party).credit, 0);
        assert_eq!(world.bootstrap().paid_traders, worth(credit));
        world.refuses(&claim, ExchangeError::ZeroAmount);
    }

    #[test]
    fn trades_on_credit_are_credited_for_their_fee_and_not_for_their_premium() {
        let (mut world, party, market) = trader();
        world.position(&party, market, 0, LEVERAGED);
        let loan = ix::Loan {
            shares: 50 * UNIT,
            leverage_x100: 200,
            max_payment: u64::MAX,
        };
        let feed = world.feed;
        let done = world.does(&ix::open(party.owner, market, feed, 0, loan));
        let traded = done.event::<Traded>();
        assert!(traded.premium > traded.fee);
        assert_eq!(world.trader(&party).credit, 2 * traded.fee);
    }

    /// Who provides the liquidity gets the fees. If that held for the fees that are credited, he could trade with himself
    /// for nothing.
    #[test]
    fn trading_with_oneself_costs_at_least_what_is_credited_even_for_the_owner_of_the_whole_vault() {
        let mut world = World::with_bootstrap();
        let lender = world.lender;
        let market = world.market(2);
        world.position(&lender, market, 0, SPOT);
        let wealth = |world: &mut World| {
            let mut copy = world.clone();
            let before = copy.trader(&lender).balance;
            let shares = copy.trader(&lender).lp_shares;
            assert_eq!(
                copy.get::<Vault>(&address::vault()).lp_supply,
                shares,
                "all of it"
            );
            copy.does(&ix::fold());
            let assets = copy.books();
            let cash: u64 = assets.shards.values().map(|s| s.cash).sum::<u64>() + assets.vault.unwrap().cash;
            before + cash
        };
        let before = wealth(&mut world);
        for _ in 0..40 {
            buy(&mut world, &lender, market, 200 * UNIT);
            sell(&mut world, &lender, market, 200 * UNIT);
        }
        let lost = before - wealth(&mut world);
        let credit = world.trader(&lender).credit;
        assert!(credit > UNIT, "{credit}");
        // a rounding a trade goes to the market's escrow
        assert!(2 * lost >= credit, "lost {lost}, credited {credit}");
        let (purse, mint) = (world.mmt_purse(&lender), world.mmt());
        world.does(&bx::claim_trades(lender.owner, purse, mint));
        let price = u128::from(lost) * u128::from(MMT) / u128::from(world.token_amount(&purse));
        let listed = u128::from(UNIT) * u128::from(MMT) / u128::from(2 * RULES.trade_rate);
        assert!(
            price >= listed,
            "an MMT cost {price}, the rules sell it for {listed}"
        );
    }
}

mod makers {
    use super::*;

    const LOCKED: u64 = 10_000 * UNIT;

    fn maker(world: &mut World, locked: u64) -> (Party, Address) {
        let party = world.maker(20_000 * UNIT);
        world.does_at_once(&bx::lock_liquidity(party.owner, locked));
        let purse = world.mmt_purse(&party);
        (party, purse)
    }

    fn given() -> (World, Instruction) {
        let mut world = World::with_bootstrap();
        let (party, purse) = maker(&mut world, LOCKED);
        world.pass_slots(50);
        let instruction = bx::claim_maker(party.owner, purse, world.mmt());
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3, 4],
        written: &[2, 3, 5, 6],
        data: 0,
    }}

    fn claimed(world: &mut World, party: &Party, purse: Address) -> u64 {
        let before = world.token_amount(&purse);
        world.does_at_once(&bx::claim_maker(party.owner, purse, world.mmt()));
        world.token_amount(&purse) - before
    }

    #[track_caller]
    fn about(amount: u64, due: u64) {
        assert!(amount == due || amount + 1 == due, "{amount} of {due}");
    }

    #[test]
    fn the_only_maker_gets_the_rate_of_every_slot_and_nothing_twice() {
        let (mut world, instruction) = given();
        let done = world.does_at_once(&instruction);
        about(done.event::<BootstrapPaid>().amount, 50 * RULES.mining_rate);
        world.refuses(&instruction, ExchangeError::ZeroAmount);
    }

    #[test]
    fn early_shares_earn_twice_what_others_earn() {
        let mut world = World::with_bootstrap();
        let early = maker(&mut world, RULES.early_shares);
        let late = maker(&mut world, RULES.early_shares);
        claimed(&mut world, &early.0, early.1); // for the slots in which it was alone
        world.pass_slots(300);
        let (twice, once) = (
            claimed(&mut world, &early.0, early.1),
            claimed(&mut world, &late.0, late.1),
        );
        about(twice, 200 * RULES.mining_rate);
        about(once, 100 * RULES.mining_rate);
    }

    #[test]
    fn liquidity_that_stays_for_no_slot_earns_nothing() {
        let mut world = World::with_bootstrap();
        let steady = maker(&mut world, 2_000 * UNIT);
        let flash = world.maker(900_000 * UNIT);
        let purse = world.mmt_purse(&flash);
        claimed(&mut world, &steady.0, steady.1);
        world.pass_slots(100);
        world.does_at_once(&bx::lock_liquidity(flash.owner, 900_000 * UNIT));
        world.does_at_once(&bx::unlock_liquidity(flash.owner, 900_000 * UNIT));
        world.refuses(
            &bx::claim_maker(flash.owner, purse, world.mmt()),
            ExchangeError::ZeroAmount,
        );
        about(claimed(&mut world, &steady.0, steady.1), 100 * RULES.mining_rate);
    }

    #[test]
    fn a_time_without_makers_is_not_paid_later() {
        let mut world = World::with_bootstrap();
        world.pass_slots(500);
        let (party, purse) = maker(&mut world, LOCKED);
        world.pass_slots(10);
        about(claimed(&mut world, &party, purse), 10 * RULES.mining_rate);
    }

    #[test]
    fn nothing_is_earned_after_the_end() {
        let mut world = World::with_bootstrap();
        let (party, purse) = maker(&mut world, LOCKED);
        let slots = world.bootstrap().end_slot - world.slot();
        world.pass_slots(slots + 77_777);
        about(claimed(&mut world, &party, purse), slots * RULES.mining_rate);
        world.pass_slots(10);
        world.refuses(
            &bx::claim_maker(party.owner, purse, world.mmt()),
            ExchangeError::ZeroAmount,
        );
    }

    #[test]
    fn another_traders_maker_account_is_refused() {
        let mut world = World::with_bootstrap();
        let (party, purse) = maker(&mut world, LOCKED);
        let thief = world.maker(5_000 * UNIT);
        world.pass_slots(10);
        let mut claim = bx::claim_maker(thief.owner, purse, world.mmt());
        claim.accounts[2].pubkey = address::maker(&party.trader());
        world.refuses(&claim, ExchangeError::MakerOfAnotherTrader);
    }
}
