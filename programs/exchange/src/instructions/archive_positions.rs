use {
    super::{legs::exclusive, redeem::pay_out},
    crate::{
        constants::{MAX_ARCHIVED, PRUNE_AGE_SLOTS},
        error::{tree, ExchangeError},
        events::{log, PositionArchived},
        state::{Archive, Market, Position, Shard, Trader, DONE_POSITION, LIVE_POSITION, OPEN},
    },
    anchor_lang::{bytemuck::bytes_of, prelude::*, AccountClose, ErrorCode},
    breakwater_feed::Now,
    breakwater_merkle::{leaf_of, Node},
};

/// Accounts of one position: owner, trader, position.
const ACCOUNTS: usize = 3;

/// Behind these accounts come owner, trader and position of each.
#[derive(Accounts)]
pub struct ArchivePositions {
    /// The positions' owner, or anybody.
    pub authority: Signer,
    #[account(mut)]
    pub archive: Account<Archive>,
    #[account(mut)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
}

impl ArchivePositions {
    /// All positions become leaves, or none; their rent goes to their owners. In a settled market they are paid out first and are
    /// done. Otherwise whoever held shares still does: the leaf is the position, and market and trader go on counting it.
    #[inline(always)]
    pub fn archive_positions(&mut self, accounts: &[AccountView]) -> Result<()> {
        let count = accounts.len() / ACCOUNTS;
        let fits = (1..=MAX_ARCHIVED).contains(&count) && accounts.len().is_multiple_of(ACCOUNTS);
        require!(fits, ExchangeError::BadArchiveBatch);
        let now = Now::get()?;
        let held = self.archive.tree()?;
        let (mut index, sequence) = (held.length(), held.sequence().wrapping_add(1));
        let mut leaves: [Node; MAX_ARCHIVED] = [[0; 32]; MAX_ARCHIVED];
        for (leaf, views) in leaves.iter_mut().zip(accounts.chunks_exact(ACCOUNTS)) {
            self.archive_one(leaf, index, sequence, views, now)?;
            index = index.wrapping_add(1); // below 2^21
        }
        let (leaves, _) = leaves.split_at_mut(count);
        if let [leaf] = leaves {
            return self.archive.append(leaf).map(|_| ());
        }
        tree(self.archive.tree_mut()?.append_batch(leaves)).map(|_| ())
    }

    #[inline(always)]
    fn archive_one(
        &mut self,
        leaf: &mut Node,
        index: u64,
        sequence: u64,
        views: &[AccountView],
        now: Now,
    ) -> Result<()> {
        let owner = views[0];
        let mut trader: Account<Trader> = exclusive(&views[1])?;
        let mut position: Account<Position> = exclusive(&views[2])?;
        require!(owner.address() == &trader.owner, ExchangeError::NotOwner);
        require!(owner.is_writable(), ErrorCode::ConstraintMut);
        require!(
            position.trader == *trader.address(),
            ExchangeError::PositionOfAnotherTrader
        );
        require!(
            position.market == *self.market.address(),
            ExchangeError::PositionOfAnotherMarket
        );
        let settled = self.market.status != OPEN;
        let done = settled || position.holding.is_empty();
        self.require_permitted(&position, &trader.owner, done, now)?;

        let kind = if done { DONE_POSITION } else { LIVE_POSITION };
        *leaf = leaf_of(kind, bytes_of(&*position));
        let event = PositionArchived {
            archive: self.archive.number,
            index,
            sequence,
            trader: position.trader,
            market: position.market,
            holding: position.holding,
            done: u64::from(done),
        };
        if done {
            if position.holding.shares > 0 {
                let source = *position.address();
                let holding = &mut position.holding;
                pay_out(source, holding, &mut self.market, &mut self.shard, &mut trader)?;
            }
            uncount(&mut trader, &mut self.market)?;
        } else {
            self.archive.keep_claim()?;
        }
        log(event);
        position.close(owner)
    }

    /// The owner, when it is empty, settled or old; anybody, when it is old and the market no longer trades. No loan that is
    /// not settled.
    #[inline(always)]
    fn require_permitted(&self, position: &Position, owner: &Address, done: bool, now: Now) -> Result<()> {
        let holding = &position.holding;
        // the address may be used again: by then no slot is this generation's any more, so no order stands for the next one
        require!(
            u64::from(holding.generation) < now.slot,
            ExchangeError::PositionTooYoung
        );
        require!(done || holding.debt == 0, ExchangeError::LoanNotArchived);
        let own = self.authority.address() == owner;
        if !own {
            let trades = self.market.status == OPEN && now.ms() < self.market.close_ms;
            require!(!trades, ExchangeError::OwnerOnly);
        }
        let old = now.slot.saturating_sub(holding.opened_slot) >= PRUNE_AGE_SLOTS;
        require!(old || (own && done), ExchangeError::PositionTooRecent);
        Ok(())
    }
}

/// The position no longer counts, here or there.
#[inline(always)]
pub fn uncount(trader: &mut Trader, market: &mut Market) -> Result<()> {
    for count in [&mut trader.positions, &mut market.positions] {
        *count = count.checked_sub(1).ok_or(ExchangeError::Overflow)?;
    }
    Ok(())
}
