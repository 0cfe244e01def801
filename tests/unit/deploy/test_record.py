"""Our own signed record: canonical, tamper-evident, small enough for one transaction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from breakwater.chain.loader import programdata_address
from breakwater.deploy import Record, memo_instructions, reference, sign
from breakwater.deploy.record import MEMO, among, parse

DEPLOYER = Keypair.from_seed(b"d" * 32)


@pytest.fixture
def record() -> Record:
    shipped = reference()
    return sign(
        DEPLOYER,
        cluster=str(Hash.default()),
        sources=shipped.sources,
        artefacts=list(shipped.artefacts.values()),
    )


def test_it_states_the_manifests_hashes_and_who_signed(record: Record) -> None:
    assert record.deployer == str(DEPLOYER.pubkey())
    assert record.genuine()
    assert all(record.covers(each) for each in reference().artefacts.values())


def test_the_same_facts_give_the_same_bytes(record: Record) -> None:
    shipped = reference()
    backwards = sign(
        DEPLOYER,
        cluster=str(Hash.default()),
        sources=shipped.sources,
        artefacts=list(shipped.artefacts.values())[::-1],
    )
    assert backwards.text() == record.text()
    assert " " not in record.text()


def test_a_memo_is_read_back(record: Record) -> None:
    assert parse(record.text(), "tx") == Record(record.statement, record.signature, "tx")
    assert parse(f"[{len(record.text())}] {record.text()}") == record


@pytest.mark.parametrize("name", ["cluster", "deployer", "sources"])
def test_a_changed_statement_is_no_record(record: Record, name: str) -> None:
    value = json.loads(record.text())
    value["statement"][name] = str(Keypair.from_seed(b"x" * 32).pubkey())
    assert parse(json.dumps(value)) is None


@pytest.mark.parametrize(
    "text", ["", "gm", "[]", "{}", '{"statement": 1, "signature": 2}', '{"signature":""}']
)
def test_other_memos_are_no_records(text: str) -> None:
    assert parse(text) is None


def test_failed_transactions_and_silent_ones_are_passed_over(record: Record) -> None:
    listed: list[dict[str, Any]] = [
        {"signature": "a", "err": {"InstructionError": [0, "Custom"]}, "memo": record.text()},
        {"signature": "b", "err": None, "memo": None},
        {"signature": "c", "err": None, "memo": record.text()},
    ]
    assert [each.transaction for each in among(listed)] == ["c"]


def test_it_fits_a_transaction_that_names_the_programs(record: Record) -> None:
    instructions = memo_instructions(DEPLOYER.pubkey(), record)
    assert instructions[-1].program_id == MEMO
    named = {each.pubkey for each in instructions[0].accounts}
    assert {programdata_address(each.address) for each in reference().artefacts.values()} < named
    message = Message(instructions, DEPLOYER.pubkey())
    wire = bytes(Transaction([DEPLOYER], message, Hash.default()))
    assert len(wire) + 60 <= 1_232  # room for the compute budget
