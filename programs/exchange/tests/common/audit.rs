//! What must hold after every instruction, whatever it was.

use {
    crate::{address as at, archive::Shelf, layout::*, world::World},
    solana_account::ReadableAccount,
    solana_address::Address,
    std::{collections::HashMap, sync::LazyLock},
};

/// Every account of the exchange, by kind.
#[derive(Default)]
pub struct Books {
    pub vault: Option<Vault>,
    pub shards: HashMap<u32, Shard>,
    pub traders: HashMap<Key, Trader>,
    pub markets: HashMap<Key, Market>,
    pub positions: HashMap<Key, Position>,
    pub chains: HashMap<Key, Chain>,
    pub makers: HashMap<Key, Maker>,
    /// Positions that are in an archive and can come back.
    pub claims: Vec<Position>,
}

/// Shares that somebody holds in a market, as a position or as a leg of a chain.
pub struct Held {
    market: Key,
    outcome: usize,
    shares: u64,
    debt: u64,
}

/// The kinds' discriminators: hashing them for every account takes longer than most instructions.
struct Tags {
    position: [u8; 8],
    chain: [u8; 8],
    trader: [u8; 8],
    market: [u8; 8],
    shard: [u8; 8],
    vault: [u8; 8],
    maker: [u8; 8],
}

static TAGS: LazyLock<Tags> = LazyLock::new(|| Tags {
    position: Position::tag(),
    chain: Chain::tag(),
    trader: Trader::tag(),
    market: Market::tag(),
    shard: Shard::tag(),
    vault: Vault::tag(),
    maker: Maker::tag(),
});

impl Books {
    fn add(&mut self, address: &Address, data: &[u8]) {
        let body = &data[8..];
        let is = |tag: [u8; 8]| data[..8] == tag;
        if is(TAGS.position) {
            self.positions
                .insert(key(address), bytemuck::pod_read_unaligned(body));
        } else if is(TAGS.chain) {
            self.chains
                .insert(key(address), bytemuck::pod_read_unaligned(body));
        } else if is(TAGS.trader) {
            self.traders
                .insert(key(address), bytemuck::pod_read_unaligned(body));
        } else if is(TAGS.market) {
            self.markets
                .insert(key(address), bytemuck::pod_read_unaligned(body));
        } else if is(TAGS.shard) {
            let shard: Shard = bytemuck::pod_read_unaligned(body);
            self.shards.insert(shard.index, shard);
        } else if is(TAGS.maker) {
            self.makers
                .insert(key(address), bytemuck::pod_read_unaligned(body));
        } else if is(TAGS.vault) {
            self.vault = Some(bytemuck::pod_read_unaligned(body));
        }
    }

    /// All positions, empty and archived ones too, and the legs that are left of all chains.
    pub fn held(&self) -> impl Iterator<Item = Held> + '_ {
        let positions = self.positions.values().chain(&self.claims).map(|p| Held {
            market: p.market,
            outcome: usize::from(p.outcome),
            shares: p.shares,
            debt: p.debt,
        });
        let legs = self.chains.values().flat_map(|chain| chain.legs);
        positions.chain(legs.filter(|leg| leg.shares > 0).map(|leg| Held {
            market: leg.market,
            outcome: usize::from(leg.outcome),
            shares: leg.shares,
            debt: leg.debt,
        }))
    }

    /// Everything that anybody owns, counted without overflow.
    pub fn total(&self) -> u128 {
        let sum = |amounts: &mut dyn Iterator<Item = u64>| amounts.map(u128::from).sum::<u128>();
        sum(&mut self.traders.values().map(|t| t.balance))
            + sum(&mut self.shards.values().map(|s| s.cash))
            + sum(&mut self.shards.values().map(|s| s.insurance))
            + sum(&mut self.shards.values().map(|s| s.reserve))
            + sum(&mut self.markets.values().map(|m| m.escrow))
            + sum(&mut self.vault.iter().map(|v| v.cash))
    }
}

impl World {
    pub fn books(&self) -> Books {
        let mut books = Books::default();
        for (address, account) in &self.svm.accounts_db().inner {
            if account.owner() == &at::EXCHANGE && account.data().len() > 8 {
                books.add(address, account.data());
            }
        }
        books.claims = self.shelves.values().flat_map(Shelf::claims).collect();
        books
    }

