"""LiteSVM's results in JSON-RPC's terms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata
    from solders.transaction_status import TransactionReturnData

    from ._types import ErrJson

__all__ = ["err_of", "return_data_of"]


def err_of(result: FailedTransactionMetadata) -> ErrJson:
    """The error as a node writes it."""
    return cast("ErrJson", json.loads(result.to_json())["err"])


def return_data_of(meta: TransactionMetadata) -> tuple[str, bytes]:
    """Which program returned last, and what."""
    found: TransactionReturnData = meta.return_data()  # type: ignore[attr-defined]  # the stub has another name
    return str(found.program_id), bytes(found.data)
