//! A chain is called as a whole: what one leg has gained stands for what another has lost.

use harness::{attacks::Shape, error::DUPLICATE, model, *};

pub(crate) const ID: u64 = 3;

/// Markets of two outcomes in different shards, and a party with a chain through them, bought a minute ago.
pub(crate) struct Chained {
    pub(crate) world: World,
    pub(crate) party: Party,
    pub(crate) keeper: Party,
    pub(crate) other: Party,
    pub(crate) markets: Vec<u64>,
}

impl Chained {
    pub(crate) fn new(b: u64, shares: &[u64], leverage_x100: u16) -> Self {
        let mut world = World::launched();
        let [party, other] = [(); 2].map(|()| world.party(200_000 * UNIT));
        let keeper = world.party(0);
        let markets: Vec<u64> = shares
            .iter()
            .map(|_| {
                let terms = world.terms(2, b);
                let id = world.market_with(&terms);
                world.position(&other, id, 0, SPOT);
                world.position(&other, id, 1, SPOT);
                id
            })
            .collect();
        world.does(&ix::create_chain(party.owner, ID));
        let orders: Vec<_> = (markets.iter().zip(shares))
            .map(|(&market, &shares)| ix::LegOrder {
                market,
                outcome: 1,
                shares,
                leverage_x100,
            })
            .collect();
        let feed = world.feed;
        world.does(&ix::open_chain(party.owner, ID, feed, &orders, u64::MAX));
        world.pass(64);
        Self {
            world,
            party,
            keeper,
            other,
            markets,
        }
    }

    /// Three legs at 2x.
    pub(crate) fn usual() -> Self {
        Self::new(
            5_000 * UNIT,
            &[300 * UNIT + 1, 200 * UNIT + 1, 100 * UNIT + 1],
            200,
        )
    }

    /// The same when the first leg has fallen so far that all of the chain may be sold, which still repays its loans.
    pub(crate) fn called() -> Self {
        let mut chained = Self::usual();
        for leg in 0..3 {
            let id = chained.markets[leg];
            chained.world.cover(id, 0); // maintenance is 7.5 %
        }
        chained.falls();
        chained
    }

    /// The first leg falls until all of the chain may be sold.
    pub(crate) fn falls(&mut self) {
        while self.world.clone().send(&self.part(1_000_000)).is_err() {
            self.moves(0, 0, 300 * UNIT);
            assert!(self.world.market_state(self.markets[0]).shares[0] < 60_000 * UNIT);
        }
    }

    /// Somebody buys so many shares against a leg, or for it, and a minute passes.
    pub(crate) fn moves(&mut self, leg: usize, outcome: u8, shares: u64) {
        let (owner, id) = (self.other.owner, self.markets[leg]);
        self.world.does(&ix::buy(owner, id, outcome, shares, u64::MAX));
        self.world.pass(64);
    }

    /// Let a leg owe so much, past the program and in all ledgers.
    pub(crate) fn owes(&mut self, leg: usize, debt: u64) -> bool {
        let chain = address::chain(&self.party.trader(), ID);
        let held = self.world.get::<Chain>(&chain).legs[leg].debt;
        let market = self.world.market_state(self.markets[leg]);
        self.world.edit::<Chain>(&chain, |c| c.legs[leg].debt = debt);
        self.world.book_debt(&market, 1, held, debt);
        debt > held
    }

    pub(crate) fn part(&self, part_ppm: u32) -> Instruction {
        let World { feed, .. } = self.world;
        ix::liquidate_chain(
            self.keeper.owner,
            self.party.owner,
            ID,
            feed,
            &self.markets,
            part_ppm,
        )
    }

    /// Liquidate a part, and compare all that it does with what it should.
    #[track_caller]
    pub(crate) fn deals(&mut self, part_ppm: u32) -> ChainLiquidated {
        let instruction = self.part(part_ppm);
        self.world.next_slot();
        let loans = self.world.chain_loans(&self.party, ID);
        let call = self.world.chain_call(&loans, part_ppm);
        assert!(call.is_unhealthy() && call.repays, "{call:?}");
        let (owners, keepers) = (self.world.trader(&self.party), self.world.trader(&self.keeper));
        let shards = [0, 1, 2, 3].map(|i| self.world.get::<Shard>(&address::shard(i)));
        let event = self.world.does_at_once(&instruction).event::<ChainLiquidated>();
        let [reward, repaid, insured, amount] = call.split;
        assert_eq!((event.notional, event.reward), (call.notional, reward));
        assert_eq!(
            (event.repaid, event.insured, event.amount),
            (repaid, insured, amount)
        );
        assert_eq!(self.world.trader(&self.party).balance, owners.balance + amount);
        assert_eq!(self.world.trader(&self.keeper).balance, keepers.balance + reward);
        let chain = self.world.chain(&self.party, ID);
        let debts: Vec<u64> = chain.legs[..loans.len()].iter().map(|leg| leg.debt).collect();
        assert_eq!(debts, call.debts);
        for (leg, loan) in chain.legs.iter().zip(&loans) {
            assert_eq!(leg.shares, loan.shares - model::part_of(loan.shares, part_ppm));
        }
        for before in shards {
            let after = self.world.get::<Shard>(&address::shard(before.index as u8));
            let mine = before.index == self.world.market_state(self.markets[0]).shard;
            let insured = if mine { insured } else { 0 };
            assert_eq!(after.insurance, before.insurance + insured);
            assert_eq!(after.bad_debt, before.bad_debt);
        }
        event
    }
}

