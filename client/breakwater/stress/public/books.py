"""What a run owes: the file with its users' seed, and the budget that nothing goes beyond."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.keypair import Keypair

from breakwater.errors import InsufficientFunds, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FEE", "Purse", "PurseFile"]

FEE = 5_000
"""Lamports a signature."""


@dataclass(slots=True)
class Purse:
    """Lamports that may leave the payer, and have.

    Attributes:
        budget: at most so many at any time, rent that will come back included.
        lent: rent and lamports with users now.
        fees: of everything that was signed, whether it landed or not.
        most: the most that ever was out.
    """

    budget: int
    lent: int = 0
    fees: int = 0
    most: int = 0

    @property
    def left(self) -> int:
        """What may still leave."""
        return self.budget - self.lent - self.fees

    def pay(self, signatures: int) -> None:
        """A transaction is signed: its fee may be taken.

        Raises:
            InsufficientFunds: the budget does not allow it.
        """
        self._take(signatures * FEE)
        self.fees += signatures * FEE
        self.most = max(self.most, self.lent + self.fees)

    def lend(self, lamports: int) -> None:
        """Lamports go to a user.

        Raises:
            InsufficientFunds: the budget does not allow it.
        """
        self._take(lamports)
        self.lent += lamports
        self.most = max(self.most, self.lent + self.fees)

    def returned(self, lamports: int) -> None:
        """They have come back."""
        self.lent = max(0, self.lent - lamports)

    def _take(self, lamports: int) -> None:
        if lamports > self.left:
            raise InsufficientFunds(
                f"Raise --budget: {self.left / 1e9:.6f} SOL are left, {lamports / 1e9:.6f} are needed."
            )


@dataclass(frozen=True, slots=True)
class PurseFile:
    """The users of a run that has begun and is not cleaned up; closed to others.

    Attributes:
        path: where it is kept.
        seed: of the users' keys.
        users: how many.
        markets: in which they may have positions.
    """

    path: Path
    seed: bytes
    users: int
    markets: tuple[int, ...]

    @classmethod
    def begin(cls, path: Path, users: int, markets: tuple[int, ...]) -> PurseFile:
        """Write down a new run, before anything is paid.

        Raises:
            InvalidInput: there is one already.
        """
        made = cls(path, secrets.token_bytes(32), users, markets)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise InvalidInput(f"Run with --clean first: {path} is of a run that was cut short.") from None
        path.write_text(json.dumps({"seed": made.seed.hex(), "users": users, "markets": list(markets)}))
        return made

    @classmethod
    def read(cls, path: Path) -> PurseFile | None:
        """The run that was cut short, if there was one.

        Raises:
            InvalidInput: the file is damaged.
        """
        try:
            text = path.read_text()
            if not text:  # it ended before it had paid anything
                path.unlink()
                return None
            found = json.loads(text)
            return cls(path, bytes.fromhex(found["seed"]), int(found["users"]), tuple(found["markets"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(f"Look at {path}: it is not what an earlier run wrote.") from None

    def members(self) -> list[Keypair]:
        """The users."""
        return [
            Keypair.from_seed(hashlib.sha256(self.seed + number.to_bytes(4, "little")).digest())
            for number in range(self.users)
        ]

    def done(self) -> None:
        """Everything is back: the keys are worth nothing any more."""
        self.path.unlink(missing_ok=True)
