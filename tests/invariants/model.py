"""An exchange in Python integers, from docs/economics.md: what the programs do, by none of their code.

`Model` runs one instruction on a draft of the books; see `draft` for what it cannot know. Trades are in
`trades`, chains in `chains`, markets in `settlement`, called loans in `liquidations`, standing orders in
`stops`; here are the vault, traders, halts and the oracle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.chain import addresses as at

from . import curves
from .draft import require
from .state import Config, Feed, Shard, Trader, Vault, Wallet, replaced
from .stops import Stops
from .trades import pay

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.terms import Rules
    from breakwater.model import PriceEvent

__all__ = ["Model"]

U64 = 2**64 - 1
VIRTUAL = 10**6
HISTORY = 256
STEP_MS, AHEAD_MS, SEQUENCE_STEP = 600_000, 60_000, 1 << 48
SYSTEM_ADDRESS = bytes(32)


class Model(Stops):
    """Every instruction of both programs."""

    # Setting up

    def initialize(self, admin: Pubkey, operator: Pubkey, mint: Pubkey, rules: Rules) -> None:
        """Fix the rules."""
        config = Config(
            bytes(admin),
            bytes(operator),
            bytes(mint),
            rules.min_coverage_q32,
            rules.fee_base_ppm,
            rules.fee_slope_ppm,
            rules.max_subsidy_ppm,
            rules.partial_ppm,
            rules.keeper_ppm,
            rules.insurance_ppm,
            rules.slot_ppm,
        )
        self.create(at.config(), config)
        self.create(at.vault(), Vault(bytes(at.token_vault())))
        self.create(at.token_vault(), Wallet(0))
        keys = {"admin": bytes(admin), "operator": bytes(operator), "mint": bytes(mint)}
        self.found.event("Initialized", keys)

    def create_shard(self, index: int) -> None:
        """Create a shard."""
        config, key = self.load(at.config(), Config), at.shard(index)
        fee_ppm = config.fee_base_ppm + config.fee_slope_ppm
        liquidation = (config.partial_ppm, config.keeper_ppm, config.insurance_ppm, config.slot_ppm)
        self.create(key, Shard(index, config.min_coverage_q32, fee_ppm, *liquidation))
        require(index < at.SHARDS, "BadParameter")
        self.found.event("ShardCreated", {"shard": bytes(key), "index": index})

    def set_operator(self, admin: Pubkey, operator: Pubkey) -> None:
        """Appoint the operator."""
        config = self.load(at.config(), Config)
        require(bytes(admin) == config.admin, "NotAdmin")
        self.found.event("OperatorSet", {"old": config.operator, "new": bytes(operator)})
        config.operator = bytes(operator)

    def renounce_admin(self, admin: Pubkey) -> None:
        """Nobody is the admin any more."""
        config = self.load(at.config(), Config)
        require(bytes(admin) == config.admin, "NotAdmin")
        self.found.event("AdminRenounced", {"admin": config.admin})
        config.admin = SYSTEM_ADDRESS

    # Traders and their tokens

    def create_trader(self, owner: Pubkey) -> None:
        """Open a book."""
        self.create(at.trader(owner), Trader(bytes(owner)))
        shown = {"trader": bytes(at.trader(owner)), "owner": bytes(owner)}
        self.found.event("TraderOpened", shown)

    def close_trader(self, owner: Pubkey) -> None:
        """Close an empty book."""
        trader = self.load(at.trader(owner), Trader)
        require(not (trader.balance or trader.lp_shares or trader.positions), "NotEmpty")
        self.remove(at.trader(owner))
        shown = {"trader": bytes(at.trader(owner)), "owner": bytes(owner)}
        self.found.event("TraderClosed", shown)

    def deposit(self, owner: Pubkey, source: Pubkey, amount: int) -> None:
        """Tokens become balance."""
        trader, wallet = self.load(at.trader(owner), Trader), self.load(source, Wallet)
        vault = self.load(at.token_vault(), Wallet)
        require(amount > 0, "ZeroAmount")
        require(amount <= wallet.amount, "InsufficientFunds")
        wallet.amount -= amount
        vault.amount += amount
        trader.balance += amount
        self._moved(owner, trader.balance, amount, 0)

    def withdraw(self, owner: Pubkey, destination: Pubkey, amount: int) -> None:
        """Balance becomes tokens."""
        trader, wallet = self.load(at.trader(owner), Trader), self.load(destination, Wallet)
        vault = self.load(at.token_vault(), Wallet)
        require(amount > 0, "ZeroAmount")
        pay(trader, amount)
        vault.amount -= amount
        wallet.amount += amount
        assert vault.amount >= 0, "the vault holds every balance"
        self._moved(owner, trader.balance, 0, amount)

    def _moved(self, owner: Pubkey, balance: int, deposited: int, withdrawn: int) -> None:
        shown = {"deposited": deposited, "withdrawn": withdrawn, "balance": balance}
        self.found.event("BalanceMoved", {"trader": bytes(at.trader(owner)), **shown})

    # The vault

    def provide_liquidity(self, owner: Pubkey, amount: int, least: int) -> None:
        """Shares at the vault's highest value, rounded down."""
        trader, vault = self.load(at.trader(owner), Trader), self.load(at.vault(), Vault)
        require(amount > 0, "ZeroAmount")
        shards = self._shards()
        cash = self._cash(vault, shards)
        high = cash + sum(shard.debt + shard.claim_ceiling for shard in shards)
        issued = self.word(amount * (vault.lp_supply + VIRTUAL) // (high + VIRTUAL))
        require(issued > 0, "ZeroAmount")
        require(issued >= least, "SlippageExceeded")
        pay(trader, amount)
        trader.lp_shares += issued
        vault.lp_supply += issued
        self._deal(vault, shards, cash + amount)
        self._provided(owner, trader, vault, (amount, 0), cash + amount)

    def take_liquidity(self, owner: Pubkey, lp_shares: int, least: int) -> None:
        """Shares back at the vault's lowest value, rounded down."""
        trader, vault = self.load(at.trader(owner), Trader), self.load(at.vault(), Vault)
        require(lp_shares > 0, "ZeroAmount")
        require(lp_shares <= trader.lp_shares, "InsufficientShares")
        shards = self._shards()
        cash = self._cash(vault, shards)
        low = cash + sum(shard.debt - shard.debt_at_risk + shard.claim_floor for shard in shards)
        value = min(low, lp_shares * (low + VIRTUAL) // (vault.lp_supply + VIRTUAL))
        require(value >= least, "SlippageExceeded")
        require(value <= cash, "VaultTooSmall")
        at_risk = sum(shard.debt_at_risk for shard in shards)
        minimum = self.load(at.config(), Config).min_coverage_q32
        require(at_risk * minimum <= (cash - value) << 32, "CoverageTooLow")
        trader.lp_shares -= lp_shares
        vault.lp_supply -= lp_shares
        trader.balance += value
        self._deal(vault, shards, cash - value)
        self._provided(owner, trader, vault, (0, value), cash - value)

    def fold(self) -> None:
        """Deal the cash out anew."""
        vault, shards = self.load(at.vault(), Vault), self._shards()
        cash = self._cash(vault, shards)
        self._deal(vault, shards, cash)
        shown = {"cash": cash, "coverage_q32": shards[0].coverage_q32, "fee_ppm": shards[0].fee_ppm}
        self.found.event("Folded", shown)

    def propagate_halt(self, group: int) -> None:
        """A group's longest halt is every shard's."""
        shards = self._shards()
        require(1 <= group < len(shards[0].halts), "BadGroup")
        longest = max(shard.halts[group] for shard in shards)
        for shard in shards:
            shard.halts = replaced(shard.halts, group, longest)
        self.found.event("GroupHalted", {"group": group, "until_slot": longest})

    def _shards(self) -> list[Shard]:
        return [self.load(at.shard(i), Shard) for i in range(at.SHARDS)]

    @staticmethod
    def _cash(vault: Vault, shards: list[Shard]) -> int:
        return vault.cash + sum(shard.cash for shard in shards)

    def _deal(self, vault: Vault, shards: list[Shard], cash: int) -> None:
        """First what each shard's debt at risk demands, then equal parts; what is left over stays."""
        config = self.load(at.config(), Config)
        left, at_risk = cash, sum(shard.debt_at_risk for shard in shards)
        for shard in shards:
            shard.cash = min(left, -(-shard.debt_at_risk * config.min_coverage_q32 // (1 << 32)))
            left -= shard.cash
        coverage = (min(U64, (cash << 32) // at_risk) if at_risk else U64) if cash else 0
        bounds = curves.fee_rate(config.fee_base_ppm, config.fee_slope_ppm, coverage)
        fee_ppm = self.found.number("fee_ppm", *bounds)
        insured = sum(shard.insurance for shard in shards)
        for shard in shards:
            shard.cash += left // len(shards)
            shard.insurance = insured // len(shards)
            shard.coverage_q32, shard.fee_ppm = coverage, fee_ppm
        shards[0].insurance += insured % len(shards)
        vault.cash, vault.folded_slot = left % len(shards), self.now.slot

    def _provided(
        self, owner: Pubkey, trader: Trader, vault: Vault, moved: tuple[int, int], cash: int
    ) -> None:
        shown = {"deposited": moved[0], "withdrawn": moved[1], "cash": cash}
        shown |= {"lp_shares": trader.lp_shares, "lp_supply": vault.lp_supply}
        self.found.event("LiquidityMoved", {"trader": bytes(at.trader(owner)), **shown})

    # The oracle

    def create_feed(
        self, authority: Pubkey, name: str, publisher: Pubkey, exponent: int, max_age_s: int
    ) -> None:
        """Open a feed."""
        key = at.feed(name)
        self.create(key, Feed(bytes(publisher), bytes(authority), name, exponent, max_age_s))
        require(max_age_s > 0, "NoMaximumAge")
        keys = {"feed": bytes(key), "publisher": bytes(publisher), "authority": bytes(authority)}
        self.found.event("FeedCreated", keys)

    def publish(self, publisher: Pubkey, event: PriceEvent) -> None:
        """Publish a price."""
        feed = self.load(at.feed(event.feed), Feed)
        require(bytes(publisher) == feed.publisher, "NotPublisher")
        require(event.sequence > feed.sequence, "SequenceNotGrowing")
        require(event.timestamp_ms >= feed.timestamp_ms, "TimeRunsBackwards")
        require(event.price > 0, "NoPrice")
        late = event.timestamp_ms - feed.timestamp_ms > STEP_MS
        late = late and event.timestamp_ms > self.now.ms + AHEAD_MS
        require(not late and event.sequence - feed.sequence <= SEQUENCE_STEP, "TooFarAhead")
        feed.history = (*feed.history, (event.timestamp_ms, event.price))[-HISTORY:]
        feed.count += 1
        feed.sequence, feed.slot, feed.timestamp_ms = event.sequence, event.slot, event.timestamp_ms
        feed.price, feed.confidence = event.price, event.confidence

    def rotate_publisher(self, authority: Pubkey, name: str, publisher: Pubkey) -> None:
        """Another key publishes."""
        feed = self.load(at.feed(name), Feed)
        require(bytes(authority) == feed.authority, "NotAuthority")
        shown = {"feed": bytes(at.feed(name)), "old": feed.publisher, "new": bytes(publisher)}
        self.found.event("PublisherRotated", shown)
        feed.publisher = bytes(publisher)

    def read_feed(self, name: str, max_age_s: int) -> None:
        """The newest price, if it is young enough."""
        feed = self.load(at.feed(name), Feed)
        age = max(0, self.now.s - feed.timestamp_ms // 1000)
        require(feed.count > 0 and age <= max_age_s, "StalePrice")
