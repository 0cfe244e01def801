"""A venue, an embedded chain with the real oracle program and a feed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.oracle import create

from .venue import Venue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

START = 1_700_000_000
FEED = "UP"


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with Venue().serving() as opened:
        yield opened


@pytest.fixture
def key() -> Keypair:
    return Keypair.from_seed(b"o" * 32)


@pytest.fixture
async def engine(key: Keypair) -> AsyncIterator[EmbeddedEngine]:
    opened = EmbeddedEngine(programs.embedded_programs(), start_time=START)
    opened.fund(key.pubkey(), 100 * 10**9)
    await create(Sender(opened), key, FEED, key.pubkey(), exponent=-6, max_age_s=30)
    yield opened
    await opened.close()