fn given() -> (World, Instruction) {
    let chained = Chained::called();
    let instruction = chained.part(1_000_000);
    (chained.world, instruction)
}

fn shape() -> Shape {
    Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3],
        written: &[1, 2, 3],
        data: 4,
    }
}

#[test]
fn its_accounts_are_checked_like_those_of_any_instruction() {
    let shape = shape();
    shape.succeeds_untouched();
    shape.missing_signature();
    shape.strangers_signature();
    shape.forged_accounts();
    shape.confused_types();
    shape.swapped_accounts();
    shape.read_only_accounts();
    shape.truncated_data();
    shape.oversized_data();
}

#[test]
fn every_leg_needs_its_own_market_and_shard_in_its_place() {
    let (world, good) = given();
    let refuses = |change: &dyn Fn(&mut World, &mut Vec<AccountMeta>), error: InstructionError| {
        let (mut world, mut wrong) = (world.clone(), good.clone());
        change(&mut world, &mut wrong.accounts);
        world.refuses(&wrong, error);
    };
    let bad_legs = || ExchangeError::BadLegs.into();
    let bad_leg = || ExchangeError::BadLeg.into();
    refuses(&|_, a| a.truncate(a.len() - 3), bad_legs());
    refuses(&|_, a| a.truncate(4), bad_legs());
    refuses(&|_, a| a.truncate(a.len() - 1), bad_legs());
    refuses(&|_, a| a.push(a[4].clone()), bad_legs());
    // the legs in another order
    refuses(&|_, a| a[4..].rotate_left(3), bad_leg());
    // another market with its own shard
    refuses(
        &|world, a| {
            let twin = world.market(2);
            a[4].pubkey = address::market(twin);
            a[5].pubkey = address::shard(address::shard_of(twin));
        },
        bad_leg(),
    );
    // the shard of none of them
    refuses(
        &|world, a| {
            let shard = world.get::<Market>(&a[4].pubkey).shard as u8;
            a[5].pubkey = address::shard((shard + 1) % 4);
        },
        ExchangeError::WrongShard.into(),
    );
    // another program's account, another kind of account
    refuses(
        &|world, a| {
            let genuine = world.account(&a[4].pubkey).unwrap();
            a[4].pubkey = world.key();
            world.put(a[4].pubkey, address::TOKEN, genuine.data);
        },
        InstructionError::IllegalOwner,
    );
    refuses(
        &|world, a| {
            let mut other = world.account(&a[4].pubkey).unwrap();
            other.data[..8].copy_from_slice(&tag("account", "Other"));
            a[4].pubkey = world.key();
            world.put(a[4].pubkey, other.owner, other.data);
        },
        InstructionError::InvalidAccountData,
    );
    refuses(
        &|world, a| a[2].pubkey = world.lender.trader(),
        ExchangeError::ChainOfAnotherTrader.into(),
    );
}

#[test]
fn an_owners_trader_account_earns_no_reward_by_its_own_chain() {
    let mut chained = Chained::usual();
    chained.keeper = chained.party;
    let instruction = chained.part(1_000_000);
    chained.world.refuses(&instruction, DUPLICATE);
}

#[test]
fn a_leg_that_has_gained_keeps_one_that_has_lost() {
    let mut chained = Chained::usual();
    chained.moves(0, 0, 3_000 * UNIT);
    chained.moves(1, 1, 6_000 * UNIT);
    for leg in 0..3 {
        let id = chained.markets[leg];
        chained.world.cover(id, 0); // maintenance is 7.5 %
    }
    let loans = chained.world.chain_loans(&chained.party, ID);
    let alone = model::Standing::of(&chained.world, &loans[0], loans[0].shares);
    assert!(alone.calls(loans[0].debt), "the first leg alone would be called");
    for part in [300_000, 1_000_000] {
        assert!(!chained.world.chain_call(&loans, part).is_unhealthy());
        let instruction = chained.part(part);
        chained.world.refuses(&instruction, ExchangeError::Healthy);
    }
    // and no longer when the gain is lost
    let (owner, id) = (chained.other.owner, chained.markets[1]);
    chained.world.does(&ix::sell(owner, id, 1, 6_000 * UNIT, 0));
    chained.world.pass(64);
    let loans = chained.world.chain_loans(&chained.party, ID);
    while !chained.world.chain_call(&loans, 300_000).is_unhealthy() {
        chained.moves(0, 0, 200 * UNIT);
    }
    chained.deals(300_000);
}

