"""The local engine: a real validator, real loader, real blockhashes. Needs solana-test-validator."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from breakwater.chain import loader, programs
from breakwater.chain.engine import Engine, LocalEngine, Receipt, RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.config import Settings
from breakwater.errors import BreakwaterError, EngineUnavailable, ProgramError, TransactionRejected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from solders.instruction import Instruction

pytestmark = [pytest.mark.local, pytest.mark.asyncio(loop_scope="module")]
SOL = 10**9


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[LocalEngine]:
    async with open_engine("local") as opened:
        assert isinstance(opened, LocalEngine)
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def payer(engine: LocalEngine) -> Keypair:
    key = Keypair()
    await engine.airdrop(key.pubkey(), 10_000 * SOL)
    return key


def pay(source: Keypair, target: Pubkey, lamports: int = SOL) -> Instruction:
    return transfer(TransferParams(from_pubkey=source.pubkey(), to_pubkey=target, lamports=lamports))


async def test_it_is_an_engine_that_ticks(engine: LocalEngine) -> None:
    assert isinstance(engine, Engine)
    first = await engine.slot()
    await asyncio.sleep(1.5)
    assert await engine.slot() > first
    assert await engine.now() > 1_600_000_000


async def test_a_transfer_lands_with_its_receipt(engine: LocalEngine, payer: Keypair) -> None:
    target = Pubkey.new_unique()
    receipt = await Sender(engine, payer).send([pay(payer, target)])
    assert (receipt.err, receipt.compute_units) == (None, 300)
    assert (await engine.client.get_balance(target)).value == SOL


async def test_errors_have_the_same_names_as_embedded(engine: LocalEngine, payer: Keypair) -> None:
    for sender in (
        Sender(engine, payer),  # refused by simulation
        Sender(engine, payer, compute_limit=5_000),  # refused by the node's preflight
        Sender(engine, payer, compute_limit=5_000, preflight=False),  # failed on the chain
    ):
        with pytest.raises(ProgramError) as caught:
            await sender.send([pay(payer, Pubkey.new_unique(), 10**18)])
        assert caught.value.name == "ResultWithNegativeLamports"
        assert any("insufficient lamports" in line for line in caught.value.logs)


async def test_many_land_in_order_of_request(engine: LocalEngine, payer: Keypair) -> None:
    targets = [Pubkey.new_unique() for _ in range(500)]
    results = await Sender(engine, payer).send_many(
        [([pay(payer, each, SOL // 100)], []) for each in targets]
    )
    assert all(isinstance(each, Receipt) for each in results)
    balances = await engine.client.get_multiple_accounts(targets[:100])
    assert all(each is not None and each.lamports == SOL // 100 for each in balances.value)


async def test_a_program_is_deployed_resumed_and_burnt(engine: LocalEngine, payer: Keypair) -> None:
    binary = programs.binary("oracle", "v3")
    sender, program, buffer = Sender(engine, payer), Keypair(), Keypair()
    await loader.write_buffer(
        sender,
        payer=payer,
        buffer=buffer,
        authority=payer,
        binary=b"\0" * loader.CHUNK + binary[loader.CHUNK :],
    )
    steps: list[int] = []

    state = await loader.deploy_program(
        sender,
        payer=payer,
        program=program,
        buffer=buffer,
        authority=payer,
        binary=binary,
        progress=lambda done, _: steps.append(done),
    )

    # all but the one chunk that differed was there already
    assert steps == [len(binary) - loader.CHUNK, len(binary)]
    assert state.binary == binary
    assert state.authority == payer.pubkey()

    await loader.finalize(sender, payer=payer, program=program.pubkey(), authority=payer)
    final = await loader.program_state(sender, program.pubkey())
    assert final is not None
    assert final.authority is None
    with pytest.raises(ProgramError, match="Immutable"):
        await loader.finalize(sender, payer=payer, program=program.pubkey(), authority=payer)


async def test_sbpf_v0_is_refused(engine: LocalEngine, payer: Keypair) -> None:
    with pytest.raises((ProgramError, TransactionRejected)):
        await loader.deploy_program(
            Sender(engine, payer),
            payer=payer,
            program=Keypair(),
            buffer=Keypair(),
            authority=payer,
            binary=programs.binary("oracle", "v0"),
        )


async def test_buffers_can_be_closed(engine: LocalEngine, payer: Keypair) -> None:
    sender, buffer, heir = Sender(engine, payer), Keypair(), Pubkey.new_unique()
    await loader.write_buffer(sender, payer=payer, buffer=buffer, authority=payer, binary=b"x" * 2_000)
    await loader.close(sender, payer=payer, target=buffer.pubkey(), recipient=heir, authority=payer)
    assert (await engine.client.get_account_info(buffer.pubkey())).value is None
    assert (await engine.client.get_balance(heir)).value > 0


async def test_any_address_is_an_engine(engine: LocalEngine) -> None:
    async with open_engine(engine.url) as other:
        assert isinstance(other, RpcEngine)
        assert await other.slot() > 0


async def test_a_validator_of_its_own_ends_with_it() -> None:
    async with open_engine("local") as opened:
        assert isinstance(opened, LocalEngine)
        process, ledger = opened.process, opened.ledger
    assert process.returncode is not None
    assert not ledger.exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


async def test_a_validator_that_does_not_start_is_explained(tmp_path: Path) -> None:
    absent = Settings(validator=tmp_path / "none")
    with pytest.raises(EngineUnavailable, match="Install solana-test-validator"):
        async with open_engine("local", config=absent):
            pass
    broken = tmp_path / "validator"
    broken.write_text(f"#!{sys.executable}\nraise SystemExit(3)\n")
    broken.chmod(0o755)
    with pytest.raises(BreakwaterError, match="ended with code 3"):
        async with open_engine("local", config=Settings(validator=broken)):
            pass
