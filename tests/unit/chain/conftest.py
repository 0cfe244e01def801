"""One embedded engine a test, on real LiteSVM, with a fixed clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOL = 10**9
START = 1_700_000_000


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    opened = EmbeddedEngine(start_time=START)
    yield opened
    await opened.close()


@pytest.fixture
def payer(engine: EmbeddedEngine) -> Keypair:
    key = Keypair.from_seed(b"p" * 32)
    engine.fund(key.pubkey(), 1_000 * SOL)
    return key


@pytest.fixture
def sender(engine: EmbeddedEngine, payer: Keypair) -> Sender:
    return Sender(engine, payer)
