"""LiteSVM's results in JSON-RPC's terms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

    from ._types import ErrJson

__all__ = ["err_of", "return_data_of"]


def err_of(result: FailedTransactionMetadata) -> ErrJson:
    """The error as a node writes it."""
    return cast("ErrJson", json.loads(result.to_json())["err"])


def return_data_of(meta: TransactionMetadata) -> bytes:
    """What the last program returned."""
    data: Any = meta.transaction_return_data().data
    return bytes(data)