#[test]
fn parts_are_sold_of_every_leg_and_what_they_bring_repays_the_legs_in_order() {
    let mut chained = Chained::called();
    let instruction = chained.part(299_999);
    chained
        .world
        .refuses(&instruction, ExchangeError::LiquidationTooSmall);
    for (part, error) in [
        (0, ExchangeError::ZeroAmount),
        (1_000_001, ExchangeError::OutOfDomain),
        (u32::MAX, ExchangeError::OutOfDomain),
    ] {
        let instruction = chained.part(part);
        chained.world.refuses(&instruction, error);
    }
    let event = chained.deals(300_000);
    assert_eq!((event.legs, event.severity), (3, 0));
    chained.falls();
    chained.deals(500_000);
    chained.falls();
    let positions = chained.markets.clone();
    let before = positions
        .iter()
        .map(|&id| chained.world.market_state(id).positions);
    let before: Vec<u64> = before.collect();
    chained.deals(1_000_000);
    for (&id, before) in positions.iter().zip(before) {
        assert_eq!(chained.world.market_state(id).positions, before - 1);
    }
    let chain = chained.world.chain(&chained.party, ID);
    assert!(chain.legs.iter().all(|leg| leg.shares == 0 && leg.debt == 0));
    let instruction = chained.part(1_000_000);
    chained.world.refuses(&instruction, ExchangeError::BadLegs);
    chained.world.does(&ix::close_chain(chained.party.owner, ID));
}

#[test]
fn a_chain_that_a_part_heals_is_not_sold_whole() {
    let mut chained = Chained::new(20_000 * UNIT, &[100 * UNIT, 100 * UNIT], 1_000);
    let called = |chained: &Chained| {
        let loans = chained.world.chain_loans(&chained.party, ID);
        chained.world.chain_call(&loans, 300_000).is_unhealthy()
    };
    while !called(&chained) {
        chained.moves(0, 0, 60 * UNIT);
    }
    for part in [300_001, 1_000_000] {
        let instruction = chained.part(part);
        chained
            .world
            .refuses(&instruction, ExchangeError::LiquidationTooLarge);
    }
    let event = chained.deals(300_000);
    assert_eq!(event.severity, 0);
    assert!(!called(&chained), "it is healed");
    let instruction = chained.part(300_000);
    chained.world.refuses(&instruction, ExchangeError::Healthy);
    // and much further down none of it is sold any more
    chained.moves(0, 0, 1_900 * UNIT);
    for part in [300_000, 1_000_000] {
        let instruction = chained.part(part);
        chained.world.refuses(&instruction, ExchangeError::BelowLoan);
    }
}

#[test]
fn what_the_loans_leave_goes_to_the_first_legs_insurance_and_then_to_the_owner() {
    let mut chained = Chained::called();
    let event = chained.deals(1_000_000);
    assert!(event.insured > 0 && event.amount > 0, "{event:?}");
}

#[test]
fn one_legs_cap_binds_the_whole_chain_and_the_next_slot_sells_more() {
    let mut chained = Chained::new(500 * UNIT, &[300 * UNIT + 1, 20 * UNIT], 200);
    // so near to one that the sale of all of it hardly moves the price
    chained.moves(0, 1, 2_500 * UNIT);
    for leg in 0..2 {
        let id = chained.markets[leg];
        chained.world.cover(id, 0);
    }
    let owed = chained.owes(0, 294 * UNIT);
    assert!(owed);
    // 50 of 300 shares are a sixth of the chain, less than a partial liquidation
    let (mut slots, mut binding) = (0, 0);
    loop {
        let loans = chained.world.chain_loans(&chained.party, ID);
        if loans.is_empty() {
            break;
        }
        chained.world.next_slot();
        let part = chained.world.chain_part(&loans);
        let mut twin = chained.world.clone();
        if part < 1_000_000 {
            twin.refuses(&chained.part(part + 1), ExchangeError::LiquidationCapReached);
            binding += 1;
        }
        if part < 300_000 {
            twin.refuses(&chained.part(part - 1), ExchangeError::LiquidationTooSmall);
        }
        let cap = (50 * UNIT) << slots.min(3);
        assert!(model::part_of(loans[0].shares, part) <= cap);
        chained.world.does_at_once(&chained.part(part));
        slots += 1;
    }
    // 50 + 100 + 150 shares
    assert_eq!((slots, binding), (3, 2));
}
