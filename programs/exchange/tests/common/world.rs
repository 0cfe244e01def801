//! The runtime with all programs, and the people in it.

use {
    crate::{address as at, archive::Shelf, ix, layout::*},
    agave_feature_set::FeatureSet,
    litesvm::LiteSVM,
    solana_account::Account,
    solana_address::Address,
    solana_clock::Clock,
    std::{collections::BTreeMap, path::PathBuf, sync::Mutex},
};

/// One unit of collateral, one share.
pub const UNIT: u64 = 1_000_000;
pub const HOUR_MS: u64 = 3_600_000;
/// When the world begins, Unix seconds.
pub const START_S: i64 = 1_700_000_000;
const LAMPORTS: u64 = 1_000_000_000_000;

/// A key that owns a trader account, and its token account.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    pub owner: Address,
    pub tokens: Address,
}

impl Party {
    pub fn trader(&self) -> Address {
        at::trader(&self.owner)
    }

    pub fn position(&self, market: u64, outcome: u8, kind: u8) -> Address {
        at::position(&self.trader(), &at::market(market), outcome, kind)
    }
}

#[derive(Clone)]
pub struct World {
    pub svm: LiteSVM,
    pub payer: Address,
    pub admin: Address,
    pub operator: Address,
    pub authority: Address,
    pub publisher: Address,
    pub mint: Address,
    pub feed: Address,
    /// Provided the vault's first liquidity.
    pub lender: Party,
    /// What the archives hold, by what they have logged.
    pub shelves: BTreeMap<u64, Shelf>,
    sequence: u64,
    market_ids: u64,
    keys: u64,
}

