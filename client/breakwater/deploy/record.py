"""Our own verification record: what was deployed, signed by who deployed it, kept on the chain in a memo.

The statement is canonical JSON (sorted names, no spaces) of the cluster, the deployer, the hash of the
sources, and address, size and SHA-256 of every program; the signature is ed25519 over just those bytes. The
memo's transaction names the programs' programdata accounts, so whoever looks at a program finds the record.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer

from breakwater.chain.loader import programdata_address
from breakwater.steps import canonical

from ._chain import signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.keypair import Keypair

    from breakwater.chain.engine import RpcEngine

    from .artefacts import Artefact

__all__ = ["MEMO", "Record", "Statement", "among", "find", "memo_instructions", "parse", "sign"]

MEMO: Final = Pubkey.from_string("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")
LISTED_MEMO = re.compile(r"^\[\d+\] ")

Statement = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A signed statement; `transaction` is the memo's signature once it is on the chain."""

    statement: Statement
    signature: str
    transaction: str | None = None

    @property
    def deployer(self) -> str:
        """Who signed."""
        return str(self.statement["deployer"])

    def text(self) -> str:
        """What the memo holds."""
        return canonical({"signature": self.signature, "statement": self.statement})

    def names(self, artefact: Artefact) -> bool:
        """Whether it says anything of a program."""
        return artefact.name in self.statement["programs"]

    def covers(self, artefact: Artefact) -> bool:
        """Whether it says of a program what the manifest says."""
        return bool(self.statement["programs"].get(artefact.name) == _facts(artefact))

    def genuine(self) -> bool:
        """Whether the deployer it names has signed exactly this statement."""
        try:
            key, signature = Pubkey.from_string(self.deployer), Signature.from_string(self.signature)
        except ValueError:
            return False
        return signature.verify(key, canonical(self.statement).encode())


def sign(deployer: Keypair, *, cluster: str, sources: str, artefacts: Sequence[Artefact]) -> Record:
    """State what was deployed; `cluster` is a genesis hash, `sources` the manifest's hash of the sources."""
    statement: Statement = {
        "breakwater": 1,
        "cluster": cluster,
        "deployer": str(deployer.pubkey()),
        "programs": {each.name: _facts(each) for each in artefacts},
        "sources": sources,
    }
    return Record(statement, str(deployer.sign_message(canonical(statement).encode())))


def memo_instructions(deployer: Pubkey, record: Record) -> list[Instruction]:
    """Put a record on the chain: a transfer of nothing that names the programs, and the memo."""
    nothing = transfer(TransferParams(from_pubkey=deployer, to_pubkey=deployer, lamports=0))
    programs = [Pubkey.from_string(each["address"]) for each in record.statement["programs"].values()]
    named = [AccountMeta(programdata_address(each), is_signer=False, is_writable=False) for each in programs]
    pointing = Instruction(nothing.program_id, nothing.data, [*nothing.accounts, *named])
    signed = [AccountMeta(deployer, is_signer=True, is_writable=False)]
    return [pointing, Instruction(MEMO, record.text().encode(), signed)]


def parse(text: str, transaction: str | None = None) -> Record | None:
    """A record out of a memo; None where it is something else, or its signature is not the deployer's."""
    try:
        value = json.loads(LISTED_MEMO.sub("", text))
        record = Record(value["statement"], value["signature"], transaction)
        shaped = record.statement["breakwater"] == 1 and isinstance(record.statement["programs"], dict)
        return record if shaped and record.genuine() else None
    except (ValueError, KeyError, TypeError):
        return None


async def find(engine: RpcEngine, program: Pubkey) -> list[Record]:
    """The genuine records about a program that the node remembers, newest first; see `among`."""
    return among(await signatures(engine, programdata_address(program)))


def among(listed: Sequence[dict[str, Any]]) -> list[Record]:
    """The genuine records among an address's transactions.

    Anybody may sign a statement about any program: what one is worth depends on its deployer.
    """
    found = []
    for each in listed:
        if each.get("err") is None and each.get("memo"):
            record = parse(each["memo"], each["signature"])
            if record is not None:
                found.append(record)
    return found


def _facts(artefact: Artefact) -> dict[str, Any]:
    return {"address": str(artefact.address), "bytes": artefact.size, "sha256": artefact.sha256}
