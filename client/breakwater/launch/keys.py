"""Who takes part in a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.localnet import key_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from solders.keypair import Keypair

__all__ = ["Keys", "read_keys"]


@dataclass(frozen=True, slots=True)
class Keys:
    """Key pairs; showing them shows secrets.

    `payer` deploys, administrates until the end, makes the test collateral and provides the liquidity;
    `operator` opens markets, `publisher` publishes prices, `trader` trades.
    """

    payer: Keypair
    operator: Keypair
    publisher: Keypair
    trader: Keypair


def read_keys(directory: Path) -> Keys:
    """The key pairs of a directory; those that are not there are made, readable by nobody else.

    Raises:
        InvalidInput: a file is no key pair, or others may read it.
    """
    return Keys(**key_pairs(directory, ("payer", "operator", "publisher", "trader")))
