//! Instructions of the pools program: the accounts in order, then the data.

use {
    crate::{
        address as at,
        ix::{build, r, rs, w, words, ws},
        pools::{Site, Terms, User},
    },
    solana_address::Address,
    solana_instruction::Instruction,
};

pub fn create_pool(site: &Site, terms: Terms) -> Instruction {
    let accounts = vec![
        ws(site.owner),
        w(site.pool()),
        r(site.mints[0]),
        r(site.mints[1]),
        w(site.vault(0)),
        w(site.vault(1)),
        w(site.lp_mint(0)),
        w(site.lp_mint(1)),
        r(at::TOKEN),
        r(at::SYSTEM),
    ];
    let numbers = words(&[site.number, terms.ratio[0], terms.ratio[1]]);
    build(
        at::POOLS,
        "create_pool",
        accounts,
        &[&numbers, &terms.fee_ppm.to_le_bytes()],
    )
}

pub fn deposit(site: &Site, holder: &User, side: usize, amount: u64) -> Instruction {
    let accounts = vec![
        rs(holder.owner),
        w(site.pool()),
        w(holder.tokens[side]),
        w(site.vault(side)),
        w(site.lp_mint(side)),
        w(holder.lp[side]),
        r(at::TOKEN),
    ];
    build(at::POOLS, "deposit", accounts, &[&words(&[amount])])
}

/// Burn LP tokens of one side and be paid in that or the other one.
pub fn withdraw(
    site: &Site,
    holder: &User,
    burned: usize,
    paid: usize,
    shares: u64,
    least: u64,
) -> Instruction {
    let accounts = vec![
        rs(holder.owner),
        w(site.pool()),
        w(holder.lp[burned]),
        w(site.lp_mint(burned)),
        w(site.vault(paid)),
        w(holder.tokens[paid]),
        r(at::TOKEN),
    ];
    build(at::POOLS, "withdraw", accounts, &[&words(&[shares, least])])
}

pub fn swap(site: &Site, holder: &User, side: usize, amount: u64, least: u64) -> Instruction {
    let other = 1 - side;
    let accounts = vec![
        rs(holder.owner),
        w(site.pool()),
        w(holder.tokens[side]),
        w(site.vault(side)),
        w(site.vault(other)),
        w(holder.tokens[other]),
        r(at::TOKEN),
    ];
    build(at::POOLS, "swap", accounts, &[&words(&[amount, least])])
}

pub fn set_paused(site: &Site, paused: bool) -> Instruction {
    let accounts = vec![rs(site.owner), w(site.pool())];
    build(at::POOLS, "set_paused", accounts, &[&[u8::from(paused)]])
}

pub fn collect_fees(site: &Site, to: [Address; 2]) -> Instruction {
    let accounts = vec![
        rs(site.owner),
        w(site.pool()),
        w(site.vault(0)),
        w(site.vault(1)),
        w(to[0]),
        w(to[1]),
        r(at::TOKEN),
    ];
    build(at::POOLS, "collect_fees", accounts, &[])
}

pub fn close_pool(site: &Site, to: [Address; 2]) -> Instruction {
    let accounts = vec![
        ws(site.owner),
        w(site.pool()),
        w(site.vault(0)),
        w(site.vault(1)),
        r(site.lp_mint(0)),
        r(site.lp_mint(1)),
        w(to[0]),
        w(to[1]),
        r(at::TOKEN),
    ];
    build(at::POOLS, "close_pool", accounts, &[])
}
