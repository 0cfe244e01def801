"""The same story on every engine: a feed is created, published to, read back, and a replay is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair

from breakwater.chain import addresses, instructions, loader, programs
from breakwater.chain.engine import EmbeddedEngine, Receipt, RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import ProgramError
from breakwater.model import PriceEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOL = 10**9


@pytest.fixture(params=["embedded", pytest.param("local", marks=pytest.mark.local)])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    async with open_engine(request.param) as opened:
        yield opened


async def test_a_feed_from_creation_to_a_refused_replay(engine: EmbeddedEngine | RpcEngine) -> None:
    payer = Keypair()
    await engine.airdrop(payer.pubkey(), 100 * SOL)
    sender = Sender(engine, payer)
    arch = "v0" if engine.name == "embedded" else "v3"
    await loader.deploy_program(
        sender,
        payer=payer,
        program=addresses.development_keypair("oracle"),
        buffer=Keypair(),
        authority=payer,
        binary=programs.binary("oracle", arch),
    )

    create = instructions.create_feed(payer.pubkey(), "SOL/USD", payer.pubkey(), exponent=-8, max_age_s=60)
    receipt = await sender.send([create])
    (event,) = programs.event_decoder().decode(receipt.logs)
    assert (event.program, event.name) == (str(programs.address("oracle")), "FeedCreated")
    assert event.fields["feed"] == bytes(addresses.feed("SOL/USD"))
    assert event.fields["publisher"] == bytes(payer.pubkey())

    now = await engine.now()

    def price(sequence: int) -> PriceEvent:
        return PriceEvent(
            feed="SOL/USD",
            price=100_000 + sequence,
            exponent=-8,
            confidence=10,
            sequence=sequence,
            slot=0,
            timestamp_ms=now * 1000 + sequence,
        )

    published = await sender.send([instructions.publish(payer.pubkey(), price(1))])
    assert published.err is None
    for sequence in range(2, 6):  # one after another: prices must arrive in order
        (result,) = await sender.send_many([([instructions.publish(payer.pubkey(), price(sequence))], [])])
        assert isinstance(result, Receipt)

    reader = programs.program("oracle", engine, payer)
    (found,) = await reader.account["Feed"].all()
    assert found.public_key == addresses.feed("SOL/USD")
    assert bytes(found.account.id) == addresses.feed_id("SOL/USD")

    with pytest.raises(ProgramError) as caught:
        await sender.send([instructions.publish(payer.pubkey(), price(3))])
    assert caught.value.name == "SequenceNotGrowing"

    thief = Keypair()
    await engine.airdrop(thief.pubkey(), SOL)
    with pytest.raises(ProgramError) as caught:
        await Sender(engine, thief).send([instructions.publish(thief.pubkey(), price(9))])
    assert caught.value.name == "NotPublisher"
