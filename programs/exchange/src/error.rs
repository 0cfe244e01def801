use {anchor_lang::prelude::*, breakwater_math::MathError, breakwater_merkle::MerkleError};

#[error_code]
pub enum ExchangeError {
    #[msg("the result does not fit: the amount is too large")]
    Overflow,
    #[msg("the value lies outside the domain of the calculation")]
    OutOfDomain,
    #[msg("the signer does not own the trader account")]
    NotOwner,
    #[msg("the signer is not the operator")]
    NotOperator,
    #[msg("the signer is not the admin, or the admin has been renounced")]
    NotAdmin,
    #[msg("the position belongs to another trader")]
    PositionOfAnotherTrader,
    #[msg("the position belongs to another market")]
    PositionOfAnotherMarket,
    #[msg("the market is booked in another shard")]
    WrongShard,
    #[msg("the feed is not the market's")]
    WrongFeed,
    #[msg("the mint is not the collateral")]
    WrongMint,
    #[msg("the token account is not the vault's")]
    WrongTokenVault,
    #[msg("collateral needs a mint with 6 decimals")]
    WrongDecimals,
    #[msg("a parameter is outside its range")]
    BadParameter,
    #[msg("a market has 2 to 16 outcomes")]
    BadOutcome,
    #[msg("strikes must be above zero and ascend")]
    BadStrikes,
    #[msg("the close lies in the past")]
    CloseInPast,
    #[msg("the market has closed or is settled: it no longer trades")]
    MarketClosed,
    #[msg("the market has not closed yet")]
    MarketOpen,
    #[msg("the market is not settled yet")]
    MarketNotSettled,
    #[msg("the market is settled already")]
    MarketSettled,
    #[msg("the feed's history does not prove the first price at or after the close")]
    NoSettlementPrice,
    #[msg("a market can be voided only after its grace period")]
    GracePeriod,
    #[msg("an amount of zero does nothing")]
    ZeroAmount,
    #[msg("the balance is too small")]
    InsufficientBalance,
    #[msg("the position holds fewer shares")]
    InsufficientShares,
    #[msg("the price moved past the limit given")]
    SlippageExceeded,
    #[msg("the position is of the other kind: spot trades with buy and sell, leverage with open and close")]
    WrongKind,
    #[msg("leverage starts at 1x")]
    LeverageBelowOne,
    #[msg("the leverage is above the cap of outcomes and coverage")]
    LeverageAboveCap,
    #[msg("the price feed is stale: leverage is halved until it recovers")]
    OracleStale,
    #[msg("the vault does not hold enough to lend")]
    VaultTooSmall,
    #[msg("debt at risk would exceed what the vault covers")]
    CoverageTooLow,
    #[msg("the loan would exceed what the shares can pay back")]
    DebtAboveShares,
    #[msg("proceeds and balance do not repay the loan of these shares: deposit what is missing")]
    Underwater,
    #[msg("escrow would no longer cover every claim")]
    Insolvent,
    #[msg("the account still holds something")]
    NotEmpty,
    #[msg("the subsidy is above the share of the vault that one market may take")]
    SubsidyTooLarge,
    #[msg("the grace period is over: the market can only be voided")]
    OnlyVoid,
    #[msg("the close is more than 400 days away")]
    CloseTooFar,
    #[msg("the market's loans at risk would exceed its subsidy")]
    MarketDebtTooLarge,
    #[msg("a circuit breaker has halted the market: it trades again after the cool-down")]
    MarketHalted,
    #[msg("the feed's interval is a tenth of its price or wider: no leverage until it narrows")]
    SpreadTooWide,
    #[msg("the market's price is too far from the feed's probability: no leverage until they agree")]
    PriceDiverges,
    #[msg("the feed is stale: no chains until it recovers")]
    ChainsSuspended,
    #[msg("a chain has 2 to 5 legs, each in a market of its own")]
    BadLegs,
    #[msg("the chain has no such leg, or the leg's accounts are not its market's")]
    BadLeg,
    #[msg("a leg's margin is more than the leg before it is worth")]
    MarginAboveProceeds,
    #[msg("the chain's purchases exceed 500 times its margin, or a keeper's reward on them what it pays")]
    ChainLeverageAboveCap,
    #[msg("a batch has 1 to 16 trades, three accounts each, bought or sold on spot")]
    BadBatch,
    #[msg("the group is not between 1 and 63")]
    BadGroup,
    #[msg("the chain belongs to another trader")]
    ChainOfAnotherTrader,
    #[msg("the loan is sufficiently secured: there is nothing to liquidate")]
    Healthy,
    #[msg("this slot's cap of liquidations in the market allows fewer shares")]
    LiquidationCapReached,
    #[msg("more would be sold than heals the position")]
    LiquidationTooLarge,
    #[msg("less would be sold than a partial liquidation or this slot's cap asks for")]
    LiquidationTooSmall,
    #[msg("the price has not reached the order's trigger")]
    NotTriggered,
    #[msg("the order is for another position")]
    WrongStop,
    #[msg("the account is not the program, or no program of the upgradeable loader")]
    NotProgram,
    #[msg("the account does not hold the program's binary")]
    NotProgramData,
    #[msg("the program can still be upgraded: burn its authority first")]
    NotFinal,
    #[msg("the schedule would emit more than the pool holds")]
    EmissionExceeded,
    #[msg("MMT needs a mint with 9 decimals and a supply of 100 million")]
    WrongMmtMint,
    #[msg("somebody can still mint or freeze MMT: revoke both authorities first")]
    SupplyNotFixed,
    #[msg("the sink is not MMT's, holds too little, or somebody could spend from it")]
    WrongSink,
    #[msg("a stake is nothing or at least one MMT")]
    StakeTooSmall,
    #[msg("the cool-down is not over")]
    CoolingDown,
    #[msg("the signer is not the keeper's authority")]
    NotKeeper,
    #[msg("the tokens would not go to the keeper's beneficiary")]
    NotBeneficiary,
    #[msg("the keeper is not on duty")]
    KeeperNotActive,
    #[msg("the keeper is not suspended")]
    KeeperNotSuspended,
    #[msg("the keeper gave a sign of life not long ago")]
    KeeperAlive,
    #[msg("unregister the keeper first")]
    KeeperNotLeaving,
    #[msg("the bond is below the minimum")]
    BondTooSmall,
    #[msg("as many keepers are on duty as the registry lists")]
    RegistryFull,
    #[msg("the keeper still holds tasks: complete or fail them first")]
    TasksHeld,
    #[msg("the keeper holds as many tasks as it may")]
    TooManyClaims,
    #[msg("there is no such kind of task")]
    BadTaskKind,
    #[msg("the subject does not need this task, or the poster may not ask for it")]
    TaskUnfounded,
    #[msg("a keeper holds the task")]
    TaskClaimed,
    #[msg("the task is done")]
    TaskDone,
    #[msg("nobody holds the task")]
    TaskNotClaimed,
    #[msg("another keeper holds the task, or nobody")]
    NotClaimer,
    #[msg("the task is another keeper's in its first slots")]
    NotYourTurn,
    #[msg("the subject no longer needs the task")]
    TaskObsolete,
    #[msg("the subject does not show that the task was done")]
    TaskUnfinished,
    #[msg("nobody holds the task, or the deadline is not over")]
    TaskNotLate,
    #[msg("the task is still to be done")]
    TaskPending,
    #[msg("the account is not the task's subject")]
    WrongSubject,
    #[msg("the account did not post the task")]
    NotPoster,
    #[msg("the maker's account belongs to another trader")]
    MakerOfAnotherTrader,
    #[msg("locked liquidity is nothing or at least a thousand shares")]
    LockTooSmall,
    #[msg("the sale would not repay its part of the loan: let the vault take the shares over")]
    BelowLoan,
    #[msg("the shares are still worth their loan: they are sold, not taken over")]
    AboveLoan,
    #[msg("a position that was first bought in this slot can be closed in the next one")]
    PositionTooYoung,
    #[msg("a loan is not archived: keepers have to see it")]
    LoanNotArchived,
    #[msg("the position was last bought less than 30 days ago")]
    PositionTooRecent,
    #[msg("while the market trades only the owner archives a position")]
    OwnerOnly,
    #[msg("1 to 32 positions are archived at once, three accounts each")]
    BadArchiveBatch,
    #[msg("the archive is open already")]
    ArchiveExists,
    #[msg("the archive before this one is not nearly full yet, or the account given is not that archive")]
    ArchiveOutOfOrder,
    #[msg("the archive is full: use the next one")]
    ArchiveFull,
    #[msg("the proof does not lead from this leaf to the archive's root")]
    WrongProof,
    #[msg("the proof is 64 or more changes old: make it anew")]
    StaleProof,
    #[msg("the archive has not had as many changes as the proof says")]
    UnknownRoot,
    #[msg("the proof has fewer than ten siblings")]
    TruncatedProof,
    #[msg("the proof has more than ten siblings")]
    OverlongProof,
    #[msg("there is no leaf at this index yet")]
    LeafOutOfRange,
    #[msg("the leaf was restored, paid out or written since: it can be used once")]
    LeafSpent,
    #[msg("the bytes are not a tree's")]
    WrongTree,
}

