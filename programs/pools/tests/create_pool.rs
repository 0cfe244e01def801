use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms},
    *,
};

fn fresh() -> (World, Site) {
    let mut world = World::new();
    let site = world.site([6, 9]);
    (world, site)
}

fn given() -> (World, Instruction) {
    let (world, site) = fresh();
    let instruction = pix::create_pool(&site, Terms::default());
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(error::WRONG_SEEDS), // the pool's address is of its owner
    owned: &[],
    written: &[0, 4, 5, 6, 7], // the pool itself: below
    data: 28,
}}

#[test]
fn pool_vaults_and_lp_mints_come_into_being() {
    let (mut world, site) = fresh();
    let terms = Terms {
        ratio: [1_000_000, 42_000_000_000],
        fee_ppm: 250,
    };

    let done = world.does(&pix::create_pool(&site, terms));

    let pool = world.pool_state(&site);
    let expected = Pool {
        owner: key(&site.owner),
        mints: site.mints.map(|each| key(&each)),
        vaults: [0, 1].map(|side| key(&site.vault(side))),
        lp_mints: [0, 1].map(|side| key(&site.lp_mint(side))),
        number: site.number,
        ratio: terms.ratio,
        fee_ppm: terms.fee_ppm,
        decimals: [6, 9],
        bump: pool.bump,
        ..Zeroable::zeroed()
    };
    assert_eq!(pool, expected);
    for (side, decimals) in [6, 9].into_iter().enumerate() {
        let vault = world.account(&site.vault(side)).unwrap();
        assert_eq!(vault.owner, address::TOKEN);
        let (mint, authority) = (&vault.data[..32], &vault.data[32..64]);
        assert_eq!(
            (mint, authority),
            (site.mints[side].as_ref(), site.pool().as_ref())
        );
        let lp_mint = world.account(&site.lp_mint(side)).unwrap();
        assert_eq!(lp_mint.owner, address::TOKEN);
        assert_eq!(&lp_mint.data[..4], &[1, 0, 0, 0], "it has an authority");
        assert_eq!(&lp_mint.data[4..36], site.pool().as_ref());
        assert_eq!(lp_mint.data[44], decimals);
        assert_eq!(&lp_mint.data[46..50], &[0; 4], "nobody freezes claims");
    }
    let logged = done.event::<PoolCreated>();
    assert_eq!(
        (logged.pool, logged.owner, logged.number),
        (key(&site.pool()), pool.owner, pool.number)
    );
    assert_eq!([logged.mint_a, logged.mint_b], pool.mints);
    assert_eq!([logged.ratio_a, logged.ratio_b], terms.ratio);
    assert_eq!(logged.fee_ppm, 250);
}

#[test]
fn tokens_may_have_any_number_of_decimals_up_to_nine() {
    for decimals in 0..=9 {
        let mut world = World::new();
        let site = world.site([decimals, 9 - decimals]);
        world.does(&pix::create_pool(&site, Terms::default()));
        assert_eq!(world.pool_state(&site).decimals, [decimals, 9 - decimals]);
    }
}

#[test]
fn ten_decimals_are_refused() {
    for decimals in [[10, 6], [6, 10], [255, 255]] {
        let mut world = World::new();
        let site = world.site(decimals);
        let create = pix::create_pool(&site, Terms::default());
        world.refuses(&create, PoolsError::TooManyDecimals);
    }
}

#[test]
fn a_number_is_good_once() {
    let (mut world, site) = fresh();
    world.does(&pix::create_pool(&site, Terms::default()));
    world.refuses(&pix::create_pool(&site, Terms::default()), error::IN_USE);
    world.does(&pix::create_pool(&Site { number: 8, ..site }, Terms::default()));
}

#[test]
fn lamports_sent_ahead_do_not_block_a_pool() {
    let (mut world, site) = fresh();
    for address in [
        site.pool(),
        site.vault(0),
        site.vault(1),
        site.lp_mint(0),
        site.lp_mint(1),
    ] {
        let lamports = 1_000_000;
        let account = Account {
            lamports,
            ..Account::default()
        };
        world.svm.set_account(address, account).unwrap();
    }
    world.does(&pix::create_pool(&site, Terms::default()));
}

#[test]
fn a_ratio_with_a_zero_is_refused() {
    for ratio in [[0, 1], [1, 0], [0, 0]] {
        let (mut world, site) = fresh();
        let terms = Terms {
            ratio,
            ..Terms::default()
        };
        world.refuses(&pix::create_pool(&site, terms), PoolsError::BadRatio);
    }
}

#[test]
fn a_fee_above_a_tenth_is_refused() {
    for fee_ppm in [100_001, u32::MAX] {
        let (mut world, site) = fresh();
        let terms = Terms {
            fee_ppm,
            ..Terms::default()
        };
        world.refuses(&pix::create_pool(&site, terms), PoolsError::FeeTooHigh);
    }
}

#[test]
fn one_mint_twice_is_refused() {
    let (mut world, mut site) = fresh();
    site.mints[1] = site.mints[0];
    world.refuses(&pix::create_pool(&site, Terms::default()), PoolsError::SameMint);
}

#[test]
fn what_is_no_mint_is_refused() {
    let (mut world, mut site) = fresh();
    let genuine = site.mints[0];
    site.mints[0] = world.create_tokens(genuine, site.owner, 1);
    let create = pix::create_pool(&site, Terms::default());
    world.refuses(&create, InstructionError::InvalidAccountData);
    // the same bytes, of another program
    let (forged, data) = (world.key(), world.account(&genuine).unwrap().data);
    world.put(forged, address::ORACLE, data);
    site.mints[0] = forged;
    let create = pix::create_pool(&site, Terms::default());
    world.refuses(&create, InstructionError::InvalidAccountOwner);
    // a mint that is not initialised
    let empty = world.key();
    world.put(empty, address::TOKEN, vec![0; 82]);
    site.mints[0] = empty;
    let create = pix::create_pool(&site, Terms::default());
    world.refuses(&create, error::TOKEN_INVALID_MINT);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[8].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}

#[test]
fn a_read_only_pool_is_refused_by_the_runtime_that_creates_it() {
    let (mut world, mut instruction) = given();
    instruction.accounts[1].is_writable = false;
    world.refuses(&instruction, InstructionError::PrivilegeEscalation);
}
