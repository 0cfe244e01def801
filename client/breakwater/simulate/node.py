"""A node: answers JSON-RPC out of the chain as it was some slots ago, with the embedded engine's methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from breakwater.chain._embedded_rpc import EmbeddedProvider
from breakwater.chain._meta import err_of
from breakwater.chain._slots import MAX_AGE
from breakwater.chain._types import Blockhash, Receipt

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from solders.account import Account
    from solders.hash import Hash
    from solders.pubkey import Pubkey
    from solders.signature import Signature

    from breakwater.chain.engine import AnyTransaction, EmbeddedEngine, Landed

    from .leader import Leader

__all__ = ["Node"]

FINAL_SLOTS: Final = 32
"""By which the finalised block is older than the newest."""


class Node(EmbeddedProvider):
    """Stands where the methods of JSON-RPC expect an engine.

    What is simulated is simulated on the newest state: a node that lags judges like one that does not.

    Args:
        name: in traces.
        leader: where transactions go.
        chance: of their ways.
    """

    def __init__(self, name: str, leader: Leader, chance: random.Random) -> None:
        super().__init__(cast("EmbeddedEngine", self))
        self.name, self._leader, self._chance = name, leader, chance
        self.lag = 0
        self.clogged = False
        self.slowest_s = 1.0
        """How long a transaction may take to the leader."""

    @property
    def _head(self) -> EmbeddedEngine:
        return self._leader.engine

    # What the methods ask an engine for

    @property
    def clock(self) -> Node:
        """The node's view of slots; itself."""
        return self

    @property
    def index(self) -> Node:
        """The node's view of programs; itself."""
        return self

    @property
    def svm(self) -> Any:
        """Where transactions are simulated."""
        return self._head.svm

    @property
    def slot(self) -> int:
        """The newest slot here."""
        return max(1, self._head.clock.slot - self.lag)

    @property
    def unix_timestamp(self) -> int:
        """The chain's time."""
        return self._head.clock.unix_timestamp

    @property
    def genesis_hash(self) -> Hash:
        """The chain's."""
        return self._head.clock.genesis_hash

    @property
    def blockhash(self) -> Blockhash:
        """The newest one here."""
        hashes = self._head.clock.slot_hashes
        slot, found = next((each for each in hashes if each[0] <= self.slot), hashes[-1])
        return Blockhash(found, slot + MAX_AGE)

    def is_valid(self, blockhash: Hash) -> bool:
        """Whether it is known here, and not too old."""
        born = next((slot for slot, each in self._head.clock.slot_hashes if each == blockhash), None)
        return born is not None and born <= self.slot <= born + MAX_AGE

    @property
    def history(self) -> list[Landed]:
        """What has landed."""
        return [each for each in self._head.history if each.receipt.slot <= self.slot]

    def landed(self, signature: Signature) -> Landed | None:
        """A transaction, once it is known here."""
        found = self._head.landed(signature)
        return found if found is not None and found.receipt.slot <= self.slot else None

    def get_account(self, key: Pubkey) -> Account | None:
        """An account."""
        return self._leader.account_at(key, self.slot) if self.lag else self._head.get_account(key)

    def owned_by(self, owner: Pubkey) -> Iterator[tuple[Pubkey, Account]]:
        """A program's accounts."""
        if self.lag:
            yield from self._leader.owned_at(owner, self.slot)
        else:
            yield from self._head.index.owned_by(owner)

    def execute(self, tx: AnyTransaction, *, preflight: bool = False) -> Receipt:
        """Pass a transaction on to the leader, unless its preflight fails."""
        signature = tx.signatures[0]
        if preflight:
            if not self.is_valid(tx.message.recent_blockhash):
                return Receipt(signature, self.slot, "BlockhashNotFound", (), 0)
            result: Any = self.svm.simulate_transaction(tx)
            if hasattr(result, "err"):
                meta = result.meta()
                return Receipt(
                    signature, self.slot, err_of(result), tuple(meta.logs()), meta.compute_units_consumed()
                )
        self._leader.take(bytes(tx), self._chance.uniform(0.02, self.slowest_s))
        return Receipt(signature, self.slot, None, (), 0)

    def _answer_one(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = super()._answer_one(request)
        if request.get("method") == "getBlockHeight" and "result" in answer:
            options = next(iter(request.get("params") or ()), None) or {}
            if options.get("commitment") == "finalized":
                answer["result"] = max(0, self.slot - FINAL_SLOTS)
        return answer