impl From<MathError> for ExchangeError {
    #[cold]
    fn from(error: MathError) -> Self {
        match error {
            MathError::Overflow => Self::Overflow,
            MathError::Domain | MathError::DivisionByZero => Self::OutOfDomain,
        }
    }
}

/// Names a calculation's error for the caller of the program.
#[inline(always)]
pub fn math<T>(result: breakwater_math::Result<T>) -> Result<T> {
    result.map_err(|error| ExchangeError::from(error).into())
}

impl From<MerkleError> for ExchangeError {
    #[cold]
    fn from(error: MerkleError) -> Self {
        match error {
            MerkleError::WrongProof => Self::WrongProof,
            MerkleError::StaleRoot => Self::StaleProof,
            MerkleError::UnknownRoot => Self::UnknownRoot,
            MerkleError::TruncatedProof => Self::TruncatedProof,
            MerkleError::OverlongProof => Self::OverlongProof,
            MerkleError::LeafChanged => Self::LeafSpent,
            MerkleError::LeafOutOfRange => Self::LeafOutOfRange,
            MerkleError::TreeFull => Self::ArchiveFull,
            MerkleError::EmptyBatch => Self::BadArchiveBatch,
            MerkleError::WrongLayout => Self::WrongTree,
        }
    }
}

/// Names a tree's refusal for the caller of the program.
#[inline(always)]
pub fn tree<T>(result: breakwater_merkle::Result<T>) -> Result<T> {
    result.map_err(|error| ExchangeError::from(error).into())
}
