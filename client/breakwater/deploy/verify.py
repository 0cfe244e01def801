"""Verify: is this cluster's exchange the one that was built, and can nobody change it any more?

Only the chain is asked, and no key is needed. `ok` means that no rule is broken; powers that remain by design
are listed with their holders, and are for the reader to judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from breakwater.chain import programs

from .facts import Facts, gather
from .powers import Power, powers
from .rules import RULES, Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine
    from breakwater.charter import Charter

    from .artefacts import Reference
    from .record import Record

__all__ = ["Report", "judge", "verify"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, what is wrong, and who can still do what."""

    facts: Facts
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    powers: tuple[Power, ...]

    @property
    def ok(self) -> bool:
        """Whether no rule is broken."""
        return not self.findings

    def status(self, rule: Rule) -> Literal["holds", "broken", "not asked"]:
        """How a rule came out."""
        if any(each.rule == rule.name for each in self.findings):
            return "broken"
        return "holds" if rule.asked(self.facts) else "not asked"

    def agrees(self, record: Record) -> bool:
        """Whether a signed record says of the programs in it what the manifest says."""
        stated = [each.artefact for each in self.facts.programs if record.names(each.artefact)]
        return bool(stated) and all(record.covers(each) for each in stated)

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        facts = self.facts
        return {
            "ok": self.ok,
            "cluster": facts.cluster,
            "slot": facts.slot,
            "findings": [
                {
                    "rule": each.rule,
                    "program" if each.is_program else "account": each.subject,
                    "expected": each.expected,
                    "found": each.found,
                }
                for each in self.findings
            ],
            "powers": [
                {"power": each.power, "account": each.account, "holder": each.holder, "can": each.can}
                for each in self.powers
            ],
            "rules": [{"rule": each.name, "status": self.status(each)} for each in self.rules],
            "programs": [
                {
                    "program": each.artefact.name,
                    "address": str(each.artefact.address),
                    "sha256": None if each.state is None else each.artefact.found(each.state.binary),
                }
                for each in facts.programs
            ],
            "records": [
                {
                    "deployer": each.deployer,
                    "transaction": each.transaction,
                    "agrees": self.agrees(each),
                }
                for each in facts.records
            ],
        }


def judge(facts: Facts, *, exchange: bool = True) -> Report:
    """Hold facts to every rule; without `exchange` only to those about programs."""
    rules = tuple(each for each in RULES if exchange or not each.exchange)
    findings = tuple(finding for each in rules for finding in each.findings(facts))
    return Report(facts, rules, findings, tuple(powers(facts)))


async def verify(
    engine: RpcEngine,
    reference: Reference,
    expected: Charter,
    *,
    names: Sequence[str] = programs.NAMES,
    deployers: Sequence[Pubkey] = (),
    exchange: bool = True,
) -> Report:
    """Look at a cluster and judge it.

    Args:
        engine: the cluster.
        reference: the manifest its programs are held to.
        expected: the rules and keys it is held to.
        names: the programs.
        deployers: keys whose left-over buffers are looked for, beside who deployed.
        exchange: False leaves out what only an initialised exchange can fulfil.
    """
    facts = await gather(engine, reference, expected, names=names, deployers=deployers)
    return judge(facts, exchange=exchange)
