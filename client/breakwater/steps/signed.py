"""Statements that somebody signs: canonical JSON, and an ed25519 signature over just those bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from solders.pubkey import Pubkey
from solders.signature import Signature

if TYPE_CHECKING:
    from solders.keypair import Keypair

__all__ = ["Signed", "canonical"]


def canonical(value: Any) -> str:
    """JSON with sorted names, without spaces, in ASCII: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement, and its base58 signature."""

    statement: dict[str, Any]
    signature: str

    @classmethod
    def by(cls, key: Keypair, statement: dict[str, Any]) -> Signed:
        """Sign a statement."""
        return cls(statement, str(key.sign_message(canonical(statement).encode())))

    def genuine(self, signer: str) -> bool:
        """Whether the base58 address `signer` has signed exactly this statement."""
        try:
            key, signature = Pubkey.from_string(signer), Signature.from_string(self.signature)
        except ValueError:
            return False
        return signature.verify(key, canonical(self.statement).encode())

    def text(self) -> str:
        """Both, as one line of JSON."""
        return canonical({"signature": self.signature, "statement": self.statement})
