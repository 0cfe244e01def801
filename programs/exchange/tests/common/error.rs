//! The programs' errors and what the runtime reports for them.

use solana_instruction::error::InstructionError;

macro_rules! errors {
    ($name:ident: $($variant:ident)*) => {
        /// Declared in the program's `error.rs`; a test compares the two lists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $($variant),* }

        impl $name {
            pub const NAMES: &'static [&'static str] = &[$(stringify!($variant)),*];
        }

        impl From<$name> for InstructionError {
            fn from(error: $name) -> Self {
                Self::Custom(6000 + error as u32)
            }
        }
    };
}

errors! { OracleError:
    NotPublisher NotAuthority SequenceNotGrowing TimeRunsBackwards NoPrice StalePrice NoMaximumAge TooFarAhead
}

errors! { ExchangeError:
    Overflow OutOfDomain NotOwner NotOperator NotAdmin PositionOfAnotherTrader PositionOfAnotherMarket WrongShard
    WrongFeed WrongMint WrongTokenVault WrongDecimals BadParameter BadOutcome BadStrikes CloseInPast MarketClosed
    MarketOpen MarketNotSettled MarketSettled NoSettlementPrice GracePeriod ZeroAmount InsufficientBalance
    InsufficientShares SlippageExceeded WrongKind LeverageBelowOne LeverageAboveCap OracleStale VaultTooSmall
    CoverageTooLow DebtAboveShares Underwater Insolvent NotEmpty SubsidyTooLarge OnlyVoid CloseTooFar MarketDebtTooLarge
    MarketHalted SpreadTooWide PriceDiverges ChainsSuspended BadLegs BadLeg MarginAboveProceeds ChainLeverageAboveCap
    BadBatch BadGroup ChainOfAnotherTrader Healthy LiquidationCapReached LiquidationTooLarge LiquidationTooSmall
    NotTriggered WrongStop NotProgram NotProgramData NotFinal
    EmissionExceeded WrongMmtMint SupplyNotFixed WrongSink StakeTooSmall CoolingDown NotKeeper NotBeneficiary
    KeeperNotActive KeeperNotSuspended KeeperAlive KeeperNotLeaving BondTooSmall RegistryFull TasksHeld TooManyClaims
    BadTaskKind TaskUnfounded TaskClaimed TaskDone TaskNotClaimed NotClaimer NotYourTurn TaskObsolete TaskUnfinished
    TaskNotLate TaskPending WrongSubject NotPoster MakerOfAnotherTrader LockTooSmall BelowLoan AboveLoan PositionTooYoung
    LoanNotArchived PositionTooRecent OwnerOnly BadArchiveBatch ArchiveExists ArchiveOutOfOrder ArchiveFull WrongProof
    StaleProof UnknownRoot TruncatedProof OverlongProof LeafOutOfRange LeafSpent WrongTree
}

errors! { PoolsError:
    Overflow OutOfDomain NotOwner BadRatio FeeTooHigh SameMint TooManyDecimals WrongVault WrongLpMint WrongSide ZeroAmount
    AmountTooSmall SlippageExceeded InsufficientReserve Paused NotEmpty
}

/// Anchor: an account is not at the address its seeds give.
pub const WRONG_SEEDS: InstructionError = InstructionError::InvalidSeeds;
/// Anchor: an account that must be writable is not.
pub const NOT_MUTABLE: InstructionError = InstructionError::Custom(2000);
/// Anchor: one account passed for two that are written.
pub const DUPLICATE: InstructionError = InstructionError::Custom(2040);
/// Anchor: fewer accounts than the instruction names.
#[allow(deprecated)] // its successor has another number
pub const TOO_FEW_ACCOUNTS: InstructionError = InstructionError::NotEnoughAccountKeys;
/// The system program: the account to be created is in use.
pub const IN_USE: InstructionError = InstructionError::Custom(0);
/// The token program: the source holds less.
pub const TOKEN_INSUFFICIENT: InstructionError = InstructionError::Custom(1);
/// The token program: what should be a mint is none.
pub const TOKEN_INVALID_MINT: InstructionError = InstructionError::Custom(2);
/// The token program: the account is of another mint.
pub const TOKEN_MINT_MISMATCH: InstructionError = InstructionError::Custom(3);
/// The token program: the signer may not spend from the account.
pub const TOKEN_OWNER_MISMATCH: InstructionError = InstructionError::Custom(4);

/// The variants that a program's source declares, in order.
pub fn declared(source: &str) -> Vec<&str> {
    source
        .lines()
        .skip_while(|line| !line.starts_with("pub enum"))
        .skip(1)
        .take_while(|line| !line.starts_with('}'))
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect()
}
