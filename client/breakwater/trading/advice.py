"""What to do about each error of the programs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from breakwater.errors import ProgramError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ADVICE", "explained"]

REPORT = "this client sent a wrong account; report it"

ADVICE: Final[Mapping[str, str]] = {
    # exchange
    "Overflow": "use smaller amounts",
    "OutOfDomain": "use amounts and a liquidity in range",
    "NotOwner": "sign with the key that owns the account (--keypair)",
    "NotOperator": "sign with the operator's key (--keypair)",
    "NotAdmin": "sign with the admin's key, if there still is one",
    "PositionOfAnotherTrader": REPORT,
    "PositionOfAnotherMarket": REPORT,
    "WrongShard": REPORT,
    "WrongFeed": REPORT,
    "WrongMint": "move the exchange's own collateral token",
    "WrongTokenVault": REPORT,
    "WrongDecimals": "initialise the exchange with a mint of 6 decimals",
    "BadParameter": "choose a value within its documented range",
    "BadOutcome": "choose an outcome the market has",
    "BadStrikes": "give ascending strikes above zero",
    "CloseInPast": "choose a later close",
    "MarketClosed": "choose an open market, or redeem this one once it is resolved",
    "MarketOpen": "wait for the close",
    "MarketNotSettled": "resolve it first: breakwater market resolve",
    "MarketSettled": "redeem your positions: breakwater trade redeem",
    "NoSettlementPrice": "wait for the feed's first price after the close and resolve again",
    "GracePeriod": "wait until seven days after the close",
    "ZeroAmount": "give an amount above zero",
    "InsufficientBalance": "deposit more, or trade less: breakwater trade deposit",
    "InsufficientShares": "give up at most what you hold: breakwater trade positions",
    "SlippageExceeded": "ask for a new quote, or allow more with --slippage",
    "WrongKind": "use buy and sell for spot, open and close for leverage",
    "LeverageBelowOne": "ask for 1x or more",
    "LeverageAboveCap": "ask for less leverage: breakwater trade quote shows the cap",
    "OracleStale": "halve the leverage, or wait for the feed's next price",
    "VaultTooSmall": "ask for a smaller loan, or wait for more liquidity",
    "CoverageTooLow": "ask for a smaller loan, or wait until others repay theirs",
    "DebtAboveShares": "ask for less leverage",
    "Underwater": "breakwater trade deposit adds to the balance; or give up fewer shares",
    "Insolvent": "trade less; the market refuses what it could not pay",
    "NotEmpty": "empty the account first",
    "SubsidyTooLarge": "choose a smaller liquidity",
    "OnlyVoid": "void it instead",
    "CloseTooFar": "choose a close within 400 days",
    "MarketDebtTooLarge": "open less, or with less leverage: this market lends no more",
    "MarketHalted": "breakwater market show tells until when; loans can be repaid meanwhile",
    "SpreadTooWide": "trade on spot, or wait until the feed's interval narrows",
    "PriceDiverges": "trade on spot, or wait until market and feed agree",
    "ChainsSuspended": "open the legs one by one, or wait for the feed's next price",
    "BadLegs": "give 2 to 5 legs, each in another market",
    "BadLeg": "name the chain's own legs: breakwater trade positions",
    "MarginAboveProceeds": "make the leg before it larger, or this one smaller",
    "ChainLeverageAboveCap": "ask for less leverage on some leg",
    "BadBatch": "give 1 to 16 spot trades",
    "BadGroup": "choose a group from 1 to 63",
    "ChainOfAnotherTrader": REPORT,
    "Healthy": "leave it; somebody may have healed or liquidated it before you",
    "LiquidationCapReached": "sell fewer shares, or wait for the next slot",
    "LiquidationTooLarge": "sell the part that a partial liquidation sells",
    "LiquidationTooSmall": "sell at least what a partial liquidation sells",
    "BelowLoan": "have the vault take the shares over instead: breakwater keeper run does",
    "AboveLoan": "liquidate it; its shares still repay their loan",
    "PositionTooYoung": "close it in the next slot",
    "NotTriggered": "wait until the price reaches the trigger",
    "WrongStop": REPORT,
    "NotProgram": REPORT,
    "NotProgramData": REPORT,
    "NotFinal": "burn the upgrade authority first: breakwater deploy --immutable",
    # pools
    "BadRatio": "give two whole numbers above zero",
    "FeeTooHigh": "ask for a fee of at most a tenth",
    "SameMint": "name two different tokens",
    "TooManyDecimals": "choose tokens of at most 9 decimals",
    "WrongVault": REPORT,
    "WrongLpMint": REPORT,
    "WrongSide": REPORT,
    "AmountTooSmall": "move more",
    "InsufficientReserve": "take less, or the other token",
    "Paused": "withdraw, or wait for the pool's owner to resume it",
    # MMT and keepers
    "EmissionExceeded": "lower the rates: the pool is ten million MMT",
    "WrongMmtMint": "create MMT with 9 decimals and a supply of 100 million",
    "SupplyNotFixed": "revoke MMT's mint and freeze authorities",
    "WrongSink": "send ninety million MMT to an account of the sink's address",
    "StakeTooSmall": "stake one MMT or more, or take all of it back",
    "CoolingDown": "wait for the cool-down",
    "NotKeeper": "sign with the keeper's authority",
    "NotBeneficiary": "name the beneficiary's token account",
    "KeeperNotActive": "resume or register the keeper",
    "KeeperNotSuspended": "leave it; the keeper is not suspended",
    "KeeperAlive": "leave it on duty; it gave a sign of life",
    "KeeperNotLeaving": "unregister the keeper first",
    "BondTooSmall": "bond more MMT",
    "RegistryFull": "wait until a keeper leaves",
    "TasksHeld": "complete or fail the tasks that are held",
    "TooManyClaims": "complete a task before the next claim",
    "BadTaskKind": "choose a kind from 0 to 4",
    "TaskUnfounded": "post what its subject needs, as its owner where that is asked",
    "TaskClaimed": "leave it to its holder until the deadline",
    "TaskDone": "leave it; the task is done",
    "TaskNotClaimed": "claim the task first",
    "NotClaimer": "leave it to its holder",
    "NotYourTurn": "wait for your turn, or until the task is anybody's",
    "TaskObsolete": "close the task; its subject no longer needs it",
    "TaskUnfinished": "do what the task asks for first",
    "TaskNotLate": "wait for the deadline",
    "TaskPending": "wait until the task is done or expired",
    "WrongSubject": REPORT,
    "NotPoster": "sign with the key that posted the task",
    # launch
    "MakerOfAnotherTrader": REPORT,
    "LockTooSmall": "lock at least a thousand shares in all, or unlock all of them",
    # archive
    "WrongProof": "make the proof again: breakwater archive prove",
    "StaleProof": "make the proof again: breakwater archive prove",
    "UnknownRoot": "make the proof again: breakwater archive prove",
    "TruncatedProof": "make the proof again: breakwater archive prove",
    "OverlongProof": "make the proof again: breakwater archive prove",
    "LeafOutOfRange": "name a leaf that there is: breakwater archive stats",
    "LeafSpent": "look for the position on the chain: breakwater trade positions",
    "LoanNotArchived": "repay the loan first: breakwater trade close",
    "PositionTooRecent": "wait until thirty days after its last purchase",
    "OwnerOnly": "wait until its market has closed, or let its owner archive it",
    "BadArchiveBatch": REPORT,
    "WrongTree": REPORT,
    "ArchiveFull": "open the next archive: breakwater archive open --archive",
    "ArchiveExists": "use it; it is open",
    "ArchiveOutOfOrder": "wait until the archive before it is nearly full",
    # oracle
    "NotPublisher": "sign with the publisher's key",
    "NotAuthority": "sign with the feed's authority",
    "SequenceNotGrowing": "publish with a higher sequence",
    "TooFarAhead": "check the unit of the timestamp, which is milliseconds, and the sequence",
    "TimeRunsBackwards": "publish prices in the order of their time",
    "NoPrice": "publish a price above zero",
    "StalePrice": "wait for the feed's next price",
    "NoMaximumAge": "give the feed a maximum age of a second or more",
    # runtime, system and token program
    "AccountAlreadyInUse": "choose another id; this one is taken",
    "AccountNotInitialized": "check that the exchange is initialised on this cluster",
    "AccountDiscriminatorMismatch": "check that the exchange is initialised on this cluster",
    "AccountOwnedByWrongProgram": "check that the exchange is initialised on this cluster",
    "InsufficientFunds": "check the token account's balance: breakwater trade account",
    "ResultWithNegativeLamports": "fund the key with SOL for rent and fees",
    "InvalidAccountData": "check that the token account exists and belongs to the collateral",
}
"""By the error's name; every error of the shipped programs is here."""


@contextmanager
def explained() -> Iterator[None]:
    """Add to a program's error what to do about it."""
    try:
        yield
    except ProgramError as error:
        advice = ADVICE.get(error.name)
        if advice is None:
            raise
        raise ProgramError(
            error.name,
            error.code,
            f"{error.message.rstrip('.')}; {advice}.",
            program=error.program,
            accounts=error.accounts,
            logs=error.logs,
            signature=error.signature,
            instruction=error.instruction,
        ) from error
