"""For all tests: the longest come first, and what one leaves of its logging is gone before the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

LONGEST = Path(__file__).parent / "invariants"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One file takes a core for more than a minute; the others go on in their order."""
    items.sort(key=lambda item: LONGEST not in item.path.parents)


@pytest.fixture(autouse=True)
def logs_stay_where_they_were() -> Iterator[None]:
    """A command that ran in this process leaves its logs going to a stream of a test that is over."""
    yield
    structlog.reset_defaults()
