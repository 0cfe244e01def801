//! Pools of two tokens, those who use them, and what must hold after every instruction.

use {
    crate::{
        address as at, ix_pools as pix,
        layout::{Pool, Tagged},
        world::World,
    },
    solana_account::ReadableAccount,
    solana_address::Address,
};

/// What a pool is created with.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub ratio: [u64; 2],
    pub fee_ppm: u32,
}

impl Default for Terms {
    /// Two units of a are worth three of b, for three thousandths.
    fn default() -> Self {
        Self {
            ratio: [2, 3],
            fee_ppm: 3_000,
        }
    }
}

/// Where a pool is.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub owner: Address,
    pub number: u64,
    pub mints: [Address; 2],
}

impl Site {
    pub fn pool(&self) -> Address {
        at::pool(&self.owner, self.number)
    }

    pub fn vault(&self, side: usize) -> Address {
        at::pool_vault(&self.pool(), side)
    }

    pub fn lp_mint(&self, side: usize) -> Address {
        at::pool_lp_mint(&self.pool(), side)
    }
}

/// A key with accounts of a pool's tokens and LP tokens.
#[derive(Clone, Copy, Debug)]
pub struct User {
    pub owner: Address,
    pub tokens: [Address; 2],
    pub lp: [Address; 2],
}

impl World {
    /// An owner, two mints, and no pool.
    pub fn site(&mut self, decimals: [u8; 2]) -> Site {
        Site {
            owner: self.key(),
            number: 7,
            mints: decimals.map(|each| self.create_mint(each)),
        }
    }

    pub fn pool(&mut self, terms: Terms) -> Site {
        let site = self.site([6, 9]);
        self.does(&pix::create_pool(&site, terms));
        site
    }

    /// Somebody with so much of each token.
    pub fn user(&mut self, site: &Site, amounts: [u64; 2]) -> User {
        let owner = self.key();
        let [a, b] = [0, 1].map(|side| self.create_tokens(site.mints[side], owner, amounts[side]));
        let lp = [0, 1].map(|side| self.create_tokens(site.lp_mint(side), owner, 0));
        User {
            owner,
            tokens: [a, b],
            lp,
        }
    }

    /// A pool into which somebody has deposited so much of each token.
    pub fn filled(&mut self, terms: Terms, amounts: [u64; 2]) -> (Site, User) {
        let site = self.pool(terms);
        let holder = self.user(&site, amounts);
        for (side, amount) in amounts.into_iter().enumerate().filter(|each| each.1 > 0) {
            self.does(&pix::deposit(&site, &holder, side, amount));
        }
        (site, holder)
    }

    pub fn pool_state(&self, site: &Site) -> Pool {
        self.get(&site.pool())
    }

    pub fn lp_supply(&self, site: &Site, side: usize) -> u64 {
        self.mint_supply(&site.lp_mint(side))
    }

    fn mint_supply(&self, mint: &Address) -> u64 {
        let data = self.account(mint).expect("no such mint").data;
        u64::from_le_bytes(data[36..44].try_into().unwrap())
    }

    /// What a holder has: tokens a and b, LP tokens a and b.
    pub fn held(&self, holder: &User) -> [u64; 4] {
        let [a, b] = holder.tokens.map(|each| self.token_amount(&each));
        let [lp_a, lp_b] = holder.lp.map(|each| self.token_amount(&each));
        [a, b, lp_a, lp_b]
    }

    /// Of every pool: the vaults hold what is booked, and the reserves are worth all claims.
    #[track_caller]
    pub fn audit_pools(&self) {
        for (address, account) in &self.svm.accounts_db().inner {
            let data = account.data();
            if account.owner() != &at::POOLS || data.len() < 8 || data[..8] != Pool::tag() {
                continue;
            }
            let pool: Pool = bytemuck::pod_read_unaligned(&data[8..]);
            let (mut worth, mut claims) = (0_u128, 0_u128);
            for side in 0..2 {
                let held = self.token_amount(&Address::new_from_array(pool.vaults[side]));
                assert!(
                    u128::from(held) >= u128::from(pool.reserve[side]) + u128::from(pool.fees[side]),
                    "vault {side} of {address} holds what is booked"
                );
                let rate = u128::from(pool.ratio[1 - side]);
                let supply = self.mint_supply(&Address::new_from_array(pool.lp_mints[side]));
                worth = worth.checked_add(u128::from(pool.reserve[side]) * rate).unwrap();
                claims = claims.checked_add(u128::from(supply) * rate).unwrap();
            }
            assert!(worth >= claims, "the reserves of {address} are worth all claims");
        }
    }
}