    /// Conservation to the unit, solvency of every market, and ledgers that are the sums of what they summarise.
    #[track_caller]
    pub fn audit(&self) {
        self.audit_pools();
        let books = self.books();
        if books.vault.is_none() {
            return;
        }
        let held = u128::from(self.token_amount(&at::token_vault()));
        assert_eq!(
            books.total(),
            held,
            "the books are not what the token vault holds"
        );

        for (address, market) in &books.markets {
            audit_market(&books, address, market);
        }
        for shard in books.shards.values() {
            audit_shard(&books, shard);
        }
        for (address, trader) in &books.traders {
            let positions = books.positions.values().chain(&books.claims);
            let positions = positions.filter(|p| p.trader == *address).count();
            let chains = books.chains.values().filter(|c| c.trader == *address).count();
            assert_eq!(
                trader.positions,
                (positions + chains) as u64,
                "positions of a trader"
            );
        }
        let free: u64 = books.traders.values().map(|t| t.lp_shares).sum();
        let locked: u64 = books.makers.values().map(|m| m.shares).sum();
        assert_eq!(
            books.vault.unwrap().lp_supply,
            free + locked,
            "shares of the vault"
        );
        self.audit_archives();
        self.audit_mmt();
        self.audit_bootstrap();
    }
}

#[track_caller]
fn audit_market(books: &Books, address: &Key, market: &Market) {
    let outcomes = usize::from(market.outcomes);
    let (mut shares, mut debt, mut count, mut worth) = ([0; 16], [0; 16], 0, 0);
    for held in books.held().filter(|held| held.market == *address) {
        shares[held.outcome] += held.shares;
        debt[held.outcome] += held.debt;
        count += 1;
        worth += match market.status {
            VOIDED => held.shares / u64::from(market.outcomes),
            RESOLVED if held.outcome == usize::from(market.winner) => held.shares,
            _ => 0,
        };
    }
    assert_eq!(market.positions, count, "positions of a market");
    for outcome in 0..16 {
        // what the vault took over pays its loans if it wins, and is a claim like every other
        assert!(
            market.taken_shares[outcome] >= market.taken_debt[outcome],
            "taken over"
        );
        shares[outcome] += market.taken_shares[outcome];
        debt[outcome] += market.taken_debt[outcome];
    }
    assert_eq!(
        market.total_debt,
        market.debt.iter().sum::<u64>(),
        "all loans of a market"
    );
    if market.status == OPEN {
        let (most, least) = (shares[..outcomes].iter().max(), shares[..outcomes].iter().min());
        assert_eq!(market.shares, shares, "outstanding shares");
        assert_eq!(market.debt, debt, "loans of an open market");
        assert_eq!(
            market.claim_floor,
            market.escrow - most.unwrap(),
            "escrow covers every outcome"
        );
        assert_eq!(market.claim_ceiling, market.escrow - least.unwrap());
        let all: u64 = debt.iter().sum();
        assert_eq!(
            market.debt_at_risk,
            all - debt[..outcomes].iter().min().unwrap(),
            "debt at risk"
        );
    } else {
        assert_eq!(
            (market.taken_shares, market.taken_debt),
            ([0; 16], [0; 16]),
            "settled"
        );
        assert!(
            market.escrow >= worth,
            "escrow {} pays what is left to redeem, {worth}",
            market.escrow
        );
        assert_eq!((market.claim_floor, market.claim_ceiling), (0, 0));
        if market.status == VOIDED {
            assert_eq!(market.debt, debt, "loans of a voided market");
        } else {
            assert_eq!(
                market.debt[usize::from(market.winner)],
                debt[usize::from(market.winner)]
            );
        }
    }
}

#[track_caller]
fn audit_shard(books: &Books, shard: &Shard) {
    let of = |part: fn(&Market) -> u64| -> u64 {
        books
            .markets
            .values()
            .filter(|m| m.shard == shard.index)
            .map(part)
            .sum()
    };
    assert_eq!(shard.debt, of(|m| m.debt.iter().sum()), "loans of a shard");
    assert_eq!(
        shard.debt_at_risk,
        of(|m| m.debt_at_risk),
        "debt at risk of a shard"
    );
    assert_eq!(
        shard.claim_floor,
        of(|m| m.claim_floor),
        "claims of a shard at their worst"
    );
    assert_eq!(
        shard.claim_ceiling,
        of(|m| m.claim_ceiling),
        "claims of a shard at their best"
    );
}
