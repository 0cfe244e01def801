"""The order of all tests: the longest first, so that no worker ends alone with it."""

from __future__ import annotations

from pathlib import Path

import pytest

LONGEST = Path(__file__).parent / "invariants"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file takes a core for more than a minute; the others go on in their order."""
    items.sort(key=lambda item: LONGEST not in item.path.parents)
