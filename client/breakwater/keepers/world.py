"""What keepers know: every account of both programs that work can come from, as it was last seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from breakwater.chain.accounts import Chain, Feed, Market, Position, Shard, Trader
    from breakwater.chain.keeper_accounts import Keeper, Registry, Season, Task
    from breakwater.chain.kinds import Stop

__all__ = ["FOLLOWED", "World"]

FOLLOWED: Final = (
    "Chain",
    "Feed",
    "Keeper",
    "Market",
    "Position",
    "Registry",
    "Season",
    "Shard",
    "Stop",
    "Task",
    "Trader",
)
"""Kinds of account that are followed, by their names in the IDLs."""


class World:
    """Accounts by kind and address, the slot and the time; older news never replaces newer.

    Attributes:
        version: grows with every change, slots included.
        slot: the newest slot.
        now_s: its Unix time.
    """

    def __init__(self) -> None:
        self.version = self.slot = self.now_s = 0
        self._kinds: dict[str, dict[Pubkey, Any]] = {name: {} for name in FOLLOWED}
        self._where: dict[Pubkey, str] = {}
        self._seen: dict[Pubkey, int] = {}

    def tick(self, slot: int, now_s: int) -> None:
        """The chain has got on."""
        if (slot, now_s) != (self.slot, self.now_s):
            self.slot, self.now_s = max(slot, self.slot), now_s
            self.version += 1

    def apply(self, address: Pubkey, data: bytes | None, slot: int) -> None:
        """An account as of a slot; without data it is gone."""
        if slot < self._seen.get(address, 0):
            return
        self._seen[address] = slot
        found = kinds.decode(data) if data else None
        name = None if found is None or found[0] not in self._kinds else found[0]
        old = self._where.get(address)
        if old is not None and old != name:
            del self._kinds[old][address], self._where[address]
        if found is not None and name is not None:
            self._kinds[name][address] = found[1]
            self._where[address] = name
        if name is not None or old is not None:
            self.version += 1

    def replace(self, name: str, accounts: Iterable[tuple[Pubkey, bytes]], slot: int) -> int:
        """Everything there is of a kind as of a slot; how many accounts that added, changed or took away."""
        before = dict(self._kinds[name])
        there = set()
        for address, data in accounts:
            there.add(address)
            self.apply(address, data, slot)
        for address in before.keys() - there:
            self.apply(address, None, slot)
        after = self._kinds[name]
        return sum(before.get(each) != after.get(each) for each in before.keys() | after.keys())

    def forget(self, slot: int) -> None:
        """Let go of what was gone before a slot: news older than that come no more."""
        self._seen = {key: at for key, at in self._seen.items() if key in self._where or at >= slot}

    # By kind

    @property
    def chains(self) -> Mapping[Pubkey, Chain]:
        """Chains of purchases."""
        return self._kinds["Chain"]

    @property
    def feeds(self) -> Mapping[Pubkey, Feed]:
        """Price feeds."""
        return self._kinds["Feed"]

    @property
    def keepers(self) -> Mapping[Pubkey, Keeper]:
        """Keepers, on duty or not."""
        return self._kinds["Keeper"]

    @property
    def markets(self) -> Mapping[Pubkey, Market]:
        """Markets."""
        return self._kinds["Market"]

    @property
    def positions(self) -> Mapping[Pubkey, Position]:
        """Positions."""
        return self._kinds["Position"]

    @property
    def stops(self) -> Mapping[Pubkey, Stop]:
        """Standing orders."""
        return self._kinds["Stop"]

    @property
    def tasks(self) -> Mapping[Pubkey, Task]:
        """Posted tasks."""
        return self._kinds["Task"]

    @property
    def traders(self) -> Mapping[Pubkey, Trader]:
        """Trader accounts."""
        return self._kinds["Trader"]

    @property
    def shards(self) -> dict[int, Shard]:
        """The vault's ledgers by number."""
        return {each.index: each for each in self._kinds["Shard"].values()}

    @property
    def registry(self) -> Registry | None:
        """The keepers on duty; None while MMT is not initialised."""
        return next(iter(self._kinds["Registry"].values()), None)

    @property
    def season(self) -> Season | None:
        """MMT's ledger; None while it is not initialised."""
        return next(iter(self._kinds["Season"].values()), None)

    def owner(self, trader: bytes) -> Pubkey | None:
        """Who owns a trader account."""
        found = self.traders.get(Pubkey.from_bytes(trader))
        return None if found is None else Pubkey.from_bytes(found.owner)

    def task(self, subject: Pubkey, kind: int) -> Task | None:
        """The task of that kind about an account."""
        return self.tasks.get(at.task(subject, kind))
