"""Which accounts exist and who owns them: LiteSVM can look an account up but not list any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from solders.account import Account
from solders.pubkey import Pubkey

__all__ = ["AccountIndex"]

Lookup = Callable[[Pubkey], Account | None]


class AccountIndex:
    """Remembers every key that was ever named, and when it was named last.

    Owners are only read when somebody asks: a transaction costs one dictionary write per account.

    Args:
        lookup: reads an account, None where there is none.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._touched: dict[Pubkey, int] = {}
        self._dirty: set[Pubkey] = set()
        self._owner: dict[Pubkey, Pubkey] = {}
        self._owned: dict[Pubkey, set[Pubkey]] = {}

    def touch(self, keys: Iterable[Pubkey], generation: int) -> None:
        """Note that `keys` may have changed in `generation`."""
        keys = tuple(keys)
        self._touched.update(dict.fromkeys(keys, generation))
        self._dirty.update(keys)

    def touched_since(self, generation: int) -> list[Pubkey]:
        """Keys named in `generation` or later."""
        return [key for key, last in self._touched.items() if last >= generation]

    def existing(self) -> Iterator[tuple[Pubkey, Account]]:
        """Every known account that exists."""
        for key in self._touched:
            account = self._lookup(key)
            if account is not None:
                yield key, account

    def owned_by(self, owner: Pubkey) -> Iterator[tuple[Pubkey, Account]]:
        """Accounts of `owner`, by address so that the order is the same in every run."""
        self._refresh()
        for key in sorted(self._owned.get(owner, ()), key=bytes):
            account = self._lookup(key)
            if account is not None:
                yield key, account

    def _refresh(self) -> None:
        for key in self._dirty:
            account = self._lookup(key)
            new = account.owner if account is not None else None
            old = self._owner.get(key)
            if new == old:
                continue
            if old is not None:
                self._owned[old].discard(key)
                del self._owner[key]
            if new is not None:
                self._owned.setdefault(new, set()).add(key)
                self._owner[key] = new
        self._dirty.clear()