/// Reads the shipped artefact: SBPF v3, or v0 where there is no other.
fn artefact(name: &str) -> Vec<u8> {
    let shipped = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../client/breakwater/programs"
    ));
    let asked = std::env::var_os("BREAKWATER_PROGRAMS").map(PathBuf::from);
    let folders = asked.iter().chain(std::iter::once(&shipped));
    folders
        .flat_map(|folder| ["v3", "v0"].map(|arch| folder.join(format!("{name}.{arch}.so"))))
        .find_map(|path| std::fs::read(path).ok())
        .unwrap_or_else(|| panic!("There is no {name}.v3.so: run `breakwater build` first."))
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// All programs, a mint, funded people, and no account of ours.
    pub fn new() -> Self {
        let mut svm = LiteSVM::default()
            .with_feature_set(FeatureSet::all_enabled())
            .with_builtins()
            .with_lamports(LAMPORTS)
            .with_sysvars()
            .with_feature_accounts()
            .with_default_programs()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0);
        svm.add_program(at::ORACLE, &artefact("oracle")).unwrap();
        svm.add_program(at::EXCHANGE, &artefact("exchange")).unwrap();
        svm.add_program(at::POOLS, &artefact("pools")).unwrap();
        let nobody = Party {
            owner: at::SYSTEM,
            tokens: at::SYSTEM,
        };
        let mut world = Self {
            svm,
            payer: at::SYSTEM,
            admin: at::SYSTEM,
            operator: at::SYSTEM,
            authority: at::SYSTEM,
            publisher: at::SYSTEM,
            mint: at::SYSTEM,
            feed: at::feed("BTC/USD"),
            lender: nobody,
            shelves: BTreeMap::new(),
            sequence: 0,
            market_ids: 1_000,
            keys: 0,
        };
        world.payer = world.key();
        world.admin = world.key();
        world.operator = world.key();
        world.authority = world.key();
        world.publisher = world.key();
        world.mint = world.create_mint(6);
        world.set_time(START_S);
        world
    }

    /// A feed that has published, an initialized exchange, and a lender who provided a million.
    pub fn launched() -> Self {
        // every test has a copy of its own
        static LAUNCHED: Mutex<Option<World>> = Mutex::new(None);
        let mut launched = LAUNCHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        launched.get_or_insert_with(Self::launch).clone()
    }

    fn launch() -> Self {
        let mut world = Self::new();
        world.create_feed();
        world.publish(100 * UNIT);
        world.initialize();
        world.lender = world.party(2_000_000 * UNIT);
        let lender = world.lender.owner;
        world.does(&ix::provide_liquidity(lender, UNIT * 1_000_000));
        world
    }

    pub fn create_feed(&mut self) {
        self.does(&ix::create_feed(
            self.authority,
            "BTC/USD",
            self.publisher,
            -6,
            30,
        ));
    }

    pub fn initialize(&mut self) {
        self.does(&ix::initialize(self.admin, self.operator, self.mint, ix::RULES));
        for index in 0..4 {
            self.does(&ix::create_shard(self.payer, index));
        }
    }

    /// One more program out of those that were built.
    pub fn load(&mut self, address: Address, name: &str) {
        self.svm.add_program(address, &artefact(name)).unwrap();
    }

    // People and tokens

    /// A new key with lamports.
    pub fn key(&mut self) -> Address {
        self.keys += 1;
        let mut bytes = [0x42; 32];
        bytes[..8].copy_from_slice(&self.keys.to_le_bytes());
        let address = Address::new_from_array(bytes);
        self.svm
            .set_account(
                address,
                Account {
                    lamports: LAMPORTS,
                    ..Account::default()
                },
            )
            .unwrap();
        address
    }

    pub fn create_mint(&mut self, decimals: u8) -> Address {
        let address = self.key();
        let mut data = vec![0; 82];
        data[36..44].copy_from_slice(&(1_u64 << 60).to_le_bytes());
        (data[44], data[45]) = (decimals, 1);
        self.put(address, at::TOKEN, data);
        address
    }

    pub fn create_tokens(&mut self, mint: Address, owner: Address, amount: u64) -> Address {
        let address = self.key();
        let mut data = vec![0; 165];
        data[..32].copy_from_slice(mint.as_ref());
        data[32..64].copy_from_slice(owner.as_ref());
        data[64..72].copy_from_slice(&amount.to_le_bytes());
        data[108] = 1;
        self.put(address, at::TOKEN, data);
        address
    }

    /// Somebody with a trader account and this balance in it.
    pub fn party(&mut self, balance: u64) -> Party {
        let owner = self.key();
        let tokens = self.create_tokens(self.mint, owner, balance);
        self.does(&ix::create_trader(owner));
        if balance > 0 {
            self.does(&ix::deposit(owner, tokens, self.mint, balance));
        }
        Party { owner, tokens }
    }

    // Markets

    /// Terms of a market that closes in an hour: strikes 100, 101, 102, ...
    pub fn terms(&self, outcomes: u8, b: u64) -> ix::Terms {
        let mut strikes = [0; 16];
        for (i, strike) in strikes.iter_mut().enumerate().take(usize::from(outcomes) - 1) {
            *strike = (100 + i as u64) * UNIT;
        }
        ix::Terms {
            close_ms: self.now_s() as u64 * 1000 + HOUR_MS,
            b,
            strikes,
            outcomes,
            ..ix::Terms::default()
        }
    }

    pub fn new_market_id(&mut self) -> u64 {
        self.market_ids += 1;
        self.market_ids
    }

    /// A new market with a liquidity of a thousand units.
    pub fn market(&mut self, outcomes: u8) -> u64 {
        let id = self.new_market_id();
        let terms = self.terms(outcomes, 1_000 * UNIT);
        self.does(&ix::create_market(self.operator, id, self.feed, &terms));
        id
    }

    /// A new market with these terms.
    pub fn market_with(&mut self, terms: &ix::Terms) -> u64 {
        let id = self.new_market_id();
        self.does(&ix::create_market(self.operator, id, self.feed, terms));
        id
    }

    /// An empty position of that party.
    pub fn position(&mut self, party: &Party, market: u64, outcome: u8, kind: u8) {
        self.does(&ix::create_position(party.owner, market, outcome, kind));
    }

    /// A position with shares bought in cash.
    pub fn holding(&mut self, party: &Party, market: u64, outcome: u8, shares: u64) {
        self.position(party, market, outcome, SPOT);
        self.does(&ix::buy(party.owner, market, outcome, shares, u64::MAX));
    }

    /// A position with shares bought on credit.
    pub fn leveraged(&mut self, party: &Party, market: u64, outcome: u8, shares: u64, leverage_x100: u16) {
        self.position(party, market, outcome, LEVERAGED);
        let loan = ix::Loan {
            shares,
            leverage_x100,
            max_payment: u64::MAX,
        };
        self.does(&ix::open(party.owner, market, self.feed, outcome, loan));
    }

    // Time and prices

    pub fn now_s(&self) -> i64 {
        self.svm.get_sysvar::<Clock>().unix_timestamp
    }

    pub fn set_time(&mut self, unix_s: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.unix_timestamp = unix_s;
        clock.slot += 1;
        self.svm.set_sysvar(&clock);
    }

    pub fn slot(&self) -> u64 {
        self.svm.get_sysvar::<Clock>().slot
    }

    pub fn next_slot(&mut self) {
        self.pass_slots(1);
    }

    /// Slots pass; the time does not, because tests set it.
    pub fn pass_slots(&mut self, slots: u64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot += slots;
        self.svm.set_sysvar(&clock);
    }

    pub fn pass(&mut self, seconds: i64) {
        self.set_time(self.now_s() + seconds);
    }

    /// The next publication at the clock's time.
    pub fn publication(&self, price: u64) -> ix::Publication {
        [price, 1, self.sequence + 1, 7, self.now_s() as u64 * 1000]
    }

    pub fn publish(&mut self, price: u64) {
        let publication = self.publication(price);
        self.does(&ix::publish(self.publisher, self.feed, publication));
        self.publish_count();
    }

    /// A publication was sent by other means.
    pub fn publish_count(&mut self) {
        self.sequence += 1;
    }

    /// Trading in the market is over.
    pub fn pass_close(&mut self, market: u64) {
        let close_ms = self.market_state(market).close_ms;
        self.set_time((close_ms / 1000) as i64);
    }

    /// Let the market close and settle it by a price published right then.
    pub fn settle(&mut self, market: u64, price: u64) {
        let close_ms = self.get::<Market>(&at::market(market)).close_ms;
        self.set_time((close_ms / 1000) as i64 - 1);
        self.publish(price);
        self.pass(1);
        self.publish(price);
        let index = self.get::<Feed>(&self.feed).count - 1;
        self.does(&ix::resolve(market, self.feed, index));
    }

    // Accounts

    pub fn account(&self, address: &Address) -> Option<Account> {
        self.svm.get_account(address)
    }

    /// Make an account that is exempt from rent.
    pub fn put(&mut self, address: Address, owner: Address, data: Vec<u8>) {
        let lamports = self.svm.minimum_balance_for_rent_exemption(data.len());
        let account = Account {
            lamports,
            data,
            owner,
            executable: false,
            rent_epoch: u64::MAX,
        };
        self.svm.set_account(address, account).unwrap();
    }

    /// The account's content, which must be of this type.
    pub fn get<T: Tagged>(&self, address: &Address) -> T {
        let account = self.account(address).expect("no such account");
        let (tag, body) = account.data.split_at(8);
        assert_eq!(tag, T::tag());
        bytemuck::pod_read_unaligned(body)
    }

    pub fn edit<T: Tagged>(&mut self, address: &Address, change: impl FnOnce(&mut T)) {
        let mut account = self.account(address).expect("no such account");
        let mut body: T = bytemuck::pod_read_unaligned(&account.data[8..]);
        change(&mut body);
        account.data[8..].copy_from_slice(bytemuck::bytes_of(&body));
        self.svm.set_account(*address, account).unwrap();
    }

    /// Lift a market's own limit of loans, past the program, to see the shard's.
    pub fn lift_debt_limit(&mut self, market: u64) {
        self.edit::<Market>(&at::market(market), |m| m.max_debt_at_risk = u64::MAX);
    }

    pub fn trader(&self, party: &Party) -> Trader {
        self.get(&party.trader())
    }

    pub fn shard_of(&self, market: u64) -> Shard {
        self.get(&at::shard(at::shard_of(market)))
    }

    pub fn market_state(&self, market: u64) -> Market {
        self.get(&at::market(market))
    }

    pub fn position_state(&self, party: &Party, market: u64, outcome: u8, kind: u8) -> Position {
        self.get(&party.position(market, outcome, kind))
    }

    pub fn token_amount(&self, tokens: &Address) -> u64 {
        u64::from_le_bytes(
            self.account(tokens).expect("no such account").data[64..72]
                .try_into()
                .unwrap(),
        )
    }
}
