"""The shipped programs: IDLs, binaries, anchorpy objects, and errors by name on the embedded engine."""

from __future__ import annotations

from typing import Any

import pytest
from solders.account import Account
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import _loader_ix as make
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs
from breakwater.chain._program_errors import error_from
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError

SOL = 10**9


@pytest.fixture
def loaded() -> EmbeddedEngine:
    return EmbeddedEngine(programs.embedded_programs(), start_time=1_700_000_000)


@pytest.fixture
def payer(loaded: EmbeddedEngine) -> Keypair:
    key = Keypair()
    loaded.fund(key.pubkey(), 100 * SOL)
    return key


@pytest.mark.parametrize("name", programs.NAMES)
def test_every_program_ships_whole(name: str) -> None:
    assert programs.idl(name)["metadata"]["spec"] == "0.1.0"
    for arch in ("v0", "v3"):
        assert programs.binary(name, arch)[:4] == b"\x7fELF"
    codes = programs.error_names()[str(programs.address(name))]
    assert all(code >= 6000 and title and message for code, (title, message) in codes.items())


def test_what_does_not_ship_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"Build the programs first: moon\.json"):
        programs.idl("moon")
    with pytest.raises(InvalidInput, match=r"oracle\.v9\.so"):
        programs.binary("oracle", "v9")


@pytest.mark.parametrize("name", programs.NAMES)
def test_anchorpy_reads_and_builds(name: str, loaded: EmbeddedEngine, payer: Keypair) -> None:
    program = programs.program(name, loaded, payer)
    assert program.program_id == programs.address(name)
    assert set(program.instruction)
    assert set(program.account) == {each["name"] for each in programs.idl(name).get("accounts", ())}


@pytest.mark.parametrize("name", programs.NAMES)
async def test_errors_of_real_programs_are_named(name: str, loaded: EmbeddedEngine, payer: Keypair) -> None:
    # no accounts and no arguments: the program itself must refuse
    discriminator = bytes(programs.idl(name)["instructions"][0]["discriminator"])
    with pytest.raises(ProgramError) as caught:
        await Sender(loaded, payer).send([Instruction(programs.address(name), discriminator, [])])
    assert caught.value.program == str(programs.address(name))
    assert not caught.value.name.startswith("Custom")


def test_every_idl_error_has_its_name() -> None:
    for program, names in programs.error_names().items():
        for code, (title, message) in names.items():
            err: Any = {"InstructionError": [0, {"Custom": code}]}
            error = error_from(err, logs=[f"Program {program} failed: x"], programs=programs.error_names())
            assert isinstance(error, ProgramError)
            assert (error.name, error.message) == (title, message)


async def test_accounts_are_fetched_on_the_embedded_engine(loaded: EmbeddedEngine) -> None:
    for name in programs.NAMES:
        for client in programs.program(name, loaded).account.values():
            assert await client.all() == []


def test_programs_come_and_go_with_snapshots() -> None:
    engine = EmbeddedEngine(start_time=1)
    payer = Keypair()
    engine.fund(payer.pubkey(), SOL)
    bare = engine.snapshot()
    address = programs.address("oracle")
    engine.add_program(address, programs.binary("oracle", "v0"))
    loaded = engine.snapshot()

    engine.restore(bare)
    assert engine.get_account(address) is None
    assert engine.svm.get_balance(payer.pubkey()) == SOL
    engine.restore(loaded)
    account = engine.get_account(address)
    assert account is not None
    assert account.executable
    engine.reset()
    assert engine.get_account(address) is not None


async def test_programs_are_final_as_the_upgradeable_loader_keeps_them(loaded: EmbeddedEngine) -> None:
    for name in programs.NAMES:
        state = await loader.program_state(Sender(loaded), programs.address(name))
        assert state is not None
        assert state.programdata == at.program_data(programs.address(name))
        assert state.authority is None
        assert state.binary == programs.binary(name, "v0")


async def test_the_burns_and_the_opening_fit_into_one_transaction(loaded: EmbeddedEngine) -> None:
    admin, mint = Keypair(), Pubkey.new_unique()
    loaded.fund(admin.pubkey(), SOL)
    key = admin.pubkey()
    fresh = (bytes(44) + b"\6\1").ljust(82, b"\0")
    loaded.set_account(mint, Account(SOL, fresh, at.TOKEN_PROGRAM))
    for name in programs.NAMES:
        programdata = at.program_data(programs.address(name))
        held = loaded.get_account(programdata)
        assert held is not None
        live = held.data[:12] + b"\1" + bytes(key) + held.data[45:]
        loaded.set_account(programdata, Account(held.lamports, live, held.owner))
    burns = [
        make.set_authority(at.program_data(programs.address(name)), key, None) for name in programs.NAMES
    ]
    await Sender(loaded).send([*burns, ix.initialize(key, key, mint, ix.Rules())], [admin])
    assert loaded.get_account(at.config()) is not None


async def test_an_exchange_opens_only_when_nobody_can_upgrade_its_programs(loaded: EmbeddedEngine) -> None:
    admin = Keypair()
    loaded.fund(admin.pubkey(), SOL)
    mint = Pubkey.new_unique()
    fresh = (bytes(44) + b"\6\1").ljust(82, b"\0")
    loaded.set_account(mint, Account(SOL, fresh, at.TOKEN_PROGRAM))
    key, sender = admin.pubkey(), Sender(loaded)
    final = loaded.snapshot()
    for name in programs.NAMES:
        programdata = at.program_data(programs.address(name))
        held = loaded.get_account(programdata)
        assert held is not None
        live = held.data[:12] + b"\1" + bytes(key) + held.data[45:]
        loaded.set_account(programdata, Account(held.lamports, live, held.owner))
        with pytest.raises(ProgramError) as refused:
            await sender.send([ix.initialize(key, key, mint, ix.Rules())], [admin])
        assert refused.value.name == "NotFinal"
        loaded.restore(final)
    await sender.send([ix.initialize(key, key, mint, ix.Rules())], [admin])
