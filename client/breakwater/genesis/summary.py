"""What was launched, signed by who launched it: `breakwater verify --genesis SUMMARY` holds a chain to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from breakwater.chain import addresses as at
from breakwater.chain import mmt_mint
from breakwater.chain.engine import RpcEngine
from breakwater.errors import InvalidInput
from breakwater.steps import Signed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import EmbeddedEngine
    from breakwater.steps import Journal

    from .plan import Plan
    from .service import Outcome

__all__ = ["require_genuine", "summarise"]

LISTED = 1_000


async def summarise(
    engine: EmbeddedEngine | RpcEngine,
    payer: Keypair,
    plan: Plan,
    outcome: Outcome,
    journal: Journal,
    *,
    file_sha256: str | None,
) -> Signed:
    """State and sign a finished genesis; the same genesis gives the same statement.

    A transaction that landed while its run was killed is looked up at the account it made; where that is not
    possible its signature is null.

    Args:
        engine: the chain.
        payer: signs.
        plan: what was wanted.
        outcome: what was done.
        journal: knows the signatures of earlier runs.
        file_sha256: of the genesis file; None if there was none.
    """
    places = _addresses(plan)
    signatures: dict[str, str | None] = {}
    for step in (*_made(plan), "renounce"):
        done = [each for each in journal.entries if each["step"] == step and each.get("signature")]
        known = done[-1]["signature"] if done else None
        made = _made(plan).get(step)
        if known is None and made is not None:
            known = await _maker(engine, made)
        signatures[step] = known
    statement: dict[str, Any] = {
        "breakwater_genesis": 1,
        "cluster": plan.cluster,
        "payer": str(plan.payer),
        "file_sha256": file_sha256,
        "charter": plan.charter.model_dump(mode="json"),
        "charter_sha256": plan.charter.digest(),
        "addresses": {name: str(address) for name, address in places.items()},
        "signatures": signatures,
        "vault": outcome.vault,
        "coverage_q32": outcome.coverage_q32,
    }
    return Signed.by(payer, statement)


def require_genuine(file: Path) -> None:
    """Make sure that a summary says what its payer signed.

    Raises:
        InvalidInput: something was changed after the signature, or there is none.
    """
    try:
        value = json.loads(file.read_text())
        signed = Signed(value["statement"], str(value["signature"]))
        payer = str(signed.statement["payer"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InvalidInput(f"Name a summary that breakwater genesis has signed, not {file}.") from None
    if not signed.genuine(payer):
        raise InvalidInput(
            f"Get {file} again from who launched: its payer {payer} has not signed what it says."
        )


def _made(plan: Plan) -> Mapping[str, Pubkey]:
    """An account that each step makes."""
    mint = mmt_mint.address(plan.payer)
    return {
        "initialise": at.config(),
        "shards": at.shard(0),
        "mmt mint": mint,
        "mmt": at.season(),
        "bootstrap": at.bootstrap(),
        **{f"feed {each.name}": at.feed(each.name) for each in plan.charter.feeds},
    }


def _addresses(plan: Plan) -> dict[str, object]:
    keys = plan.charter.keys
    return {
        "oracle": at.ORACLE,
        "exchange": at.EXCHANGE,
        "config": at.config(),
        "vault": at.vault(),
        "token_vault": at.token_vault(),
        **{f"shard_{i}": at.shard(i) for i in range(at.SHARDS)},
        "season": at.season(),
        "registry": at.registry(),
        "bootstrap": at.bootstrap(),
        "stake_vault": at.stake_vault(),
        "reward_vault": at.reward_vault(),
        "mmt_sink": at.mmt_sink(),
        "mmt_mint": keys.mmt_mint,
        "collateral_mint": keys.collateral_mint,
        **{f"feed {each.name}": at.feed(each.name) for each in plan.charter.feeds},
    }


async def _maker(engine: EmbeddedEngine | RpcEngine, account: Pubkey) -> str | None:
    """The oldest successful transaction that names an account, if the node tells."""
    if not isinstance(engine, RpcEngine):
        return None
    level = "finalized" if engine.commitment == "finalized" else "confirmed"
    config = {"limit": LISTED, "commitment": level}
    listed = await engine.rpc.call("getSignaturesForAddress", str(account), config)
    done = [each["signature"] for each in listed if each.get("err") is None]
    return str(done[-1]) if done and len(listed) < LISTED else None
